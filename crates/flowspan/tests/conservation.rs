//! Whatever a program does, every output tells the same sums: those of its distinct model calls.

#![cfg(feature = "session")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use flowspan::{
    Engine, Environment, Money, Price, Prices, SessionCollector, Snapshot, Totals,
    model::{Event, EventSink, Field, Kind, Moment, Series, Value},
    opentelemetry::{
        KeyValue,
        trace::{Span as _, Tracer, TracerProvider},
    },
    prelude::*,
};
use opentelemetry_sdk::trace::SdkTracer;
use proptest::prelude::*;
use tracing::{Dispatch, Span, info_span};

/// What a program does.
#[derive(Clone, Debug)]
enum Work {
    Workflow(Vec<Work>),
    /// An agent; one that claims says more than its calls have consumed.
    Agent(Vec<Work>, bool),
    Step(Vec<Work>),
    Tool(Vec<Work>),
    /// On another thread.
    Thread(Vec<Work>),
    Call(Call),
}

/// One call of a model, however often it is told.
#[derive(Clone, Debug)]
struct Call {
    usage: Usage,
    /// What the provider says that it cost, in thousandths of a dollar.
    said: Option<u32>,
    /// How many handles stand around it.
    wrappers: usize,
    /// Whether the outermost of them alone knows what it consumed.
    is_outer_alone: bool,
    /// How often the same response is told again.
    repeats: usize,
    /// Whether the innermost one is told through the OpenTelemetry API, past `tracing`.
    is_past_tracing: bool,
}

/// What all works of one run share.
struct Run {
    ids: AtomicU64,
    tracer: SdkTracer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    usage: Usage,
    cost: Option<Money>,
    calls: u64,
    tool_calls: u64,
    steps: u64,
}

fn price() -> Price {
    Price::new().input(0.037).output(1.25).cache_read(0.004)
}

impl Call {
    fn sums(&self) -> Sums {
        let said = self.said.and_then(|said| Money::from_f64(f64::from(said) / 1_000.0));
        let cost = said.or_else(|| price().cost(&self.usage));
        Sums { usage: self.usage, cost, calls: 1, ..Sums::default() }
    }

    fn run(&self, run: &Run) {
        let id = format!("r-{}", run.ids.fetch_add(1, Ordering::Relaxed));
        for _ in 0..=self.repeats {
            self.tell(run, &id, self.wrappers);
        }
    }

    /// Tells of the call from the outermost handle to the innermost.
    fn tell(&self, run: &Run, id: &str, inside: usize) {
        if inside == 0 && self.is_past_tracing {
            return self.tell_past_tracing(run, id);
        }
        let handle = Inference::chat("p", "m");
        if inside > 0 {
            handle.span().in_scope(|| self.tell(run, id, inside - 1));
        }
        handle.response_id(id);
        if self.knows(inside) {
            handle.usage(self.usage);
            if let Some(said) = self.said {
                handle.cost(f64::from(said) / 1_000.0, "USD");
            }
        }
    }

    fn tell_past_tracing(&self, run: &Run, id: &str) {
        let mut span = run.tracer.start("call");
        for (key, value) in [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "p"),
            ("gen_ai.request.model", "m"),
            ("gen_ai.response.id", id),
        ] {
            span.set_attribute(KeyValue::new(key, value.to_owned()));
        }
        if self.knows(0) {
            let Usage { input, output, cache_read, .. } = self.usage;
            for (field, tokens) in [
                (Field::InputTokens, input),
                (Field::OutputTokens, output),
                (Field::CacheReadTokens, cache_read),
            ] {
                let tokens = tokens.and_then(|tokens| i64::try_from(tokens).ok());
                span.set_attributes(tokens.map(|tokens| KeyValue::new(field.key(), tokens)));
            }
            let cost = self.said.map(|said| f64::from(said) / 1_000.0);
            span.set_attributes(cost.map(|cost| KeyValue::new(Field::CostAmount.key(), cost)));
        }
        span.end();
    }

    /// Whether the handle with so many others inside knows what the call consumed.
    fn knows(&self, inside: usize) -> bool {
        inside == self.wrappers || !self.is_outer_alone
    }
}

impl Work {
    /// What it comes to, and its distinct calls alone.
    fn sums(&self) -> Sums {
        let (inside, own) = match self {
            Work::Call(call) => return call.sums(),
            Work::Workflow(inside) | Work::Agent(inside, _) | Work::Thread(inside) => {
                (inside, Sums::default())
            }
            Work::Step(inside) => (inside, Sums { steps: 1, ..Sums::default() }),
            Work::Tool(inside) => (inside, Sums { tool_calls: 1, ..Sums::default() }),
        };
        inside.iter().map(Work::sums).fold(own, |mut sum, one| {
            sum.usage += one.usage;
            if let Some(cost) = one.cost {
                *sum.cost.get_or_insert_default() += cost;
            }
            sum.calls += one.calls;
            sum.tool_calls += one.tool_calls;
            sum.steps += one.steps;
            sum
        })
    }

    fn run(&self, run: &Run) {
        match self {
            Work::Workflow(inside) => within(Workflow::new("inner").span(), inside, run),
            Work::Agent(inside, false) => within(Agent::new("a").span(), inside, run),
            Work::Agent(inside, true) => {
                let span = info_span!(
                    target: "flowspan", "agent", gen_ai.agent.name = "a",
                    gen_ai.usage.input_tokens = 1_000_000_u64, flowspan.cost.amount = 1_000.0,
                );
                within(&span, inside, run);
            }
            Work::Step(inside) => within(Step::shell("s").span(), inside, run),
            Work::Tool(inside) => within(ToolCall::new("t").span(), inside, run),
            Work::Thread(inside) => {
                let (dispatch, span) = (tracing::dispatcher::get_default(Dispatch::clone), Span::current());
                std::thread::scope(|scope| {
                    for work in inside {
                        let (dispatch, span) = (&dispatch, &span);
                        scope.spawn(move || {
                            tracing::dispatcher::with_default(dispatch, || span.in_scope(|| work.run(run)));
                        });
                    }
                });
            }
            Work::Call(call) => call.run(run),
        }
    }
}

