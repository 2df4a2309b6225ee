//! A collector on loopback that does as it is told and remembers what it was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::sync::oneshot;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Response, Status};

use flowspan_otlp::Protocol;

/// What the collector does with what it is sent.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    Takes,
    /// Takes all but so many items, and echoes the header `authorization` as its reason.
    Rejects(i64),
    /// Answers that it will never take it, and echoes the header `authorization`.
    Refuses,
    /// Never answers.
    Hangs,
    /// Sends requests elsewhere.
    Redirects(String),
    /// Answers with a body of so many bytes.
    Floods(usize),
}

/// What has arrived.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arrived {
    pub(crate) spans: Vec<String>,
    pub(crate) records: usize,
    pub(crate) metrics: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) requests: usize,
}

#[derive(Clone)]
struct Book {
    manner: Manner,
    arrived: Arc<Mutex<Arrived>>,
}

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    arrived: Arc<Mutex<Arrived>>,
    _stop: oneshot::Sender<()>,
}

impl Sink {
    pub(crate) fn start(protocol: Protocol, manner: Manner) -> Self {
        Sink::start_at("127.0.0.1:0", protocol, manner)
    }

    pub(crate) fn start_at(address: &str, protocol: Protocol, manner: Manner) -> Self {
        let wanted = address.to_owned();
        let arrived = Arc::<Mutex<Arrived>>::default();
        let book = Book { manner, arrived: arrived.clone() };
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(wanted).await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(protocol, listener, book) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Sink { address: address.recv().unwrap(), arrived, _stop: stop }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.lock().unwrap().clone()
    }
}

async fn serve(protocol: Protocol, listener: tokio::net::TcpListener, book: Book) {
    if protocol == Protocol::Grpc {
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(book.clone()).accept_compressed(CompressionEncoding::Gzip))
            .add_service(MetricsServiceServer::new(book.clone()).accept_compressed(CompressionEncoding::Gzip))
            .add_service(LogsServiceServer::new(book).accept_compressed(CompressionEncoding::Gzip))
            .serve_with_incoming(incoming)
            .await
            .unwrap();
    } else {
        let routes = axum::Router::new()
            .route("/v1/traces", post(http_traces))
            .route("/v1/metrics", post(http_metrics))
            .route("/v1/logs", post(http_logs))
            .with_state(book);
        axum::serve(listener, routes).await.unwrap();
    }
}

fn service(resource: Option<&Resource>) -> String {
    let attribute =
        resource.and_then(|it| it.attributes.iter().find(|attribute| attribute.key == "service.name"));
    format!("{:?}", attribute.and_then(|attribute| attribute.value.as_ref()))
}

impl Book {
    fn headers(&self, headers: impl Iterator<Item = (String, String)>) -> String {
        let mut arrived = self.arrived.lock().unwrap();
        arrived.requests += 1;
        arrived.headers.extend(headers);
        format!("not with {}", arrived.headers.get("authorization").cloned().unwrap_or_default())
    }

    fn spans(&self, request: &ExportTraceServiceRequest) {
        let mut arrived = self.arrived.lock().unwrap();
        for resource in &request.resource_spans {
            arrived.services.push(service(resource.resource.as_ref()));
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                arrived.spans.push(span.name.clone());
            }
        }
    }

    fn metrics(&self, request: &ExportMetricsServiceRequest) {
        let mut arrived = self.arrived.lock().unwrap();
        for resource in &request.resource_metrics {
            for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                arrived.metrics.push(metric.name.clone());
            }
        }
    }

    fn records(&self, request: &ExportLogsServiceRequest) {
        let records = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
        self.arrived.lock().unwrap().records += records.map(|scope| scope.log_records.len()).sum::<usize>();
    }

    /// How many items are refused of a request that is taken, or why it is not.
    async fn grpc<T>(&self, request: &Request<T>) -> Result<(i64, String), Status> {
        let headers = request.metadata().as_ref().iter();
        let said = self.headers(
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned())),
        );
        match self.manner {
            Manner::Takes => Ok((0, String::new())),
            Manner::Rejects(items) => Ok((items, said)),
            Manner::Hangs => std::future::pending().await,
            _ => Err(Status::new(Code::PermissionDenied, said)),
        }
    }

    async fn http(&self, headers: &HeaderMap) -> Result<(i64, String), HttpResponse> {
        let said = self.headers(
            headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned())),
        );
        match &self.manner {
            Manner::Takes => Ok((0, String::new())),
            Manner::Rejects(items) => Ok((*items, said)),
            Manner::Hangs => std::future::pending().await,
            Manner::Refuses => Err((StatusCode::FORBIDDEN, said).into_response()),
            Manner::Redirects(to) => {
                Err((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to.clone())]).into_response())
            }
            Manner::Floods(bytes) => Err(vec![0_u8; *bytes].into_response()),
        }
    }
}

fn spans_answer((rejected_spans, error_message): (i64, String)) -> ExportTraceServiceResponse {
    let partial_success =
        (rejected_spans > 0).then_some(ExportTracePartialSuccess { rejected_spans, error_message });
    ExportTraceServiceResponse { partial_success }
}

fn metrics_answer((rejected_data_points, error_message): (i64, String)) -> ExportMetricsServiceResponse {
    let partial = ExportMetricsPartialSuccess { rejected_data_points, error_message };
    ExportMetricsServiceResponse { partial_success: (rejected_data_points > 0).then_some(partial) }
}

fn logs_answer((rejected_log_records, error_message): (i64, String)) -> ExportLogsServiceResponse {
    let partial = ExportLogsPartialSuccess { rejected_log_records, error_message };
    ExportLogsServiceResponse { partial_success: (rejected_log_records > 0).then_some(partial) }
}

#[tonic::async_trait]
impl TraceService for Book {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let answer = self.grpc(&request).await?;
        self.spans(request.get_ref());
        Ok(Response::new(spans_answer(answer)))
    }
}

#[tonic::async_trait]
impl MetricsService for Book {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let answer = self.grpc(&request).await?;
        self.metrics(request.get_ref());
        Ok(Response::new(metrics_answer(answer)))
    }
}

#[tonic::async_trait]
impl LogsService for Book {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let answer = self.grpc(&request).await?;
        self.records(request.get_ref());
        Ok(Response::new(logs_answer(answer)))
    }
}

async fn http_traces(State(book): State<Book>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    match book.http(&headers).await {
        Err(response) => response,
        Ok(answer) => {
            book.spans(&ExportTraceServiceRequest::decode(body).unwrap_or_default());
            spans_answer(answer).encode_to_vec().into_response()
        }
    }
}

async fn http_metrics(State(book): State<Book>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    match book.http(&headers).await {
        Err(response) => response,
        Ok(answer) => {
            book.metrics(&ExportMetricsServiceRequest::decode(body).unwrap_or_default());
            metrics_answer(answer).encode_to_vec().into_response()
        }
    }
}

async fn http_logs(State(book): State<Book>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    match book.http(&headers).await {
        Err(response) => response,
        Ok(answer) => {
            book.records(&ExportLogsServiceRequest::decode(body).unwrap_or_default());
            logs_answer(answer).encode_to_vec().into_response()
        }
    }
}
