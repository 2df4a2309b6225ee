//! The ground under flowspan's exporters.
//!
//! An exporter of flowspan never runs on a thread of the program. It runs on a [`Worker`], takes what
//! it sends from a bounded [`Pipeline`] (or gathers it in a [`Periodic`] cycle), and accounts for
//! every item:
//!
//! ```text
//! offer ──► queue (bounded) ──► batch ──► Deliver ──► delivered
//!   │                                        ├─────► dropped{export_failed | export_timeout | rejected | exporter_panicked}
//!   ├─► dropped{queue_full}                  └─────► dropped{shutdown}
//!   └─► dropped{after_shutdown}
//! ```
//!
//! # What is promised
//!
//! - [`Pipeline::offer`] never waits for I/O, and allocates nothing once the queue stands.
//! - `created == delivered + queued + Σ dropped` holds in every [`Account`] that is ever handed out,
//!   at any moment and on any thread: the queue and its numbers change under one lock.
//! - A failing, hanging or panicking exporter costs the items that it was given, which are counted,
//!   and nothing else. It is reported once, and once more when it works again ([`Health`]).
//! - `flush` and `shutdown` return by their deadline, even if the worker is stuck; both exist as a
//!   form that blocks the calling thread and as a form for `async` code.
//!
//! # What happens when the queue is full
//!
//! The newest item is dropped and counted as [`DropReason::QueueFull`]: whoever offers is never
//! slowed down by a collector that is slow or away.

mod attempt;
mod deliver;
mod diagnostics;
mod due;
mod environment;
mod health;
mod ledger;
mod limits;
mod off_thread;
mod on_thread;
mod periodic;
mod pipeline;
mod queue;
mod setting;
mod worker;

pub use attempt::attempt;
pub use deliver::{Deliver, DeliverError, Delivered};
pub use diagnostics::{Notes, Quiet, note_error};
pub use environment::{Environment, FileSetting};
pub use health::{
    BoundedLabel, ExporterHealth, ExporterState, ExporterStatus, Health, Report, Reporter, UnpricedModel,
};
pub use ledger::{Account, DropReason, Ledger};
pub use limits::{
    DEFAULT_BATCH_SIZE, DEFAULT_DELAY, DEFAULT_EXPORT_TIMEOUT, DEFAULT_INTERVAL, DEFAULT_OTLP_TIMEOUT,
    DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_CAPACITY, Limits, MAX_QUEUE_CAPACITY,
};
pub use off_thread::off_thread;
pub use on_thread::OnThread;
pub use periodic::{Gather, Periodic};
pub use pipeline::{FlushError, Pipeline, Shutdown};
pub use setting::{
    SettingError, boolean, host_and_port, key_values, milliseconds, positive, without_credentials,
};
pub use worker::{Worker, WorkerError, WorkerHandle};
