//! What agents do beside calling models and tools: embeddings, plans, retrieval, memory.

use flowspan_model::Field;
use tracing::{field::Empty, info_span};

use super::{kind, list};
use crate::{Handle, handle::set};

/// One call that turns texts into vectors.
///
/// ```
/// # use flowspan_api::Embeddings;
/// # async fn embed() -> Result<(Vec<f32>, u64), std::io::Error> { Ok((vec![], 12)) }
/// # async fn run() -> Result<Vec<f32>, std::io::Error> {
/// Embeddings::new("openai", "text-embedding-3-small").run_with(|call| async move {
///     let (vector, tokens) = embed().await?;
///     call.input_tokens(tokens);
///     Ok(vector)
/// }).await
/// # }
/// ```
pub type Embeddings = Handle<kind::Embeddings>;

impl Embeddings {
    /// A call of this model. Provider as the GenAI conventions name it: `openai`, `cohere`, …
    pub fn new(provider: &str, model: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "embeddings",
            flowspan.status = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.response.model = Empty,
            flowspan.cost.amount = Empty,
            otel.kind = "client",
            gen_ai.operation.name = "embeddings",
            gen_ai.provider.name = provider,
            gen_ai.request.model = model,
            gen_ai.embeddings.dimension.count = Empty,
            gen_ai.request.encoding_formats = Empty,
            server.address = Empty,
            server.port = Empty,
            flowspan.cost.currency = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets how many dimensions the vectors shall have.
    #[must_use]
    pub fn dimensions(self, count: u32) -> Self {
        self.record(Field::EmbeddingDimensions, i64::from(count))
    }

    /// Sets the forms in which the vectors are asked for, such as `float` or `base64`.
    #[must_use]
    pub fn encoding_formats<'text>(self, formats: impl IntoIterator<Item = &'text str>) -> Self {
        if self.span().is_disabled() {
            return self;
        }
        let formats = list::json(formats);
        self.record(Field::EncodingFormats, formats.as_str())
    }

    /// Sets the host and the port of the server that is called.
    #[must_use]
    pub fn server_address(self, host: &str, port: u16) -> Self {
        self.record(Field::ServerAddress, host).record(Field::ServerPort, i64::from(port))
    }

    /// Reports the tokens of the texts.
    pub fn input_tokens(&self, tokens: u64) {
        set(self.span(), Field::InputTokens, i64::try_from(tokens).unwrap_or(i64::MAX));
    }

    /// Reports the model that answered.
    pub fn response_model(&self, model: &str) {
        set(self.span(), Field::ResponseModel, model);
    }

    /// Reports what the call cost, and the currency by ISO 4217, such as `USD`.
    pub fn cost(&self, amount: f64, currency: &str) {
        set(self.span(), Field::CostAmount, amount);
        set(self.span(), Field::CostCurrency, currency);
    }
}

/// The making of a plan by an agent. The model calls that make it stand inside; what is done by the
/// plan stands beside it.
pub type Plan = Handle<kind::Plan>;

impl Plan {
    /// The making of a plan by the agent around it.
    #[expect(clippy::new_without_default, reason = "a span that begins is nothing that one has by default")]
    pub fn new() -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "plan",
            flowspan.status = Empty,
            gen_ai.operation.name = "plan",
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }
}

/// A search in a data source for what a model shall know.
///
/// ```
/// # use flowspan_api::Retrieval;
/// # async fn search() -> Result<Vec<String>, std::io::Error> { Ok(vec![]) }
/// # async fn run() -> Result<Vec<String>, std::io::Error> {
/// Retrieval::new("handbook").top_k(8).run(search()).await
/// # }
/// ```
pub type Retrieval = Handle<kind::Retrieval>;

impl Retrieval {
    /// A search in the data source of this name, which stands in the name of the span: keep it to a
    /// small set.
    pub fn new(data_source: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "retrieval",
            flowspan.status = Empty,
            otel.kind = "client",
            gen_ai.operation.name = "retrieval",
            gen_ai.data_source.id = data_source,
            gen_ai.provider.name = Empty,
            gen_ai.request.model = Empty,
            gen_ai.retrieval.top_k = Empty,
            server.address = Empty,
            server.port = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets the provider and the model that search, where a model does.
    #[must_use]
    pub fn model(self, provider: &str, model: &str) -> Self {
        self.record(Field::Provider, provider).record(Field::RequestModel, model)
    }

    /// Sets the upper bound of documents that is asked for.
    #[must_use]
    pub fn top_k(self, documents: u32) -> Self {
        self.record(Field::RetrievalTopK, i64::from(documents))
    }

    /// Sets the host and the port of the server that is called.
    #[must_use]
    pub fn server_address(self, host: &str, port: u16) -> Self {
        self.record(Field::ServerAddress, host).record(Field::ServerPort, i64::from(port))
    }
}

/// Work with what an agent remembers.
///
/// ```
/// # use flowspan_api::Memory;
/// # async fn recall() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn run() -> Result<(), std::io::Error> {
/// Memory::search().store("user-preferences").run(recall()).await
/// # }
/// ```
pub type Memory = Handle<kind::Memory>;

impl Memory {
    /// Looking for records.
    pub fn search() -> Self {
        Memory::operation("search_memory")
    }

    /// Adding a record.
    pub fn create() -> Self {
        Memory::operation("create_memory")
    }

    /// Changing a record.
    pub fn update() -> Self {
        Memory::operation("update_memory")
    }

    /// Adding a record, or changing it if it is there.
    pub fn upsert() -> Self {
        Memory::operation("upsert_memory")
    }

    /// Removing a record.
    pub fn delete() -> Self {
        Memory::operation("delete_memory")
    }

    /// Making a store.
    pub fn create_store() -> Self {
        Memory::operation("create_memory_store")
    }

    /// Removing a store with everything in it.
    pub fn delete_store() -> Self {
        Memory::operation("delete_memory_store")
    }

    fn operation(operation: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "memory",
            flowspan.status = Empty,
            otel.kind = "client",
            gen_ai.operation.name = operation,
            gen_ai.provider.name = Empty,
            gen_ai.memory.store.id = Empty,
            gen_ai.memory.record.id = Empty,
            gen_ai.memory.record.count = Empty,
            server.address = Empty,
            server.port = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets who keeps the memory, if that is a service.
    #[must_use]
    pub fn provider(self, provider: &str) -> Self {
        self.record(Field::Provider, provider)
    }

    /// Sets the host and the port of the server that is called.
    #[must_use]
    pub fn server_address(self, host: &str, port: u16) -> Self {
        self.record(Field::ServerAddress, host).record(Field::ServerPort, i64::from(port))
    }

    /// Sets the identifier of the store.
    #[must_use]
    pub fn store(self, id: &str) -> Self {
        self.record(Field::MemoryStore, id)
    }

    /// Sets the identifier of the record, if the work is about one.
    #[must_use]
    pub fn record_id(self, id: &str) -> Self {
        self.record(Field::MemoryRecord, id)
    }

    /// Reports how many records were found or changed.
    pub fn records(&self, count: u64) {
        set(self.span(), Field::MemoryRecordCount, i64::try_from(count).unwrap_or(i64::MAX));
    }
}
