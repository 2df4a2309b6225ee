//! flowspan's own health.

use super::{Board, Row, row};
use crate::panel::{
    Colour::{Green, Red, Yellow},
    Look, Panel, Unit, ask, number, panel, text,
};

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-health",
        title: "flowspan: its own health",
        description: "Does telemetry itself lose anything, and what does it need?",
        time: "now-6h",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 3] =
    [row("What was lost", LOSS), row("Exporters", EXPORTERS), row("The processes", PROCESS)];

const NO_EXPORTER: &str = "no exporter is switched on: the programs are only scraped";

const LOSS: &[Panel] = &[
    panel(
        Look::Stat,
        "Delivered",
        "The share of what was created in the chosen time that arrived. What is missing waits, or was dropped; the panel beside says why.",
    )
    .asks(&[ask(
        "sum by (signal) (%grown(<telemetry.delivered>, $__range)) / sum by (signal) (%grown(<telemetry.created>, $__range) > 0)",
        "{{signal}}",
    )])
    .unit(Unit::Share)
    .better_from(&[(0.99, Yellow), (0.9999, Green)])
    .width(6)
    .empty(NO_EXPORTER),
    panel(
        Look::Bars,
        "Dropped, by reason",
        "queue_full: the receiver is slower than the program. rejected: the receiver refused it; its log says why. Any other reason stands in docs/troubleshooting.md.",
    )
    .asks(&[ask(
        "sum by (signal, reason) (%grown(<telemetry.dropped>, $__range)) > 0",
        "{{signal}}: {{reason}}",
    )])
    .worse_from(&[(1.0, Red)])
    .width(9)
    .empty("nothing was dropped"),
    panel(
        Look::Table(&[
            text("metric", "metric"),
            text("label", "label"),
            number("Value", "became other", Unit::Count),
        ]),
        "Label values that became other",
        "A label had more values than its limit. Raise the limit if they matter (docs/labels.md), or take what identifies a single thing off the label.",
    )
    .asks(&[ask("sum by (metric, label) (%grown(<telemetry.labels.collapsed>, $__range)) > 0", "")])
    .width(9)
    .empty("every value fitted"),
    panel(
        Look::Stat,
        "Not measured",
        "Spans beyond a quarter of a million open ones, numbers that make no sense, and ends without a start. Each is a fault in the program's instrumentation.",
    )
    .asks(&[
        ask("sum(%grown(<telemetry.spans.unheard>, $__range))", "spans not heard"),
        ask("sum(%grown(<telemetry.measurements.refused>, $__range))", "numbers refused"),
        ask("sum(%grown(<telemetry.measurements.unmatched>, $__range))", "ends without a start"),
    ])
    .worse_from(&[(1.0, Yellow)])
    .width(24),
    panel(
        Look::Bars,
        "Models without a price",
        "Model calls that cost something nobody knows: the costs on all boards leave them out. Give their models a price by FLOWSPAN_PRICES.",
    )
    .asks(&[ask(
        "sum by (provider, model) (%grown(<telemetry.usage.unpriced>, $__range))",
        "{{provider}} {{model}}",
    )])
    .worse_from(&[(1.0, Yellow)])
    .width(8)
    .empty("every model has a price"),
    panel(
        Look::Bars,
        "Usage that was not believed",
        "Refused numbers by reason are a fault of a provider or of the instrumentation. Calls that two spans told of are counted once, and are no fault.",
    )
    .asks(&[
        ask("sum by (reason) (%grown(<telemetry.usage.refused>, $__range))", "refused: {{reason}}"),
        ask("sum by (as) (%grown(<telemetry.usage.duplicates>, $__range))", "told twice: {{as}}"),
    ])
    .width(8)
    .empty("all usage was told once, and could be true"),
    panel(
        Look::Bars,
        "Content cut or refused",
        "Prompts and answers that were longer than their limit, or that did not leave because redacting them failed. FLOWSPAN_CONTENT_LIMIT is the limit.",
    )
    .asks(&[
        ask("sum(%grown(<telemetry.content.cut>, $__range))", "cut"),
        ask("sum by (reason) (%grown(<telemetry.content.refused>, $__range))", "refused: {{reason}}"),
    ])
    .width(8)
    .empty("no content was cut or refused"),
];

const EXPORTERS: &[Panel] = &[
    panel(
        Look::Lines,
        "Created and delivered",
        "Items each second. Two lines that part mean a receiver that is away or too slow.",
    )
    .asks(&[
        ask("sum by (signal) (rate(<telemetry.created>[$__rate_interval]))", "{{signal}} created"),
        ask("sum by (signal) (rate(<telemetry.delivered>[$__rate_interval]))", "{{signal}} delivered"),
    ])
    .unit(Unit::PerSecond)
    .empty(NO_EXPORTER),
    panel(
        Look::Lines,
        "Waiting",
        "Items that wait or are on their way. It should come back to nearly zero after each batch.",
    )
    .asks(&[ask("max by (signal) (<telemetry.queued>)", "{{signal}}")])
    .empty(NO_EXPORTER),
];

const PROCESS: &[Panel] = &[
    panel(Look::Lines, "Memory", "Physical memory in use, by program, and the most that it ever was.")
        .asks(&[
            ask("sum by (instance) (<process.memory.usage>)", "{{instance}} now"),
            ask("max by (instance) (<process.memory.peak>)", "{{instance}} at most"),
        ])
        .unit(Unit::Bytes),
    panel(
        Look::Lines,
        "Processors",
        "How many processors the programs keep busy, in their own code and in the system's.",
    )
    .asks(&[ask(
        "sum by (instance, cpu_mode) (rate(<process.cpu.time>[$__rate_interval]))",
        "{{instance}} {{cpu_mode}}",
    )])
    .unit(Unit::None),
    panel(
        Look::Table(&[
            text("instance", "program"),
            number("Value #A", "up", Unit::None),
            number("Value #B", "series", Unit::Count),
            number("Value #C", "scrape took", Unit::Seconds),
        ]),
        "Scrapes",
        "Every program that Prometheus scrapes under the job flowspan, up or not. A scrape above half of its interval needs fewer series.",
    )
    .asks(&[
        ask(r#"sum by (instance) (up{job=~"flowspan.*"})"#, ""),
        ask(r#"sum by (instance) (scrape_samples_scraped{job=~"flowspan.*"})"#, ""),
        ask(r#"max by (instance) (scrape_duration_seconds{job=~"flowspan.*"})"#, ""),
    ])
    .width(24),
];
