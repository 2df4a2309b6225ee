//! The page of what can be said.

use std::{
    collections::BTreeSet,
    fmt::{Result, Write},
};

use super::code;
use crate::{Field, Kind, Moment, SpanKind, catalog};

const INTRODUCTION: &str = "\
# Vocabulary

Everything that flowspan understands, made from its tables by `cargo xtask generate`. The handles and
functions of `flowspan-api` say all of it. A program that depends on nothing but `tracing` writes the same
spans and events itself, and an importer gives an `Event` to the `Recorder`: all three feed the same
metrics.

With `tracing` alone, a piece of work is a span with target `flowspan`, the name of its kind, and the
fields below. Fields that are known later are declared `Empty` and recorded; the work ends when its
`flowspan.status` is recorded, or else when the span closes. An event has target `flowspan`, too, and its
kind as its `name`. Spans and events on the level `INFO` or above are heard by default.

```rust
use tracing::{Level, field::Empty};

let step = tracing::info_span!(
    target: \"flowspan\", \"step\",
    flowspan.step.name = \"clone\", flowspan.step.type = \"shell\", flowspan.status = Empty,
);
step.in_scope(|| {
    // `info!` cannot take a name, a target and fields at once; `event!` can.
    tracing::event!(
        name: \"cache_miss\", target: \"flowspan\", Level::INFO, flowspan.cache.name = \"pages\", \"not there\",
    );
});
step.record(\"flowspan.status\", \"success\");
```

A field that is *inherited* need not be repeated: everything inside a span takes it over. Fields that are
not listed become attributes of the span and mean nothing to flowspan.
";

/// The page of all spans and events with their fields, in Markdown.
pub fn vocabulary_page() -> String {
    let mut page = String::from(INTRODUCTION);
    // Writing into a string cannot fail.
    let _ = write_page(&mut page);
    page
}

fn write_page(page: &mut String) -> Result {
    writeln!(page, "\n## Spans\n\nEvery span can say how it ended:\n")?;
    write_fields(page, Field::OF_AN_END)?;
    let (spans, events): (Vec<Kind>, Vec<Kind>) = Kind::ALL.iter().partition(|kind| kind.is_span());
    for kind in spans {
        write_kind(page, kind)?;
    }
    writeln!(page, "\n## Events\n\nEvents happen inside the span that is current.")?;
    for kind in events {
        write_kind(page, kind)?;
    }
    writeln!(
        page,
        "\n## Roll-ups\n\nSums over everything inside a workflow or an agent, to be read on its span. No metric is fed from\nthem, because the work inside has been counted already.\n"
    )?;
    write_fields(page, Field::ROLL_UP)?;
    writeln!(
        page,
        "\n## Added\n\nWhat flowspan itself finds out about a model call or an agent by its end. Nobody else needs to say it.\n"
    )?;
    write_fields(page, Field::ADDED)
}

fn write_kind(page: &mut String, kind: Kind) -> Result {
    let client = if kind.span_kind() == SpanKind::Client {
        " A client span: set `otel.kind = \"client\"`."
    } else {
        ""
    };
    writeln!(page, "\n### `{}`\n\n{}{client}\n", kind.name(), kind.description())?;
    if !kind.fields().is_empty() {
        write_fields(page, kind.fields())?;
        writeln!(page)?;
    }
    let fed = Moment::ALL.into_iter().flat_map(|moment| catalog::fed_by(moment, kind));
    let metrics: BTreeSet<&str> = fed.map(|(metric, _)| metric.name).collect();
    if metrics.is_empty() {
        writeln!(page, "Feeds no metric.")
    } else {
        writeln!(page, "Feeds {}.", code(metrics.into_iter()))
    }
}

fn write_fields(page: &mut String, fields: &[Field]) -> Result {
    writeln!(page, "| field | value | says |\n|---|---|---|")?;
    for field in fields {
        let inherited = if field.is_inherited() { " *Inherited.*" } else { "" };
        let (key, value) = (field.key(), field.value_type().name());
        writeln!(page, "| `{key}` | {value} | {}{inherited} |", field.description())?;
    }
    Ok(())
}
