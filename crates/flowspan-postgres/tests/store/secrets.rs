//! The password is shown nowhere, and TLS is what the URL asks for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use flowspan_model::{Event, EventSink as _, Kind, Moment};
use flowspan_postgres::{Postgres, migrate};
use flowspan_runtime::{Environment, ExporterStatus};
use flowspan_stack::{Part, Postgres as Server, require};

use crate::support::{Rig, SOON, resolved};

const CANARY: &str = "c4n4ry-p4ss";

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    // The server runs as another user.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    directory
}

fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("permissions");
    path.display().to_string()
}

#[test]
fn a_wrong_password_is_reported_without_it() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let directory = directory();
    let rules = write(
        &directory.path().join("hba"),
        "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
    );
    let server = Server::start_with(&[("hba_file", &rules)]).expect("PostgreSQL");
    server
        .psql("CREATE ROLE bot LOGIN PASSWORD 'right'; GRANT CREATE ON DATABASE postgres TO bot")
        .expect("a role");
    let url =
        |password: &str| server.url().replace("postgres://postgres@", &format!("postgres://bot:{password}@"));

    let config = Postgres::to(url(CANARY));
    let rig = Rig::start(&config);
    rig.store.event(&Event::new(Moment::Occurred, Kind::Retry));
    let flush = rig.store.flush(Duration::from_millis(500));
    assert!(flush.is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let error = runtime.block_on(migrate(&resolved(&config))).expect_err("the password is wrong");
    let status = rig.health.exporters()[0].status.clone();
    assert!(
        matches!(&status, ExporterStatus::Failing { last_error, .. } if last_error.contains("28P01")),
        "{status:?}"
    );
    let everything = format!(
        "{config:?} {:?} {:?} {status:?} {:?} {error:?} {error} {flush:?} {:?}",
        resolved(&config),
        rig.store,
        rig.reports(),
        rig.health
    );
    assert!(!everything.contains(CANARY), "{everything}");

    let rig = Rig::start(&Postgres::to(url("right")));
    rig.store.event(&Event::new(Moment::Occurred, Kind::Retry));
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
}

#[test]
fn a_url_that_cannot_be_read_is_not_shown() {
    for url in [
        "postgres://bot:c4n4ry-p4ss@host:port/db",
        "mysql://bot:c4n4ry-p4ss@host/db",
        "bot:c4n4ry-p4ss@host",
        "postgres://bot:c4n4ry-p4ss@ho st/db",
        "postgres://bot:c4n4ry-p4ss/@[::1/db",
        "postgres://bot:c4n4ry-p4ss@host/db?sslmode=c4n4ry-p4ss",
    ] {
        let error = Postgres::to(url).resolve(&Environment::empty()).expect_err(url);
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
        let environment = Environment::from_pairs([("FLOWSPAN_POSTGRES_URL", url)]);
        let error = Postgres::from_env().resolve(&environment).expect_err(url).to_string();
        assert!(error.starts_with("FLOWSPAN_POSTGRES_URL is [redacted], but must be"), "{error}");
    }
}

#[test]
fn tls_is_what_the_url_asks_for() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let directory = directory();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
        .expect("a certificate");
    let certificate = write(&directory.path().join("server.crt"), &certified.cert.pem());
    // A key must belong to the server's user or be for root's group only: the server makes the copy.
    let key = certified.signing_key.serialize_pem();
    let server = Server::start().expect("PostgreSQL");
    let copy = format!(
        "CREATE TEMP TABLE pem AS SELECT unnest(string_to_array('{key}', E'\\n')) AS line; \
         COPY pem TO PROGRAM 'umask 077; cat > server.key'"
    );
    server.psql(&copy).expect("a key");
    server.psql(&format!("ALTER SYSTEM SET ssl_cert_file = '{certificate}'")).expect("a setting");
    server.psql("ALTER SYSTEM SET ssl = on").expect("a setting");
    server.psql("SELECT pg_reload_conf()").expect("a reload");
    flowspan_stack::wait_until(SOON, || (server.psql("SHOW ssl").ok()?.trim() == "on").then_some(()))
        .expect("TLS");

    let store = |parameters: &str| {
        let rig = Rig::start(&Postgres::to(format!("{}?{parameters}", server.url())));
        rig.store.event(&Event::new(Moment::Occurred, Kind::Retry));
        let flushed =
            rig.store.flush(if parameters.contains("strangers") { Duration::from_millis(500) } else { SOON });
        let encrypted = server.psql("SELECT bool_or(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'flowspan'").expect("a row");
        (flushed.is_ok(), encrypted.trim().to_owned(), rig.reports())
    };
    assert_eq!(store("sslmode=disable"), (true, "f".to_owned(), vec![]));
    assert_eq!(store("sslmode=require"), (true, "t".to_owned(), vec![]));
    assert_eq!(
        store(&format!("sslmode=verify-full&sslrootcert={certificate}")),
        (true, "t".to_owned(), vec![])
    );
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let strangers = write(&directory.path().join("strangers.crt"), &stranger.cert.pem());
    let (stored, _, reports) = store(&format!("sslmode=verify-full&sslrootcert={strangers}"));
    assert!(!stored && !reports.is_empty(), "a server that nobody vouches for gets nothing: {reports:?}");
}
