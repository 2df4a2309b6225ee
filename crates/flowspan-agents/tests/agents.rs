//! What is observed of an agent is what its lines say.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use flowspan::{Snapshot, prelude::*};
use flowspan_agents::{Counts, Reader, Watched};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

/// What was observed.
struct Observed {
    counts: Counts,
    totals: Snapshot,
    spans: Vec<SpanData>,
}

/// Runs in a step, in telemetry of its own.
fn observed(work: impl FnOnce() -> Counts) -> Observed {
    let spans = InMemorySpanExporter::default();
    let builder = Flowspan::builder("test").environment(flowspan::Environment::empty());
    let builder = builder.console(Console::off()).totals().span_exporter("memory", spans.clone());
    let telemetry = builder.build().expect("valid");
    let counts = {
        let _current = telemetry.set_default();
        let _step = Step::claude("review").enter();
        work()
    };
    telemetry.flush(Duration::from_secs(5));
    Observed { counts, totals: telemetry.snapshot(), spans: spans.get_finished_spans().expect("alive") }
}

impl Observed {
    fn sum(&self, metric: &str) -> f64 {
        self.totals.sum(metric)
    }

    fn named(&self, name: &str) -> Vec<&SpanData> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    fn one(&self, name: &str) -> &SpanData {
        let [span] = self.named(name)[..] else { panic!("no single {name} in {:?}", self.names()) };
        span
    }

    fn names(&self) -> Vec<&str> {
        self.spans.iter().map(|span| span.name.as_ref()).collect()
    }

    /// The sum of an attribute over all spans.
    fn tokens(&self, attribute: &str) -> i64 {
        let values = self.spans.iter().filter_map(|span| number(span, attribute));
        values.map(|value| value as i64).sum()
    }

    fn cost(&self) -> f64 {
        self.spans.iter().filter_map(|span| number(span, "flowspan.cost.amount")).sum()
    }
}

fn attribute<'span>(span: &'span SpanData, key: &str) -> Option<&'span flowspan::opentelemetry::Value> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|attribute| &attribute.value)
}

fn number(span: &SpanData, key: &str) -> Option<f64> {
    match attribute(span, key)? {
        flowspan::opentelemetry::Value::I64(number) => Some(*number as f64),
        flowspan::opentelemetry::Value::F64(number) => Some(*number),
        _ => None,
    }
}

fn text(span: &SpanData, key: &str) -> String {
    attribute(span, key).map(ToString::to_string).unwrap_or_default()
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn read(reader: Reader, bytes: &[u8]) -> Counts {
    let mut output = Watched::new(reader, bytes);
    let mut passed_on = Vec::new();
    output.read_to_end(&mut passed_on).expect("memory");
    assert_eq!(passed_on, bytes, "all of it is passed on");
    output.counts()
}

fn claude() -> Observed {
    let lines = std::fs::read(file("claude.jsonl")).expect("there");
    observed(|| read(Reader::claude(), &lines))
}

#[test]
fn the_totals_are_those_of_the_result_line() {
    let observed = claude();
    assert_eq!((observed.counts.understood, observed.counts.lines()), (15, 15));
    // Of both models, cached tokens included.
    assert_eq!(observed.tokens("gen_ai.usage.input_tokens"), 15 + 38_200 + 1_300 + 2_600);
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 420 + 150);
    assert_eq!(observed.tokens("gen_ai.usage.cache_read.input_tokens"), 38_200);
    assert_eq!(observed.tokens("gen_ai.usage.cache_write.input_tokens"), 1_300);
    assert!((observed.cost() - 0.0471).abs() < 1e-12, "{}", observed.cost());
    assert!((observed.sum("flowspan.llm.cost.usd") - 0.0471).abs() < 1e-9);
    assert_eq!(observed.sum("flowspan.llm.calls"), 5.0, "one for each message");
    assert_eq!(observed.sum("flowspan.llm.sessions"), 1.0);
    assert_eq!(observed.sum("flowspan.tool.executions"), 4.0);
}

