//! A back end between a Collector and its sink that refuses as it is told to.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_client::TraceServiceClient,
    trace_service_server::{TraceService, TraceServiceServer},
};
use tokio::sync::oneshot;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, codec::CompressionEncoding, transport::Server};

use crate::Outcome;

/// Forwards to a sink what it does not refuse, and answers what the sink answers.
pub(crate) struct BackEnd {
    address: SocketAddr,
    state: Arc<State>,
    _stop: oneshot::Sender<()>,
}

#[derive(Default)]
struct State {
    /// Of ten requests, how many are refused.
    refuses: AtomicU64,
    requests: AtomicU64,
    refused: AtomicU64,
    /// Requests that have no answer yet.
    under_way: AtomicU64,
    /// The spans that the sink has taken.
    forwarded: Mutex<BTreeSet<Vec<u8>>>,
}

struct Forward {
    state: Arc<State>,
    sink: String,
}

impl BackEnd {
    /// Forwards to `sink`, `http://host:port`.
    pub(crate) fn start(sink: String) -> Outcome<Self> {
        let state = Arc::<State>::default();
        let service = Forward { state: state.clone(), sink };
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, address) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime can be made");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
                bound.send(listener.local_addr().expect("it is bound")).expect("the test waits");
                let service = TraceServiceServer::new(service)
                    .accept_compressed(CompressionEncoding::Gzip)
                    .max_decoding_message_size(64 << 20);
                let served = Server::builder()
                    .add_service(service)
                    .serve_with_incoming(TcpListenerStream::new(listener));
                tokio::select! {
                    ended = served => ended.expect("it serves"),
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Ok(Self { address: address.recv()?, state, _stop: stop })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Refuses so many of ten requests from now on.
    pub(crate) fn refuse(&self, of_ten: u64) {
        self.state.refuses.store(of_ten, Ordering::SeqCst);
    }

    /// How many requests were refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// Whether every request has its answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.under_way.load(Ordering::SeqCst) == 0
    }

    /// How many spans the sink has taken so far.
    pub(crate) fn forwarded(&self) -> usize {
        self.state.forwarded.lock().expect("nobody has panicked").len()
    }
}

#[tonic::async_trait]
impl TraceService for Forward {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let _under_way = UnderWay::new(&self.state.under_way);
        let number = self.state.requests.fetch_add(1, Ordering::SeqCst);
        // 7 is coprime to 10: the refusals are spread, and exact over any ten requests.
        if number * 7 % 10 < self.state.refuses.load(Ordering::SeqCst) {
            self.state.refused.fetch_add(1, Ordering::SeqCst);
            return Err(Status::unavailable("not now"));
        }
        let request = request.into_inner();
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        let spans: Vec<_> = scopes.flat_map(|scope| &scope.spans).map(|span| span.span_id.clone()).collect();
        let away = |_| Status::unavailable("the sink is away");
        let mut sink = TraceServiceClient::connect(self.sink.clone()).await.map_err(away)?;
        let answer = sink.export(request).await.map_err(|_| Status::unavailable("the sink is away"))?;
        self.state.forwarded.lock().expect("nobody has panicked").extend(spans);
        Ok(answer)
    }
}

/// A request on its way through, until its answer or the one who asked is gone.
struct UnderWay<'a>(&'a AtomicU64);

impl<'a> UnderWay<'a> {
    fn new(under_way: &'a AtomicU64) -> Self {
        under_way.fetch_add(1, Ordering::SeqCst);
        Self(under_way)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
