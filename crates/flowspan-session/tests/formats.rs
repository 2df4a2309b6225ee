//! Files of the systems that flowspan learnt from, in the forms that they document.

use std::{fs, time::Duration};

use flowspan_session::SessionMetrics;

fn load(text: &str) -> SessionMetrics {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("METRICS.json");
    fs::write(&path, text).expect("written");
    let session = SessionMetrics::load(&path).unwrap_or_else(|error| panic!("{error:?}"));
    // Whatever is read can be kept in the form of flowspan's own.
    let session = session.expect("it is there");
    session.save(&path).expect("there is room");
    assert_eq!(SessionMetrics::load(&path).expect("whole").as_ref(), Some(&session));
    session
}

const M31A: &str = r#"{
  "session_id": "0f3c",
  "started_at": "2025-11-02T10:00:00.5+02:00",
  "updated_at": "2025-11-02T08:05:00Z",
  "tools": [
    {"name": "edit", "call_count": 4, "success_count": 3, "fail_count": 1, "total_duration_ms": 200, "avg_duration_ms": 50}
  ],
  "edit_strategies": null,
  "llms": [
    {"phase": "plan", "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cost": 0.25, "interaction_count": 2},
    {"phase": "execute", "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1201, "cost": 0, "interaction_count": 5,
     "prompt_hash": "abcd", "truncated_input": true}
  ],
  "phases": [
    {"phase": "plan", "duration_ms": 1500, "transition_count": 1, "heal_trigger_count": 0, "bisect_trigger_count": 0, "success": true},
    {"phase": "execute", "duration_ms": 90000, "transition_count": 3, "heal_trigger_count": 5, "heal_success_count": 2,
     "heal_fail_count": 3, "heal_duration_ms": 10, "heal_loop_count": 1, "bisect_trigger_count": 2, "bisect_success_count": 1,
     "bisect_fail_count": 1, "success": false},
    {"phase": "verify", "duration_ms": 0, "transition_count": 1, "heal_trigger_count": 0, "bisect_trigger_count": 0, "success": false}
  ],
  "startup": {"duration_ms": 12}
}"#;

#[test]
fn the_metrics_of_m31a_are_read() {
    let session = load(M31A);
    assert_eq!(session.session_id, "0f3c");
    let (started, updated) = (session.started_at.expect("known"), session.updated_at.expect("known"));
    assert_eq!(updated.duration_since(started).expect("later"), Duration::from_millis(299_500));
    let edit = &session.tools["edit"];
    assert_eq!((edit.executions, edit.success, edit.failed), (4, 3, 1));
    assert_eq!(edit.duration.average(), Some(Duration::from_millis(50)));
    assert_eq!(edit.duration.minimum, None);
    let phases = session.model_calls.by_phase();
    assert_eq!(phases.len(), 2);
    let (name, execute) = &phases[0];
    assert_eq!((*name, execute.work.executions, execute.tokens.total), (Some("execute"), 5, 1201));
    assert_eq!(execute.cost_usd, None, "zero stands for a price that it does not know");
    assert_eq!(session.model_calls.total().cost_usd, Some(0.25));
    let phase = &session.phases["execute"];
    assert_eq!((phase.transitions, phase.work.failed, phase.work.success), (3, 1, 0));
    assert_eq!((phase.heals.triggered, phase.heals.succeeded, phase.heals.failed), (5, 2, 3));
    assert_eq!((phase.bisects.triggered, phase.bisects.succeeded, phase.bisects.failed), (2, 1, 1));
    assert_eq!(phase.work.duration.total, Duration::from_secs(90));
    assert!(session.phases["plan"].is_success());
    assert_eq!(session.phases["verify"].work.executions, 0, "it has not ended");
}

#[test]
fn the_metrics_of_m31a_with_go_s_empty_lists_are_read() {
    let session = load(
        r#"{"session_id":"x","started_at":"0001-01-01T00:00:00Z","updated_at":"0001-01-01T00:00:00Z",
            "tools":null,"llms":null,"phases":null}"#,
    );
    assert_eq!(session, SessionMetrics::new("x"));
}

const GO_AGENTIC_DESIGN: &str = r#"{
  "system_metrics": {
    "start_time": "2025-12-22T10:00:00Z",
    "last_updated": "2025-12-22T10:05:00Z",
    "total_requests": 150,
    "successful_requests": 145,
    "failed_requests": 5,
    "total_execution_time": "2m30s",
    "average_request_time": "1s",
    "memory_usage_mb": 52,
    "max_memory_usage_mb": 56,
    "cache_hits": 1200,
    "cache_misses": 300,
    "cache_hit_rate": 0.80
  },
  "agent_metrics": {
    "researcher": {
      "agent_id": "researcher",
      "execution_count": 150,
      "success_count": 145,
      "error_count": 5,
      "total_duration": "2m30s",
      "average_duration": "1s",
      "tool_metrics": {
        "search_tool": {
          "execution_count": 300,
          "success_count": 290,
          "average_duration": "500ms"
        }
      }
    }
  }
}"#;

