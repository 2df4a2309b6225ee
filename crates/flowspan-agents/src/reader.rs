//! Lines become observations.

use std::fmt;

use crate::{
    Counts,
    claude::Claude,
    codex::Codex,
    conversation::Conversation,
    counts::Heard,
    lines::{Line, Lines},
};

/// Reads the lines that an agent prints, and observes what they tell. See the
/// [crate documentation](crate).
///
/// The session ends with [`finish`](Reader::finish), or when the reader is dropped; without the agent's
/// own word about its end, it counts as cancelled.
///
/// ```
/// use flowspan_agents::Reader;
///
/// let mut reader = Reader::claude();
/// reader.line(br#"{"type":"system","subtype":"init","session_id":"s-1","model":"claude-sonnet-4-5"}"#);
/// reader.line(b"Debugger attached.");
/// let counts = reader.finish();
/// assert_eq!((counts.understood, counts.malformed), (1, 1));
/// ```
pub struct Reader {
    /// `None` when all is over.
    dialect: Option<Box<dyn Dialect + Send>>,
    lines: Lines,
    counts: Counts,
}

/// The language of an agent.
pub(crate) trait Dialect {
    /// Understands a line.
    fn line(&mut self, line: &[u8]) -> Heard;

    /// What has been said so far.
    fn conversation(&mut self) -> &mut Conversation;
}

impl Reader {
    /// Reads what `claude -p --output-format stream-json --verbose` prints, and whatever else speaks
    /// this language. With `--include-partial-messages` the tokens of each answer are exact; without
    /// it only those of the whole session are.
    ///
    /// - A message is one model call, however many lines it has. Its cache reads and writes are added
    ///   to its input, as the GenAI conventions ask for.
    /// - The `result` line says what each model came to. What this is more than what the calls have said
    ///   is added to the last call of that model, and a model of which no call was seen gets one for
    ///   all. If it is less, the calls count.
    /// - The cost is the one that the `result` line reports. It is shared out among the calls of the
    ///   model by their tokens, weighted as Anthropic's prices are: 1 for input, 1.25 for cache writes,
    ///   0.1 for cache reads, 5 for output. The shares add up to the cost.
    /// - A tool call is from `tool_use` to its `tool_result`. One that starts a sub-agent has the
    ///   sub-agent's work inside.
    ///
    /// The provider is `anthropic`, unless [`provider`](Reader::provider) says otherwise.
    pub fn claude() -> Self {
        Reader::of(Claude::new(Conversation::new("anthropic")))
    }

    /// Reads what `codex exec --json` prints.
    ///
    /// - It tells the tokens of a turn and nothing of its single calls, so one call stands for the turn.
    /// - It does not tell its model: name it by [`model`](Reader::model).
    /// - It reports no cost.
    /// - Commands, changes of files, searches and calls of MCP servers are tool calls.
    ///
    /// The provider is `openai`, unless [`provider`](Reader::provider) says otherwise.
    pub fn codex() -> Self {
        Reader::of(Codex::new(Conversation::new("openai")))
    }

    /// Says who serves the model, as the GenAI conventions name it: `aws.bedrock`, `gcp.vertex_ai`, …
    #[must_use]
    pub fn provider(mut self, provider: &str) -> Self {
        if let Some(dialect) = &mut self.dialect {
            dialect.conversation().provider = provider.to_owned();
        }
        self
    }

    /// Says which model the agent asks, as long as its output does not. Default: `unknown`.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        if let Some(dialect) = &mut self.dialect {
            dialect.conversation().model = model.to_owned();
        }
        self
    }

    /// Takes some bytes of the output, which need not end where a line ends.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let Reader { dialect, lines, counts } = self;
        lines.take(bytes, |line| hear(dialect, counts, line));
    }

    /// Takes a line.
    pub fn line(&mut self, line: &[u8]) {
        self.bytes(line);
        self.bytes(b"\n");
    }

    /// What became of the lines so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The output is at its end.
    pub fn finish(mut self) -> Counts {
        self.end();
        self.counts
    }

    pub(crate) fn end(&mut self) {
        let Reader { dialect, lines, counts } = self;
        lines.end(|line| hear(dialect, counts, line));
        *dialect = None;
    }

    fn of(dialect: impl Dialect + Send + 'static) -> Self {
        Reader { dialect: Some(Box::new(dialect)), lines: Lines::default(), counts: Counts::default() }
    }
}

fn hear(dialect: &mut Option<Box<dyn Dialect + Send>>, counts: &mut Counts, line: Line<'_>) {
    let Some(dialect) = dialect else { return };
    match line {
        Line::Whole(line) if line.trim_ascii().is_empty() => {}
        Line::Whole(line) => counts.add(dialect.line(line)),
        Line::TooLong => counts.too_long += 1,
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("counts", &self.counts).finish_non_exhaustive()
    }
}
