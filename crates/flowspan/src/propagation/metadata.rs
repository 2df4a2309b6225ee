//! In the metadata of gRPC.

use tonic::{Request, Status, metadata::MetadataMap};

use super::{WithTraceContext, header_map};

/// Takes the current trace along with each call of a tonic client.
///
/// ```
/// use tonic::service::interceptor::InterceptedService;
///
/// # fn connect<Channel>(channel: Channel) {
/// let channel = InterceptedService::new(channel, flowspan::propagation::interceptor);
/// # }
/// ```
///
/// Clients that tonic generates take it by `with_interceptor`.
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
