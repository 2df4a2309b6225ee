//! Reads files of events.

mod counts;
mod found;
mod lines;
mod positions;
mod source;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flowspan_model::{Event, EventSink};

pub use counts::{Imported, Problem};
pub use source::SourceError;

use crate::line::{LineError, MARK, Reader};
use crate::prodigy;
use lines::{LONGEST, Lines, Piece};
use positions::{Identity, Position, Positions};
use source::Source;

/// What the end of a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// Nothing more will come: what stands there without a line break is a line.
    Finish,
    /// The file may grow: a line without a line break is not complete yet, and a file that is not there
    /// may come.
    Wait,
}

/// Reads files of events, those that [`Jsonl`](crate::Jsonl) writes and the event logs of Prodigy, and
/// hands the events to a sink.
///
/// It knows how far it has read each file, by its first line, so that nothing is read twice: not a file
/// that is named twice, not one that was renamed or compressed since, and not what was read before a
/// restart, if its positions are [kept](Import::resume).
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use flowspan_jsonl::{AtEnd, Import};
/// use flowspan_model::{Event, EventSink};
///
/// struct Count(AtomicU64);
/// impl EventSink for Count {
///     fn event(&self, _: &Event) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let count = Count(AtomicU64::new(0));
/// let mut import = Import::new(&count);
/// import.path("no such directory".as_ref(), AtEnd::Finish);
/// assert_eq!((import.imported().files_failed, count.0.load(Ordering::Relaxed)), (1, 0));
/// ```
pub struct Import<'sink> {
    sink: &'sink dyn EventSink,
    tell: Box<dyn FnMut(&Problem) + 'sink>,
    keep_unknown: Option<Box<dyn Write + 'sink>>,
    reader: Reader,
    room: Vec<u8>,
    positions: Positions,
    /// How files looked when they had been read to the end, so that they need not be opened again.
    looks: HashMap<PathBuf, Look>,
    imported: Imported,
}

