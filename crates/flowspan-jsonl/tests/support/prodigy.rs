//! A log of Prodigy in its documented form, with damage, and what is true of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the log holds, counted while it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Truth {
    pub(crate) lines: u64,
    pub(crate) blank: u64,
    pub(crate) accepted: u64,
    pub(crate) unknown: u64,
    pub(crate) malformed: u64,
    /// Events that the accepted lines become.
    pub(crate) events: u64,
    pub(crate) by_type: BTreeMap<&'static str, u64>,
    /// Tokens that no cache had.
    pub(crate) uncached: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) agent_seconds: f64,
    pub(crate) reprocessed: u64,
    pub(crate) evicted: u64,
    pub(crate) last_queue_depth: u64,
}

impl Truth {
    /// How many lines of this type were made.
    pub(crate) fn of(&self, event_type: &str) -> u64 {
        self.by_type.get(event_type).copied().unwrap_or(0)
    }
}

/// Numbers that look like chance and are the same each time (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % bound
    }
}

struct Log {
    text: Vec<u8>,
    truth: Truth,
    chance: Chance,
    second: u64,
}

/// A log of so many events, and lines that are none among them.
pub(crate) fn log(events: u64, seed: u64) -> (Vec<u8>, Truth) {
    let mut log = Log {
        text: b"\xef\xbb\xbf".to_vec(),
        truth: Truth::default(),
        chance: Chance(seed | 1),
        second: 1_767_225_600,
    };
    log.event("job_started", r#""job_id":"job-1","config":{"max_parallel":8},"total_items":9000,"timestamp":"2026-01-01T00:00:00Z""#);
    let mut made = 1;
    while made < events {
        match log.chance.below(40) {
            0 => log.damaged(),
            1 => log.unknown(),
            2 => log.blank(),
            _ => {
                log.any();
                made += 1;
            }
        }
    }
    (log.text, log.truth)
}

impl Log {
    fn line(&mut self, line: &[u8]) {
        self.text.extend(line);
        // Logs that have been on other systems have other line breaks.
        self.text.extend_from_slice(if self.chance.below(10) == 0 { b"\r\n" } else { b"\n" });
        self.truth.lines += 1;
    }

    fn record(&mut self, event_type: &str, rest: &str) -> String {
        self.second += self.chance.below(3);
        let (day, second) = (self.second / 86_400 - 20_453, self.second % 86_400);
        let id = (self.chance.below(1 << 50), self.truth.lines);
        let mut line =
            format!(r#"{{"id":"{:08x}-0000-4000-8000-{:012x}","timestamp":"#, id.0 & 0xffff_ffff, id.1);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let fraction = self.chance.below(1_000_000_000);
        let zone = if self.chance.below(2) == 0 { "Z" } else { "+00:00" };
        let _ = write!(
            line,
            r#""2026-01-{:02}T{hour:02}:{minute:02}:{:02}.{fraction:09}{zone}","#,
            day,
            second % 60
        );
        let _ = write!(line, r#""correlation_id":"4f9c","event":{{"event_type":"{event_type}",{rest}}},"#);
        line + r#""metadata":{"host":"localhost","pid":4711,"thread":"ThreadId(2)"}}"#
    }

    fn event(&mut self, event_type: &str, rest: &str) {
        let line = self.record(event_type, rest);
        self.line(line.as_bytes());
        self.truth.accepted += 1;
    }

    fn counted(&mut self, event_type: &'static str, becomes: u64, rest: &str) {
        // serde and the documentation spell these differently.
        let spelling = match event_type.strip_prefix("dlq_") {
            Some(rest) if self.chance.below(2) == 0 => format!("d_l_q_{rest}"),
            _ => event_type.to_owned(),
        };
        self.event(&spelling, rest);
        *self.truth.by_type.entry(event_type).or_default() += 1;
        self.truth.events += becomes;
    }

    fn duration(&mut self) -> String {
        let (seconds, quarters) = (self.chance.below(300), self.chance.below(4));
        self.truth.agent_seconds += seconds as f64 + quarters as f64 / 4.0;
        let nanoseconds = quarters * 250_000_000;
        match self.chance.below(2) {
            0 => format!("[{seconds},{nanoseconds}]"),
            _ => format!(r#"{{"secs":{seconds},"nanos":{nanoseconds}}}"#),
        }
    }

    fn any(&mut self) {
        let agent = self.chance.below(500);
        let ids = format!(r#""job_id":"job-1","agent_id":"agent-{agent}""#);
        match self.chance.below(20) {
            0..3 => self.counted(
                "agent_started",
                2,
                &format!(r#"{ids},"item_id":"item-{agent}","worktree":"w-{agent}","attempt":1"#),
            ),
            3..6 => {
                let duration = self.duration();
                let rest =
                    format!(r#"{ids},"duration":{duration},"commits":["ab12"],"json_log_location":null"#);
                self.counted("agent_completed", 2, &rest);
            }
            6 => self.counted(
                "agent_failed",
                2,
                &format!(r#"{ids},"error":"tests \"failed\" \u00e9","retry_eligible":true"#),
            ),
            7 => self.counted("agent_retrying", 1, &format!(r#"{ids},"attempt":2,"backoff_ms":1500"#)),
            8 => {
                self.counted("checkpoint_created", 1, r#""job_id":"job-1","version":3,"agents_completed":10"#)
            }
            9 => self.counted(
                "worktree_created",
                1,
                &format!(r#"{ids},"worktree_name":"w-{agent}","branch":"b-{agent}""#),
            ),
            10 => {
                let depth = self.chance.below(1_000);
                self.truth.last_queue_depth = depth;
                self.counted(
                    "queue_depth_changed",
                    1,
                    &format!(r#""job_id":"job-1","pending":{depth},"active":4,"completed":7"#),
                );
            }
            11 => self.counted(
                "dlq_item_added",
                1,
                &format!(
                    r#""job_id":"job-1","item_id":"item-{agent}","error_signature":"E1","failure_count":3"#
                ),
            ),
            12 => match self.chance.below(3) {
                0 => self.counted(
                    "dlq_item_removed",
                    1,
                    &format!(r#""job_id":"job-1","item_id":"item-{agent}""#),
                ),
                1 => {
                    let count = self.chance.below(4);
                    self.truth.reprocessed += count;
                    self.counted("dlq_items_reprocessed", 1, &format!(r#""job_id":"job-1","count":{count}"#));
                }
                _ => {
                    let count = self.chance.below(4);
                    self.truth.evicted += count;
                    self.counted("dlq_items_evicted", 1, &format!(r#""job_id":"job-1","count":{count}"#));
                }
            },
            13..16 => {
                let [uncached, output, cached] = [4_000, 900, 20_000].map(|bound| self.chance.below(bound));
                self.truth.uncached += uncached;
                self.truth.output += output;
                self.truth.cached += cached;
                let rest = format!(
                    r#""agent_id":"agent-{agent}","input_tokens":{uncached},"output_tokens":{output},"cache_tokens":{cached}"#
                );
                self.counted("claude_token_usage", 1, &rest);
            }
            16..18 => {
                let tool = ["Bash", "Edit", "Read"][self.chance.below(3) as usize];
                let rest = format!(
                    r#""agent_id":"agent-{agent}","tool_name":"{tool}","tool_id":"toolu_{}","parameters":{{"command":"ls","id":[1]}},"timestamp":"2026-01-01T00:00:00Z""#,
                    self.truth.lines
                );
                self.counted("claude_tool_invoked", 1, &rest);
            }
            18 => {
                let rest = format!(
                    r#""agent_id":"agent-{agent}","session_id":"s-{agent}","model":"claude-sonnet","tools":["Bash"]"#
                );
                self.counted("claude_session_started", 1, &rest);
            }
            _ => self.counted(
                "claude_message",
                0,
                &format!(r#""agent_id":"agent-{agent}","content":"a long\ntext","message_type":"assistant""#),
            ),
        }
    }

    fn unknown(&mut self) {
        // Its parts may have any form, those of known names too.
        let line = self.record("agent_dreamed", r#""job_id":["job-1"],"version":"two","about":{"sheep":1}"#);
        self.line(line.as_bytes());
        self.truth.unknown += 1;
    }

    fn blank(&mut self) {
        self.line(if self.truth.lines.is_multiple_of(2) { b"" } else { b"  \t" });
        self.truth.blank += 1;
    }

    fn damaged(&mut self) {
        let whole = self.record(
            "job_failed",
            r#""job_id":"job-1","error":"the job \u0041 was broken off","partial_results":[]"#,
        );
        let cut = 10 + self.chance.below(whole.len() as u64 - 20) as usize;
        let line = match self.chance.below(9) {
            // The writer was killed, the disk was full.
            0 => whole.as_bytes()[..cut].to_vec(),
            // Two writers at once.
            1 => [&whole.as_bytes()[..cut], whole.as_bytes()].concat(),
            2 => [whole.as_bytes(), b"\xff\xfe"].concat(),
            // The machine went down.
            3 => [&[0; 512], whole.as_bytes()].concat(),
            4 => whole.replace("\"event_type\"", "\"event_kind\"").into_bytes(),
            5 => whole.replace("\"job_id\"", "\"jobid\"").into_bytes(),
            6 => whole.replace("2026-", "2026-13-").into_bytes(),
            7 => b"thread 'main' panicked at src/main.rs:1:1:".to_vec(),
            _ => {
                let rest = r#""job_id":"job-1","duration":[-5,0],"success_count":1,"failure_count":0"#;
                self.record("job_completed", rest).into_bytes()
            }
        };
        self.line(&line);
        self.truth.malformed += 1;
    }
}
