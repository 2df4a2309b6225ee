//! The file that is written to, and those before it.

mod active;
mod earlier;
#[cfg_attr(not(unix), path = "system/other.rs")]
pub(crate) mod system;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use active::Active;
use earlier::EarlierFiles;
use flowspan_model::Event;

use crate::config::ResolvedJsonl;
use crate::error::JsonlError;
use crate::line::write_line;

/// How many bytes of lines are written at once.
const CHUNK: usize = 1 << 20;

/// The file that is written to, and what is left of those before it.
#[derive(Debug)]
pub(crate) struct Files {
    settings: ResolvedJsonl,
    active: Active,
    earlier: Arc<Mutex<EarlierFiles>>,
    lines: Vec<u8>,
}

/// How far a batch came.
#[derive(Debug)]
pub(crate) struct Written {
    /// How many of its events are in the file.
    pub(crate) events: usize,
    /// Why the others are not.
    pub(crate) error: Option<io::Error>,
    /// What there is to do for the files before, which must not hold up the writing.
    pub(crate) tidy: Option<Arc<Mutex<EarlierFiles>>>,
}

impl Files {
    /// Opens the file, or makes it.
    pub(crate) fn open(settings: &ResolvedJsonl) -> Result<Self, JsonlError> {
        let earlier = EarlierFiles::new(settings);
        Ok(Files {
            active: Active::open(&settings.path)?,
            earlier: Arc::new(Mutex::new(earlier)),
            settings: settings.clone(),
            lines: Vec::new(),
        })
    }

    /// What an earlier run may have left behind.
    pub(crate) fn earlier(&self) -> Arc<Mutex<EarlierFiles>> {
        self.earlier.clone()
    }

    /// Appends these events.
    pub(crate) fn write(&mut self, events: &[Event], now: SystemTime) -> Written {
        let mut written = Written { events: 0, error: None, tidy: None };
        let mut waiting = 0;
        self.lines.clear();
        for (nth, event) in events.iter().enumerate() {
            write_line(event, &mut self.lines);
            waiting += 1;
            if self.lines.len() < CHUNK && nth + 1 < events.len() {
                continue;
            }
            if let Err(error) = self.append(now, &mut written.tidy) {
                written.error = Some(error);
                break;
            }
            written.events += waiting;
            waiting = 0;
            self.lines.clear();
        }
        // One huge event shall not be paid for ever after.
        self.lines.shrink_to(2 * CHUNK);
        written
    }

    fn append(&mut self, now: SystemTime, tidy: &mut Option<Arc<Mutex<EarlierFiles>>>) -> io::Result<()> {
        if !self.active.is_in_place() {
            self.active = reopened(&self.settings.path)?;
        }
        let is_full = self.active.length() + self.lines.len() as u64 > self.settings.rotate_bytes;
        let is_old = self.active.age(now) >= self.settings.rotate_after;
        if self.active.length() > 0 && (is_full || is_old) {
            let earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner).name(now);
            std::fs::rename(&self.settings.path, earlier)?;
            *tidy = Some(self.earlier.clone());
            self.active = reopened(&self.settings.path)?;
        }
        self.active.append(&self.lines)
    }
}

fn reopened(path: &Path) -> io::Result<Active> {
    Active::open(path).map_err(io::Error::other)
}

/// Compresses the files before, and deletes those that are too many.
pub(crate) fn tidy(earlier: &Mutex<EarlierFiles>) -> io::Result<()> {
    earlier.lock().unwrap_or_else(PoisonError::into_inner).tidy()
}