#[test]
fn what_happened_stands_in_the_trace() {
    let observed = claude();
    let inside = |inner: &SpanData, outer: &SpanData| {
        assert_eq!(inner.parent_span_id, outer.span_context.span_id(), "{} in {}", inner.name, outer.name);
    };
    let session = observed.one("session anthropic");
    inside(session, observed.one("step review"));
    assert_eq!(text(session, "session.id"), "6f1c");
    assert_eq!(text(session, "flowspan.status"), "success");
    let own = observed.named("chat claude-sonnet-4-5");
    assert_eq!(own.len(), 3);
    own.iter().for_each(|call| inside(call, session));
    assert_eq!(text(own[0], "gen_ai.response.id"), "msg_1");
    let retries = own.iter().flat_map(|call| &call.events.events).filter(|event| event.name == "retry");
    assert_eq!(retries.count(), 1);

    let task = observed.one("execute_tool Task");
    inside(task, session);
    let explorer = observed.one("invoke_agent explorer");
    inside(explorer, task);
    let theirs = observed.named("chat claude-haiku-4-5");
    assert_eq!(theirs.len(), 2);
    theirs.iter().for_each(|call| inside(call, explorer));
    inside(observed.one("execute_tool Grep"), explorer);

    let bash = observed.one("execute_tool Bash");
    assert_eq!(text(bash, "flowspan.status"), "failed");
    assert_eq!(text(bash, "gen_ai.tool.call.id"), "toolu_1");
    assert!(
        ["Task", "Read", "Grep"].iter().all(|tool| {
            text(observed.one(&format!("execute_tool {tool}")), "flowspan.status") == "success"
        })
    );
}

#[test]
fn nothing_of_what_was_said_is_kept() {
    for (reader, name) in [(Reader::claude as fn() -> Reader, "claude.jsonl"), (Reader::codex, "codex.jsonl")]
    {
        let lines = std::fs::read(file(name)).expect("there");
        assert!(lines.windows(6).any(|window| window == b"canary"));
        let observed = observed(|| read(reader(), &lines));
        assert!(!format!("{:?}", observed.spans).contains("canary"), "{name}");
    }
}

#[test]
fn a_turn_of_codex_is_one_call_and_its_items_are_tools() {
    let lines = std::fs::read(file("codex.jsonl")).expect("there");
    let observed = observed(|| read(Reader::codex().model("gpt-5-codex"), &lines));
    assert_eq!((observed.counts.understood, observed.counts.lines()), (12, 12));
    let call = observed.one("chat gpt-5-codex");
    assert_eq!(number(call, "gen_ai.usage.input_tokens"), Some(24_763.0));
    assert_eq!(number(call, "gen_ai.usage.cache_read.input_tokens"), Some(24_448.0));
    assert_eq!(number(call, "gen_ai.usage.output_tokens"), Some(122.0));
    assert_eq!(text(observed.one("session openai"), "flowspan.status"), "success");
    assert_eq!(text(observed.one("execute_tool command_execution"), "flowspan.status"), "failed");
    for tool in ["github.search_issues", "file_change"] {
        assert_eq!(text(observed.one(&format!("execute_tool {tool}")), "flowspan.status"), "success");
    }
}

#[test]
fn lines_that_are_of_no_use_are_counted_and_harm_nothing() {
    let lines = std::fs::read_to_string(file("claude.jsonl")).expect("there");
    let mut mixed = Vec::new();
    for line in lines.lines() {
        for noise in ["Debugger attached.", "{\"type\":7}", "[[[[", "{\"type\":\"keep_alive\"}", "", "\u{0}"]
        {
            mixed.extend_from_slice(noise.as_bytes());
            mixed.push(b'\n');
        }
        mixed.extend_from_slice(&"[".repeat(1_000_000).into_bytes());
        mixed.extend_from_slice(b"\r\n");
        mixed.extend_from_slice(line.as_bytes());
        mixed.extend_from_slice(b"\r\n");
    }
    mixed.extend_from_slice(b"{\"type\":\"user\"\xff}\n");
    mixed.extend_from_slice(&vec![b'x'; flowspan_agents::MAX_LINE + 1]);
    let observed = observed(|| read(Reader::claude(), &mixed));
    let Counts { understood, unknown, malformed, too_long, .. } = observed.counts;
    assert_eq!((understood, unknown, malformed, too_long), (15, 15, 15 * 5 + 1, 1));
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 570);
}

