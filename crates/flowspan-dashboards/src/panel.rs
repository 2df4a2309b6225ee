//! Panels as data.

use flowspan_model::Field;

/// How a panel shows what it knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// One number, or a few.
    Stat,
    /// One number on a dial.
    Gauge,
    /// A bar for each series, by length.
    Bars,
    /// Shares of a whole.
    Pie,
    /// Lines over time.
    Lines,
    /// Areas over time, on top of each other.
    Areas,
    /// Bars over time, on top of each other: how many in each interval.
    Columns,
    /// A distribution over time.
    Heatmap,
    /// Quantiles over time as boxes: the middle half, and whiskers. Its queries are the quantiles 0.05,
    /// 0.25, 0.75 and 0.95.
    Boxes,
    /// Rows. One column for each query, and one for each label.
    Table(&'static [Column]),
}

/// A column of a table: the field as Grafana calls it, what stands above it, and its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    pub(crate) field: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
}

/// A column that shows a label or text.
pub(crate) const fn text(field: &'static str, title: &'static str) -> Column {
    Column { field, title, unit: Unit::None }
}

/// A column that shows a number.
pub(crate) const fn number(field: &'static str, title: &'static str, unit: Unit) -> Column {
    Column { field, title, unit }
}

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing but a number, or a text.
    None,
    /// A count; large ones are shortened.
    Count,
    /// A share of one, shown as percentage.
    Share,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// US dollars.
    Dollars,
    /// Something each second.
    PerSecond,
}

/// The colour of a number from a threshold on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// As it should be.
    Green,
    /// Worth a look.
    Yellow,
    /// Do something.
    Red,
    /// Neither good nor bad.
    Blue,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Prometheus, in PromQL with the names of the catalog.
    Prometheus,
    /// The event store, in SQL.
    Postgres,
}

/// A query and the name of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// The query, before [`expand`](crate::expand).
    pub text: &'static str,
    /// The name of a series, with labels in double braces.
    pub legend: &'static str,
}

/// What the traces behind a number have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// This attribute has this value.
    Is(Field, &'static str),
    /// This attribute has the value of this label of the series.
    Of(Field, &'static str),
}

/// One panel.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: &'static str,
    /// What it means, and what to do about it.
    pub description: &'static str,
    /// How it is shown.
    pub look: Look,
    /// Who is asked.
    pub store: Store,
    /// What is asked.
    pub queries: &'static [Query],
    /// What the number means.
    pub unit: Unit,
    /// The colour below the first threshold, then from each threshold on.
    pub thresholds: Option<(Colour, &'static [(f64, Colour)])>,
    /// How wide it is, of 24.
    pub width: u8,
    /// How high it is.
    pub height: u8,
    /// The shortest interval of its columns. No finer than four scrapes, or an interval may hold none.
    pub interval: &'static str,
    /// Why it may have nothing to show; none if that would be a fault.
    pub empty: Option<&'static str>,
    /// The way to the traces behind it.
    pub traces: &'static [Tag],
}

/// A panel that asks Prometheus.
pub(crate) const fn panel(look: Look, title: &'static str, description: &'static str) -> Panel {
    let (width, height) = match look {
        Look::Stat | Look::Gauge => (4, 5),
        Look::Pie | Look::Bars => (8, 8),
        Look::Table(_) | Look::Lines | Look::Areas | Look::Columns | Look::Heatmap | Look::Boxes => (12, 8),
    };
    Panel {
        title,
        description,
        look,
        store: Store::Prometheus,
        queries: &[],
        unit: Unit::Count,
        thresholds: None,
        width,
        height,
        interval: "1m",
        empty: None,
        traces: &[],
    }
}

/// A query with a name for its series.
pub(crate) const fn ask(text: &'static str, legend: &'static str) -> Query {
    Query { text, legend }
}

impl Panel {
    pub(crate) const fn asks(self, queries: &'static [Query]) -> Self {
        Panel { queries, ..self }
    }

    /// Asks the event store. A table by its nature.
    pub(crate) const fn of_events(self) -> Self {
        Panel { store: Store::Postgres, ..self }
    }

    pub(crate) const fn unit(self, unit: Unit) -> Self {
        Panel { unit, ..self }
    }

    /// Green at first, then these.
    pub(crate) const fn worse_from(self, steps: &'static [(f64, Colour)]) -> Self {
        Panel { thresholds: Some((Colour::Green, steps)), ..self }
    }

    /// Red at first, then these.
    pub(crate) const fn better_from(self, steps: &'static [(f64, Colour)]) -> Self {
        Panel { thresholds: Some((Colour::Red, steps)), ..self }
    }

    pub(crate) const fn width(self, width: u8) -> Self {
        Panel { width, ..self }
    }

    pub(crate) const fn every(self, interval: &'static str) -> Self {
        Panel { interval, ..self }
    }

    pub(crate) const fn empty(self, reason: &'static str) -> Self {
        Panel { empty: Some(reason), ..self }
    }

    pub(crate) const fn traces(self, tags: &'static [Tag]) -> Self {
        Panel { traces: tags, ..self }
    }
}
