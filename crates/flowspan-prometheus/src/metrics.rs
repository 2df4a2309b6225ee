//! The pages with the metrics, in all their forms.

use std::{
    error::Error,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use flowspan_runtime::ExporterHealth;

use crate::{
    CollectError, Findings, Reader,
    negotiate::Format,
    page::{Answer, Make, Page},
    stats::Counters,
};

/// The largest exposition whose memory is kept for the next one, in bytes. A few thousand series; what
/// is larger is given back, because a scrape is rare.
const KEPT: usize = 4 * 1024 * 1024;

/// The pages with the metrics.
pub(crate) struct Metrics {
    text: Page,
    json: Page,
    exporter: ExporterHealth,
    counters: Arc<Counters>,
}

impl Metrics {
    pub(crate) fn new(reader: Reader, exporter: ExporterHealth, counters: Arc<Counters>) -> Self {
        let page = |write| Page::new(writing(reader.clone(), counters.clone(), write));
        Metrics { text: page(Reader::write_text), json: page(Reader::write_json), exporter, counters }
    }

    /// Answers one scrape, and notes how that went.
    pub(crate) async fn scrape(&self, format: Format) -> Answer {
        let page = match format {
            Format::Text => &self.text,
            Format::Json => &self.json,
        };
        let answer = page.get().await;
        Counters::add(match &answer {
            Answer::Made(_) => {
                self.exporter.succeeded();
                &self.counters.answered
            }
            Answer::Failed(why) => {
                self.exporter.failed(why);
                &self.counters.failed
            }
            Answer::Refused => &self.counters.refused,
        });
        answer
    }
}

type Write = fn(&Reader, &mut Vec<u8>) -> Result<Findings, CollectError>;

fn writing(reader: Reader, counters: Arc<Counters>, write: Write) -> Make {
    let memory = Memory::default();
    Box::new(move || {
        let mut bytes = memory.take();
        let findings = write(&reader, &mut bytes).map_err(|error| whole(&error))?;
        counters.found(findings);
        Ok(memory.keep(bytes))
    })
}

/// The error with what caused it.
fn whole(error: &CollectError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The memory of the latest exposition, for the next one.
#[derive(Debug, Default)]
struct Memory(Mutex<Bytes>);

impl Memory {
    /// Empty, but with room for what was in it, unless somebody still reads that.
    fn take(&self) -> Vec<u8> {
        let latest = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut bytes = if latest.is_unique() { Vec::from(latest) } else { Vec::new() };
        bytes.clear();
        bytes
    }

    fn keep(&self, bytes: Vec<u8>) -> Bytes {
        let is_small = bytes.capacity() <= KEPT;
        let bytes = Bytes::from(bytes);
        if is_small {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.clone();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_unless_somebody_reads_it_or_it_is_large() {
        let memory = Memory::default();
        let first = memory.keep(Vec::with_capacity(1000));
        assert_eq!(memory.take().capacity(), 0, "it is being read");
        drop(first);
        drop(memory.keep(Vec::with_capacity(1000)));
        assert_eq!(memory.take().capacity(), 1000);
        drop(memory.keep(Vec::with_capacity(KEPT + 1)));
        assert_eq!(memory.take().capacity(), 0);
    }
}