#[test]
fn the_export_of_go_agentic_s_design_is_read() {
    let session = load(GO_AGENTIC_DESIGN);
    let requests = &session.requests;
    assert_eq!((requests.executions, requests.success, requests.failed), (150, 145, 5));
    assert_eq!(requests.duration.average(), Some(Duration::from_secs(1)));
    assert_eq!(session.memory.used_bytes, Some(54_525_952));
    assert_eq!(session.memory.peak_bytes, Some(56 << 20));
    assert_eq!(session.cache.hit_rate(), 0.8);
    let agent = &session.agents["researcher"];
    assert_eq!(agent.work.duration.total, Duration::from_secs(150));
    let tool = &agent.tools["search_tool"];
    assert_eq!((tool.executions, tool.success, tool.failed), (300, 290, 10));
    assert_eq!(tool.duration.average(), Some(Duration::from_millis(500)));
    assert_eq!(&session.tools["search_tool"], tool);
}

const GO_AGENTIC_CODE: &str = r#"{
  "system_metrics": {
    "StartTime": "2025-12-25T09:00:00.123456789+07:00",
    "LastUpdated": "0001-01-01T00:00:00Z",
    "TotalRequests": 3,
    "SuccessfulRequests": 2,
    "FailedRequests": 1,
    "TotalExecutionTime": 4500000000,
    "AverageRequestTime": 1500000000,
    "MemoryUsage": 1024,
    "MaxMemoryUsage": 4096,
    "CacheHits": 0,
    "CacheMisses": 0,
    "CacheHitRate": 0,
    "AgentMetrics": {
      "a1": {
        "AgentID": "a1", "AgentName": "Analyst", "ExecutionCount": 3, "SuccessCount": 2, "ErrorCount": 1,
        "TimeoutCount": 0, "TotalDuration": 4500000000, "AverageDuration": 1500000000,
        "MinDuration": 500000000, "MaxDuration": 3000000000,
        "ToolMetrics": {
          "grep": {"ToolName": "grep", "ExecutionCount": 2, "SuccessCount": 2, "ErrorCount": 0,
                   "TotalDuration": 10, "AverageDuration": 5, "MinDuration": 4, "MaxDuration": 6}
        }
      }
    },
    "TotalTokens": 900, "TotalCost": 0.0125, "SessionTokens": 100, "SessionCost": 0.001, "LLMCallCount": 7
  }
}"#;

#[test]
fn the_export_of_go_agentic_s_code_is_read() {
    let session = load(GO_AGENTIC_CODE);
    assert!(session.started_at.is_some() && session.updated_at.is_none());
    let agent = &session.agents["a1"];
    assert_eq!((agent.work.executions, agent.work.failed), (3, 1));
    assert_eq!(agent.work.duration.minimum, Some(Duration::from_millis(500)));
    assert_eq!(agent.work.duration.maximum, Some(Duration::from_secs(3)));
    assert_eq!(agent.tools["grep"].duration.total, Duration::from_nanos(10));
    assert_eq!((session.memory.used_bytes, session.memory.peak_bytes), (Some(1024), Some(4096)));
    let calls = session.model_calls.total();
    assert_eq!((calls.work.executions, calls.tokens.total, calls.cost_usd), (7, 900, Some(0.0125)));
    assert_eq!(calls.tokens.prompt + calls.tokens.completion, 0, "it knows their sum alone");
    assert_eq!(session.cache.hit_rate(), 0.0);
}

#[test]
fn durations_are_read_as_go_prints_them() {
    for (text, expected) in [
        ("0s", Duration::ZERO),
        ("1h2m3.5s", Duration::from_millis(3_723_500)),
        ("1.5ms", Duration::from_micros(1500)),
        ("750µs", Duration::from_micros(750)),
        ("12ns", Duration::from_nanos(12)),
    ] {
        let file = format!(
            r#"{{"system_metrics":{{"total_requests":1,"total_execution_time":"{text}"}},"agent_metrics":null}}"#
        );
        assert_eq!(load(&file).requests.duration.total, expected, "{text}");
    }
}

#[test]
fn sessions_of_several_systems_can_be_one() {
    let mut all = load(M31A);
    all.merge(&load(GO_AGENTIC_DESIGN));
    all.merge(&load(GO_AGENTIC_CODE));
    assert_eq!(all.session_id, "0f3c");
    assert_eq!((all.requests.executions, all.tools.len(), all.agents.len()), (153, 3, 2));
    assert_eq!(all.model_calls.total().tokens.total, 120 + 1201 + 900);
    assert_eq!(all.memory.peak_bytes, Some(56 << 20));
}

#[test]
fn a_damaged_file_of_another_system_is_an_error_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("METRICS.json");
    for (whole, part, wrong) in [
        (M31A, "\"call_count\": 4", "\"call_count\": -4"),
        (M31A, "2025-11-02T08:05:00Z", "yesterday"),
        (GO_AGENTIC_DESIGN, "\"2m30s\"", "\"two minutes and a bit\""),
        (GO_AGENTIC_CODE, "4500000000", "-4500000000"),
    ] {
        fs::write(&path, whole.replacen(part, wrong, 1)).expect("written");
        assert!(SessionMetrics::load(&path).is_err(), "{wrong}");
    }
}
