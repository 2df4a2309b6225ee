//! What is answered on which path.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Query, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{Html, IntoResponse, Json, Response},
    routing::get,
};
use flowspan_runtime::Health;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Accounts,
    health::Report,
    metrics::Metrics,
    negotiate::{Format, accepts_gzip},
    page::{Answer, Page},
    stats::Counters,
};

/// The content type of the text format 0.0.4. Label values are UTF-8.
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

const JSON: &str = "application/json";

/// The paths that are always served, each with what it is for.
const PATHS: [(&str, &str); 4] = [
    ("/", "this page"),
    ("/metrics", "for Prometheus"),
    ("/metrics/json", "the same for programs"),
    ("/health", "do the exporters work?"),
];

pub(crate) struct Site {
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) accounts: Box<dyn Fn() -> Accounts + Send + Sync>,
    pub(crate) counters: Arc<Counters>,
}

/// Whether this is a path, and none that is always served.
pub(crate) fn is_free(path: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte);
    path.starts_with('/') && path.bytes().all(is_known) && PATHS.iter().all(|(taken, _)| *taken != path)
}

/// The routes. `get` answers HEAD, too, and everything else with 405.
pub(crate) fn router(site: Site, pages: BTreeMap<&'static str, Page>) -> Router {
    let (index, not_found) = (index(&pages), not_found(&pages));
    let mut router = Router::new()
        .route("/", get(|| async { Html(index) }))
        .route("/metrics", get(metrics))
        .route("/metrics/json", get(metrics_as_json))
        .route("/health", get(health));
    for (path, page) in pages {
        let page = Arc::new(page);
        let answer = async move |headers: HeaderMap| respond(page.get().await, JSON, &headers).await;
        router = router.route(path, get(answer));
    }
    router
        .fallback(|| async { (StatusCode::NOT_FOUND, not_found) })
        .method_not_allowed_fallback(|| async { (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n") })
        .with_state(Arc::new(site))
        .layer(axum::middleware::map_response(|mut response: Response| async {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }))
}

fn index(pages: &BTreeMap<&'static str, Page>) -> String {
    let link = |(path, purpose): (&str, &str)| format!("<li><a href=\"{path}\">{path}</a>: {purpose}");
    let ours = PATHS.into_iter().skip(1).map(link);
    let links: String = ours.chain(pages.keys().map(|path| link((path, "of this program")))).collect();
    format!(
        "<!doctype html><html lang=\"en\"><title>flowspan</title><h1>flowspan</h1><ul>{links}</ul></html>\n"
    )
}

fn not_found(pages: &BTreeMap<&'static str, Page>) -> String {
    let paths: Vec<&str> = PATHS.iter().map(|(path, _)| *path).chain(pages.keys().copied()).collect();
    format!("not found; there are {}\n", paths.join(" "))
}

#[derive(Deserialize)]
struct Choice {
    format: Option<String>,
}

async fn metrics(
    State(site): State<Arc<Site>>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let format = match choice.format.as_deref() {
        None => Format::accepted(&headers)
            .ok_or((StatusCode::NOT_ACCEPTABLE, "there are text/plain and application/json\n")),
        Some(name) => {
            Format::by_name(name).ok_or((StatusCode::BAD_REQUEST, "format must be prometheus or json\n"))
        }
    };
    let mut response = match format {
        Ok(format) => scrape(&site, format, &headers).await,
        Err(refusal) => refusal.into_response(),
    };
    response.headers_mut().append(VARY, ACCEPT.into());
    response
}

async fn metrics_as_json(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    scrape(&site, Format::Json, &headers).await
}

async fn scrape(site: &Site, format: Format, headers: &HeaderMap) -> Response {
    let content_type = match format {
        Format::Text => TEXT_FORMAT,
        Format::Json => JSON,
    };
    respond(site.metrics.scrape(format).await, content_type, headers).await
}

async fn respond(answer: Answer, content_type: &'static str, headers: &HeaderMap) -> Response {
    match answer {
        Answer::Made(body) => {
            let plain = body.plain();
            let compressed = if accepts_gzip(headers) { body.gzip().await } else { None };
            let headers =
                [(CONTENT_TYPE, HeaderValue::from_static(content_type)), (VARY, ACCEPT_ENCODING.into())];
            match compressed {
                Some(compressed) => (headers, [(CONTENT_ENCODING, "gzip")], compressed).into_response(),
                None => (headers, plain).into_response(),
            }
        }
        Answer::Failed(why) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")).into_response(),
        Answer::Refused => {
            let text = "too many requests are waiting, or the answer takes too long\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
        }
    }
}

async fn health(State(site): State<Arc<Site>>) -> Response {
    // The closure is not ours, and this page has to answer when other things are broken.
    let report = catch_unwind(AssertUnwindSafe(|| {
        Report::of(&site.health, (site.accounts)(), site.counters.snapshot())
    }));
    match report {
        Ok(report) => Json(report).into_response(),
        Err(_panic) => Json(json!({ "status": "degraded", "exporters": [] })).into_response(),
    }
}