/// How a file looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    number: Option<(u64, u64)>,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl<'sink> Import<'sink> {
    /// An import that hands events to this sink.
    pub fn new(sink: &'sink dyn EventSink) -> Self {
        Import {
            sink,
            tell: Box::new(|_| {}),
            keep_unknown: None,
            reader: Reader::new(),
            room: Vec::new(),
            positions: Positions::default(),
            looks: HashMap::new(),
            imported: Imported::default(),
        }
    }

    /// Who hears of lines and files that cannot be read. Default: nobody; they are counted.
    #[must_use]
    pub fn on_problem(mut self, tell: impl FnMut(&Problem) + 'sink) -> Self {
        self.tell = Box::new(tell);
        self
    }

    /// Where lines of unknown types go, as they are. Default: nowhere; they are counted.
    #[must_use]
    pub fn keep_unknown(mut self, keep: impl Write + 'sink) -> Self {
        self.keep_unknown = Some(Box::new(keep));
        self
    }

    /// Goes on where an earlier import has ended, whose positions were [saved](Import::save) there.
    ///
    /// # Errors
    ///
    /// There is a file, and it cannot be read.
    pub fn resume(mut self, path: &Path) -> io::Result<Self> {
        self.positions = Positions::load(path)?;
        Ok(self)
    }

    /// Saves how far all files have been read. To lose nothing, see first that the sink has everything.
    ///
    /// # Errors
    ///
    /// The system refused.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        self.positions.save(path)
    }

    /// What has been read so far.
    pub fn imported(&self) -> &Imported {
        &self.imported
    }

    /// Reads what is new in a file, or in all files of lines below a directory: those whose names end
    /// with `.jsonl` or `.ndjson`, also with a number and `.gz` behind that.
    pub fn path(&mut self, path: &Path, at_end: AtEnd) {
        if path.is_dir() {
            for file in found::below(path) {
                match file {
                    Ok(file) => self.file(&file, at_end),
                    Err((path, error)) => self.failed(&path, io::Error::other(error).into()),
                }
            }
        } else {
            self.rest_of_renamed(path, at_end);
            self.file(path, at_end);
        }
    }

    /// Reads a text that is no file, such as standard input, to its end. `name` is for problems.
    pub fn stream(&mut self, name: &Path, text: impl Read) {
        let mut position = Position::default();
        self.imported.files += 1;
        if let Err(error) = self.read(name, Box::new(text), AtEnd::Finish, &mut position) {
            self.failed(name, error.into());
        }
    }

    fn file(&mut self, path: &Path, at_end: AtEnd) {
        let look = look(path);
        if look.is_some() && self.looks.get(path) == look.as_ref() {
            return;
        }
        if look.is_none() && at_end == AtEnd::Wait && !path.exists() {
            return;
        }
        match self.try_file(path, at_end) {
            Ok(()) => {}
            Err(error) => self.failed(path, error),
        }
        if let Some(look) = look {
            self.looks.insert(path.to_owned(), look);
        }
    }

    fn try_file(&mut self, path: &Path, at_end: AtEnd) -> Result<(), SourceError> {
        let source = Source::open(path)?;
        let at_end = if source.is_compressed { AtEnd::Finish } else { at_end };
        let identity = match &source.identity {
            Some(identity) => identity.clone(),
            None if at_end == AtEnd::Wait || source.length == 0 => return Ok(()),
            None => source.number.clone(),
        };
        let mut position = self.positions.of(&identity);
        if !source.is_compressed && source.length < position.offset {
            // It was cut off, and begins anew.
            position = Position::default();
        }
        if !source.is_compressed && source.length == position.offset {
            self.imported.files_known += u64::from(position.path != path);
            return Ok(());
        }
        self.positions.leave(path);
        position.path = path.to_owned();
        let before = position.offset;
        let text = source.from(position.offset)?;
        let read = self.read(path, text, at_end, &mut position);
        match (position.offset > before, before > 0) {
            (true, false) => self.imported.files += 1,
            (false, true) => self.imported.files_known += 1,
            _ => {}
        }
        self.positions.set(identity, position);
        Ok(read?)
    }

    /// When another file has come under this name, the one before may have a rest that nobody has read.
    fn rest_of_renamed(&mut self, path: &Path, at_end: AtEnd) {
        let Some(before) = self.positions.last_at(path).cloned() else { return };
        if look(path).is_some_and(|look| self.looks.get(path) == Some(&look)) {
            return;
        }
        let identity = |path: &Path| -> Option<Identity> { Source::open(path).ok()?.identity };
        match identity(path) {
            Some(now) if now == before => return,
            // The next one has not begun: whoever writes may not have noticed yet that it is renamed.
            None if at_end == AtEnd::Wait => return,
            _ => {}
        }
        let renamed = found::beside(path).into_iter().find(|file| identity(file).as_ref() == Some(&before));
        if let Some(renamed) = renamed {
            self.file(&renamed, AtEnd::Finish);
        }
    }

    fn read(
        &mut self,
        path: &Path,
        text: Box<dyn Read + '_>,
        at_end: AtEnd,
        position: &mut Position,
    ) -> io::Result<()> {
        let mut lines = Lines::new(text, std::mem::take(&mut self.room));
        let result = loop {
            match lines.next() {
                Ok(Some(Piece::Line(line))) => self.line(path, line, line.len() as u64 + 1, position),
                Ok(Some(Piece::Unfinished(_))) if at_end == AtEnd::Wait => break Ok(()),
                Ok(Some(Piece::Unfinished(line))) => self.line(path, line, line.len() as u64, position),
                Ok(Some(Piece::TooLong(bytes))) => {
                    self.begin_line(bytes, position);
                    let error = LineError::malformed(format_args!("it is longer than {} MiB", LONGEST >> 20));
                    self.malformed(path, position.line, error);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.room = lines.into_room();
        result
    }

    fn begin_line(&mut self, bytes: u64, position: &mut Position) {
        position.offset += bytes;
        position.line += 1;
        self.imported.bytes += bytes;
        self.imported.lines += 1;
    }

    fn line(&mut self, path: &Path, line: &[u8], bytes: u64, position: &mut Position) {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        self.begin_line(bytes, position);
        let line = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| position.line == 1).unwrap_or(line);
        let line = line.trim_ascii();
        if line.is_empty() {
            self.imported.blank += 1;
            return;
        }
        match self.understood(line) {
            Ok(None) => self.imported.accepted += 1,
            Ok(Some(unknown)) => self.unknown(&unknown, line),
            Err(LineError::UnknownKind(unknown)) => self.unknown(&unknown, line),
            Err(error) => self.malformed(path, position.line, error),
        }
    }

    /// Hands over the events of a line. Gives the type, if it is not known.
    fn understood(&mut self, line: &[u8]) -> Result<Option<String>, LineError> {
        if !is_of_flowspan(line) {
            let (sink, events) = (self.sink, &mut self.imported.events);
            let mut take = |event: &Event| {
                *events += 1;
                sink.event(event);
            };
            match prodigy::read(line, self.reader.words(), &mut take)? {
                prodigy::Read::Understood => return Ok(None),
                prodigy::Read::UnknownType(unknown) => return Ok(Some(unknown)),
                prodigy::Read::OfFlowspan => {}
            }
        }
        let event = self.reader.read(line)?;
        self.imported.events += 1;
        self.sink.event(event);
        Ok(None)
    }

    fn unknown(&mut self, name: &str, line: &[u8]) {
        self.imported.count_unknown(name);
        if let Some(keep) = &mut self.keep_unknown
            && let Err(error) = keep.write_all(line).and_then(|()| keep.write_all(b"\n"))
        {
            self.keep_unknown = None;
            let path = PathBuf::from("the file of unknown lines");
            (self.tell)(&Problem::File { path, error: error.into() });
        }
    }

    fn malformed(&mut self, path: &Path, line: u64, error: LineError) {
        self.imported.malformed += 1;
        (self.tell)(&Problem::Line { path: path.to_owned(), line, error });
    }

    fn failed(&mut self, path: &Path, error: SourceError) {
        self.imported.files_failed += 1;
        (self.tell)(&Problem::File { path: path.to_owned(), error });
    }
}

impl fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("imported", &self.imported).finish_non_exhaustive()
    }
}

/// Whether a line begins as those that flowspan writes do. Others are looked at more closely.
fn is_of_flowspan(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"{\"").and_then(|rest| rest.strip_prefix(MARK.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\":"))
}

fn look(path: &Path) -> Option<Look> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Look {
        number: crate::file::system::identity(&metadata),
        length: metadata.len(),
        modified: metadata.modified().ok(),
    })
}
