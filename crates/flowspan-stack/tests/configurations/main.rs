//! The configurations that users get, run by the real parts: what must come out of a Collector comes
//! out, what must not does not, nothing is lost while a part is away, and compose starts the same.

mod back_end;
mod certificates;
mod compose;
mod content;
mod fleet;
mod load;
mod outage;
mod readings;
mod sampling;
mod settings;

/// What a test comes to.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Long, because a test machine may be busy with compilers.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);
