//! What is answered on which path.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
    },
    response::{Html, IntoResponse, Json, Response},
    routing::get,
};
use flowspan_runtime::Health;
use serde_json::json;

use crate::{
    Accounts,
    health::Report,
    scrape::{Scrape, Scraper},
    stats::Counters,
};

/// The text format 0.0.4. Label values are UTF-8.
pub(crate) const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

const INDEX: &str = "<!doctype html><html lang=\"en\"><title>flowspan</title><h1>flowspan</h1>\
    <ul><li><a href=\"/metrics\">/metrics</a>: for Prometheus\
    <li><a href=\"/health\">/health</a>: do the exporters work?</ul></html>\n";

pub(crate) struct Site {
    pub(crate) scraper: Arc<Scraper>,
    pub(crate) health: Health,
    pub(crate) accounts: Box<dyn Fn() -> Accounts + Send + Sync>,
    pub(crate) counters: Arc<Counters>,
}

/// The routes. `get` answers HEAD, too, and everything else with 405.
pub(crate) fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(INDEX) }))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found; there are /metrics and /health\n") })
        .method_not_allowed_fallback(|| async { (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n") })
        .with_state(site)
        .layer(axum::middleware::map_response(|mut response: Response| async {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }))
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    match site.scraper.scrape().await {
        Scrape::Metrics(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Scrape::Failed(why) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")).into_response(),
        Scrape::Refused => {
            let text = "too many scrapes are waiting, or collecting takes too long\n";
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
