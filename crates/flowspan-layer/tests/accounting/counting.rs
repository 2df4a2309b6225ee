//! What is counted, and how often.

use flowspan_api::{Agent, Embeddings, Inference, Step, ToolCall, Usage, Workflow};
use flowspan_layer::{Accounting, Engine, Price, Prices};
use flowspan_model::{Event, Field, Kind, Moment};
use opentelemetry::Value;
use tracing::info_span;

use crate::{
    ask, bench, some,
    support::{Bench, attribute},
    with_both_engines, within,
};

/// The ends of calls, in their order, as tokens of request and response and whether they are duplicates.
fn calls(bench: &Bench) -> Vec<(Option<u64>, Option<u64>, bool)> {
    let is_call = |event: &Event| event.moment == Moment::Ended && event.kind == Kind::Inference;
    let told = |event: Event| {
        let usage = event.usage();
        (usage.input, usage.output, event.fields.get(Field::Duplicate).is_some())
    };
    bench.events().into_iter().filter(is_call).map(told).collect()
}

fn rolled_up(event: &Event) -> [Option<i64>; 5] {
    [
        Field::RollUpInputTokens,
        Field::RollUpOutputTokens,
        Field::RollUpInferenceCalls,
        Field::RollUpToolCalls,
        Field::RollUpSteps,
    ]
    .map(|field| event.fields.integer(field))
}

fn a_workflow_and_its_agents_show_the_sums_of_what_is_inside(engine: Engine) {
    let bench = Bench::new(engine);
    within(Workflow::new("w").span(), || {
        within(Step::shell("s").span(), || {
            within(Agent::new("outer").span(), || {
                ask(|call| call.usage(some()));
                within(ToolCall::new("t").span(), || ());
                within(Agent::new("inner").span(), || {
                    ask(|call| call.usage(some().cache_read(4).reasoning(2)));
                });
            });
        });
        Embeddings::new("p", "e").input_tokens(5);
    });
    let event = |name: &str| {
        let is_it = |event: &Event| {
            event.moment == Moment::Ended
                && event.kind == Kind::Agent
                && event.fields.text(Field::AgentName) == Some(name)
        };
        bench.events().into_iter().find(is_it).expect("it ended")
    };
    assert_eq!(rolled_up(&event("inner")), [Some(10), Some(3), Some(1), None, None]);
    assert_eq!(rolled_up(&event("outer")), [Some(20), Some(6), Some(2), Some(1), None]);
    let workflow = bench.ended(Kind::Workflow);
    assert_eq!(rolled_up(&workflow), [Some(25), Some(6), Some(3), Some(1), Some(1)]);
    assert_eq!(workflow.fields.integer(Field::RollUpCacheReadTokens), Some(4));
    assert_eq!(workflow.fields.integer(Field::RollUpReasoningTokens), Some(2));
    assert_eq!(workflow.fields.get(Field::RollUpCacheWriteTokens), None, "nobody said");
    let own = |name| {
        [Field::AgentInferenceCalls, Field::AgentToolCalls].map(|field| event(name).fields.integer(field))
    };
    assert_eq!(own("outer"), [Some(1), Some(1)]);
    assert_eq!(own("inner"), [Some(1), Some(0)]);

    let span = bench.span("invoke_workflow w");
    assert_eq!(attribute(&span, "flowspan.usage.input_tokens"), Some(Value::I64(25)));
    assert_eq!(attribute(&span, "gen_ai.usage.input_tokens"), None);
    assert_eq!(
        attribute(&bench.span("invoke_agent outer"), "flowspan.agent.tool_calls"),
        Some(Value::I64(1))
    );
}

fn an_own_handle_around_a_call_that_is_heard_anyway_counts_once(engine: Engine) {
    let bench = Bench::new(engine);
    within(Workflow::new("w").span(), || {
        ask(|around| {
            ask(|inner| inner.usage(some()));
            around.usage(some());
        });
    });
    assert_eq!(calls(&bench), [(Some(10), Some(3), false), (None, None, true)]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(10), Some(3), Some(1), None, None]);
    let sums: i64 = bench
        .spans()
        .iter()
        .filter_map(|span| match attribute(span, "gen_ai.usage.input_tokens") {
            Some(Value::I64(tokens)) => Some(tokens),
            _ => None,
        })
        .sum();
    assert_eq!(sums, 10, "a back end that adds up spans is right, too");
}

fn tokens_that_the_span_around_a_call_alone_knows_count_there_once(engine: Engine) {
    let bench = Bench::new(engine);
    within(Workflow::new("w").span(), || {
        ask(|around| {
            ask(|_| ());
            around.usage(some());
        });
        ask(|around| {
            ask(|inner| inner.usage(Usage::new().input(7)));
            around.usage(some());
        });
    });
    assert_eq!(
        calls(&bench),
        [(None, None, false), (Some(10), Some(3), true), (Some(7), None, false), (None, Some(3), true)]
    );
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(17), Some(6), Some(2), None, None]);
}

fn an_agent_that_says_what_its_calls_said_is_not_counted(engine: Engine) {
    let bench = Bench::new(engine);
    let agent = |calls: bool| {
        let span = info_span!(
            target: "flowspan", "agent",
            gen_ai.agent.name = "a", gen_ai.usage.input_tokens = 20_u64, gen_ai.usage.output_tokens = 6_u64,
        );
        span.in_scope(|| {
            if calls {
                ask(|call| call.usage(some()));
                ask(|call| call.usage(some()));
            }
        });
    };
    within(Workflow::new("w").span(), || {
        agent(true);
        agent(false);
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(20), Some(6), Some(2), None, None]);
    let said: Vec<_> = bench
        .spans()
        .iter()
        .filter(|span| span.name == "invoke_agent a")
        .map(|span| attribute(span, "gen_ai.usage.input_tokens"))
        .collect();
    assert_eq!(said, [None, Some(Value::I64(20))], "without calls of its own its word is all there is");
}

