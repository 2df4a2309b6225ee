//! What became of lines.

/// What became of the lines that were read. Every line is in one of them; empty lines are no lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Lines that are understood.
    pub understood: u64,
    /// Lines of JSON of a type that is not known.
    pub unknown: u64,
    /// Lines that are no JSON, or not of the form that their type has.
    pub malformed: u64,
    /// Lines that are longer than [`MAX_LINE`](crate::MAX_LINE).
    pub too_long: u64,
}

impl Counts {
    /// All lines.
    pub const fn lines(&self) -> u64 {
        self.understood + self.unknown + self.malformed + self.too_long
    }

    pub(crate) fn add(&mut self, heard: Heard) {
        let count = match heard {
            Heard::Understood => &mut self.understood,
            Heard::Unknown => &mut self.unknown,
            Heard::Malformed => &mut self.malformed,
        };
        *count += 1;
    }
}

/// What is made of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Understood,
    Unknown,
    Malformed,
}
