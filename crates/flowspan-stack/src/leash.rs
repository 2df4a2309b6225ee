//! Ends a part when this process dies without running its destructors.
//!
//! A test binary may be killed, or a terminal's Ctrl-C may end it at once. For
//! each part a tiny shell waits at the end of a pipe; when the pipe closes,
//! because this process is gone, it ends the part's process group. (The kernel's
//! parent-death signal would do the same, but it fires when the *thread* that
//! started the part ends, and the threads of a test harness do.)

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;

use crate::{StackError, process::group_of};

const SCRIPT: &str = r#"
read -r _
kill -"$1" -"$2"
for _ in 1 2 3 4 5; do
    kill -0 -"$2" || break
    sleep 1
done
kill -KILL -"$2"
[ -z "$3" ] || rm -rf -- "$3"
"#;

/// Holds the pipe that a shell waits at.
pub(crate) struct Leash {
    shell: Child,
}

impl Leash {
    /// Has `child`'s group ended with `signal`, and killed if that does not
    /// help, as soon as this process is gone; then removes its `directory`.
    pub(crate) fn tie(child: &Child, signal: Signal, directory: Option<&Path>) -> Result<Self, StackError> {
        let shell = "/bin/sh";
        Command::new(shell)
            .args(["-c", SCRIPT, "leash"])
            .arg(signal.as_raw().to_string())
            .arg(group_of(child).to_string())
            .arg(directory.unwrap_or(Path::new("")))
            // Not in our group, or the signal that ends us ends it too.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(|shell| Self { shell })
            .map_err(|source| StackError::Spawn { program: shell.into(), source })
    }
}

impl Drop for Leash {
    /// Ends the shell before it can act: the part is gone, and its process id
    /// may soon belong to somebody else.
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
