//! Model calls.

use std::{
    fmt::Display,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use flowspan_model::{Field, Usage};
use tracing::{Span, field::Empty, info_span, record_all};

use super::kind;
use crate::{ByResult, Handle, Judge, Observed, handle::set};

/// One call of a model: the logical call as the caller sees it, all retries included.
///
/// Report what the provider says with [`usage`](Inference::usage), also after
/// [`run`](Inference::run) has returned: the call ends when its future does, its numbers are
/// complete when the last clone of the handle is gone.
///
/// ```
/// # use flowspan_api::{Inference, Usage};
/// # async fn ask() -> Result<String, std::io::Error> { Ok("42".into()) }
/// # async fn run() -> Result<(), std::io::Error> {
/// let call = Inference::chat("openai", "gpt-5-mini");
/// let answer = call.run(ask()).await?;
/// call.usage(Usage::new().input(812).output(96).cache_read(640));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Inference {
    handle: Handle<kind::Inference>,
    stream: Arc<Stream>,
}

impl Inference {
    /// A chat completion. Provider as the GenAI conventions name it: `openai`, `anthropic`, …
    pub fn chat(provider: &str, model: &str) -> Self {
        Inference::new("chat", provider, model)
    }

    /// A multimodal generation.
    pub fn generate_content(provider: &str, model: &str) -> Self {
        Inference::new("generate_content", provider, model)
    }

    /// A completion of plain text.
    pub fn text_completion(provider: &str, model: &str) -> Self {
        Inference::new("text_completion", provider, model)
    }

    fn new(operation: &str, provider: &str, model: &str) -> Self {
        let span = info_span!(
            target: "flowspan",
            "inference",
            flowspan.status = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.response.model = Empty,
            flowspan.cost.amount = Empty,
            otel.kind = "client",
            gen_ai.operation.name = operation,
            gen_ai.provider.name = provider,
            gen_ai.request.model = model,
            gen_ai.request.stream = Empty,
            gen_ai.request.max_tokens = Empty,
            gen_ai.request.temperature = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.time_to_first_chunk = Empty,
            gen_ai.usage.cache_write.input_tokens = Empty,
            gen_ai.usage.reasoning.output_tokens = Empty,
            flowspan.response.chunks = Empty,
            flowspan.response.chunk_times = Empty,
            flowspan.cost.currency = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        );
        Inference { handle: Handle::from_span(span.clone()), stream: Arc::new(Stream::new(span)) }
    }

    /// Sets the upper bound of output tokens that is asked for.
    #[must_use]
    pub fn max_tokens(self, tokens: u32) -> Self {
        self.record(Field::MaxTokens, i64::from(tokens))
    }

    /// Sets the sampling temperature that is asked for.
    #[must_use]
    pub fn temperature(self, temperature: f64) -> Self {
        self.record(Field::Temperature, temperature)
    }

    /// Runs the call and takes its status from the `Result`.
    pub fn run<F, T, E>(&self, future: F) -> Observed<F, ByResult>
    where
        F: Future<Output = Result<T, E>>,
        E: Display + 'static,
    {
        self.handle.clone().run(future)
    }

    /// Runs the call; a function of yours decides how it ended.
    pub fn judge<F, J>(&self, future: F, judge: J) -> Observed<F, J>
    where
        F: Future,
        J: Judge<F::Output>,
    {
        self.handle.clone().judge(future, judge)
    }

    /// Reports what the provider says about the tokens of the whole call. A later report replaces
    /// an earlier one, as far as it goes.
    pub fn usage(&self, usage: Usage) {
        let span = self.span();
        if span.is_disabled() {
            return;
        }
        let whole = |tokens: Option<u64>| tokens.map(|tokens| i64::try_from(tokens).unwrap_or(i64::MAX));
        // What nobody said is not recorded.
        record_all!(
            span,
            gen_ai.usage.input_tokens = whole(usage.input),
            gen_ai.usage.output_tokens = whole(usage.output),
            gen_ai.usage.cache_read.input_tokens = whole(usage.cache_read),
            gen_ai.usage.cache_write.input_tokens = whole(usage.cache_write),
            gen_ai.usage.reasoning.output_tokens = whole(usage.reasoning),
        );
        if usage.output.is_some() {
            self.stream.output_reported.store(true, Ordering::Relaxed);
        }
    }

    /// Reports what the whole call cost, and the currency by ISO 4217, such as `USD`. Say nothing if
    /// the price is not known: an unknown cost is not zero.
    pub fn cost(&self, amount: f64, currency: &str) {
        set(self.span(), Field::CostAmount, amount);
        set(self.span(), Field::CostCurrency, currency);
    }

    /// Counts a chunk of a streamed response that brought this many tokens.
    ///
    /// Costs two atomic additions. The first call gives the time to the first chunk. The sum is
    /// used as the output tokens of the call unless [`usage`](Inference::usage) reports them, so a
    /// stream that breaks keeps what had come.
    pub fn token(&self, tokens: u64) {
        if self.stream.chunks.fetch_add(1, Ordering::Relaxed) == 0 {
            let span = self.span();
            span.record(Field::Stream.key(), true);
            span.record(Field::TimeToFirstChunk.key(), self.stream.started.elapsed().as_secs_f64());
        }
        self.stream.tokens.fetch_add(tokens, Ordering::Relaxed);
    }

    /// Reports the model that answered.
    pub fn response_model(&self, model: &str) {
        set(self.span(), Field::ResponseModel, model);
    }

    /// Reports the provider's identifier of the response. The same identifier in the same trace
    /// stands for the same call.
    pub fn response_id(&self, id: &str) {
        set(self.span(), Field::ResponseId, id);
    }

    /// Reports why the model stopped; several choices separated by commas.
    pub fn finish_reasons(&self, reasons: &str) {
        set(self.span(), Field::FinishReasons, reasons);
    }

    /// The `tracing` span behind the handle.
    pub fn span(&self) -> &Span {
        self.handle.span()
    }

    fn record(self, field: Field, value: impl tracing::field::Value) -> Self {
        set(self.span(), field, value);
        self
    }
}

/// What has come of a streamed response. Written down when the last handle of the call is gone.
#[derive(Debug)]
struct Stream {
    span: Span,
    started: Instant,
    chunks: AtomicU64,
    tokens: AtomicU64,
    output_reported: AtomicBool,
}

impl Stream {
    fn new(span: Span) -> Self {
        Stream {
            span,
            started: Instant::now(),
            chunks: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
            output_reported: AtomicBool::new(false),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let chunks = *self.chunks.get_mut();
        if chunks == 0 {
            return;
        }
        self.span.record(Field::Chunks.key(), i64::try_from(chunks).unwrap_or(i64::MAX));
        if !*self.output_reported.get_mut() {
            let tokens = i64::try_from(*self.tokens.get_mut()).unwrap_or(i64::MAX);
            self.span.record(Field::OutputTokens.key(), tokens);
        }
    }
}
