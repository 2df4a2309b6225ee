//! A program that is killed while it saves. The test starts itself as that program.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use flowspan_session::SessionMetrics;

const PLACE: &str = "FLOWSPAN_TEST_SAVES_INTO";
const ROUNDS: u64 = 20;

/// Not a test of its own: what the killed program does.
#[test]
fn saves_until_it_is_killed() {
    let Some(path) = env::var_os(PLACE) else { return };
    let mut session = SessionMetrics::new("s");
    for save in 1.. {
        session.retries = save;
        for agent in 0..100 {
            session.agents.entry(format!("agent {agent}")).or_default().work.executions = save;
        }
        session.save(&path).expect("there is room");
        println!("saved {save}");
    }
}

#[test]
fn whoever_is_killed_while_he_saves_leaves_a_whole_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("session.json");
    for round in 0..ROUNDS {
        let mut program = Command::new(env::current_exe().expect("it runs"))
            .args(["--exact", "saves_until_it_is_killed", "--nocapture"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(program.stdout.take().expect("piped")).lines();
        let saved = lines
            .map(|line| line.expect("text"))
            .filter_map(|line| line.rsplit_once("saved ").and_then(|(_, save)| save.parse::<u64>().ok()))
            // A different moment each time, in the middle of one of the next saves.
            .find(|save| *save > round)
            .expect("it saves");
        program.kill().expect("it runs");
        program.wait().expect("it ends");
        let session = SessionMetrics::load(&path).expect("the file is whole").expect("it is there");
        assert!(session.retries >= saved, "what was said to be saved is there");
        assert!(session.agents.values().all(|agent| agent.work.executions == session.retries), "of one save");
    }
    let left = fs::read_dir(directory.path())
        .expect("it is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    for name in left {
        assert!(
            name == "session.json" || (name.starts_with(".session-") && name.ends_with(".tmp")),
            "{name}"
        );
    }
}

#[test]
fn what_a_crash_left_beside_the_file_changes_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("session.json");
    let mut session = SessionMetrics::new("s");
    session.retries = 1;
    session.save(&path).expect("there is room");
    fs::write(directory.path().join(".session-crash.tmp"), "{\"format\": \"flowsp").expect("written");
    assert_eq!(SessionMetrics::load(&path).expect("whole"), Some(session.clone()));
    session.retries = 2;
    session.save(&path).expect("there is room");
    assert_eq!(SessionMetrics::load(&path).expect("whole"), Some(session));
}
