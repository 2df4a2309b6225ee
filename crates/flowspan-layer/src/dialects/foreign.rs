//! A callsite that a dialect has recognised.

use std::sync::Arc;

use flowspan_model::{Field, Kind};
use tracing::Metadata;

use super::{
    content::is_content,
    dialect::{Dialect, Is},
    generic,
    reading::Reading,
};
use crate::callsites::Meaning;

/// How the spans of one callsite are understood.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    pub(super) dialect: Arc<Dialect>,
    is: Is,
    /// The name that `tracing` knows.
    name: &'static str,
    /// Whether the callsite says itself which kind of OpenTelemetry span it makes.
    says_span_kind: bool,
    /// The provider whose input tokens are reported without those in a cache.
    pub(super) cache_beside: Option<&'static str>,
}

impl Foreign {
    pub(super) fn of_callsite(dialect: &Arc<Dialect>, metadata: &'static Metadata<'static>) -> Option<Self> {
        let declares = |field| metadata.fields().field(field).is_some();
        Some(Foreign {
            is: dialect.recognise(metadata)?,
            name: metadata.name(),
            says_span_kind: declares("otel.kind"),
            cache_beside: dialect
                .cache_beside
                .filter(|beside| !declares(beside.unless))
                .map(|beside| beside.provider),
            dialect: Arc::clone(dialect),
        })
    }

    /// For a span of which nothing is known but what its attributes say. Gives its kind, too.
    pub(super) fn of_attributes<'key>(
        dialect: &Arc<Dialect>,
        says: impl Fn(&str) -> Option<&'key str>,
    ) -> Option<(Self, Kind)> {
        dialect.deciding().find_map(|(field, kinds)| {
            let kind = kind_of(kinds, says(field)?)?;
            let dialect = Arc::clone(dialect);
            let is = Is::Said(field, kinds);
            let foreign = Foreign { dialect, is, name: "", says_span_kind: false, cache_beside: None };
            Some((foreign, kind))
        })
    }

    /// What its spans are, if the callsite alone says so.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self.is {
            Is::Always(kind) => Some(kind),
            Is::Said(..) => None,
        }
    }

    /// Whether it is a field that says which kind of OpenTelemetry span it is, and not the kind of work.
    pub(crate) fn says_span_kind(&self) -> bool {
        self.says_span_kind
    }

    /// What a span is whose deciding field has this value.
    pub(super) fn decided_by(&self, value: &str) -> Option<Kind> {
        match self.is {
            Is::Said(_, kinds) => kind_of(kinds, value),
            Is::Always(_) => None,
        }
    }

    /// What a field means.
    pub(crate) fn meaning(&self, name: &str) -> Meaning {
        if let Is::Said(deciding, _) = self.is
            && deciding == name
        {
            return Meaning::Read(Reading::Deciding);
        }
        match self.dialect.look_up(name).map(|word| word.reading) {
            Some(Reading::Content) => Meaning::Content,
            Some(Reading::Field(field)) => self.of_field(field),
            Some(reading) => Meaning::Read(reading),
            None => self.usual_meaning(name),
        }
    }

    /// Whether what stands under this name is content.
    pub(super) fn is_content(&self, name: &str) -> bool {
        self.meaning(name) == Meaning::Content
    }

    /// What a field means that the dialect says nothing about.
    fn usual_meaning(&self, name: &str) -> Meaning {
        match (name, Field::from_key(name).or_else(|| generic::alias(name))) {
            // The name is the convention's.
            ("otel.name", _) => Meaning::Read(Reading::Ignored),
            ("otel.kind", _) => Meaning::SpanKind,
            ("otel.status_code", _) => Meaning::Read(Reading::StatusCode),
            ("otel.status_description", _) => Meaning::Read(Reading::Error),
            (_, Some(field)) => self.of_field(field),
            (name, None) if is_content(name) => Meaning::Content,
            (name, None) if generic::is_list(name) => Meaning::Read(Reading::List),
            (_, None) => Meaning::Attribute,
        }
    }

    /// What is said of a field. Usage of what is no model call is a sum over those inside.
    fn of_field(&self, field: Field) -> Meaning {
        match self.kind() {
            Some(kind) if is_usage(field) && !is_model_call(kind) => Meaning::Read(Reading::Ignored),
            _ => Meaning::Read(Reading::Field(field)),
        }
    }

    /// What a field is called as an attribute.
    pub(super) fn renamed(&self, name: &str) -> Option<&'static str> {
        self.dialect.look_up(name).map(|word| word.renamed).filter(|renamed| !renamed.is_empty())
    }

    /// Whether it is nothing for telemetry.
    pub(super) fn ignores(&self, name: &str) -> bool {
        self.dialect.look_up(name).is_some_and(|word| word.reading == Reading::Ignored)
    }

    /// Whom the title of a span names, and as what.
    pub(super) fn titled<'title>(&self, title: &'title str) -> Option<(Field, &'title str)> {
        let field = match self.kind()? {
            Kind::Inference | Kind::Embeddings => Field::RequestModel,
            Kind::ToolCall => Field::ToolName,
            Kind::Agent => Field::AgentName,
            Kind::Step => Field::StepName,
            Kind::Retrieval => Field::DataSource,
            _ => return None,
        };
        let rest = title.strip_prefix(self.name).and_then(|rest| rest.strip_prefix([' ', '.']));
        Some((field, rest.unwrap_or(title)))
    }

    /// The field of the vocabulary that the deciding field is, if it is one.
    pub(super) fn deciding_field(&self) -> Option<Field> {
        match self.is {
            Is::Said(name, _) => Field::from_key(name),
            Is::Always(_) => None,
        }
    }
}

fn kind_of(kinds: &[(&str, Kind)], value: &str) -> Option<Kind> {
    kinds.iter().find(|(known, _)| known.eq_ignore_ascii_case(value)).map(|(_, kind)| *kind)
}

/// Whether a field says what a model call consumed.
pub(super) const fn is_usage(field: Field) -> bool {
    matches!(
        field,
        Field::InputTokens
            | Field::OutputTokens
            | Field::CacheReadTokens
            | Field::CacheWriteTokens
            | Field::ReasoningTokens
    )
}

pub(super) const fn is_model_call(kind: Kind) -> bool {
    matches!(kind, Kind::Inference | Kind::Embeddings)
}
