//! Log records, from the program to the exporter.

use std::sync::Arc;
use std::time::Duration;

use flowspan_runtime::{
    Account, Deliver, DeliverError, Delivered, ExporterHealth, Limits, Pipeline, WorkerHandle,
};
use opentelemetry::{InstrumentationScope, logs::AnyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord};

use crate::delivery::{FORCE_FLUSH_TIMEOUT, ResourceSlot, end, ended, flushed, outcome};
use crate::secrets::Secrets;

/// Boxed, because a record is large and moves through the queue under a lock.
type Record = Box<(SdkLogRecord, InstrumentationScope)>;

/// Sends log records to an exporter on the worker. Clones are the same pipeline: one goes to the SDK
/// as a processor, another tells of the account.
#[derive(Clone, Debug)]
pub struct LogPipeline {
    pipeline: Pipeline<Record>,
    resource: ResourceSlot,
}

/// Puts any exporter of log records on the worker: its queue is bounded, its losses are counted, its
/// panics isolated. The exporter must be at home on a Tokio runtime, and must not block.
pub fn log_processor<E: LogExporter + 'static>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    limits: &Limits,
    exporter: E,
) -> LogPipeline {
    start(worker, health, limits, exporter, Secrets::default())
}

pub(crate) fn start<E: LogExporter + 'static>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    limits: &Limits,
    exporter: E,
    secrets: Secrets,
) -> LogPipeline {
    let resource = ResourceSlot::default();
    let delivery = LogDelivery { exporter: Arc::new(exporter), resource: resource.clone(), secrets };
    LogPipeline { pipeline: Pipeline::start(worker, health, limits, delivery), resource }
}

impl LogPipeline {
    /// The queue behind it: `account`, `flush`, `shutdown` and their async forms.
    pub fn pipeline(&self) -> &Pipeline<Box<(SdkLogRecord, InstrumentationScope)>> {
        &self.pipeline
    }

    /// What became of the log records so far.
    pub fn account(&self) -> Account {
        self.pipeline.account()
    }

    pub(crate) fn put_resource(&self, resource: &Resource) {
        self.resource.put(resource);
    }
}

impl LogProcessor for LogPipeline {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        // What is refused is counted.
        let _ = self.pipeline.offer(Box::new((record.clone(), scope.clone())));
    }

    fn force_flush(&self) -> OTelSdkResult {
        flushed(self.pipeline.flush(FORCE_FLUSH_TIMEOUT))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        ended(&self.pipeline.shutdown(timeout), timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.put_resource(resource);
    }
}

struct LogDelivery<E> {
    /// Shared with nobody before its end.
    exporter: Arc<E>,
    resource: ResourceSlot,
    secrets: Secrets,
}

impl<E: LogExporter + 'static> Deliver<Record> for LogDelivery<E> {
    async fn deliver(&mut self, batch: Vec<Record>) -> Result<Delivered, DeliverError> {
        if let (Some(resource), Some(exporter)) = (self.resource.take(), Arc::get_mut(&mut self.exporter)) {
            exporter.set_resource(&resource);
        }
        let records: Vec<_> = batch.iter().map(|record| (&record.0, &record.1)).collect();
        outcome(&self.secrets, self.exporter.export(LogBatch::new(&records))).await
    }

    async fn end(&mut self) -> Result<(), DeliverError> {
        let exporter = Arc::clone(&self.exporter);
        end(&self.secrets, move |timeout| exporter.shutdown_with_timeout(timeout)).await
    }

    fn bytes(record: &Record) -> usize {
        let (record, scope) = &**record;
        let attributes =
            record.attributes_iter().map(|(key, value)| size_of_val(key) + size_of_val(value) + heap(value));
        size_of_val(record) + size_of_val(scope) + record.body().map_or(0, heap) + attributes.sum::<usize>()
    }
}

/// About how many bytes a value takes besides its own size.
fn heap(value: &AnyValue) -> usize {
    heap_within(value, DEEPEST)
}

/// How deep values are looked into. Those of a program's own records are flat.
const DEEPEST: usize = 16;

fn heap_within(value: &AnyValue, depth: usize) -> usize {
    let inner = |value: &AnyValue| match depth {
        0 => 0,
        _ => size_of_val(value) + heap_within(value, depth - 1),
    };
    match value {
        AnyValue::String(text) => text.as_str().len(),
        AnyValue::Bytes(bytes) => bytes.len(),
        AnyValue::ListAny(values) => values.iter().map(inner).sum(),
        AnyValue::Map(values) => values.iter().map(|(key, value)| size_of_val(key) + inner(value)).sum(),
        _ => 0,
    }
}
