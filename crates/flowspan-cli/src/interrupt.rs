//! Ctrl-C, and its sister for services.

use std::io;

/// Waits until somebody asks the program to end.
///
/// # Errors
/// When the system lets nobody listen for signals.
#[cfg(unix)]
pub async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits until somebody asks the program to end.
///
/// # Errors
/// When the system lets nobody listen for signals.
#[cfg(not(unix))]
pub async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
