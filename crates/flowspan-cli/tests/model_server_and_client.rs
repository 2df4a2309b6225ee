//! The embedded model server and the client, over a real connection.

use std::time::Duration;

use flowspan_cli::chat::{ChatRequest, Completion, Message, ReportedUsage, StreamOptions};
use flowspan_cli::findings::Assessment;
use flowspan_cli::model_client::{AnswerEvent, ApiKey, CallError, ModelClient, ModelEndpoint};
use flowspan_cli::model_server::{Fault, FaultPlan, Flaw, ModelServer, Pace, ServerConfig};

const SYSTEM: &str = "You audit source files. Answer with one JSON object.";

struct Heard {
    text: String,
    pieces: u64,
    usage: Option<ReportedUsage>,
}

fn server(faults: FaultPlan) -> ModelServer {
    ModelServer::start(ServerConfig { faults, pace: Pace::IMMEDIATE }).expect("loopback has a port")
}

/// A server whose slow answers come soon enough to be waited for.
fn seeded(seed: u64) -> ModelServer {
    let pace = Pace { stall: Duration::from_millis(50), ..Pace::IMMEDIATE };
    ModelServer::start(ServerConfig { faults: FaultPlan::Seeded(seed), pace }).expect("loopback has a port")
}

fn script(faults: &[Fault]) -> ModelServer {
    server(FaultPlan::Script(faults.to_vec()))
}

fn client_with_limit(server: &ModelServer, limit: Duration) -> ModelClient {
    let endpoint: ModelEndpoint = server.base_url().parse().expect("the server knows its URL");
    ModelClient::new(endpoint, None, limit).expect("TLS")
}

fn client(server: &ModelServer) -> ModelClient {
    client_with_limit(server, Duration::from_secs(60))
}

fn request(file: &str) -> ChatRequest {
    let messages = vec![Message::system(SYSTEM.repeat(20)), Message::user(format!("<file>\n{file}</file>"))];
    ChatRequest::streaming_json("auditor", messages)
}

async fn hear(client: &ModelClient, request: &ChatRequest) -> Result<Heard, CallError> {
    let mut answer = client.ask(request).await?;
    let mut heard = Heard { text: String::new(), pieces: 0, usage: None };
    while let Some(event) = answer.next().await? {
        match event {
            AnswerEvent::Text(text) => {
                heard.text += &text;
                heard.pieces += 1;
            }
            AnswerEvent::Usage(usage) => heard.usage = Some(usage),
            AnswerEvent::Opened { id, model } => {
                assert!(id.starts_with("chatcmpl-"));
                assert_eq!(model, "auditor");
            }
            AnswerEvent::Finished(reason) => assert_eq!(reason, "stop"),
        }
    }
    assert_eq!(heard.text, answer.received());
    Ok(heard)
}

#[tokio::test]
async fn a_streamed_answer_is_true_of_the_file_and_ends_with_its_usage() {
    let server = server(FaultPlan::Never);
    let heard =
        hear(&client(&server), &request("let a = 1;\nlet b = c.unwrap();\n")).await.expect("an answer");
    let assessment: Assessment = serde_json::from_str(&heard.text).expect("valid JSON");
    assert_eq!(assessment.findings[0].line, 2);
    let usage = heard.usage.expect("the usage was asked for");
    assert_eq!(usage.completion_tokens - usage.reasoning(), heard.pieces);
}

#[tokio::test]
async fn the_ledger_equals_the_usage_that_clients_were_told() {
    let server = seeded(11);
    let client = client(&server);
    let requests: Vec<_> =
        (0..60).map(|nth| request(&format!("let x{nth} = y.unwrap();\n").repeat(nth))).collect();
    let calls = requests.iter().map(|request| hear(&client, request));
    let outcomes = futures_util::future::join_all(calls).await;

    let told: Vec<ReportedUsage> = outcomes.iter().flatten().filter_map(|heard| heard.usage).collect();
    let broken: u64 = outcomes
        .iter()
        .map(|outcome| match outcome {
            Err(CallError::Interrupted { pieces, .. }) => *pieces,
            _ => 0,
        })
        .sum();
    let ledger = server.ledger();
    assert_eq!(ledger.calls, 60);
    assert_eq!(ledger.answered, told.len() as u64);
    assert_eq!(ledger.input, told.iter().map(|usage| usage.prompt_tokens).sum::<u64>());
    assert_eq!(ledger.output, told.iter().map(|usage| usage.completion_tokens).sum::<u64>() + broken);
    assert_eq!(ledger.unreported_output, broken);
    assert!(broken > 0, "a seed that breaks no stream shows too little");
    assert_eq!(ledger.cache_read, told.iter().map(ReportedUsage::cached).sum::<u64>());
    assert_eq!(ledger.reasoning, told.iter().map(ReportedUsage::reasoning).sum::<u64>());
    assert!(ledger.cache_read > 0, "the system prompt is shared");
    assert!(ledger.answered < 60, "a seed that meets no fault shows nothing");
}

