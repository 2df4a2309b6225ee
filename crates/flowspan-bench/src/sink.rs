//! A collector on loopback that takes everything and looks at nothing but the frame around it.

use std::{net::SocketAddr, sync::mpsc, thread};

use axum::{Router, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tonic::{Request, Response, Status, transport::server::TcpIncoming};

/// By which protocol it takes spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// OTLP over gRPC. The request is decoded, as every gRPC server does.
    Grpc,
    /// OTLP as protobuf over HTTP. The request is read and thrown away.
    Http,
}

/// A running sink. It ends when it is dropped.
pub(crate) struct Sink {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Sink {
    pub(crate) fn start(form: Form) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = mpsc::channel();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("the system gives a runtime").block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
                let _ = bound.send(listener.local_addr().expect("it is bound"));
                tokio::select! {
                    () = serve(form, listener) => {}
                    _ = stopped => {}
                }
            });
        });
        Sink { address: address.recv().expect("the sink starts"), _stop: stop }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(form: Form, listener: TcpListener) {
    let ended = match form {
        Form::Grpc => tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(Takes))
            // As a Collector does: otherwise it is the delay of acknowledgements that is measured.
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await
            .map_err(|error| error.to_string()),
        Form::Http => {
            let routes = Router::new()
                .route("/v1/traces", post(|_: axum::body::Bytes| async {}))
                .layer(axum::extract::DefaultBodyLimit::disable());
            axum::serve(listener, routes).await.map_err(|error| error.to_string())
        }
    };
    ended.expect("the sink serves");
}

struct Takes;

#[tonic::async_trait]
impl TraceService for Takes {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
