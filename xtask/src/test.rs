//! `cargo xtask test`: every test, with all its own set-up.

use std::env;

use flowspan_stack::{Part, REQUIRE_ENV, StackError, build};

use crate::{error::XtaskError, report, run};

/// The examples that are programs; the others are covered by their own tests.
const EXAMPLES: [&str; 2] = ["example-quickstart", "example-beside-otel"];

pub(crate) fn run(arguments: &[String]) -> Result<(), XtaskError> {
    let missing = prepare();
    let mut tests = run::cargo(&["test", "--workspace", "--all-features"]);
    tests.args(arguments);
    if missing.is_empty() {
        // From here on a part that cannot be found is a fault, not a reason to
        // leave a test out.
        tests.env(REQUIRE_ENV, "require");
    } else if is_ci() {
        let count = missing.len();
        return Err(XtaskError::PartsMissing { count });
    }
    // Unit, integration and documentation tests; then the examples, as a reader would run them.
    let outcome = run::run(&mut tests).and_then(|()| examples(arguments));
    for part in &missing {
        println!("notice: the end-to-end tests that need {part} were left out");
    }
    outcome
}

/// Runs the examples that are programs, unless somebody asks for a single test.
fn examples(arguments: &[String]) -> Result<(), XtaskError> {
    if !arguments.is_empty() {
        return Ok(());
    }
    EXAMPLES
        .iter()
        .try_for_each(|example| run::run(&mut run::cargo(&["run", "--quiet", "--package", example])))
}

/// Tests beside the crates that the dialects speak of.
pub(crate) fn dialects() -> Result<(), XtaskError> {
    const WORKSPACE: &str = "tests/dialects/Cargo.toml";
    run::run(&mut run::cargo(&["fmt", "--manifest-path", WORKSPACE, "--check"]))?;
    run::run(&mut run::cargo(&[
        "test",
        "--locked",
        "--manifest-path",
        WORKSPACE,
        "--target-dir",
        "target/dialects",
    ]))
}

/// Builds the parts that are missing; those that cannot be had are returned,
/// with what to do about them printed.
fn prepare() -> Vec<Part> {
    let mut missing = Vec::new();
    for part in Part::ALL {
        if let Err(error) = build(part) {
            tell(error);
            missing.push(part);
        }
    }
    missing
}

fn tell(error: StackError) {
    report(&XtaskError::Stack(error));
}

fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}
