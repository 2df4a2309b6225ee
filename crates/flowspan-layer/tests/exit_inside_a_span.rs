//! A program that ends inside a span. It ends a whole process, so it stands alone.

mod support;

use std::process::Command;

use flowspan_api::Workflow;
use flowspan_layer::Engine;

use self::support::Bench;

/// Says in the child which engine it shall use.
const CHILD: &str = "FLOWSPAN_TEST_EXIT_INSIDE";
const NAME: &str = "a_program_that_exits_inside_a_span_ends_with_its_own_code";

#[test]
fn a_program_that_exits_inside_a_span_ends_with_its_own_code() {
    match std::env::var(CHILD).as_deref() {
        Ok("native") => exit_inside(Engine::Native),
        Ok(_) => exit_inside(Engine::TracingOpenTelemetry),
        Err(_) => {}
    }
    for engine in ["native", "compatible"] {
        let mut child = Command::new(std::env::current_exe().expect("this binary"));
        let output = child.args(["--exact", NAME]).env(CHILD, engine).output().expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{engine}: {output:?}");
    }
}

/// The exit runs what the thread has to clean up, and the context of OpenTelemetry is cleaned up first.
fn exit_inside(engine: Engine) -> ! {
    let _bench = Bench::new(engine);
    let _workflow = Workflow::new("interrupted").enter();
    std::process::exit(3)
}