#[test]
fn numbers_that_are_none_say_nothing() {
    let lines = r#"{"type":"system","subtype":"init","session_id":"s","model":"m"}
{"type":"assistant","message":{"id":"a","model":"m","content":"text","usage":{"input_tokens":-5,"output_tokens":1.5,"cache_read_input_tokens":"many"}}}
{"type":"assistant","message":{"id":"b","model":"m","content":[{"type":"new","x":1}],"usage":{"input_tokens":18446744073709551615,"output_tokens":7}}}
{"type":"result","subtype":"success","is_error":false,"total_cost_usd":-3,"usage":{"input_tokens":-1,"output_tokens":7}}
"#;
    let observed = observed(|| read(Reader::claude(), lines.as_bytes()));
    assert_eq!(observed.counts.understood, 4);
    assert_eq!(observed.sum("flowspan.llm.calls"), 2.0);
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 7);
    assert_eq!(observed.cost(), 0.0);
}

#[test]
fn a_session_that_fails_says_why() {
    let lines = r#"{"type":"system","subtype":"init","session_id":"s","model":"m"}
{"type":"assistant","message":{"id":"x","model":"<synthetic>","content":[{"type":"text","text":"API Error"}]},"error":"rate_limit"}
{"type":"result","subtype":"success","is_error":true,"total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0}}
"#;
    let observed = observed(|| read(Reader::claude(), lines.as_bytes()));
    for failed in ["session anthropic", "chat m"] {
        assert_eq!(text(observed.one(failed), "flowspan.status"), "failed");
        assert_eq!(text(observed.one(failed), "error.type"), "rate_limit");
    }
    assert_eq!(
        observed.spans.len(),
        3,
        "what the command line says itself is no call: {:?}",
        observed.names()
    );
}

#[test]
fn partial_messages_tell_the_tokens_of_each_answer_and_count_once() {
    let lines = r#"{"type":"system","subtype":"init","session_id":"s","model":"m"}
{"type":"stream_event","event":{"type":"message_start","message":{"id":"a","model":"m","content":[],"usage":{"input_tokens":10,"output_tokens":1}}},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}},"parent_tool_use_id":null}
{"type":"assistant","message":{"id":"a","model":"m","content":[{"type":"text","text":"x"}],"usage":{"input_tokens":10,"output_tokens":1}},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":44}},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"message_stop"},"parent_tool_use_id":null}
"#;
    let observed = observed(|| read(Reader::claude(), lines.as_bytes()));
    assert_eq!(observed.counts.understood, 6);
    let call = observed.one("chat m");
    assert_eq!(number(call, "gen_ai.usage.output_tokens"), Some(44.0));
    assert_eq!(text(call, "flowspan.status"), "success");
    assert_eq!(
        text(observed.one("session anthropic"), "flowspan.status"),
        "cancelled",
        "nobody has said its end"
    );
}

#[test]
fn several_results_of_one_session_are_settled_once() {
    let turn = |id: &str, result: &str| {
        format!(
            r#"{{"type":"system","subtype":"init","session_id":"s","model":"m"}}
{{"type":"assistant","message":{{"id":"{id}","model":"m","content":[],"usage":{{"input_tokens":10,"output_tokens":1}}}}}}
{{"type":"result","subtype":"success","is_error":false,{result}}}
"#
        )
    };
    let lines = turn(
        "a",
        r#""total_cost_usd":0.5,"modelUsage":{"m":{"inputTokens":10,"outputTokens":20,"costUSD":0.5}}"#,
    ) + &turn(
        "b",
        r#""total_cost_usd":0.75,"modelUsage":{"m":{"inputTokens":20,"outputTokens":50,"costUSD":0.75}}"#,
    );
    let observed = observed(|| read(Reader::claude(), lines.as_bytes()));
    assert_eq!(observed.tokens("gen_ai.usage.input_tokens"), 20);
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 50);
    assert!((observed.cost() - 0.75).abs() < 1e-12);
    assert_eq!(observed.sum("flowspan.llm.sessions"), 1.0);
}

