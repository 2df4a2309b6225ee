//! HTTP without surprises.

use std::error::Error;
use std::time::Duration;

use flowspan_runtime::note_error;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, HttpError, ResponseBodyTooLarge};

use crate::resolve::ResolvedSignal;

/// An answer to an export is a few bytes; who sends more than this means no good.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// A connection that nobody used for so long is closed, so that none is found dead later.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends what an OTLP exporter has encoded.
///
/// It follows no redirect, so headers go to nobody else; it sends the headers that were resolved and
/// no others (the exporter adds those of the process environment by itself); it reads no endless
/// answer; and it notes why a connection failed, which the exporter keeps to itself.
#[derive(Debug)]
pub(crate) struct OtlpHttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl OtlpHttpClient {
    pub(crate) fn new(resolved: &ResolvedSignal) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(resolved.timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(resolved.tls.for_http())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        OtlpHttpClient { client, headers: resolved.headers.clone() }
    }

    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let given = std::mem::take(request.headers_mut());
        *request.headers_mut() = self.exactly(&given);
        let response = self.client.request(request.map(Full::new)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { Box::new(ResponseBodyTooLarge::new()) } else { error }
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    fn exactly(&self, given: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 3);
        for name in [CONTENT_TYPE, CONTENT_ENCODING, USER_AGENT] {
            if let Some(value) = given.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.extend(self.headers.iter().cloned());
        headers
    }
}

#[async_trait::async_trait]
impl HttpClient for OtlpHttpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request).await;
        if let Err(error) = &answer {
            note_error(with_causes(&**error));
        }
        answer
    }
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
