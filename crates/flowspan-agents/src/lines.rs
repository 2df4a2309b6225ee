//! Lines of bytes that come in pieces.

/// How long a line may be, in bytes: 8 MiB. What a tool has read may stand in one line; more than that is
/// passed over.
pub const MAX_LINE: usize = 8 * 1024 * 1024;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    beginning: Vec<u8>,
    is_too_long: bool,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'bytes> {
    Whole(&'bytes [u8]),
    TooLong,
}

impl Lines {
    /// Takes the next bytes, and gives the lines that they complete.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut line: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (rest_of_line, after) = bytes.split_at(end);
            bytes = &after[1..];
            if self.beginning.is_empty() && !self.is_too_long && rest_of_line.len() <= MAX_LINE {
                line(Line::Whole(rest_of_line));
            } else {
                self.add(rest_of_line);
                self.end(&mut line);
            }
        }
        self.add(bytes);
    }

    /// Nothing more comes: what stands there is a line.
    pub(crate) fn end(&mut self, mut line: impl FnMut(Line<'_>)) {
        if std::mem::take(&mut self.is_too_long) {
            line(Line::TooLong);
        } else {
            line(Line::Whole(&self.beginning));
        }
        self.beginning.clear();
        // One long line shall not be paid for by all the others.
        self.beginning.shrink_to(64 * 1024);
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.beginning.len() + bytes.len() > MAX_LINE {
            self.is_too_long = true;
            self.beginning = Vec::new();
        } else {
            self.beginning.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        let mut keep = |line: Line<'_>| {
            found.push(match line {
                Line::Whole(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
        };
        for piece in pieces {
            lines.take(piece, &mut keep);
        }
        lines.end(&mut keep);
        found
    }

    #[test]
    fn a_line_of_100_mebibytes_is_not_held_and_the_next_one_is_read() {
        let piece = vec![b'x'; 1024 * 1024];
        let mut pieces: Vec<&[u8]> = vec![&piece; 100];
        pieces.push(b"\nnext");
        let mut held = 0;
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in pieces {
            lines.take(piece, |line| found.push(line == Line::TooLong));
            held = held.max(lines.beginning.capacity());
        }
        lines.end(|line| found.push(line == Line::Whole(b"next")));
        assert_eq!(found, [true, true]);
        assert!(held <= 2 * MAX_LINE, "{held}");
    }

    #[test]
    fn a_line_that_is_just_short_enough_is_whole() {
        let line = vec![b'x'; MAX_LINE];
        assert_eq!(lines(&[&line]), [Some(line.clone())]);
        assert_eq!(lines(&[&line, b"x\n"]), [None, Some(Vec::new())]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_pieces_in_which_they_come(
            pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..20), 0..20),
        ) {
            let whole = pieces.concat();
            let expected: Vec<_> = whole.split(|byte| *byte == b'\n').map(|line| Some(line.to_vec())).collect();
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(lines(&pieces), expected);
        }
    }
}