/// Plays a file, one line for each line that it is given.
fn player(name: &str) -> (Child, ChildStdin) {
    let script =
        r#"while IFS= read -r line <&3; do IFS= read -r _ || exit 1; printf '%s\n' "$line"; done 3<"$0""#;
    let mut child = Command::new("sh")
        .args(["-c", script])
        .arg(file(name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let go = child.stdin.take().expect("it is piped");
    (child, go)
}

#[test]
fn a_child_is_observed_while_it_works() {
    let observed = observed(|| {
        let (mut child, mut go) = player("claude.jsonl");
        let output = Watched::new(Reader::claude(), child.stdout.take().expect("it is piped"));
        let mut output = BufReader::new(output);
        let mut line = String::new();
        for expected in 1..=15 {
            writeln!(go).expect("it listens");
            line.clear();
            output.read_line(&mut line).expect("a line");
            assert_eq!(output.get_ref().counts().understood, expected, "each line is heard when it comes");
        }
        drop(go);
        assert_eq!(output.read_line(&mut line).expect("the end"), 0);
        assert!(child.wait().expect("it ends").success());
        output.get_ref().counts()
    });
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 570);
    assert_eq!(text(observed.one("session anthropic"), "flowspan.status"), "success");
}

#[test]
fn an_agent_that_is_broken_off_leaves_nothing_open() {
    let observed = observed(|| {
        let (mut child, mut go) = player("claude.jsonl");
        let output = Watched::new(Reader::claude(), child.stdout.take().expect("it is piped"));
        let mut output = BufReader::new(output);
        // Up to the sub-agent's call of a tool.
        for _ in 0..9 {
            writeln!(go).expect("it listens");
            output.read_line(&mut String::new()).expect("a line");
        }
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        output.get_ref().counts()
    });
    for open in ["session anthropic", "invoke_agent explorer", "execute_tool Grep", "execute_tool Task"] {
        assert_eq!(text(observed.one(open), "flowspan.status"), "cancelled", "{open}");
    }
    // What was known by then: the output of three messages.
    assert_eq!(observed.tokens("gen_ai.usage.output_tokens"), 30 + 2 + 12);
    for active in ["flowspan.tool.executions", "flowspan.llm.calls"] {
        assert!(observed.sum(active) > 0.0, "{active}");
    }
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn the_output_of_a_child_of_tokio_is_seen_as_well() {
    use tokio::io::AsyncReadExt;

    let spans = InMemorySpanExporter::default();
    let builder = Flowspan::builder("test").environment(flowspan::Environment::empty());
    let builder = builder.console(Console::off()).span_exporter("memory", spans.clone());
    let telemetry = builder.build().expect("valid");
    let _current = telemetry.set_default();
    let counts = Step::claude("review")
        .watch(async {
            let mut child = tokio::process::Command::new("cat")
                .arg(file("claude.jsonl"))
                .stdout(Stdio::piped())
                .spawn()
                .expect("a child");
            let mut output = Watched::new(Reader::claude(), child.stdout.take().expect("it is piped"));
            let mut text = String::new();
            output.read_to_string(&mut text).await.expect("a text");
            assert_eq!(text, std::fs::read_to_string(file("claude.jsonl")).expect("there"));
            output.counts()
        })
        .await;
    assert_eq!(counts.understood, 15);
    telemetry.flush_async(Duration::from_secs(5)).await;
    let spans = spans.get_finished_spans().expect("alive");
    assert_eq!(spans.iter().filter(|span| span.name.starts_with("chat ")).count(), 5);
}
