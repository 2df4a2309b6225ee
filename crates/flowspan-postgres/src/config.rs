//! What a program says about its store.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use flowspan_runtime::{
    DEFAULT_QUEUE_BYTES, Environment, Limits, SettingError, boolean, milliseconds, positive,
};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// The schema that the tables are in by default.
pub const DEFAULT_SCHEMA: &str = "flowspan";
/// How many events may wait by default.
pub const DEFAULT_QUEUE_CAPACITY: usize = 10_000;
/// How many events are stored together by default, at most.
pub const DEFAULT_BATCH_SIZE: usize = 100;
/// How long an event waits by default for others to be stored with.
pub const DEFAULT_FLUSH_INTERVAL: Duration = Duration::from_secs(5);
/// How long an attempt to store a batch may take by default, connecting included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a text may be by default, in bytes.
pub const DEFAULT_TEXT_LIMIT: usize = 64 * 1024;

const URL: &str = "FLOWSPAN_POSTGRES_URL";
const SCHEMA: &str = "FLOWSPAN_POSTGRES_SCHEMA";
const QUEUE_CAPACITY: &str = "FLOWSPAN_POSTGRES_QUEUE_CAPACITY";
const QUEUE_BYTES: &str = "FLOWSPAN_POSTGRES_QUEUE_BYTES";
const BATCH_SIZE: &str = "FLOWSPAN_POSTGRES_BATCH_SIZE";
const FLUSH_INTERVAL: &str = "FLOWSPAN_POSTGRES_FLUSH_INTERVAL";
const TIMEOUT: &str = "FLOWSPAN_POSTGRES_TIMEOUT";
const TEXT_LIMIT: &str = "FLOWSPAN_POSTGRES_TEXT_LIMIT";
const MIGRATE: &str = "FLOWSPAN_POSTGRES_MIGRATE";

/// Who makes the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migrations {
    /// The program, when it first connects. Programs that start at once wait for each other.
    #[default]
    AtStart,
    /// Somebody else, with `flowspan store migrate`: the program then needs no right to make tables.
    Never,
}

/// Where and how events are stored.
///
/// What is not set here comes from the environment, and then from the defaults (see the
/// [crate](crate)). Of the URL nothing but the server, the database and the user is ever shown.
///
/// ```
/// use flowspan_postgres::Postgres;
/// use flowspan_runtime::Environment;
///
/// # fn main() -> Result<(), flowspan_runtime::SettingError> {
/// let store = Postgres::to("postgres://bot:secret@localhost/observed").batch_size(500);
/// let resolved = store.resolve(&Environment::process())?;
/// assert!(!format!("{store:?} {resolved:?}").contains("secret"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Postgres {
    url: Option<String>,
    schema: Option<String>,
    queue_capacity: Option<usize>,
    queue_bytes: Option<usize>,
    batch_size: Option<usize>,
    flush_interval: Option<Duration>,
    timeout: Option<Duration>,
    text_limit: Option<usize>,
    migrations: Option<Migrations>,
    service: Option<String>,
}

impl Postgres {
    /// Stores in the database of this URL, `postgres://user:password@host:port/database`. Its
    /// parameters are those of libpq, such as `sslmode=verify-full` and `sslrootcert=FILE`.
    pub fn to(url: impl Into<String>) -> Self {
        Postgres { url: Some(url.into()), ..Postgres::default() }
    }

    /// Stores where `FLOWSPAN_POSTGRES_URL` says.
    pub fn from_env() -> Self {
        Postgres::default()
    }

    /// Sets the schema that the tables are in. Default: [`DEFAULT_SCHEMA`].
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// Sets how many events may wait, at least 1; what comes beyond that is dropped and counted.
    /// Default: [`DEFAULT_QUEUE_CAPACITY`].
    pub fn queue_capacity(mut self, events: usize) -> Self {
        self.queue_capacity = Some(events);
        self
    }

