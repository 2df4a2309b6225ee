//! Model calls.

use std::{fmt::Display, future::Future, sync::Arc};

use flowspan_model::{Field, Usage};
use futures_core::Stream;
use tracing::{Span, field::Empty, info_span, record_all};

use super::{
    chunks::Chunks,
    kind, list,
    streamed::{Streamed, by_result},
};
use crate::{ByResult, Handle, Judge, Observed, Verdict, handle::set};

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
///
/// What is asked for is set before the call, under the names of OpenTelemetry's GenAI convention; set
/// what your request really contains, and leave the provider's defaults out.
#[derive(Clone, Debug)]
pub struct Inference {
    handle: Handle<kind::Inference>,
    chunks: Arc<Chunks>,
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
            flowspan.response.tokens_per_second = Empty,
            flowspan.cost.currency = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
            server.address = Empty,
            server.port = Empty,
            gen_ai.conversation.id = Empty,
            gen_ai.request.top_p = Empty,
            gen_ai.request.top_k = Empty,
            gen_ai.request.frequency_penalty = Empty,
            gen_ai.request.presence_penalty = Empty,
            gen_ai.request.stop_sequences = Empty,
            gen_ai.request.seed = Empty,
            gen_ai.request.choice.count = Empty,
            gen_ai.request.reasoning.level = Empty,
            gen_ai.output.type = Empty,
        );
        Inference { handle: Handle::from_span(span.clone()), chunks: Arc::new(Chunks::new(span)) }
    }

    /// Sets the host and the port of the server that is called.
    #[must_use]
    pub fn server_address(self, host: &str, port: u16) -> Self {
        self.record(Field::ServerAddress, host).record(Field::ServerPort, i64::from(port))
    }

    /// Sets the conversation to which the call belongs, if you or the provider have an identifier of it.
    /// Do not make one up: what differs for each call says nothing.
    #[must_use]
    pub fn conversation_id(self, id: &str) -> Self {
        self.record(Field::ConversationId, id)
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

    /// Sets the share of probable tokens from which shall be sampled, from 0 to 1.
    #[must_use]
    pub fn top_p(self, share: f64) -> Self {
        self.record(Field::TopP, share)
    }

    /// Sets the number of probable tokens from which shall be sampled.
    #[must_use]
    pub fn top_k(self, tokens: u32) -> Self {
        self.record(Field::TopK, i64::from(tokens))
    }

    /// Sets how much tokens shall be held back that came often.
    #[must_use]
    pub fn frequency_penalty(self, penalty: f64) -> Self {
        self.record(Field::FrequencyPenalty, penalty)
    }

    /// Sets how much tokens shall be held back that came at all.
    #[must_use]
    pub fn presence_penalty(self, penalty: f64) -> Self {
        self.record(Field::PresencePenalty, penalty)
    }

    /// Sets the texts at which the model shall stop.
    #[must_use]
    pub fn stop_sequences<'text>(self, texts: impl IntoIterator<Item = &'text str>) -> Self {
        if self.span().is_disabled() {
            return self;
        }
        let texts = list::json(texts);
        self.record(Field::StopSequences, texts.as_str())
    }

    /// Sets the number from which the sampling starts, so that it can be repeated.
    #[must_use]
    pub fn seed(self, seed: i64) -> Self {
        self.record(Field::Seed, seed)
    }

    /// Sets how many choices are asked for. One is what everybody asks for: the convention leaves it out.
    #[must_use]
    pub fn choice_count(self, choices: u32) -> Self {
        if choices == 1 { self } else { self.record(Field::ChoiceCount, i64::from(choices)) }
    }

    /// Sets how much reasoning is asked for, in the provider's own word.
    #[must_use]
    pub fn reasoning_level(self, level: &str) -> Self {
        self.record(Field::ReasoningLevel, level)
    }

    /// Sets the kind of output that is asked for: `text`, `json`, `image` or `speech`.
    #[must_use]
    pub fn output_type(self, output_type: &str) -> Self {
        self.record(Field::OutputType, output_type)
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

    /// Takes the chunks of a streamed response through the call, and ends it with them.
    ///
    /// `tokens` says how many tokens a chunk has brought: see [`token`](Inference::token). The call
    /// succeeds when the stream ends, fails with the first error in it, and is cancelled if the stream is
    /// dropped before; what had come by then stays.
    ///
    /// ```
    /// # use flowspan_api::Inference;
    /// # fn ask() -> impl futures_core::Stream<Item = Result<String, std::io::Error>> {
    /// #     struct Nothing;
    /// #     impl futures_core::Stream for Nothing {
    /// #         type Item = Result<String, std::io::Error>;
    /// #         fn poll_next(
    /// #             self: std::pin::Pin<&mut Self>,
    /// #             _: &mut std::task::Context<'_>,
    /// #         ) -> std::task::Poll<Option<Self::Item>> {
    /// #             std::task::Poll::Ready(None)
    /// #         }
    /// #     }
    /// #     Nothing
    /// # }
    /// let call = Inference::chat("openai", "gpt-5-mini");
    /// // One token each: most providers stream token by token, and correct it with the usage at the end.
    /// let chunks = call.stream(ask(), |_chunk| 1);
    /// # drop(chunks);
    /// ```
    pub fn stream<S, T, E>(
        &self,
        stream: S,
        tokens: impl FnMut(&T) -> u64,
    ) -> Streamed<S, impl FnMut(&Result<T, E>) -> Result<u64, Verdict>>
    where
        S: Stream<Item = Result<T, E>>,
        E: Display + 'static,
    {
        self.stream_judged(stream, by_result(tokens))
    }

    /// As [`stream`](Inference::stream), for chunks of any type: a function of yours says how many tokens
    /// a chunk has brought, or with an `Err` how the call has ended with it.
    pub fn stream_judged<S, C>(&self, stream: S, count: C) -> Streamed<S, C>
    where
        S: Stream,
        C: FnMut(&S::Item) -> Result<u64, Verdict>,
    {
        Streamed::new(self.clone(), stream, count)
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
            self.chunks.output_is_reported();
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
    /// Costs a look at the clock and three atomic operations, and allocates nothing. The first call gives
    /// the time to the first chunk, every further one a time between chunks. The sum is used as the output
    /// tokens of the call unless [`usage`](Inference::usage) reports them, so a stream that breaks keeps
    /// what had come.
    #[inline]
    pub fn token(&self, tokens: u64) {
        self.chunks.add(tokens);
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

    /// Reports why the model stopped: one reason for each choice, in their order, separated by commas. An
    /// empty one stands for a choice that broke off.
    pub fn finish_reasons(&self, reasons: &str) {
        set(self.span(), Field::FinishReasons, reasons);
        self.chunks.finish_is_reported();
    }

    /// The `tracing` span behind the handle.
    pub fn span(&self) -> &Span {
        self.handle.span()
    }

    /// Whether a response has begun of which nobody has said how it ended.
    pub(super) fn is_unfinished(&self) -> bool {
        self.chunks.is_unfinished()
    }

    fn record(self, field: Field, value: impl tracing::field::Value) -> Self {
        set(self.span(), field, value);
        self
    }
}
