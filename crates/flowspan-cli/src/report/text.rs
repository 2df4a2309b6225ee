//! The report on the terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, LineStyle, Table as Drawing, TableStyle};
use flowspan_session::SessionMetrics;

use super::tables::{Table, head, tables};

/// A line below the head and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The report, without a line break at its end.
pub(super) fn render(session: &SessionMetrics, files: usize) -> String {
    let mut text = String::new();
    for (name, line) in head(session, files) {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{name:<9} {line}");
    }
    for table in tables(session) {
        let _ = write!(text, "\n{}\n{}\n", table.title, draw(&table));
    }
    text.truncate(text.trim_end().len());
    text
}

fn draw(table: &Table) -> Drawing {
    let mut drawing = Drawing::new();
    drawing.load_style(STYLE).set_header(&table.head).add_rows(&table.rows);
    for column in drawing.column_iter_mut().skip(table.names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::session;

    #[test]
    fn every_part_of_a_session_is_on_the_terminal_and_nothing_moves_the_cursor() {
        let text = render(&session(), 1);
        for part in [
            "requests  1: 1 success",
            "1\u{202f}234 in 1 model calls",
            "$0.0125",
            "50.0 % of 2 look-ups",
            "52.0 MiB",
            "Phases",
            "Steps",
            "Agents",
            "Tools of agents",
            "Model calls by phase",
            "Model calls by provider and model",
            "gpt-5-mini",
            "1.50 s",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!text.ends_with('\n'));
    }

    #[test]
    fn an_empty_session_has_no_tables() {
        let text = render(&SessionMetrics::new("s"), 1);
        assert!(text.contains("0.0 % of 0 look-ups") && !text.contains("Tools"), "{text}");
    }
}
