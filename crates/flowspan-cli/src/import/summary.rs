//! What an import says at its end.

use std::fmt::Write;

use flowspan::{Accounts, Imported};
use serde::Serialize;

use crate::demo::{Delivery, SummaryFormat};

/// All numbers of an import.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    imported: Imported,
    telemetry: Delivery,
    metrics_url: Option<String>,
}

impl Summary {
    pub(super) fn new(imported: &Imported, accounts: &Accounts, metrics_url: Option<String>) -> Self {
        Summary { imported: imported.clone(), telemetry: accounts.into(), metrics_url }
    }

    /// The summary in this form, without a line break at its end.
    pub(super) fn render(&self, format: SummaryFormat) -> String {
        match format {
            // Numbers and texts always become JSON; were they not to, the text says as much.
            SummaryFormat::Json => serde_json::to_string_pretty(self).unwrap_or_else(|_| self.text()),
            SummaryFormat::Text => self.text(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.lines(&mut text);
        text.truncate(text.trim_end().len());
        text
    }

    fn lines(&self, out: &mut String) -> std::fmt::Result {
        let Imported {
            files,
            files_known,
            files_failed,
            lines,
            accepted,
            unknown,
            malformed,
            blank,
            events,
            ..
        } = self.imported;
        writeln!(out, "{events} events of {files} files")?;
        writeln!(
            out,
            "  lines       {lines}: {accepted} accepted, {unknown} unknown, {malformed} malformed, {blank} blank"
        )?;
        for (name, lines) in &self.imported.unknown_types {
            writeln!(out, "  unknown     {name}: {lines}")?;
        }
        if files_known > 0 {
            writeln!(out, "  files       {files_known} had been read before")?;
        }
        if files_failed > 0 {
            writeln!(out, "  files       {files_failed} could not be read to their end")?;
        }
        self.telemetry.lines(out)?;
        if let Some(url) = &self.metrics_url {
            writeln!(out, "  metrics at  {url}")?;
        }
        Ok(())
    }
}