    /// Sets how many bytes the events that wait may take together; what comes beyond that is dropped and
    /// counted. Default: 64 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = Some(bytes);
        self
    }

    /// Sets how many events are stored together, at most. Default: [`DEFAULT_BATCH_SIZE`]. From 1000
    /// on, a full batch goes by COPY, which is the way for imports.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = Some(events);
        self
    }

    /// Sets how long an event waits for others to be stored with. Default:
    /// [`DEFAULT_FLUSH_INTERVAL`].
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = Some(interval);
        self
    }

    /// Sets how long one attempt to store a batch may take, connecting included. Then it is given up
    /// and the batch is tried again. Default: [`DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how long a text may be, in bytes; what is longer is cut, and counted. Default:
    /// [`DEFAULT_TEXT_LIMIT`].
    pub fn text_limit(mut self, bytes: usize) -> Self {
        self.text_limit = Some(bytes);
        self
    }

    /// Sets who makes the tables. Default: [`Migrations::AtStart`].
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = Some(migrations);
        self
    }

    /// Sets the name of this program, which stands with everything that it stores. Default: the
    /// service name of the telemetry that this is an output of, otherwise empty.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Sets the name of this program, unless it was set before.
    pub fn service_if_unset(mut self, name: impl Into<String>) -> Self {
        self.service.get_or_insert_with(|| name.into());
        self
    }

    /// Everything decided.
    ///
    /// # Errors
    ///
    /// A setting or variable cannot be used, or there is no URL. The value of a URL is never shown.
    pub fn resolve(&self, environment: &Environment) -> Result<ResolvedPostgres, SettingError> {
        let schema = match &self.schema {
            Some(name) => plain(name).ok_or_else(|| SettingError::new("schema", name, ACCEPTED_SCHEMA))?,
            None => environment
                .parse(SCHEMA, ACCEPTED_SCHEMA, plain)?
                .unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()),
        };
        let number = |explicit: Option<usize>, variable, default| match explicit {
            Some(number) => Ok(number.max(1)),
            None => Ok(environment.parse(variable, ACCEPTED_NUMBER, positive)?.unwrap_or(default)),
        };
        let time = |explicit: Option<Duration>, variable, default| match explicit {
            Some(time) => Ok(time),
            None => Ok(environment.parse(variable, ACCEPTED_TIME, milliseconds)?.unwrap_or(default)),
        };
        let migrations = match self.migrations {
            Some(migrations) => migrations,
            None => match environment.parse(MIGRATE, "`true` or `false`", boolean)? {
                Some(false) => Migrations::Never,
                _ => Migrations::AtStart,
            },
        };
        let limits = Limits::new()
            .queue_capacity(number(self.queue_capacity, QUEUE_CAPACITY, DEFAULT_QUEUE_CAPACITY)?)
            .queue_bytes(number(self.queue_bytes, QUEUE_BYTES, DEFAULT_QUEUE_BYTES)?)
            .batch_size(number(self.batch_size, BATCH_SIZE, DEFAULT_BATCH_SIZE)?)
            .delay(time(self.flush_interval, FLUSH_INTERVAL, DEFAULT_FLUSH_INTERVAL)?);
        Ok(ResolvedPostgres {
            options: self.options(environment, &schema)?,
            limits,
            timeout: time(self.timeout, TIMEOUT, DEFAULT_TIMEOUT)?,
            text_limit: number(self.text_limit, TEXT_LIMIT, DEFAULT_TEXT_LIMIT)?,
            migrations,
            schema,
            service: self.service.as_deref().unwrap_or_default().replace('\0', "\u{fffd}"),
        })
    }

    fn options(&self, environment: &Environment, schema: &str) -> Result<PgConnectOptions, SettingError> {
        let (setting, url) = match &self.url {
            Some(url) => ("the URL of Postgres::to", url.as_str()),
            None => (URL, environment.get(URL).ok_or_else(|| SettingError::missing(URL, ACCEPTED_URL))?),
        };
        // The URL is never shown: what is wrong with it may be its password.
        let refused = || SettingError::secret(setting, ACCEPTED_URL);
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(refused());
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| refused())?;
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("flowspan"),
        };
        Ok(options
            // The statement is the same for every batch; to plan it anew would take longer than to run it.
            .options([("search_path", schema), ("plan_cache_mode", "force_generic_plan")])
            .disable_statement_logging())
    }
}

const ACCEPTED_URL: &str = "a URL such as postgres://user:password@host:5432/database, percent-encoded";
const ACCEPTED_SCHEMA: &str = "a name of lower-case letters, digits and `_`, 63 at most, no digit first";
const ACCEPTED_NUMBER: &str = "a whole number, at least 1";
const ACCEPTED_TIME: &str = "a whole number of milliseconds, at least 1";

/// A name that needs no quotes.
fn plain(name: &str) -> Option<String> {
    let begins = name.chars().next().is_some_and(|first| first.is_ascii_lowercase() || first == '_');
    let goes_on = name.chars().all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_');
    (begins && goes_on && name.len() <= 63).then(|| name.to_owned())
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("has_url", &self.url.is_some())
            .field("schema", &self.schema)
            .field("queue_capacity", &self.queue_capacity)
            .field("queue_bytes", &self.queue_bytes)
            .field("batch_size", &self.batch_size)
            .field("flush_interval", &self.flush_interval)
            .field("timeout", &self.timeout)
            .field("text_limit", &self.text_limit)
            .field("migrations", &self.migrations)
            .field("service", &self.service)
            .finish()
    }
}

/// A store with everything decided.
#[derive(Clone)]
pub struct ResolvedPostgres {
    pub(crate) options: PgConnectOptions,
    pub(crate) schema: String,
    pub(crate) limits: Limits,
    pub(crate) timeout: Duration,
    pub(crate) text_limit: usize,
    pub(crate) migrations: Migrations,
    pub(crate) service: String,
}

impl ResolvedPostgres {
    /// The server, database and user, as people may see them.
    pub fn target(&self) -> String {
        let user = self.options.get_username();
        let database = self.options.get_database().unwrap_or(user);
        match self.options.get_socket() {
            Some(socket) => format!("{database} at {} as {user}", socket.display()),
            None => {
                format!("{database} at {}:{} as {user}", self.options.get_host(), self.options.get_port())
            }
        }
    }

    /// The limits of the queue.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn advice(&self) -> String {
        format!(
            "is PostgreSQL running there, and may the program use {}, schema {}?",
            self.target(),
            self.schema
        )
    }
}

impl fmt::Debug for ResolvedPostgres {
    // Without the options, which would show the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedPostgres")
            .field("target", &self.target())
            .field("schema", &self.schema)
            .field("limits", &self.limits)
            .field("timeout", &self.timeout)
            .field("text_limit", &self.text_limit)
            .field("migrations", &self.migrations)
            .field("service", &self.service)
            .finish()
    }
}
