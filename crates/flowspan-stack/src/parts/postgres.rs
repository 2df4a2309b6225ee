//! A PostgreSQL server with an empty database cluster.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::{Signal, geteuid};

use crate::{
    Part, StackError,
    command::run,
    home::Home,
    life::life,
    part::postgres_program,
    ports::{self, address},
    process::{Launch, Process},
};

/// A PostgreSQL that runs until it is dropped, and its data with it.
///
/// Durability is as in earnest (`fsync` is on), so that
/// [`kill`](Postgres::kill) and [`restart`](Postgres::restart) tell something.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    psql: PathBuf,
}

life!(Postgres);

impl Postgres {
    /// Makes a cluster in a temporary directory and starts a server on a free
    /// port, with the superuser `postgres` and no password.
    ///
    /// # Errors
    ///
    /// [`StackError`] when PostgreSQL is absent or does not become ready; the
    /// end of its log is in the error.
    pub fn start() -> Result<Self, StackError> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with server settings such as
    /// `("max_connections", "5")`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, StackError> {
        let initdb = postgres_program("initdb")?;
        let program = postgres_program("postgres")?;
        let psql = postgres_program("psql")?;
        let home = Home::new(Part::Postgres)?;
        let user = server_user()?;
        if let Some((user, group)) = user {
            chown(home.path(), Some(user), Some(group))
                .map_err(StackError::file("give away", home.path()))?;
        }
        let data = home.join("data");
        let mut command = Command::new(&initdb);
        command
            .current_dir(home.path())
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            // The locale of the machine must not change an answer.
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(&data);
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        run(&initdb, &mut command, "")?;

        let port = ports::free()?;
        let mut arguments = vec!["-D".into(), data.into()];
        let socket = home.path().display().to_string();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &*port.to_string()),
            ("unix_socket_directories", &socket),
        ]
        .map(|(name, value)| format!("{name}={value}"));
        let theirs = settings.iter().map(|(name, value)| format!("{name}={value}"));
        for setting in own.into_iter().chain(theirs) {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let url = url(port);
        let asked = psql.clone();
        let launch = Launch {
            part: Part::Postgres,
            program,
            arguments,
            environment: Vec::new(),
            user,
            // "Fast": does not wait for clients to leave.
            stop_signal: Signal::INT,
            ready: Box::new(move || ask(&asked, &url, "select 1").is_ok()),
        };
        let process = Process::start(launch, home)?;
        Ok(Self { process, port, psql })
    }

    /// Connection URL of the database `postgres`, as its superuser.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Runs SQL through `psql` and returns the rows: one a line, columns
    /// parted by `|`.
    ///
    /// # Errors
    ///
    /// [`StackError::Command`] with what PostgreSQL said.
    pub fn psql(&self, sql: &str) -> Result<String, StackError> {
        ask(&self.psql, &self.url(), sql)
    }
}

fn url(port: u16) -> String {
    format!("postgres://postgres@{}/postgres", address(port))
}

fn ask(psql: &Path, url: &str, sql: &str) -> Result<String, StackError> {
    let mut command = Command::new(psql);
    command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"]).args([
        "--set=ON_ERROR_STOP=1",
        "--command",
        sql,
        url,
    ]);
    run(psql, &mut command, "")
}

/// User and group for a server that refuses to run as root; none if we are not.
fn server_user() -> Result<Option<(u32, u32)>, StackError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(StackError::file("read", "/etc/passwd"))?;
    ["postgres", "nobody"].iter().find_map(|name| user_in(&users, name)).map(Some).ok_or(StackError::NoUser)
}

fn user_in(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        found.then_some((user, group))
    })
}
