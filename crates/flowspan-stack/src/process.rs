//! A part as a running program: start, wait until ready, stop for certain.

use std::{
    ffi::OsString,
    fmt, fs,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{Part, StackError, home::Home, leash::Leash};

/// Long, because a test machine may be busy with compilers.
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(30);

/// How to start a part, as often as asked.
pub(crate) struct Launch {
    pub(crate) part: Part,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(String, String)>,
    /// User and group to run as; the present ones if none.
    pub(crate) user: Option<(u32, u32)>,
    /// Asks for an orderly end.
    pub(crate) stop_signal: Signal,
    pub(crate) ready: Box<dyn Fn() -> bool + Send + Sync>,
}

/// A part that runs, or that was stopped and can be started again.
pub(crate) struct Process {
    launch: Launch,
    running: Option<(Child, Leash)>,
    home: Home,
}

impl Process {
    /// Starts the part in its directory, which goes when the process goes, and
    /// waits until it is ready.
    pub(crate) fn start(launch: Launch, home: Home) -> Result<Self, StackError> {
        let mut process = Self { launch, running: None, home };
        process.restart()?;
        Ok(process)
    }

    /// Starts the part again on its old ports and waits until it is ready; it
    /// is stopped first if it still runs.
    pub(crate) fn restart(&mut self) -> Result<(), StackError> {
        self.stop();
        let mut child = self.spawn()?;
        let leash = Leash::tie(&child, self.launch.stop_signal, self.home.disposable())
            .inspect_err(|_| drop(child.kill()))?;
        let (child, _) = self.running.insert((child, leash));

        let start = Instant::now();
        loop {
            // Asked before the health check: if the part could not get its
            // port, the one that answers there is a stranger.
            if let Ok(Some(status)) = child.try_wait() {
                self.running = None;
                return Err(StackError::Exited { part: self.launch.part, status, log: self.log_tail() });
            }
            if (self.launch.ready)() {
                return Ok(());
            }
            if start.elapsed() > READY_WITHIN {
                return Err(StackError::NotReady {
                    part: self.launch.part,
                    after: READY_WITHIN,
                    log: self.log_tail(),
                });
            }
            thread::sleep(PAUSE);
        }
    }

    /// Asks the part to end, and kills it if it takes too long.
    pub(crate) fn stop(&mut self) {
        let signal = self.launch.stop_signal;
        self.end(signal);
    }

    /// Kills the part with no time to tidy up, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Whether the part runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|(child, _)| matches!(child.try_wait(), Ok(None)))
    }

    /// The part's directory.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    fn spawn(&self) -> Result<Child, StackError> {
        let program = &self.launch.program;
        let log = self.home.log();
        // Appended, so that the log of a restarted part tells both its lives.
        let output = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(StackError::file("open", &log))?;
        let errors = output.try_clone().map_err(StackError::file("open", &log))?;

        let mut command = Command::new(program);
        command
            .args(&self.launch.arguments)
            .envs(self.launch.environment.iter().map(|(k, v)| (k, v)))
            // A group of its own: Ctrl-C at the terminal is ours to handle, and
            // a signal to the group reaches whatever the part started.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if let Some((user, group)) = self.launch.user {
            command.uid(user).gid(group);
        }
        command.spawn().map_err(|source| StackError::Spawn { program: program.clone(), source })
    }

    fn end(&mut self, signal: Signal) {
        let Some((mut child, _leash)) = self.running.take() else {
            return;
        };
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let group = group_of(&child);
        // A failing signal or wait means that the part is gone already.
        let _ = kill_process_group(group, signal);
        let start = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if start.elapsed() > STOP_WITHIN {
                let _ = kill_process_group(group, Signal::KILL);
                let _ = child.wait();
            } else {
                thread::sleep(PAUSE);
            }
        }
    }

    fn log_tail(&self) -> String {
        const LINES: usize = 20;
        let log = fs::read(self.home.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("part", &self.launch.part)
            .field("home", &self.home.path())
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

/// The group led by a child that was started as a group leader.
pub(crate) fn group_of(child: &Child) -> Pid {
    Pid::from_child(child)
}