#[tokio::test]
async fn one_seed_gives_one_total_whatever_the_order_of_the_calls() {
    let requests: Vec<_> = (0..24).map(|nth| request(&"let shared = 1;\n".repeat(nth * 12))).collect();
    let mut totals = Vec::new();
    for backwards in [false, true] {
        let server = seeded(5);
        let client = client(&server);
        let mut ordered: Vec<_> = requests.iter().collect();
        if backwards {
            ordered.reverse();
        }
        for request in ordered {
            let _ = hear(&client, request).await;
        }
        let ledger = server.ledger();
        totals.push((ledger.calls, ledger.answered, ledger.input, ledger.output, ledger.cache_read));
    }
    assert_eq!(totals[0], totals[1]);
}

#[tokio::test]
async fn a_rate_limit_carries_its_pause_and_the_next_attempt_is_served() {
    let server = script(&[Fault::RateLimited { retry_after: Duration::from_secs(3) }]);
    let (client, request) = (client(&server), request("x\n"));
    let error = hear(&client, &request).await.err().expect("refused");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    hear(&client, &request).await.expect("served");
    assert_eq!((server.ledger().rate_limited, server.ledger().answered), (1, 1));
}

#[tokio::test]
async fn a_broken_stream_gives_what_arrived_and_the_ledger_knows_its_pieces() {
    let server = script(&[Fault::Dropped]);
    let error = hear(&client(&server), &request("a.unwrap();\n")).await.err().expect("broken off");
    let CallError::Interrupted { received, pieces, .. } = error else { panic!("{error:?}") };
    let ledger = server.ledger();
    assert!(pieces > 0 && received.starts_with('{'));
    assert_eq!((ledger.interrupted, ledger.unreported_output), (1, pieces));
    assert_eq!((ledger.input, ledger.output), (0, pieces));
}

#[tokio::test]
async fn a_slow_answer_ends_at_the_limit_and_is_booked_as_abandoned() {
    let server = script(&[Fault::Slow]);
    let client = client_with_limit(&server, Duration::from_millis(300));
    let error = hear(&client, &request("x\n")).await.err().expect("too slow");
    assert!(matches!(error, CallError::Timeout { pieces: 0, .. }), "{error:?}");
    // Ending the server ends its calls; after that the book is closed.
    let ledger = server.end();
    assert_eq!((ledger.calls, ledger.abandoned, ledger.output), (1, 1, 0));
}

#[tokio::test]
async fn an_overloaded_model_is_worth_another_try() {
    let server = script(&[Fault::Unavailable]);
    let error = hear(&client(&server), &request("x\n")).await.err().expect("refused");
    assert!(matches!(error, CallError::Status { status: 503, .. }) && error.is_retryable());
}

#[tokio::test]
async fn a_flawed_answer_arrives_whole_and_is_paid_for() {
    let server = script(&[Fault::Flawed(Flaw::CutShort)]);
    let heard = hear(&client(&server), &request("a.unwrap();\n")).await.expect("complete");
    assert!(serde_json::from_str::<Assessment>(&heard.text).is_err());
    assert_eq!(server.ledger().output, heard.usage.expect("usage").completion_tokens);
}

#[tokio::test]
async fn without_streaming_the_answer_comes_in_one_piece() {
    let server = server(FaultPlan::Never);
    let mut request = request("a.unwrap();\n");
    request.stream = false;
    let url = format!("{}/chat/completions", server.base_url());
    let completion: Completion = post(&url, &request).await.json().await.expect("a completion");
    assert!(serde_json::from_str::<Assessment>(&completion.choices[0].message.content).is_ok());
    assert_eq!(server.ledger().output, completion.usage.completion_tokens);
}

#[tokio::test]
async fn who_does_not_ask_for_the_usage_gets_none() {
    let server = server(FaultPlan::Never);
    let mut request = request("a\n");
    request.stream_options = Some(StreamOptions { include_usage: false });
    let heard = hear(&client(&server), &request).await.expect("an answer");
    assert_eq!(heard.usage, None);
    let ledger = server.ledger();
    assert_eq!((ledger.unmetered, ledger.output), (1, heard.pieces));
}

#[tokio::test]
async fn a_request_without_messages_is_refused_for_good() {
    let server = server(FaultPlan::Never);
    let error =
        hear(&client(&server), &ChatRequest::streaming_json("m", Vec::new())).await.err().expect("refused");
    assert!(matches!(error, CallError::Status { status: 400, .. }) && !error.is_retryable());
    assert_eq!(server.ledger().rejected, 1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_unreachable() {
    let server = server(FaultPlan::Never);
    let client = client(&server);
    drop(server);
    let error = hear(&client, &request("x\n")).await.err().expect("gone");
    assert_eq!(error.kind(), "unreachable");
}

#[test]
fn no_output_of_the_client_contains_the_key() {
    let key = ApiKey::new("sk-secret").expect("plain");
    let endpoint: ModelEndpoint = "http://127.0.0.1:1/v1".parse().expect("a URL");
    let client = ModelClient::new(endpoint, key, Duration::from_secs(1)).expect("TLS");
    assert!(!format!("{client:?}").contains("sk-secret"));
}

async fn post(url: &str, request: &ChatRequest) -> reqwest::Response {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("TLS")
        .post(url)
        .json(request)
        .send()
        .await
        .expect("a response")
}
