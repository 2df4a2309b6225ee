//! The dictionary of one crate.

use flowspan_model::{Field, Kind};
use tracing::Metadata;

use super::reading::Reading;

/// How one crate speaks of what flowspan knows: which of its `tracing` spans are work of the
/// vocabulary, and what their fields say.
///
/// flowspan knows rig, genai, langchain-rust, swiftide, OpenInference, and everybody who uses the
/// `gen_ai.*` names of the convention. This type is for one more. The names that the convention has or
/// had need not be listed, nor `error.type` and the `otel.*` fields: every dialect understands them.
///
/// A span of a dialect becomes one of flowspan's: it is called as the convention says, its fields feed
/// all metrics, and what it says about an error becomes its status. If it shows no sign of a failure,
/// it went well.
///
/// ```
/// use flowspan_layer::Dialect;
/// use flowspan_model::{Field, Kind};
///
/// let acme = Dialect::new("acme")
///     .target("acme_llm")
///     .span("acme.ask", Kind::Inference)
///     .always(Field::Provider, "acme")
///     .field("acme.model", Field::RequestModel)
///     .field("acme.tokens.in", Field::InputTokens)
///     .field("acme.tokens.out", Field::OutputTokens)
///     .content("acme.question")
///     .error("acme.failure");
/// # drop(acme);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a dialect does nothing before it is given to a layer"]
pub struct Dialect {
    name: &'static str,
    targets: Vec<&'static str>,
    rules: Vec<Rule>,
    words: Vec<Word>,
    pub(super) always: Vec<(Field, &'static str)>,
    pub(super) cache_beside: Option<CacheBeside>,
    pub(super) answers: Vec<Field>,
    repeating: Vec<&'static str>,
}

/// By what a span is recognised, and as what.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    by: By,
    is: Is,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// Its name.
    Name(&'static str),
    /// All of these fields are declared.
    Fields(&'static [&'static str]),
}

/// What a recognised span is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Is {
    /// Work of this kind.
    Always(Kind),
    /// What the value of this field says, whenever that comes.
    Said(&'static str, &'static [(&'static str, Kind)]),
}

/// What a field says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) name: &'static str,
    pub(super) reading: Reading,
    /// The name of the attribute that it becomes, if it becomes one.
    pub(super) renamed: &'static str,
}

/// When the input tokens that a span reports are without those that stand in a cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CacheBeside {
    /// Of which provider, by the convention's name.
    pub(super) provider: &'static str,
    /// Spans that declare this field report the whole.
    pub(super) unless: &'static str,
}

