//! Input that cannot be used ends the command with status 2 and a text that helps.

use std::fs;

use crate::support::{bare, demo, output, sources, text};

#[test]
fn an_argument_of_no_use_is_named_with_its_value_and_the_accepted_form() {
    let sources = sources(1);
    for (arguments, words) in [
        (["--otlp-endpoint", "nonsense"], ["nonsense", "http://127.0.0.1:4317"]),
        (["--otlp-protocol", "smoke"], ["smoke", "http/protobuf"]),
        (["--metrics-address", "here"], ["here", "--metrics-address"]),
        (["--keep-open", "long"], ["long", "30s"]),
        (["--retry-dead-letters", "0s"], ["0s", "longer"]),
        (["--call-timeout", "3 parsecs"], ["3 parsecs", "--call-timeout"]),
        (["--concurrency", "0"], ["0", "--concurrency"]),
        (["--seed", "x"], ["x", "--seed"]),
        (["--summary", "xml"], ["xml", "json"]),
        (["--namespace", "9 lives"], ["9 lives", "namespace"]),
        (["--names", "nobody"], ["nobody", "prodigy, clutch, crew, m31a"]),
        (["--model-url", "example.org"], ["example.org", "https://api.openai.com/v1"]),
    ] {
        let output = output(bare(sources.path()).args(arguments));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_variable_of_no_use_is_named_as_well() {
    let sources = sources(1);
    for (variable, value) in [("FLOWSPAN_METRICS_PORT", "many"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flowspan"));
        let output = output(command.arg("demo").arg(sources.path()).env(variable, value));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(value), "{said}");
    }
}

#[test]
fn a_path_that_is_missing_or_empty_is_said() {
    for path in ["/no/such/place", ""] {
        let output = output(&mut demo(path.as_ref()));
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("PATH") || text(&output.stderr).contains(path));
    }
}

#[test]
fn a_directory_without_a_readable_file_is_said() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("data.bin"), b"\0\0").expect("written");
    let output = output(&mut demo(directory.path()));
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("no readable text file") && said.contains("1 binary"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let sources = sources(1);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flowspan"));
    let output = output(command.arg("demo").arg(sources.path()).args(["--metrics-port", &port]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&port), "{}", text(&output.stderr));
}

#[test]
fn a_checkpoint_that_is_none_ends_the_run_before_any_work() {
    let sources = sources(1);
    let notes = sources.path().join("notes.txt");
    fs::write(&notes, "hello").expect("written");
    let output = output(demo(sources.path()).arg("--checkpoint").arg(&notes));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("notes.txt"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(notes).expect("still there"), "hello");
}
