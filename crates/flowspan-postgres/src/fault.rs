//! What an error of the server means for the batch.

use sqlx::Error;

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The same again may work at once: programs got into each other's way.
    Conflict,
    /// A row of the batch cannot be stored, now or later.
    Row,
    /// The tables are not there, or are not as this program knows them.
    Schema,
    /// The server is away, is starting or ending, is full, or refuses us. Waiting may help.
    Server,
}

impl Fault {
    /// Whether the connection can be used on.
    pub(crate) fn leaves_connection(self) -> bool {
        matches!(self, Fault::Conflict | Fault::Row)
    }
}

/// What this error means. The classes are those of the PostgreSQL manual, appendix A.
pub(crate) fn fault(error: &Error) -> Fault {
    let Error::Database(error) = error else { return Fault::Server };
    let code = error.code().unwrap_or_default();
    match (code.get(..2).unwrap_or_default(), &*code) {
        // Serialisation failure, deadlock, a lock that was not to be had.
        ("40", _) | (_, "55P03") => Fault::Conflict,
        // Data, integrity, a limit of the server's, and what a trigger of the owner's raises.
        ("22" | "23" | "54" | "P0", _) => Fault::Row,
        // A table, column, function or schema is missing.
        (_, "42P01" | "42703" | "42883" | "3F000") => Fault::Schema,
        _ => Fault::Server,
    }
}

/// The error as people may see it. Neither sqlx nor PostgreSQL puts a password into an error; the
/// address and the user may be there.
pub(crate) fn describe(error: &Error) -> String {
    match error {
        Error::Database(error) => match error.code() {
            Some(code) => format!("{} (SQLSTATE {code})", error.message()),
            None => error.message().to_owned(),
        },
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
