//! The server on flowspan's own worker.

use std::{
    convert::Infallible,
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::Request, http::Response};
use flowspan_runtime::{Health, WorkerHandle};
use hyper::{body::Incoming, server::conn::http1, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Accounts, Endpoint, PrometheusError, Stats,
    connections::{Connections, Place, Room},
    metrics::Metrics,
    routes::{Site, router},
    stats::Counters,
};

/// How long a request may take to arrive.
const HEAD: Duration = Duration::from_secs(5);
/// How long a connection may be open, the answer included.
const WHOLE: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 8 * 1024;
/// The pause after the system had no descriptor for a new connection.
const BREATH: Duration = Duration::from_millis(100);

const ADVICE: &str = "no observable callback may panic, and the meter provider must not be shut down";

/// The endpoint as it serves.
///
/// Dropped, it stops at once, and unfinished answers are cut off.
pub struct Server {
    address: SocketAddr,
    counters: Arc<Counters>,
    // Behind a mutex, so that the server can be shared and stopped by whoever comes first.
    stop: Mutex<Option<oneshot::Sender<Duration>>>,
    ended: Mutex<Receiver<()>>,
}

impl Server {
    /// Where it serves, with the port that was found if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it has done so far.
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }

    /// Takes no more connections, finishes the answers that are under way and waits for them, up to
    /// `timeout`; whether all were finished. Blocks the calling thread meanwhile.
    pub fn stop(&self, timeout: Duration) -> bool {
        if let Some(stop) = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The worker may have ended before.
            let _ = stop.send(timeout);
        }
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(ended.recv_timeout(timeout), Err(RecvTimeoutError::Timeout))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

pub(crate) fn start(
    endpoint: Endpoint,
    worker: &WorkerHandle,
    health: &Health,
    accounts: impl Fn() -> Accounts + Send + Sync + 'static,
) -> Result<Server, PrometheusError> {
    let Endpoint { listener, address, reader, routes } = endpoint;
    let listener = worker
        .enter(|| TcpListener::from_std(listener))
        .map_err(|source| PrometheusError::of_address(address, source))?;

    let counters = Arc::new(Counters::default());
    let exporter = health.exporter("prometheus", ADVICE);
    let site = Site {
        metrics: Metrics::new(reader, exporter, counters.clone()),
        health: health.clone(),
        accounts: Box::new(accounts),
        counters: counters.clone(),
    };

    let (stop, stopped) = oneshot::channel();
    let (ending, ended) = sync_channel(1);
    worker.spawn(serve(listener, router(site, routes), counters.clone(), stopped, ending));
    Ok(Server { address, counters, stop: Mutex::new(Some(stop)), ended: Mutex::new(ended) })
}

async fn serve(
    listener: TcpListener,
    router: Router,
    counters: Arc<Counters>,
    mut stopped: oneshot::Receiver<Duration>,
    ending: SyncSender<()>,
) {
    let connections = Arc::new(Connections::default());
    let mut answers = JoinSet::new();
    let deadline = loop {
        tokio::select! {
            deadline = &mut stopped => break deadline.unwrap_or_default(),
            Some(_) = answers.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => admit(stream, &router, &connections, &counters, &mut answers),
                // A client that has gone again is nothing; a lack of descriptors lasts for a while.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => sleep(BREATH).await,
            },
        }
    };
    drop(listener);
    connections.evict_silent();
    let all = async { while answers.join_next().await.is_some() {} };
    // What is not finished now is cut off, together with the set.
    let _ = timeout(deadline, all).await;
    drop(answers);
    drop(ending);
}

fn admit(
    stream: TcpStream,
    router: &Router,
    connections: &Arc<Connections>,
    counters: &Counters,
    answers: &mut JoinSet<()>,
) {
    let (place, evicted) = match connections.enter() {
        Room::Free(place, evicted) => (place, evicted),
        Room::Made(place, evicted) => {
            Counters::add(&counters.evicted);
            (place, evicted)
        }
        Room::None => return Counters::add(&counters.evicted),
    };
    answers.spawn(answer(stream, router.clone(), place, evicted, HEAD));
}

/// Answers one request; then the connection is closed. A scrape every few seconds gains nothing from
/// an open connection, and an attacker would.
async fn answer(
    stream: TcpStream,
    router: Router,
    place: Place,
    evicted: oneshot::Receiver<()>,
    head: Duration,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        place.has_asked();
        let answer = router.call(request);
        async move { answer.await as Result<Response<Body>, Infallible> }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        // Who has said everything may close that half, as `nc` does, and still be answered.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = evicted => {}
        // What went wrong between here and there is the client's business.
        _ = timeout(WHOLE, connection) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[tokio::test]
    async fn a_request_that_does_not_arrive_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut client =
            std::net::TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        let (stream, _) = listener.accept().await.expect("the client connects");
        client.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow:").expect("it is open");

        let Room::Free(place, evicted) = Arc::new(Connections::default()).enter() else {
            panic!("it is empty")
        };
        answer(stream, Router::new(), place, evicted, Duration::from_millis(10)).await;
        let mut said = String::new();
        client.read_to_string(&mut said).expect("the connection was closed in order");
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
}
