//! Fields of `tracing`, heard once.

use std::fmt;

use flowspan_model::{Field, Text, Value as ModelValue};
use opentelemetry::{Key, KeyValue, Value, trace::Status};
use tracing::field::{Field as TracingField, Visit};

use super::record::{Record, Recording, State};
use crate::{
    attributes::span_kind_of,
    callsites::{Meaning, Plan},
    content::Contents,
    dialects::{Reading, Said, read},
    lock::Locked,
    words,
};

/// Takes what is recorded on a span into its state.
pub(super) struct Hear<'state> {
    pub(super) plan: &'static Plan,
    pub(super) contents: &'state Contents,
    /// Whether attributes are kept.
    pub(super) is_recording: bool,
    pub(super) span: Listener<'state>,
}

/// Whose fields are heard.
pub(super) enum Listener<'state> {
    /// Those of a span that is being made.
    New(&'state mut State),
    /// Those of a span that others know. Its state is locked from the first value on, and while no code runs
    /// that is not ours: a value may log while it is written, and what it logs belongs to the span.
    Open(&'state Record, Option<Locked<'state, State>>),
}

impl<'state> Listener<'state> {
    /// Those of a span that others know.
    #[inline(always)]
    pub(super) fn open(record: &'state Record) -> Self {
        Listener::Open(record, None)
    }

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        match self {
            Listener::New(state) => state,
            Listener::Open(record, state) => state.get_or_insert_with(|| record.state()),
        }
    }

    /// Lets others have the state, until it is needed again.
    fn release(&mut self) {
        if let Listener::Open(_, state) = self {
            *state = None;
        }
    }
}

impl Hear<'_> {
    fn attribute(&mut self, field: &TracingField, value: impl FnOnce() -> Value) {
        if self.is_recording {
            let value = value();
            self.span.state().set_attribute(Key::from_static_str(field.name()), value);
        }
    }

    /// What may be said of content. The policy is asked, and the value written, without the state being
    /// locked.
    fn content(&mut self, judge: impl FnOnce(&Contents) -> Vec<KeyValue>) {
        if self.is_recording && self.contents.is_wanted() {
            self.span.release();
            let said = judge(self.contents);
            self.span.state().set_attributes(said);
        }
    }

    /// What a span of a dialect says.
    fn read(&mut self, reading: Reading, field: &TracingField, said: Said<'_>) {
        if let Some(foreign) = &self.plan.foreign {
            let is_recording = self.is_recording;
            let mut keep = Recording { state: self.span.state(), is_recording };
            read(foreign, reading, Key::from_static_str(field.name()), said, &mut keep);
        }
    }

    /// A text that the thread has not met before, or not often enough.
    #[cold]
    fn rare_text(&mut self, field: Field, text: &str) {
        let text = words::met(field, text);
        self.span.state().set_field(field, text);
    }

    /// A value that is no text. What it becomes is made where it stays.
    #[inline(always)]
    fn number<T: Copy + Into<ModelValue>>(
        &mut self,
        field: &TracingField,
        value: T,
        as_said: impl FnOnce(T) -> Said<'static>,
    ) {
        match self.plan.meaning(field) {
            Meaning::Known(known) => self.span.state().set_field(known, value),
            Meaning::Read(reading) => self.read(reading, field, as_said(value)),
            Meaning::Content => {
                self.content(|contents| contents.of_text(field.name(), &as_said(value).into_value().as_str()))
            }
            _ => self.attribute(field, || as_said(value).into_value()),
        }
    }
}

impl Visit for Hear<'_> {
    fn record_f64(&mut self, field: &TracingField, value: f64) {
        self.number(field, value, Said::Float);
    }

    fn record_i64(&mut self, field: &TracingField, value: i64) {
        self.number(field, value, Said::Integer);
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.number(field, value, Said::Unsigned);
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.number(field, value, Said::Boolean);
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        match self.plan.meaning(field) {
            Meaning::Known(Field::ErrorMessage) => {
                let state = self.span.state();
                state.set_status(Status::error(value.to_owned()));
                state.set_field(Field::ErrorMessage, Text::from(value));
            }
            Meaning::Known(known) => match words::kept(known, value) {
                Some(text) => self.span.state().set_field(known, Text::from_static(text)),
                None => self.rare_text(known, value),
            },
            Meaning::Name => self.span.state().rare().name = Some(value.to_owned()),
            Meaning::SpanKind => self.span.state().kind = span_kind_of(value),
            Meaning::StatusCode => self.span.state().set_status(status(value)),
            Meaning::StatusDescription => self.span.state().set_status(Status::error(value.to_owned())),
            Meaning::Attribute => self.attribute(field, || value.to_owned().into()),
            Meaning::Read(reading) => self.read(reading, field, Said::Text(value)),
            Meaning::Content => self.content(|contents| contents.of_text(field.name(), value)),
        }
    }

    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        match self.plan.meaning(field) {
            // Nobody sees it: it need not be written.
            Meaning::Attribute if !self.is_recording => {}
            Meaning::Content => self.content(|contents| contents.of_value(field.name(), value)),
            _ => {
                self.span.release();
                self.record_str(field, &format!("{value:?}"));
            }
        }
    }
}

fn status(text: &str) -> Status {
    match () {
        () if text.eq_ignore_ascii_case("ok") => Status::Ok,
        () if text.eq_ignore_ascii_case("error") => Status::error(""),
        () => Status::Unset,
    }
}