fn a_call_around_an_agent_is_a_wrapper_too(engine: Engine) {
    let bench = Bench::new(engine);
    ask(|around| {
        within(Agent::new("a").span(), || {
            ask(|inner| inner.usage(some()));
            ask(|inner| inner.usage(some()));
        });
        around.usage(Usage::new().input(20).output(6));
    });
    assert_eq!(calls(&bench), [(Some(10), Some(3), false), (Some(10), Some(3), false), (None, None, true)]);
}

fn what_a_tool_asks_of_a_model_is_no_part_of_the_call_that_asked_for_the_tool(engine: Engine) {
    let bench = Bench::new(engine);
    within(Workflow::new("w").span(), || {
        ask(|outer| {
            within(ToolCall::new("t").span(), || {
                ask(|inner| inner.usage(some()));
            });
            outer.usage(Usage::new().input(100).output(30));
        });
    });
    assert_eq!(calls(&bench), [(Some(10), Some(3), false), (Some(100), Some(30), false)]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(110), Some(33), Some(2), Some(1), None]);
}

fn a_retried_span_with_the_same_response_counts_once(engine: Engine) {
    let bench = Bench::new(engine);
    let answered = |id: &str, usage: Option<Usage>| {
        ask(|call| {
            call.response_id(id);
            if let Some(usage) = usage {
                call.usage(usage);
            }
        });
    };
    within(Workflow::new("w").span(), || {
        answered("r-1", Some(some()));
        answered("r-1", Some(some()));
        answered("r-2", Some(some()));
        // The first that knows wins.
        answered("r-3", None);
        answered("r-3", Some(some()));
        answered("r-3", Some(some()));
        answered("", Some(some()));
        answered("", Some(some()));
    });
    let both = (Some(10), Some(3));
    assert_eq!(
        calls(&bench),
        [
            (both.0, both.1, false),
            (None, None, true),
            (both.0, both.1, false),
            (None, None, false),
            (both.0, both.1, true),
            (None, None, true),
            (both.0, both.1, false),
            (both.0, both.1, false),
        ]
    );
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(50), Some(15), Some(5), None, None]);
}

fn the_same_response_in_another_trace_is_another_call(engine: Engine) {
    let bench = Bench::new(engine);
    for _ in 0..2 {
        ask(|call| {
            call.response_id("r-1");
            call.usage(some());
        });
    }
    assert_eq!(calls(&bench), [(Some(10), Some(3), false), (Some(10), Some(3), false)]);
}

fn layers_that_share_an_accounting_count_a_call_once(engine: Engine) {
    let accounting = Accounting::new(Prices::none().model("p/m", Price::new().input(1.0).output(1.0)));
    let bench = bench(engine, accounting.clone());
    within(Workflow::new("w").span(), || {
        for _ in 0..3 {
            ask(|call| {
                call.response_id("r-1");
                call.usage(some());
            });
        }
    });
    assert_eq!(
        bench.ended(Kind::Workflow).fields.get(Field::RollUpCost).and_then(flowspan_model::Value::as_number),
        Some(0.000_013)
    );
    assert_eq!((accounting.findings().repeated(), accounting.findings().wrappers()), (2, 0));
}

fn a_failed_or_cancelled_call_keeps_what_was_known(engine: Engine) {
    let bench = Bench::new(engine);
    within(Workflow::new("w").span(), || {
        let stream = Inference::chat("p", "m");
        {
            let mut run = std::pin::pin!(stream.run(std::future::pending::<Result<(), String>>()));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(std::future::Future::poll(run.as_mut(), &mut context).is_pending());
            stream.token(1);
            stream.token(1);
        }
        drop(stream);
        let failed = Inference::chat("p", "m");
        failed.usage(Usage::new().input(9));
        let mut run = std::pin::pin!(failed.run(async { Err::<(), _>("no") }));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::future::Future::poll(run.as_mut(), &mut context).is_ready());
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(9), Some(2), Some(2), None, None]);
}

fn calls_on_other_threads_count_where_they_belong(engine: Engine) {
    let bench = Bench::new(engine);
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let workflow = Workflow::new("w");
    let span = workflow.span().clone();
    within(&span, || {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    tracing::dispatcher::with_default(&dispatch, || {
                        span.in_scope(|| (0..50).for_each(|_| ask(|call| call.usage(some()))));
                    });
                });
            }
        });
    });
    drop((span, workflow));
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(4_000), Some(1_200), Some(400), None, None]);
}

with_both_engines! {
    a_workflow_and_its_agents_show_the_sums_of_what_is_inside;
    an_own_handle_around_a_call_that_is_heard_anyway_counts_once;
    tokens_that_the_span_around_a_call_alone_knows_count_there_once;
    an_agent_that_says_what_its_calls_said_is_not_counted;
    a_call_around_an_agent_is_a_wrapper_too;
    what_a_tool_asks_of_a_model_is_no_part_of_the_call_that_asked_for_the_tool;
    a_retried_span_with_the_same_response_counts_once;
    the_same_response_in_another_trace_is_another_call;
    layers_that_share_an_accounting_count_a_call_once;
    a_failed_or_cancelled_call_keeps_what_was_known;
    calls_on_other_threads_count_where_they_belong;
}
