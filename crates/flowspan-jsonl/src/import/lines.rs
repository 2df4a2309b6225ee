//! From bytes to lines.

use std::io::{self, ErrorKind, Read};

use memchr::memchr;

/// How many bytes are read at once.
const ROOM: usize = 256 << 10;
/// How long a line may be, in bytes: 64 MiB. Nothing that is longer is an event.
pub(super) const LONGEST: usize = 64 << 20;

/// Reads lines, whatever their bytes are. Lines are handed out where they were read: nothing is copied
/// but what is left of a line when the room is full.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    room: Vec<u8>,
    /// What has been read and not handed out lies here.
    start: usize,
    end: usize,
}

/// A piece of what is read. Its length in bytes is that of its text and its line break.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'room> {
    /// A line, without its line break.
    Line(&'room [u8]),
    /// What stands at the end without a line break.
    Unfinished(&'room [u8]),
    /// A line of so many bytes, line break included, that was too long to keep.
    TooLong(u64),
}

impl<R: Read> Lines<R> {
    /// Reads into a room that may have served before.
    pub(super) fn new(reader: R, mut room: Vec<u8>) -> Self {
        room.resize(room.len().max(ROOM), 0);
        Lines { reader, room, start: 0, end: 0 }
    }

    /// Gives the room back.
    pub(super) fn into_room(mut self) -> Vec<u8> {
        // One huge line shall not be paid for ever after.
        self.room.truncate(16 * ROOM);
        self.room.shrink_to_fit();
        self.room
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let mut seen = 0;
        loop {
            let unseen = &self.room[self.start + seen..self.end];
            if let Some(at) = memchr(b'\n', unseen) {
                let line = self.start..self.start + seen + at;
                self.start = line.end + 1;
                return Ok(Some(Piece::Line(&self.room[line])));
            }
            seen = self.end - self.start;
            if seen > LONGEST {
                return self.pass_over().map(|bytes| Some(Piece::TooLong(bytes)));
            }
            self.make_room();
            let read = self.fill()?;
            if read == 0 {
                let rest = self.start..self.end;
                self.start = self.end;
                return Ok((!rest.is_empty()).then(|| Piece::Unfinished(&self.room[rest])));
            }
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.room.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.room.len() {
            self.room.resize(2 * self.room.len(), 0);
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.reader.read(&mut self.room[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes on behind the next line break.
    fn pass_over(&mut self) -> io::Result<u64> {
        let mut passed = 0_u64;
        loop {
            let rest = &self.room[self.start..self.end];
            if let Some(at) = memchr(b'\n', rest) {
                self.start += at + 1;
                return Ok(passed + at as u64 + 1);
            }
            passed += rest.len() as u64;
            (self.start, self.end) = (0, 0);
            if self.fill()? == 0 {
                return Ok(passed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives as many bytes at a time as it is told.
    struct Trickle<'text>(&'text [u8], Vec<usize>);

    impl Read for Trickle<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let bytes = self.1.pop().unwrap_or(usize::MAX).clamp(1, room.len()).min(self.0.len());
            let (now, later) = self.0.split_at(bytes);
            room[..bytes].copy_from_slice(now);
            self.0 = later;
            Ok(bytes)
        }
    }

    fn all(reader: impl Read) -> Vec<Result<Vec<u8>, Vec<u8>>> {
        let mut lines = Lines::new(reader, Vec::new());
        let mut pieces = Vec::new();
        while let Some(piece) = lines.next().expect("memory can be read") {
            match piece {
                Piece::Line(line) => pieces.push(Ok(line.to_owned())),
                Piece::Unfinished(line) => pieces.push(Err(line.to_owned())),
                Piece::TooLong(bytes) => panic!("{bytes} bytes are not too long"),
            }
        }
        pieces
    }

    proptest! {
        #[test]
        fn all_bytes_come_in_order_however_they_are_read(
            text in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            steps in prop::collection::vec(1_usize..9, 0..50),
        ) {
            let pieces = all(Trickle(&text, steps));
            let mut again: Vec<u8> = Vec::new();
            for (nth, piece) in pieces.iter().enumerate() {
                match piece {
                    Ok(line) => again.extend(line.iter().chain(b"\n")),
                    Err(rest) => {
                        prop_assert!(nth + 1 == pieces.len() && !rest.is_empty());
                        again.extend(rest);
                    }
                }
            }
            prop_assert_eq!(again, text);
        }
    }

    #[test]
    fn a_line_longer_than_the_room_is_whole() {
        let long = [vec![b'x'; 5 * ROOM + 7], b"\nshort\n".to_vec()].concat();
        let pieces = all(&*long);
        assert_eq!(pieces, [Ok(vec![b'x'; 5 * ROOM + 7]), Ok(b"short".to_vec())]);
    }

    #[test]
    fn a_line_without_end_is_passed_over_and_the_next_one_is_read() {
        let long = io::repeat(b'x').take(3 * LONGEST as u64).chain(&b"\nnext\n"[..]);
        let mut lines = Lines::new(long, Vec::new());
        assert_eq!(lines.next().expect("read"), Some(Piece::TooLong(3 * LONGEST as u64 + 1)));
        assert_eq!(lines.next().expect("read"), Some(Piece::Line(b"next")));
        assert_eq!(lines.next().expect("read"), None);
        assert!(lines.into_room().capacity() <= 16 * ROOM);
    }
}
