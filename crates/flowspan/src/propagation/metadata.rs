//! In the metadata of gRPC.

use tonic::{Request, Status, metadata::MetadataMap};

use super::{WithTraceContext, header_map};

/// Takes the current trace along with each call of a tonic client.
///
/// ```
/// # use tonic::{client::GrpcService, body::Body, service::interceptor::InterceptedService};
/// # struct Client<T>(T);
/// # impl<T> Client<T> {
/// #     fn with_interceptor<I>(channel: T, interceptor: I) -> Client<InterceptedService<T, I>> {
/// #         Client(InterceptedService::new(channel, interceptor))
/// #     }
/// # }
/// # fn connect<Channel>(channel: Channel) {
/// let client = Client::with_interceptor(channel, flowspan::propagation::interceptor);
/// # }
/// ```
///
/// # Errors
///
/// Never: what cannot be carried is left out. The type is that of tonic's interceptors.
pub fn interceptor(request: Request<()>) -> Result<Request<()>, Status> {
    Ok(request.with_trace_context())
}

impl<T> WithTraceContext for Request<T> {
    fn with_trace_context(mut self) -> Self {
        let mut headers = std::mem::take(self.metadata_mut()).into_headers();
        header_map::set(&mut headers);
        *self.metadata_mut() = MetadataMap::from_headers(headers);
        self
    }
}
