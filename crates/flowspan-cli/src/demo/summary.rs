//! The summary of a run: what a script reads, and what a person reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use flowspan::{Account, Accounts};
use serde::Serialize;

use super::counts::{Items, Observed, Tokens};
use crate::model_server::Ledger;

/// The form of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SummaryFormat {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

/// All numbers of a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    pub(super) run_id: String,
    pub(super) trace_id: Option<String>,
    pub(super) status: &'static str,
    pub(super) duration_seconds: f64,
    pub(super) counts: Observed,
    pub(super) items: Items,
    pub(super) tokens: Tokens,
    /// What the model calls cost, in US dollars; absent if no price is known.
    pub(super) cost_usd: Option<f64>,
    /// The book of the embedded model server; absent if the model is elsewhere.
    pub(super) model_server: Option<Ledger>,
    pub(super) telemetry: Delivery,
    pub(super) metrics_url: Option<String>,
    pub(super) otlp_endpoint: Option<String>,
}

/// What became of the telemetry of the run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    spans: Fate,
    metrics: Fate,
    logs: Fate,
    events: Fate,
}

#[derive(Clone, Debug, Serialize)]
struct Fate {
    created: u64,
    delivered: u64,
    /// Still under way; only while the program is kept open.
    #[serde(skip_serializing_if = "is_zero")]
    queued: u64,
    dropped: BTreeMap<String, u64>,
}

impl From<&Accounts> for Delivery {
    fn from(accounts: &Accounts) -> Self {
        Self {
            spans: (&accounts.spans).into(),
            metrics: (&accounts.metrics).into(),
            logs: (&accounts.logs).into(),
            events: (&accounts.events).into(),
        }
    }
}

impl From<&Account> for Fate {
    fn from(account: &Account) -> Self {
        let dropped = account.dropped.iter().map(|(reason, items)| (reason.to_string(), *items)).collect();
        Self { created: account.created, delivered: account.delivered, queued: account.queued, dropped }
    }
}

impl Summary {
    /// The summary in this form, without a line break at its end.
    pub(super) fn render(&self, format: SummaryFormat) -> String {
        match format {
            // Numbers and texts always become JSON; were they not to, the text says as much.
            SummaryFormat::Json => serde_json::to_string_pretty(self).unwrap_or_else(|_| self.text()),
            SummaryFormat::Text => self.text(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("run {} {} in {:.2} s\n", self.run_id, self.status, self.duration_seconds);
        // Writing into a string cannot fail.
        let _ = self.lines(&mut text);
        text.truncate(text.trim_end().len());
        text
    }

    fn lines(&self, out: &mut String) -> std::fmt::Result {
        let Observed { agents, tool_calls, model_calls, retries, recoveries, validations, .. } = self.counts;
        let Items { total, success, failed, dlq } = self.items;
        let Tokens { input, output, cache_read, reasoning, .. } = self.tokens;
        if let Some(trace) = &self.trace_id {
            writeln!(out, "  trace       {trace}")?;
        }
        writeln!(
            out,
            "  files       {total}: {success} done, {failed} failed, {dlq} in the dead-letter queue"
        )?;
        writeln!(out, "  work        {agents} agents, {model_calls} model calls, {tool_calls} tool calls")?;
        writeln!(out, "  trouble     {retries} retries, {recoveries} recoveries, {validations} validations")?;
        writeln!(
            out,
            "  tokens      {input} in ({cache_read} cached), {output} out ({reasoning} reasoning)"
        )?;
        if let Some(cost) = self.cost_usd {
            writeln!(out, "  cost        ${cost:.6}")?;
        }
        if let Some(ledger) = &self.model_server {
            let Ledger { calls, input, output, .. } = ledger;
            writeln!(out, "  the model   says {calls} requests, {input} tokens in, {output} out")?;
        }
        self.telemetry.lines(out)?;
        if let Some(url) = &self.metrics_url {
            writeln!(out, "  metrics at  {url}")?;
        }
        if let Some(endpoint) = &self.otlp_endpoint {
            writeln!(out, "  sent to     {endpoint}")?;
        }
        Ok(())
    }
}

impl Delivery {
    /// A line for each signal of which there was something.
    pub(crate) fn lines(&self, out: &mut String) -> std::fmt::Result {
        let Delivery { spans, metrics, logs, events } = self;
        for (name, fate) in [("spans", spans), ("metrics", metrics), ("logs", logs), ("events", events)] {
            if fate.created > 0 {
                writeln!(out, "  {name:<11} {}", fate.text())?;
            }
        }
        Ok(())
    }
}

impl Fate {
    fn text(&self) -> String {
        let mut text = format!("{} created, {} delivered", self.created, self.delivered);
        if self.queued > 0 {
            text += &format!(", {} under way", self.queued);
        }
        for (reason, items) in &self.dropped {
            text += &format!(", {items} dropped ({reason})");
        }
        text
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            run_id: "audit-1".to_owned(),
            trace_id: Some("0af7".to_owned()),
            status: "success",
            duration_seconds: 1.5,
            counts: Observed { agents: 3, model_calls: 4, ..Observed::default() },
            items: Items { total: 3, success: 2, failed: 0, dlq: 1 },
            tokens: Tokens { input: 900, output: 90, cache_read: 128, ..Tokens::default() },
            cost_usd: Some(0.0125),
            model_server: Some(Ledger { calls: 5, input: 900, output: 90, ..Ledger::default() }),
            telemetry: Delivery::from(&Accounts::default()),
            metrics_url: Some("http://127.0.0.1:9464/metrics".to_owned()),
            otlp_endpoint: None,
        }
    }

    #[test]
    fn the_json_has_every_field_that_scripts_rely_on() {
        let json: serde_json::Value =
            serde_json::from_str(&summary().render(SummaryFormat::Json)).expect("valid JSON");
        for path in [
            "/run_id",
            "/trace_id",
            "/status",
            "/duration_seconds",
            "/counts/workflows",
            "/counts/phases",
            "/counts/steps",
            "/counts/agents",
            "/counts/tool_calls",
            "/counts/model_calls",
            "/counts/retries",
            "/counts/recoveries",
            "/counts/validations",
            "/counts/checkpoints",
            "/counts/checkpoints_loaded",
            "/counts/sessions",
            "/counts/cache_hits",
            "/counts/cache_misses",
            "/counts/worktrees",
            "/items/total",
            "/items/success",
            "/items/failed",
            "/items/dlq",
            "/tokens/input",
            "/tokens/output",
            "/tokens/cache_read",
            "/tokens/cache_write",
            "/tokens/reasoning",
            "/cost_usd",
            "/model_server/calls",
            "/model_server/input",
            "/model_server/output",
            "/telemetry/spans/created",
            "/telemetry/spans/delivered",
            "/telemetry/spans/dropped",
            "/telemetry/metrics/created",
            "/telemetry/logs/created",
            "/telemetry/events/created",
            "/metrics_url",
            "/otlp_endpoint",
        ] {
            assert!(json.pointer(path).is_some(), "{path} is missing in {json}");
        }
    }

    #[test]
    fn the_text_says_the_same_to_people() {
        let text = summary().render(SummaryFormat::Text);
        assert!(text.starts_with("run audit-1 success in 1.50 s\n"), "{text}");
        assert!(text.contains("cost        $0.012500\n"), "{text}");
        assert!(text.contains("3: 2 done, 0 failed, 1 in the dead-letter queue"), "{text}");
        assert!(!text.contains("sent to") && !text.ends_with('\n'), "{text}");
    }
}
