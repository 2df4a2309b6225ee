//! The generations of the GenAI convention.

/// Which generation of OpenTelemetry's GenAI convention spans and metrics speak.
///
/// Everything is of one generation, or there are both whole sets; the two never mix. Events, and
/// therefore the lines and rows that are made of them, always speak the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Semconv {
    /// The convention at commit `6fd0d763` of `semantic-conventions-genai` (9 October 2026). The default.
    #[default]
    Latest,
    /// Version 1.41.0 of the general conventions, the last one in which GenAI was a part of them. What
    /// it has no name for keeps the only name that it has.
    V1_41,
    /// Both whole sets, while dashboards move from one to the other. Where one attribute has the same
    /// name and two types, that of the latest counts.
    Both,
}

/// One generation of the GenAI convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// The one that [`Semconv::Latest`] speaks.
    Latest,
    /// The one that [`Semconv::V1_41`] speaks.
    V1_41,
}

impl Semconv {
    /// Whether it speaks this generation.
    #[inline]
    pub const fn speaks(self, generation: Generation) -> bool {
        match self {
            Semconv::Latest => matches!(generation, Generation::Latest),
            Semconv::V1_41 => matches!(generation, Generation::V1_41),
            Semconv::Both => true,
        }
    }
}

impl Generation {
    /// What it is called in pages.
    pub const fn name(self) -> &'static str {
        match self {
            Generation::Latest => "latest",
            Generation::V1_41 => "v1.41",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_is_the_sum_of_the_generations() {
        for generation in [Generation::Latest, Generation::V1_41] {
            let speaking = [Semconv::Latest, Semconv::V1_41].map(|semconv| semconv.speaks(generation));
            assert_eq!(speaking.iter().filter(|speaks| **speaks).count(), 1);
            assert!(Semconv::Both.speaks(generation));
        }
    }
}
