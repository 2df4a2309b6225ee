//! How metrics are called and which of them exist.

use flowspan_metrics::{Buckets, LabelPolicies, Names, Schema};
use flowspan_model::{Event, EventSink, Field, Kind, LabelPolicy, Moment};

use crate::support::{Bench, ended};

fn bench(names: Names) -> Bench {
    Bench::with(names, LabelPolicies::new(), |recorder| recorder)
}

fn call() -> Event {
    ended(Kind::Inference)
        .with(Field::Provider, "anthropic")
        .with(Field::RequestModel, "m")
        .with(Field::PhaseName, "plan")
        .with(Field::InputTokens, 100_u64)
        .with(Field::OutputTokens, 10_u64)
        .with(Field::CacheReadTokens, 60_u64)
        .with(Field::CacheWriteTokens, 5_u64)
        .with(Field::ReasoningTokens, 4_u64)
}

#[test]
fn a_metric_can_be_renamed_and_left_out() {
    let names = Names::new("ns").rename("llm.tokens", "claude.tokens").disable("llm.calls");
    let bench = bench(names.disable("llm.errors").enable("llm.errors"));
    bench.recorder.event(&call().with(Field::ErrorType, "timeout"));
    let all = bench.all();
    assert!(all.contains_key("ns.claude.tokens") && all.contains_key("ns.llm.errors"));
    assert!(!all.contains_key("ns.llm.tokens") && !all.contains_key("ns.llm.calls"));
}

#[test]
fn labels_can_be_chosen_renamed_and_shown_otherwise() {
    let names = Names::new("ns")
        .labels("llm.tokens", [("kind", "token_type"), ("stage", "phase")])
        .value("llm.tokens", "token_type", "cache_read", "cache")
        .value("llm.tokens", "token_type", "cache_write", "cache")
        .omit("llm.tokens", "token_type", "reasoning")
        .constant_labels([("env", "prod")]);
    let bench = bench(names);
    bench.recorder.event(&call());
    let tokens = bench.sums("ns.llm.tokens");
    assert_eq!(tokens["env=prod,kind=cache,stage=plan"], 65.0);
    assert_eq!(tokens["env=prod,kind=input,stage=plan"], 100.0);
    assert_eq!(tokens.len(), 3, "{tokens:?}");
}

#[test]
fn buckets_can_be_chosen_and_be_exponential() {
    let names = Names::new("ns")
        .buckets("step.duration", Buckets::exponential())
        .buckets("agent.duration", Buckets::explicit([0.5, 2.0]));
    let bench = bench(names);
    bench.recorder.event(&ended(Kind::Step));
    bench.recorder.event(&ended(Kind::Agent));
    assert!(bench.is_exponential("ns.step.duration") && !bench.is_exponential("ns.agent.duration"));
    assert_eq!(bench.sums("ns.step.duration")[""], 1.5);
    assert_eq!(bench.sums("ns.agent.duration")[""], 1.5);
}

