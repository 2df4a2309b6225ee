//! Events as lines of JSON: writes them into files, and reads them again.
//!
//! ```
//! use std::time::Duration;
//! use flowspan_jsonl::{AtEnd, Import, Jsonl, JsonlSink};
//! use flowspan_model::{Event, EventSink, Field, Kind, Moment};
//! use flowspan_runtime::{Environment, Health, Worker};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("events.jsonl");
//! let resolved = Jsonl::to(&path).resolve(&Environment::process())?;
//! let worker = Worker::start()?;
//! let events = JsonlSink::start(&resolved, &worker.handle(), &Health::default())?;
//! events.event(&Event::new(Moment::Occurred, Kind::CacheHit).with(Field::CacheName, "results"));
//! println!("{}", events.shutdown(Duration::from_secs(5)).account);
//!
//! struct Print;
//! impl EventSink for Print {
//!     fn event(&self, event: &Event) {
//!         println!("{:?} {:?}", event.moment, event.kind);
//!     }
//! }
//! let mut import = Import::new(&Print);
//! import.path(&path, AtEnd::Finish);
//! assert_eq!(import.imported().events, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # The format
//!
//! Each line is a JSON object that says all there is to say of one event:
//!
//! ```json
//! {"flowspan":1,"id":"018bcfe5-687b-895f-8a5c-be24d82d0284","moment":"ended","kind":"step","time":"2023-11-14T22:13:20.123456789Z","trace_id":"01010101010101010101010101010101","span_id":"0202020202020202","duration":0.005000000,"fields":{"flowspan.step.name":"build"}}
//! ```
//!
//! | key | value |
//! |---|---|
//! | `flowspan` | the version of the format, [`FORMAT`]; it comes first |
//! | `id` | the [`EventId`](flowspan_model::EventId), a UUID made of the content |
//! | `moment` | `started`, `ended`, `occurred` |
//! | `kind` | the name of the [`Kind`](flowspan_model::Kind) |
//! | `time` | RFC 3339, UTC, nanoseconds |
//! | `trace_id`, `span_id`, `parent_id` | hexadecimal; left out if there are none |
//! | `duration` | seconds with nine decimals, if the work ended |
//! | `fields` | by their [keys](flowspan_model::Field::key). A float has a point or an exponent, a whole number has none; what JSON has no number for is `{"float":"NaN"}` |
//!
//! A reader passes over keys and fields that it does not know, and refuses lines of a newer version.
//!
//! Version 1: the first.
//!
//! # What is promised
//!
//! - **The program never waits.** The queue is bounded; what comes when it is full is dropped and counted.
//! - **Delivered means handed to the system**: it survives the end of the program, but is not synced, so
//!   that the machine may take the last seconds with it.
//! - **No half lines.** When the disk is full, what was written of a line is taken back, the events are
//!   counted as dropped, what was there before is intact, and writing goes on when there is room.
//! - **Bounded room.** Earlier files take no more than what is set, besides the one that is written to and
//!   the one that is being compressed.
//! - **One writer.** A file that another program writes to is refused at the start. All files are for
//!   the eyes of their owner only.
//! - **What is read is accounted for**: `lines = blank + accepted + unknown + malformed` ([`Imported`]). A bad
//!   line is told by file and number and stops nothing.
//! - **Nothing is read twice** ([`Import`]), and what is stored twice is stored once, by its `id`.
//!
//! # Where a setting comes from
//!
//! What the program says explicitly wins over the variable, and that over the default. A value that
//! cannot be used is an error that names the setting and the accepted form.
//!
//! | setting | variable | default |
//! |---|---|---|
//! | file | `FLOWSPAN_EVENTS_FILE` | none |
//! | how many bytes a file may have | `FLOWSPAN_EVENTS_ROTATE_BYTES` | 100 MiB |
//! | how old a file may become | `FLOWSPAN_EVENTS_ROTATE_AFTER`, in milliseconds | a day |
//! | how many earlier files are kept | `FLOWSPAN_EVENTS_KEEP_FILES` | 20 |
//! | how many bytes they may have together | `FLOWSPAN_EVENTS_KEEP_BYTES` | 1 GiB |
//! | how many events may wait | `FLOWSPAN_EVENTS_QUEUE_CAPACITY` | 10000 |

mod config;
mod error;
mod file;
mod import;
mod line;
mod prodigy;
mod sink;

pub use config::{
    DEFAULT_DELAY, DEFAULT_KEEP_BYTES, DEFAULT_KEEP_FILES, DEFAULT_QUEUE_CAPACITY, DEFAULT_ROTATE_AFTER,
    DEFAULT_ROTATE_BYTES, Earlier, FILE_VARIABLE, Jsonl, ResolvedJsonl,
};
pub use error::JsonlError;
pub use import::{AtEnd, Import, Imported, Problem, SourceError};
pub use line::{FORMAT, LineError, Reader, write_line};
pub use sink::JsonlSink;
