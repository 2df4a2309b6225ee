//! Around services of tower: axum, hyper, tonic.

use std::task::{Context as TaskContext, Poll};

use http::{Request, Response};
use opentelemetry::context::{FutureExt, WithContext};
use tower_layer::Layer;
use tower_service::Service;

use super::{WithTraceContext, from_headers};

/// Handles each request in the trace that it comes with, as far as its spans have no other parent.
///
/// It makes no span itself: that of your choice, such as `TraceLayer` of tower-http or a
/// [`Workflow`](crate::Workflow), is made inside. A server that strangers can reach decides with its
/// [sampler](crate::Builder::sampler) whether strangers decide what is kept.
///
/// ```
/// let app: axum::Router = axum::Router::new().layer(flowspan::propagation::Incoming);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Incoming;

impl<S> Layer<S> for Incoming {
    type Service = IncomingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        IncomingService { inner }
    }
}

/// The service that [`Incoming`] makes of another one.
#[derive(Clone, Debug)]
pub struct IncomingService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for IncomingService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WithContext<S::Future>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let context = from_headers(request.headers());
        let _guard = context.clone().attach();
        self.inner.call(request).with_context(context)
    }
}

/// Sends the current trace along with each request: around a hyper client or a channel of tonic.
///
/// ```
/// use tower_layer::Layer;
///
/// # fn wrap<Channel>(channel: Channel) {
/// let channel = flowspan::propagation::Outgoing.layer(channel);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing;

impl<S> Layer<S> for Outgoing {
    type Service = OutgoingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OutgoingService { inner }
    }
}

/// The service that [`Outgoing`] makes of another one.
#[derive(Clone, Debug)]
pub struct OutgoingService<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for OutgoingService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.inner.call(request.with_trace_context())
    }
}