#[test]
fn a_label_that_is_renamed_keeps_its_policy() {
    let names = Names::new("ns").labels("mapreduce.items", [("job_id", "job_name")]);
    let policies = LabelPolicies::new().policy("job_name", LabelPolicy::First(8));
    let bench = Bench::with(names, policies, |recorder| recorder);
    bench.recorder.event(&ended(Kind::MapItem).with(Field::Job, "0193f2a4-77c1-7e02"));
    assert_eq!(bench.sums("ns.mapreduce.items")["job_id=0193f2a4"], 1.0);
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let names = || Names::new("ns");
    let cases: Vec<(Names, &[&str])> = vec![
        (Names::new("9 lives"), &["namespace", "9 lives"]),
        (Names::new("a".repeat(1 << 20)), &["namespace"]),
        (names().rename("llm.tockens", "x"), &["llm.tockens", "no metric"]),
        (names().rename("llm.tokens", "claude tokens"), &["llm.tokens", "claude tokens"]),
        (names().rename("llm.tokens", ""), &["llm.tokens", "letter"]),
        (names().rename("llm.tokens", "claude_tokens_total"), &["leave out"]),
        (names().rename("llm.tokens", "llm.calls"), &["ns_llm_calls_total", "rename"]),
        (names().rename("llm.tokens", "llm_calls"), &["ns_llm_calls_total", "rename"]),
        (names().labels("llm.tokens", [("le", "model")]), &["le", "Prometheus"]),
        (names().labels("llm.tokens", [("9", "model")]), &["llm.tokens"]),
        (names().labels("llm.tokens", [("m", "modell")]), &["modell"]),
        (names().labels("llm.tokens", [("m", "model"), ("m", "provider")]), &["twice"]),
        (names().value("llm.tokens", "typo", "a", "b"), &["typo"]),
        (names().labels("process.cpu.time", [("mode", "cpu.mode")]), &["process.cpu.time", "collects"]),
        (names().value("process.cpu.time", "cpu.mode", "user", "us"), &["process.cpu.time", "collects"]),
        (names().omit("telemetry.dropped", "reason", "shutdown"), &["telemetry.dropped", "collects"]),
        (names().constant_labels([("model", "x")]), &["model", "constant"]),
        (names().constant_labels([("cpu.mode", "x")]), &["process.cpu.time", "constant"]),
        (names().constant_labels([("signal", "x")]), &["telemetry.created", "constant"]),
        (names().constant_labels([("a", "x"), ("a", "y")]), &["twice"]),
        (names().constant_labels([("__a", "x")]), &["__a"]),
        (names().buckets("llm.tokens", Buckets::exponential()), &["no histogram"]),
        (names().buckets("step.duration", Buckets::explicit([])), &["step.duration", "from 1"]),
        (names().buckets("step.duration", Buckets::explicit([f64::NAN])), &["finite"]),
        (names().buckets("step.duration", Buckets::explicit([2.0, 1.0])), &["greater"]),
        (names().buckets("step.duration", Buckets::Exponential { max_size: 1 }), &["2 to"]),
    ];
    for (names, said) in cases {
        let shown = format!("{names:?}").chars().take(200).collect::<String>();
        let error = Schema::new(names, LabelPolicies::new()).expect_err(&shown).to_string();
        assert!(said.iter().all(|said| error.contains(said)), "{error} does not say {said:?}");
        assert!(error.len() < 600, "{error}");
    }
    for policies in [
        LabelPolicies::new().limit("job_name", 0),
        LabelPolicies::new().policy("job_name", LabelPolicy::First(0)),
        LabelPolicies::new().series_limit(0),
        LabelPolicies::new().series_limit(usize::MAX),
    ] {
        assert!(Schema::new(Names::default(), policies).is_err());
    }
}

#[test]
fn what_is_read_when_somebody_collects_can_be_renamed_and_left_out() {
    let names = Names::new("ns").rename("process.memory.usage", "memory.usage").disable("process.cpu.time");
    let schema = Schema::new(names, LabelPolicies::new()).expect("both are possible");
    let metric = |name| flowspan_model::catalog::metric(name).expect("it is in the catalog");
    assert_eq!(schema.names().full_name(metric("process.memory.usage")), "ns.memory.usage");
    assert!(!schema.names().is_enabled(metric("process.cpu.time")));
    // A label of a metric that is left out is free.
    let names = Names::new("ns").disable("process.cpu.time").constant_labels([("cpu.mode", "x")]);
    assert!(Schema::new(names, LabelPolicies::new()).is_ok());
}

#[test]
fn every_preset_is_sound() {
    for names in [Names::default(), Names::prodigy(), Names::clutch(), Names::crew(), Names::m31a()] {
        let bench = bench(names);
        bench.recorder.event(&call());
        bench.recorder.event(&Event::new(Moment::Occurred, Kind::Heal));
        assert!(!bench.all().is_empty());
    }
}

#[test]
fn a_preset_speaks_with_the_values_of_its_system() {
    let crew = bench(Names::crew());
    for status in ["success", "failed", "cancelled", "timeout"] {
        crew.recorder
            .event(&ended(Kind::Workflow).with(Field::Status, status).with(Field::WorkflowName, "w"));
    }
    let requests = crew.sums("crew.requests");
    assert_eq!((requests["status=success"], requests["status=error"], requests.len()), (1.0, 3.0, 2));

    let prodigy = bench(Names::prodigy());
    prodigy.recorder.event(&call());
    let tokens = prodigy.sums("prodigy.claude.tokens");
    let of = |token_type: &str| tokens[&format!("token_type={token_type}")];
    assert_eq!((of("input"), of("output"), of("cache"), tokens.len()), (100.0, 10.0, 65.0, 3));

    let m31a = bench(Names::m31a());
    m31a.recorder.event(&call());
    let tokens = m31a.sums("m31a.llms.tokens");
    assert_eq!(tokens["kind=prompt,phase=plan"], 100.0);
    assert_eq!((tokens["kind=completion,phase=plan"], tokens.len()), (10.0, 2));
}
