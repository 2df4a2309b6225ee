//! The event store says the same as the summary, and is looked after.

use std::process::Command;

use flowspan_stack::{Part, Postgres, require};

use crate::support::{demo, number, output, sources, summary, text};

fn store(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
    command.env_remove("FLOWSPAN_POSTGRES_URL").arg("store").args(arguments);
    command
}

#[test]
fn the_store_has_what_the_summary_says() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let server = Postgres::start().expect("PostgreSQL");
    let ask = |sql: &str| {
        let rows = server.psql(&format!("SET search_path = flowspan; {sql}")).expect("an answer");
        rows.trim().to_owned()
    };
    let sources = sources(24);
    let runs = [
        // Once by the flag, once by the variable.
        summary(demo(sources.path()).args(["--seed", "4", "--postgres", &server.url()])),
        summary(demo(sources.path()).args(["--seed", "4"]).env("FLOWSPAN_POSTGRES_URL", server.url())),
    ];
    for summary in &runs {
        let events = number(summary, "/telemetry/events/created");
        assert_eq!(number(summary, "/telemetry/events/delivered"), events);
        let run = format!("trace_id = '{}'", summary["trace_id"].as_str().expect("a trace"));
        assert_eq!(ask(&format!("SELECT count(*) FROM events WHERE {run}")), events.to_string());
        for (table, path) in [
            ("workflow_executions", "/counts/workflows"),
            ("step_executions", "/counts/steps"),
            ("agent_executions", "/counts/agents"),
            ("model_calls", "/counts/model_calls"),
            ("tool_calls", "/counts/tool_calls"),
        ] {
            let rows = ask(&format!("SELECT count(*) FROM {table} WHERE {run} AND status <> 'running'"));
            assert_eq!(rows, number(summary, path).to_string(), "{table}");
        }
        for kind in ["input", "output", "cache_read", "reasoning"] {
            let sum = ask(&format!("SELECT coalesce(sum({kind}_tokens), 0) FROM model_calls WHERE {run}"));
            assert_eq!(sum, number(summary, &format!("/tokens/{kind}")).to_string(), "{kind}");
        }
        let cost = summary["cost_usd"].as_f64().expect("the model has a price");
        let rolled_up = format!(
            "SELECT fields -> 'flowspan.usage.cost' FROM events WHERE {run} AND kind = 'workflow' AND moment = 'ended'"
        );
        for sql in [
            format!("SELECT sum(cost_usd) FROM model_usage JOIN model_calls USING (id) WHERE {run}"),
            rolled_up,
        ] {
            let sum: f64 = ask(&sql).parse().expect("a number");
            assert!((sum - cost).abs() < 1e-12, "{sum} and {cost}: {sql}");
        }
        let items = ["total", "success", "failed", "dlq"]
            .map(|kind| number(summary, &format!("/items/{kind}")).to_string());
        let sql = format!(
            "SELECT total_items, successful_items, failed_items, dlq_items FROM mapreduce_jobs WHERE {run}"
        );
        assert_eq!(ask(&sql), items.join("|"));
        let steps = number(summary, "/counts/steps").to_string();
        let sql = format!("SELECT total_steps, run_id, service FROM workflow_executions WHERE {run}");
        let run_id = summary["run_id"].as_str().expect("a run");
        assert_eq!(ask(&sql), format!("{steps}|{run_id}|flowspan-demo"));
        assert_eq!(
            ask(&format!("SELECT count(*) FROM model_calls WHERE {run} AND workflow_execution_id IS NULL")),
            "0"
        );
    }

    let prune = |age: &str| {
        let pruned = output(
            store(&["prune", "--older-than", age, "--chunk", "100"])
                .env("FLOWSPAN_POSTGRES_URL", server.url()),
        );
        assert!(pruned.status.success(), "{}", text(&pruned.stderr));
        text(&pruned.stdout)
    };
    assert_eq!(prune("30d"), "deleted 0 rows\n");
    let all = prune("0s");
    let events: u64 = runs.iter().map(|summary| number(summary, "/telemetry/events/created")).sum();
    assert!(all.contains(&format!("events {events}")) && all.contains("workflow_executions 2"), "{all}");
}

#[test]
fn the_tables_can_be_made_beforehand() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let server = Postgres::start().expect("PostgreSQL");
    let made = output(&mut store(&["migrate", "--postgres", &server.url(), "--schema", "observed"]));
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(
        server.psql("SELECT count(*) FROM observed.workflow_executions").expect("a table").trim(),
        "0"
    );
}

#[test]
fn a_store_that_cannot_be_used_is_an_error_without_the_password() {
    let url = "postgres://bot:canary@127.0.0.1:1/observed";
    for (arguments, code, said) in [
        (&["migrate"][..], 2, "FLOWSPAN_POSTGRES_URL is not set"),
        (&["prune", "--older-than", "30", "--postgres", url], 2, "30d"),
        (&["prune", "--older-than", "30d", "--postgres", "mysql://bot:canary@h/d"], 2, "[redacted]"),
        (&["prune", "--older-than", "30d", "--postgres", url, "--schema", "a b"], 2, "schema is \"a b\""),
        (&["prune", "--older-than", "30d", "--postgres", url], 1, "observed at 127.0.0.1:1 as bot"),
    ] {
        let refused = output(&mut store(arguments));
        let error = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{error}");
        assert!(error.contains(said) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn a_store_that_is_away_does_not_hurt_the_run() {
    let sources = sources(2);
    let url = "postgres://bot:canary@127.0.0.1:1/observed";
    let run = output(demo(sources.path()).args(["--postgres", url]));
    assert!(run.status.success(), "{}", text(&run.stderr));
    let error = text(&run.stderr);
    let told = error.lines().filter(|line| line.contains("postgres fails")).count();
    assert!(told == 1 && !error.contains("canary"), "{error}");
    let summary = crate::support::summary_of(&run);
    let [created, lost] =
        ["created", "dropped/shutdown"].map(|what| number(&summary, &format!("/telemetry/events/{what}")));
    assert!(created > 0 && created == lost, "{summary}");
}
