//! What the sink promises, held against real servers and real sockets.

mod faults;
mod program;
#[cfg(target_os = "linux")]
mod servers;