impl Dialect {
    /// A dialect of this name that recognises nothing yet.
    pub const fn new(name: &'static str) -> Self {
        Dialect {
            name,
            targets: Vec::new(),
            rules: Vec::new(),
            words: Vec::new(),
            always: Vec::new(),
            cache_beside: None,
            answers: Vec::new(),
            repeating: Vec::new(),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Only spans of this target, or of one below it, are recognised; named again, those of any of them.
    /// Default: spans of every target.
    pub fn target(mut self, target: &'static str) -> Self {
        self.targets.push(target);
        self
    }

    /// Spans of this name are work of this kind.
    pub fn span(mut self, name: &'static str, kind: Kind) -> Self {
        self.rules.push(Rule { by: By::Name(name), is: Is::Always(kind) });
        self
    }

    /// Spans that declare all of these fields are work of this kind.
    pub fn span_with(mut self, fields: &'static [&'static str], kind: Kind) -> Self {
        self.rules.push(Rule { by: By::Fields(fields), is: Is::Always(kind) });
        self
    }

    /// The kind of a span that declares this field is what the field says, which may come late. A value
    /// that is not listed leaves a span without a kind, which is shown and not measured. Case does not
    /// matter.
    pub fn span_by(
        mut self,
        field: &'static [&'static str; 1],
        kinds: &'static [(&'static str, Kind)],
    ) -> Self {
        self.rules.push(Rule { by: By::Fields(field), is: Is::Said(field[0], kinds) });
        self
    }

    /// This field says this, for all spans that are recognised.
    pub fn field(self, name: &'static str, field: Field) -> Self {
        self.word(name, Reading::Field(field), "")
    }

    /// This field becomes an attribute of another name.
    pub fn attribute(self, name: &'static str, renamed: &'static str) -> Self {
        self.word(name, Reading::Renamed, renamed)
    }

    /// This field holds what people and models say to each other.
    pub fn content(self, name: &'static str) -> Self {
        self.word(name, Reading::Content, "")
    }

    /// This field holds nothing for telemetry, such as a sum over calls that are counted themselves.
    pub fn ignored(self, name: &'static str) -> Self {
        self.word(name, Reading::Ignored, "")
    }

    /// This field holds the text of an error: who records it has failed.
    pub fn error(self, name: &'static str) -> Self {
        self.word(name, Reading::Error, "")
    }

    /// Log lines of this target, or of one below it, repeat what people and models say: they are not kept
    /// as events of spans.
    pub fn repeats(mut self, target: &'static str) -> Self {
        self.repeating.push(target);
        self
    }

    /// What is known of every span that is recognised, unless it says something else.
    pub fn always(mut self, field: Field, text: &'static str) -> Self {
        self.always.push((field, text));
        self
    }

    /// The input tokens of this provider's calls are reported without those that are read from and
    /// written to a cache, which have to be added: the convention counts them as parts of the input.
    /// Spans that declare the field `unless` report the whole.
    pub(super) fn cache_beside_input(mut self, provider: &'static str, unless: &'static str) -> Self {
        self.cache_beside = Some(CacheBeside { provider, unless });
        self
    }

    /// A model call that ends and has recorded none of these fields has got no answer.
    pub(super) fn answered_by(mut self, fields: &[Field]) -> Self {
        self.answers.extend(fields);
        self
    }

    /// This field is read in this way.
    pub(super) fn read(self, name: &'static str, reading: Reading) -> Self {
        self.word(name, reading, "")
    }

    fn word(mut self, name: &'static str, reading: Reading, renamed: &'static str) -> Self {
        self.words.push(Word { name, reading, renamed });
        self
    }

    /// What this field says, if the dialect knows.
    pub(super) fn look_up(&self, name: &str) -> Option<&Word> {
        self.words.iter().find(|word| word.name == name)
    }

    /// The fields that hold what people and models say to each other.
    pub(super) fn content_names(&self) -> impl Iterator<Item = &'static str> {
        let content = self.words.iter().filter(|word| word.reading == Reading::Content);
        content.map(|word| word.name)
    }

    /// What the spans of a callsite are, if they are recognised.
    pub(super) fn recognise(&self, metadata: &Metadata<'_>) -> Option<Is> {
        let is_ours = || self.targets.iter().any(|target| is_within(metadata.target(), target));
        if !self.targets.is_empty() && !is_ours() {
            return None;
        }
        let declares = |field: &&str| metadata.fields().field(*field).is_some();
        let rule = self.rules.iter().find(|rule| match rule.by {
            By::Name(name) => name == metadata.name(),
            By::Fields(fields) => fields.iter().all(declares),
        });
        rule.map(|rule| rule.is)
    }

    pub(super) fn is_repeated_by(&self, target: &str) -> bool {
        self.repeating.iter().any(|repeating| is_within(target, repeating))
    }

    /// The fields whose values say what a span is.
    pub(super) fn deciding(&self) -> impl Iterator<Item = (&'static str, &'static [(&'static str, Kind)])> {
        // Where nothing is known but attributes, nothing is known of a target.
        let rules = self.targets.is_empty().then_some(&self.rules);
        rules.into_iter().flatten().filter_map(|rule| match rule.is {
            Is::Said(field, kinds) => Some((field, kinds)),
            Is::Always(_) => None,
        })
    }
}

/// Whether a target is this one or below it.
fn is_within(target: &str, outer: &str) -> bool {
    target.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
