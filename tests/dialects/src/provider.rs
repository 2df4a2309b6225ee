//! A server that speaks the protocols of two providers.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::post,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::Ledger;

/// A model that calls every tool that it is offered once, and then answers.
///
/// A model named `refuses` is overloaded, one named `refuses-once` at its first call alone, and the
/// answers of one named `stalls` never end.
pub struct Provider {
    address: SocketAddr,
    book: Arc<Mutex<Ledger>>,
    // The server ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

type Book = Arc<Mutex<Ledger>>;

impl Provider {
    /// Starts a server on loopback, on a thread of its own that no subscriber hears.
    pub fn start() -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let book = Book::default();
        let router = Router::new()
            .route("/v1/chat/completions", post(openai))
            .route("/v1/embeddings", post(embeddings))
            .route("/v1/messages", post(anthropic))
            .with_state(Arc::clone(&book));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                told.send(listener.local_addr().expect("an address")).expect("somebody waits");
                tokio::select! {
                    _ = stopped => {}
                    served = axum::serve(listener, router) => served.expect("it serves"),
                }
            });
        });
        Provider { address: address.recv().expect("it starts"), book, _stop: stop }
    }

    /// Where it is found, without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has handed out so far.
    pub fn ledger(&self) -> Ledger {
        *self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one call costs. Each call costs something else, so that none can stand for another.
struct Cost {
    number: u64,
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
    reasoning: u64,
}

fn charge(book: &Book, writes_cache: bool) -> Cost {
    let mut ledger = book.lock().unwrap_or_else(PoisonError::into_inner);
    ledger.answered += 1;
    let number = ledger.answered;
    let cache_write = if writes_cache { 20 + number } else { 0 };
    let reasoning = if writes_cache { 0 } else { 3 };
    let cost =
        Cost { number, input: 100 + number, output: 10 + number, cache_read: 40, cache_write, reasoning };
    ledger.input += cost.input;
    ledger.output += cost.output;
    ledger.cache_read += cost.cache_read;
    ledger.cache_write += cost.cache_write;
    ledger.reasoning += cost.reasoning;
    cost
}

/// Refuses or stalls, if the model is one that does.
fn misbehave(book: &Book, model: &str) -> Option<Response> {
    let mut ledger = book.lock().unwrap_or_else(PoisonError::into_inner);
    if model == "refuses" || (model == "refuses-once" && ledger.refused == 0) {
        ledger.refused += 1;
        let error =
            json!({"error": {"message": "overloaded", "type": "overloaded_error", "code": "overloaded"}});
        return Some((StatusCode::SERVICE_UNAVAILABLE, Json(error)).into_response());
    }
    if model != "stalls" {
        return None;
    }
    ledger.stalled += 1;
    let chunk = json!({
        "id": "stalled", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "canary"}, "finish_reason": null}],
    });
    let events = stream::iter([Ok::<_, Infallible>(Event::default().data(chunk.to_string()))]);
    Some(Sse::new(events.chain(stream::pending())).into_response())
}

/// The tool that is to be called next: the first one, if none has answered since a person spoke.
fn next_tool(request: &Value) -> Option<(String, String)> {
    let messages = request["messages"].as_array()?;
    let has_answered = messages.iter().any(|message| {
        let blocks = message["content"].as_array();
        let is_result = |block: &Value| block["type"] == "tool_result";
        message["role"] == "tool" || blocks.is_some_and(|blocks| blocks.iter().any(is_result))
    });
    let tool = &request["tools"].as_array()?.first()?;
    let named = if tool["function"].is_object() { &tool["function"] } else { *tool };
    let schema = if named["parameters"].is_object() { &named["parameters"] } else { &named["input_schema"] };
    let arguments: serde_json::Map<String, Value> =
        schema["properties"].as_object()?.keys().map(|key| (key.clone(), json!("canary"))).collect();
    let name = named["name"].as_str()?.to_owned();
    (!has_answered).then(|| (name, Value::Object(arguments).to_string()))
}

async fn openai(State(book): State<Book>, Json(request): Json<Value>) -> Response {
    let model = request["model"].as_str().unwrap_or_default().to_owned();
    if let Some(response) = misbehave(&book, &model) {
        return response;
    }
    let cost = charge(&book, false);
    let usage = json!({
        "prompt_tokens": cost.input, "completion_tokens": cost.output, "total_tokens": cost.input + cost.output,
        "prompt_tokens_details": {"cached_tokens": cost.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": cost.reasoning, "audio_tokens": 0},
    });
    let id = format!("chatcmpl-{}", cost.number);
    let tool = next_tool(&request);
    let call = tool.map(|(name, arguments)| {
        json!([{"index": 0, "id": format!("call-{}", cost.number), "type": "function",
                "function": {"name": name, "arguments": arguments}}])
    });
    let finish = if call.is_some() { "tool_calls" } else { "stop" };
    let mut message = json!({"role": "assistant", "content": null});
    match &call {
        Some(call) => message["tool_calls"] = call.clone(),
        None => message["content"] = json!("canary"),
    }
    if request["stream"] != true {
        return Json(json!({
            "id": id, "object": "chat.completion", "created": 1, "model": model, "usage": usage,
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": null}],
        }))
        .into_response();
    }
    let chunk = |choices: Value, usage: Value| {
        json!({"id": id, "object": "chat.completion.chunk", "created": 1, "model": model,
               "choices": choices, "usage": usage})
        .to_string()
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let lines = [
        chunk(choice(message, Value::Null), Value::Null),
        chunk(choice(json!({}), json!(finish)), Value::Null),
        chunk(json!([]), usage),
        "[DONE]".to_owned(),
    ];
    let events = lines.map(|line| Ok::<_, Infallible>(Event::default().data(line)));
    Sse::new(stream::iter(events)).into_response()
}

async fn embeddings(State(book): State<Book>, Json(request): Json<Value>) -> Response {
    let count = request["input"].as_array().map_or(1, Vec::len);
    let input = {
        let mut ledger = book.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.answered += 1;
        let input = 7 + ledger.answered;
        ledger.input += input;
        input
    };
    let data: Vec<_> = (0..count)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": [0.5, 0.25, 0.125]}))
        .collect();
    Json(json!({
        "object": "list", "data": data, "model": request["model"],
        "usage": {"prompt_tokens": input, "total_tokens": input},
    }))
    .into_response()
}

/// Reports what is cached beside the input.
async fn anthropic(State(book): State<Book>, Json(request): Json<Value>) -> Response {
    let model = request["model"].as_str().unwrap_or_default().to_owned();
    if let Some(response) = misbehave(&book, &model) {
        return response;
    }
    let cost = charge(&book, true);
    let tool = next_tool(&request);
    let stop_reason = if tool.is_some() { "tool_use" } else { "end_turn" };
    let content = match tool {
        Some((name, arguments)) => json!({
            "type": "tool_use", "id": format!("call-{}", cost.number), "name": name,
            "input": serde_json::from_str::<Value>(&arguments).unwrap_or_default(),
        }),
        None => json!({"type": "text", "text": "canary"}),
    };
    Json(json!({
        "id": format!("msg-{}", cost.number), "type": "message", "role": "assistant", "model": model,
        "content": [content], "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {
            "input_tokens": cost.input - cost.cache_read - cost.cache_write,
            "cache_read_input_tokens": cost.cache_read,
            "cache_creation_input_tokens": cost.cache_write,
            "output_tokens": cost.output,
        },
    }))
    .into_response()
}
