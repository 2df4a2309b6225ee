//! In the headers of HTTP.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{Context, global};

use super::{WithTraceContext, carried};

/// The headers that take the current trace along, for the client of your choice. For reqwest:
///
/// ```
/// # fn request(client: reqwest::Client) -> reqwest::RequestBuilder {
/// client.get("http://127.0.0.1:8080/").headers(flowspan::propagation::headers())
/// # }
/// ```
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers);
    headers
}

/// The context that came with these headers, inside the current one. A span that is made in it belongs
/// to the trace of whoever has sent them. For work that is not a tower service; for what is, there is
/// [`Incoming`](super::Incoming).
///
/// ```
/// use flowspan::{opentelemetry::trace::TraceContextExt, propagation};
///
/// let context = propagation::from_headers(&http::HeaderMap::new());
/// assert!(!context.has_active_span(), "nobody has sent anything");
/// let _guard = context.attach();
/// ```
pub fn from_headers(headers: &HeaderMap) -> Context {
    global::get_text_map_propagator(|propagator| {
        carried::extract(propagator, &Context::current(), |field, into| {
            into.extend(headers.get_all(field).iter().filter_map(|value| value.to_str().ok()));
        })
    })
}

/// Sets the headers of the current trace, and removes those of another one.
pub(super) fn set(headers: &mut HeaderMap) {
    for (field, value) in carried::current() {
        let Ok(name) = HeaderName::try_from(field) else { continue };
        match value.and_then(|value| HeaderValue::try_from(value).ok()) {
            Some(value) => drop(headers.insert(name, value)),
            None => drop(headers.remove(name)),
        }
    }
}

impl<B> WithTraceContext for http::Request<B> {
    fn with_trace_context(mut self) -> Self {
        set(self.headers_mut());
        self
    }
}
