//! A part never outlives the process that started it, however that one ends.

use std::{
    env,
    error::Error,
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use flowspan_stack::{Collector, Part, require, wait_until};

/// Set in the process that starts a part and is killed.
const VICTIM: &str = "FLOWSPAN_STACK_TEST_VICTIM";
const MARK: &str = "listens at ";

#[test]
fn a_killed_process_leaves_no_part_behind() -> Result<(), Box<dyn Error>> {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    if env::var_os(VICTIM).is_some() {
        return start_a_part_and_wait();
    }
    let mut victim = Command::new(env::current_exe()?)
        .args(["--exact", "a_killed_process_leaves_no_part_behind", "--nocapture"])
        .env(VICTIM, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(victim.stdout.take().ok_or("no output")?);
    let address = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once(MARK)?.1.to_owned()))
        .ok_or("the other process did not start a part")?;
    assert!(TcpStream::connect(&address).is_ok());

    victim.kill()?;
    victim.wait()?;
    let gone = || TcpStream::connect(&address).is_err().then_some(());
    wait_until(Duration::from_secs(20), gone).ok_or("the part lives on")?;
    Ok(())
}

fn start_a_part_and_wait() -> Result<(), Box<dyn Error>> {
    let collector = Collector::builder().into_files().start()?;
    writeln!(io::stdout(), "{MARK}{}", collector.otlp_http_endpoint().replace("http://", ""))?;
    // Ends when the other process is gone, should that one be killed first.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
