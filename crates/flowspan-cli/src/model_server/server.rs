//! The life of the server: a thread, a runtime, a listener on loopback.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::sync::oneshot;
use tracing::subscriber::NoSubscriber;

use super::faults::FaultPlan;
use super::ledger::Ledger;
use super::reply::Pace;
use super::routes::{Model, router};
use super::tokens;

/// How the server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// When it fails.
    pub faults: FaultPlan,
    /// How fast it answers.
    pub pace: Pace,
}

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Loopback gave no port.
    #[error("the embedded model server found no free port on 127.0.0.1; name another model with --model-url")]
    Listen(#[source] io::Error),
    /// The system gave no thread or no runtime.
    #[error("the embedded model server could not start its thread; name another model with --model-url")]
    Thread(#[source] io::Error),
}

/// A running server; dropping it ends it, with the calls that are under way.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    model: Arc<Model>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Starts the server on a free port of loopback and returns when it can answer.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServerError::Listen)?;
        listener.set_nonblocking(true).map_err(ServerError::Listen)?;
        let address = listener.local_addr().map_err(ServerError::Listen)?;
        let nonce = RandomState::new().hash_one(address);
        let model = Arc::new(Model::new(config.faults, config.pace, nonce));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ServerError::Thread)?;
        let served = Arc::clone(&model);
        // The vocabulary is read on the caller's time: a first call that waits for it would look
        // like a slow model.
        tokens::warm_up();
        let thread = std::thread::Builder::new()
            .name("model-server".to_owned())
            .spawn(move || {
                // The server stands for one elsewhere, whose spans the program would not see.
                let _unobserved = tracing::subscriber::set_default(NoSubscriber::default());
                runtime.block_on(serve(listener, served, stopped));
                runtime.shutdown_background();
            })
            .map_err(ServerError::Thread)?;
        Ok(Self { address, model, stop: Some(stop), thread: Some(thread) })
    }

    /// The base URL, as `--model-url` takes it.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the server handed out so far.
    pub fn ledger(&self) -> Ledger {
        self.model.ledger()
    }

    /// Ends the server, with the calls that are under way, and returns its closed book.
    pub fn end(mut self) -> Ledger {
        self.stop();
        self.model.ledger()
    }

    fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed by then, and must not become the caller's.
            let _ = thread.join();
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(listener: TcpListener, model: Arc<Model>, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    tokio::select! {
        // Serving ends with the process or with the handle; a client sees either as a closed
        // connection and reports it.
        _ = async { axum::serve(listener, router(model)).await } => {}
        _ = stopped => {}
    }
}
