//! The smallest complete program: one builder call, one workflow.
//!
//! Run it alone, or with the address of a collector:
//!
//! ```text
//! cargo run -p example-quickstart
//! cargo run -p example-quickstart -- http://127.0.0.1:4317
//! ```
//!
//! It prints the run as a tree. With a collector, the same run is one trace there.

use std::{io, time::Duration};

use flowspan::prelude::*;
use tokio::process::Command;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Flowspan::builder("support-bot")
        // Port 0 takes a free one; a service of yours would leave the default, 9464.
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .console(Console::tree().filter("warn"));
    if let Some(collector) = std::env::args().nth(1) {
        builder = builder.otlp(Otlp::to(collector));
    }
    let telemetry = builder.install()?;

    let files = Workflow::new("triage")
        .run(async {
            let listing = Step::shell("list").run(list_files()).await?;
            Agent::new("researcher").run(research(&listing)).await
        })
        .await?;
    println_files(files);

    // Sends what waits, and says what became of everything.
    telemetry.shutdown_async(Duration::from_secs(5)).await.into_result()?;
    Ok(())
}

async fn list_files() -> io::Result<String> {
    let output = Command::new("ls").output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Asks a model, then uses a tool.
async fn research(listing: &str) -> io::Result<usize> {
    let call = Inference::chat("openai", "gpt-5-mini");
    let answer = call
        .run(async {
            // Your client goes here. `token` counts what a stream brings, as it comes.
            for _ in listing.split_whitespace() {
                call.token(1);
            }
            io::Result::Ok(listing.to_owned())
        })
        .await?;
    // What the provider reports wins over what was counted.
    let words = answer.split_whitespace().count() as u64;
    call.usage(Usage::new().input(words * 2).output(words));

    ToolCall::new("count_files").run(async { Ok(answer.lines().count()) }).await
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn println_files(files: usize) {
    println!("{files} files");
}