fn within(span: &Span, inside: &[Work], run: &Run) {
    span.in_scope(|| inside.iter().for_each(|work| work.run(run)));
}

fn calls() -> impl Strategy<Value = Work> {
    let usage = (0_u64..100_000, 0_u64..10_000, 0_u64..200).prop_map(|(input, output, hundredths)| {
        Usage::new().input(input).output(output).cache_read(input * hundredths.min(100) / 100)
    });
    let said = proptest::option::weighted(0.2, 0_u32..1_000);
    (usage, said, 0_usize..3, any::<bool>(), 0_usize..3, any::<bool>()).prop_map(
        |(usage, said, wrappers, is_outer_alone, repeats, is_past_tracing)| {
            Work::Call(Call { usage, said, wrappers, is_outer_alone, repeats, is_past_tracing })
        },
    )
}

fn works() -> impl Strategy<Value = Work> {
    calls().prop_recursive(4, 40, 4, |inner| {
        let inside = || proptest::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            inside().prop_map(Work::Workflow),
            (inside(), any::<bool>()).prop_map(|(inside, claims)| Work::Agent(inside, claims)),
            inside().prop_map(Work::Step),
            inside().prop_map(Work::Tool),
            inside().prop_map(Work::Thread),
        ]
    })
}

/// Keeps the end of the outermost workflow.
#[derive(Clone, Default)]
struct Root(Arc<Mutex<Option<Event>>>);

impl EventSink for Root {
    fn event(&self, event: &Event) {
        let is_it = event.kind == Kind::Workflow && event.fields.text(Field::RunId) == Some("root");
        if event.moment == Moment::Ended && is_it && event.ids.parent.is_none() {
            *self.0.lock().expect("nobody panics") = Some(event.clone());
        }
    }
}

fn of_root(root: &Event) -> Sums {
    let number = |field| root.fields.integer(field).map(|number| u64::try_from(number).expect("a sum"));
    Sums {
        usage: Usage {
            input: number(Field::RollUpInputTokens),
            output: number(Field::RollUpOutputTokens),
            cache_read: number(Field::RollUpCacheReadTokens),
            cache_write: number(Field::RollUpCacheWriteTokens),
            reasoning: number(Field::RollUpReasoningTokens),
        },
        cost: root.fields.get(Field::RollUpCost).and_then(Value::as_number).and_then(Money::from_f64),
        calls: number(Field::RollUpInferenceCalls).unwrap_or(0),
        tool_calls: number(Field::RollUpToolCalls).unwrap_or(0),
        steps: number(Field::RollUpSteps).unwrap_or(0),
    }
}

fn tokens(snapshot: &Snapshot, token_type: &str) -> f64 {
    let is_it = |series: &Series| series.label("token_type") == Some(token_type);
    snapshot.of("flowspan.llm.tokens").filter(|total| is_it(&total.series)).map(|total| total.value).sum()
}

fn every_output_tells_the_same(engine: Engine, work: &[Work]) {
    let expected = Work::Workflow(work.to_vec()).sums();
    let (root, totals, session) = (Root::default(), Totals::new(), SessionCollector::new("s"));
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .engine(engine)
        .prices(Prices::none().model("p/m", price()))
        .metric_sink(totals.clone())
        .event_sink(root.clone())
        .event_sink(session.clone())
        .build()
        .expect("it builds");
    {
        let _mine = telemetry.set_default();
        let tracer = telemetry.tracer_provider().expect("it is not disabled").tracer("llm-sdk");
        let run = Run { ids: AtomicU64::new(0), tracer };
        within(Workflow::new("w").run_id("root").span(), work, &run);
    }
    let root = root.0.lock().expect("nobody panics").take().expect("it ended");
    assert_eq!(of_root(&root), expected, "the roll-up");

    let counted = totals.snapshot();
    let parts = [
        ("input", expected.usage.input),
        ("output", expected.usage.output),
        ("cache_read", expected.usage.cache_read),
    ];
    for (kind, sum) in parts {
        assert_eq!(tokens(&counted, kind), sum.unwrap_or(0) as f64, "the counter of {kind}");
    }
    assert_eq!(counted.sum("flowspan.llm.calls"), expected.calls as f64);
    let cost = |sum: f64| Money::from_f64(sum).expect("an amount");
    assert_eq!(cost(counted.sum("flowspan.llm.cost.usd")), expected.cost.unwrap_or_default());

    let kept = session.snapshot().model_calls.total();
    assert_eq!(kept.tokens.prompt, expected.usage.input.unwrap_or(0));
    assert_eq!(kept.tokens.completion, expected.usage.output.unwrap_or(0));
    assert_eq!(kept.tokens.cache_read, expected.usage.cache_read.unwrap_or(0));
    assert_eq!(kept.work.executions, expected.calls);
    assert_eq!(kept.cost_usd.map(cost), expected.cost);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn totals_are_the_sums_of_the_distinct_calls_in_every_output(
        work in proptest::collection::vec(works(), 0..5),
    ) {
        for engine in [Engine::Native, Engine::TracingOpenTelemetry] {
            every_output_tells_the_same(engine, &work);
        }
    }
}
