//! The HTTP face: one request in, one answer or refusal out.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::stream;

use super::faults::{Fault, FaultPlan, Flaw, fingerprint, mix};
use super::ledger::{Book, Ending, Ledger};
use super::prefix_cache::PrefixCache;
use super::reply::{Pace, Reply};
use super::stream::{Closing, Heading, events};
use crate::chat::{
    ChatRequest, Completion, CompletionChoice, ErrorBody, ErrorDetail, Message, ReportedUsage,
};

/// The largest request that is read.
const BODY_LIMIT: usize = 16 << 20;

/// What all calls share.
#[derive(Debug)]
pub(super) struct Model {
    faults: FaultPlan,
    pace: Pace,
    /// Distinguishes the answers of this server from those of another one.
    nonce: u64,
    book: Book,
    cache: Mutex<PrefixCache>,
    /// How often each conversation was sent. Grows with their number, as the demo's memory of its
    /// own results does.
    attempts: Mutex<HashMap<u64, u32>>,
}

impl Model {
    pub(super) fn new(faults: FaultPlan, pace: Pace, nonce: u64) -> Self {
        Self {
            faults,
            pace,
            nonce,
            book: Book::default(),
            cache: Mutex::default(),
            attempts: Mutex::default(),
        }
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.book.totals()
    }

    fn attempt(&self, conversation: u64) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = attempts.entry(conversation).or_default();
        let attempt = *count;
        *count += 1;
        attempt
    }
}

/// The routes of the server.
pub(super) fn router(model: Arc<Model>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(model)
}

async fn complete(
    State(model): State<Arc<Model>>,
    request: Result<Json<ChatRequest>, JsonRejection>,
) -> Response {
    let mut turn = Turn::begin(&model);
    let request = match request {
        Ok(Json(request)) if !request.messages.is_empty() => request,
        Ok(_) => return turn.reject("messages must not be empty".to_owned()),
        Err(rejection) => return turn.reject(rejection.body_text()),
    };
    let conversation = fingerprint(&request.messages);
    let attempt = model.attempt(conversation);
    let fault = model.faults.draw(conversation, attempt);
    match fault {
        Some(Fault::RateLimited { retry_after }) => return turn.rate_limit(retry_after),
        Some(Fault::Unavailable) => return turn.unavailable(),
        Some(Fault::Slow) => tokio::time::sleep(model.pace.stall).await,
        Some(Fault::Dropped | Fault::Flawed(_)) | None => {}
    }
    let draw = mix(conversation ^ u64::from(attempt));
    let wait = model.pace.first_piece.mul_f64(1.0 + (draw % 1_000) as f64 / 1_000.0);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let flaw = match fault {
        Some(Fault::Flawed(flaw)) => Some(flaw),
        _ => None,
    };
    let Some(reply) = compose(request.messages.clone(), flaw).await else {
        return turn.unavailable();
    };
    let heading =
        Heading { id: format!("chatcmpl-{:016x}", mix(draw ^ model.nonce)), model: request.model.clone() };
    if !request.stream {
        return if fault == Some(Fault::Dropped) {
            turn.break_off(&reply)
        } else {
            turn.complete(heading, &reply)
        };
    }
    let closing = match (fault, request.wants_usage()) {
        (Some(Fault::Dropped), _) => Closing::Break,
        (_, true) => Closing::Usage,
        (_, false) => Closing::NoUsage,
    };
    events(heading, reply, closing, model.pace, turn).into_response()
}

async fn compose(messages: Vec<Message>, flaw: Option<Flaw>) -> Option<Reply> {
    tokio::task::spawn_blocking(move || Reply::compose(&messages, flaw)).await.ok()
}

/// One call, from its arrival to its end, which is booked exactly once.
pub(super) struct Turn {
    model: Arc<Model>,
    pieces: u64,
    settled: bool,
}

impl Turn {
    fn begin(model: &Arc<Model>) -> Self {
        model.book.begin();
        Self { model: Arc::clone(model), pieces: 0, settled: false }
    }

    /// Notes that a piece of the answer was sent.
    pub(super) fn gave_a_piece(&mut self) {
        self.pieces += 1;
    }

    /// Books the usage and returns it, to be sent at once.
    pub(super) fn answered(&mut self, reply: &Reply) -> ReportedUsage {
        let cached = {
            let mut cache = self.model.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.read_through(reply.prompt_chain())
        };
        let usage = reply.usage(cached);
        self.model.book.answered(&usage);
        self.settled = true;
        usage
    }

    /// Books an end without usage, unless the call has ended already.
    pub(super) fn ended(&mut self, ending: Ending) {
        if !std::mem::replace(&mut self.settled, true) {
            self.model.book.ended(ending, self.pieces);
        }
    }

    fn reject(&mut self, message: String) -> Response {
        self.ended(Ending::Rejected);
        refusal(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    fn rate_limit(&mut self, retry_after: Duration) -> Response {
        self.ended(Ending::RateLimited);
        let message = "rate limit reached for requests".to_owned();
        let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message);
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.as_secs().into());
        response
    }

    fn unavailable(&mut self) -> Response {
        self.ended(Ending::Unavailable);
        let message = "the model is overloaded".to_owned();
        refusal(StatusCode::SERVICE_UNAVAILABLE, "server_error", message)
    }

    fn complete(&mut self, heading: Heading, reply: &Reply) -> Response {
        let choice = CompletionChoice {
            index: 0,
            message: Message::assistant(reply.pieces.concat()),
            finish_reason: "stop".to_owned(),
        };
        Json(Completion {
            id: heading.id,
            object: "chat.completion".to_owned(),
            model: heading.model,
            choices: vec![choice],
            usage: self.answered(reply),
        })
        .into_response()
    }

    fn break_off(&mut self, reply: &Reply) -> Response {
        self.ended(Ending::Interrupted);
        let half = reply.pieces[..reply.pieces.len() / 2].concat();
        let reset = io::Error::new(io::ErrorKind::ConnectionReset, "the answer breaks off as planned");
        Response::new(Body::from_stream(stream::iter([Ok(half), Err(reset)])))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.ended(Ending::Abandoned);
    }
}

fn refusal(status: StatusCode, kind: &str, message: String) -> Response {
    (status, Json(ErrorBody { error: ErrorDetail { message, kind: kind.to_owned() } })).into_response()
}
