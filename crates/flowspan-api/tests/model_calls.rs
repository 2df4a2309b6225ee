//! What a model call says about its tokens, and when.

mod support;

use std::{
    future::{Future, pending},
    io,
    pin::pin,
    task::{Context, Waker},
};

use flowspan_api::{Inference, Usage};
use support::Recording;

#[tokio::test]
async fn usage_reported_after_the_call_is_part_of_it() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini").max_tokens(256).temperature(0.5);
    call.run(async { Ok::<_, io::Error>(()) }).await.expect("it works");
    assert_eq!(heard.span("inference").status(), Some("success"));
    assert!(!heard.has("close inference"), "the span waits for the numbers");

    call.usage(Usage::new().input(812).output(96).cache_read(640).cache_write(7).reasoning(30));
    call.response_model("gpt-5-mini-2026-01-01");
    call.response_id("r-1");
    call.finish_reasons("stop");
    drop(call);

    assert!(heard.has("close inference"));
    let span = heard.span("inference");
    for (key, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-5-mini"),
        ("gen_ai.request.max_tokens", "256"),
        ("gen_ai.request.temperature", "0.5"),
        ("gen_ai.response.model", "gpt-5-mini-2026-01-01"),
        ("gen_ai.response.id", "r-1"),
        ("gen_ai.response.finish_reasons", "stop"),
        ("gen_ai.usage.input_tokens", "812"),
        ("gen_ai.usage.output_tokens", "96"),
        ("gen_ai.usage.cache_read.input_tokens", "640"),
        ("gen_ai.usage.cache_write.input_tokens", "7"),
        ("gen_ai.usage.reasoning.output_tokens", "30"),
        ("otel.kind", "client"),
    ] {
        assert_eq!(span.get(key), Some(value), "{key}");
    }
    assert_eq!(span.get("gen_ai.request.stream"), None, "nothing was streamed");
}

#[test]
fn a_broken_stream_keeps_the_tokens_that_had_come() {
    let (heard, _guard) = Recording::start();
    {
        let call = Inference::chat("openai", "gpt-5-mini");
        let mut work = pin!(call.run(async {
            for tokens in [1, 2, 4] {
                call.token(tokens);
            }
            pending::<Result<(), io::Error>>().await
        }));
        assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let span = heard.span("inference");
    assert_eq!(span.status(), Some("cancelled"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("7"));
    assert_eq!(span.get("flowspan.response.chunks"), Some("3"));
    assert_eq!(span.get("gen_ai.request.stream"), Some("true"));
    let first: f64 = span.get("gen_ai.response.time_to_first_chunk").expect("set").parse().expect("a number");
    assert!(first >= 0.0);
}

#[test]
fn reported_usage_wins_over_counted_tokens() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    call.token(5);
    call.usage(Usage::new().output(9));
    call.token(5);
    drop(call);
    let span = heard.span("inference");
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("9"));
    assert_eq!(span.get("flowspan.response.chunks"), Some("2"));
}

#[test]
fn a_report_of_the_input_alone_leaves_the_counted_output() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    call.token(5);
    call.usage(Usage::new().input(11));
    drop(call);
    let span = heard.span("inference");
    assert_eq!(span.get("gen_ai.usage.input_tokens"), Some("11"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("5"));
}

#[test]
fn a_call_is_complete_when_its_last_clone_is_gone() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    let reader = call.clone();
    drop(call);
    reader.token(3);
    assert!(!heard.has("close inference"));
    drop(reader);
    assert!(heard.has("close inference"));
    assert_eq!(heard.span("inference").get("gen_ai.usage.output_tokens"), Some("3"));
}

#[test]
fn a_number_of_tokens_beyond_all_bounds_does_not_turn_negative() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    call.usage(Usage::new().input(u64::MAX).output(0));
    drop(call);
    let span = heard.span("inference");
    assert_eq!(span.get("gen_ai.usage.input_tokens"), Some(i64::MAX.to_string().as_str()));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("0"), "zero is known, not unknown");
}
