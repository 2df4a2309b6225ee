//! Asking Prometheus and PostgreSQL as Grafana does.

use std::time::{Duration, SystemTime};

use flowspan_dashboards::{Question, Target};
use flowspan_stack::{Postgres, Prometheus};
use serde_json::Value;

/// The numbers of an answer, series by series, or its rows.
pub(crate) type Answer = Result<Vec<String>, String>;

/// How far a range query looks back, and its step.
const BACK: Duration = Duration::from_secs(90);
const STEP: &str = "5s";

/// The values of an answer; none if nothing is there. What is not a number is nothing, too.
pub(crate) fn ask(target: &Target, prometheus: &Prometheus, store: &Postgres) -> Answer {
    match &target.question {
        Question::Instant(query) => instant(prometheus, query),
        Question::Range(query) => range(prometheus, query),
        Question::Sql(query) => {
            let rows = store.psql(query).map_err(|error| format!("{error:?}"))?;
            Ok(rows.lines().filter(|row| !row.is_empty()).map(str::to_owned).collect())
        }
    }
}

pub(crate) fn instant(prometheus: &Prometheus, query: &str) -> Answer {
    let samples = prometheus.query(query).map_err(|error| format!("{error:?}"))?;
    Ok(samples
        .into_iter()
        .filter(|sample| !sample.value.is_nan())
        .map(|sample| sample.value.to_string())
        .collect())
}

pub(crate) fn range(prometheus: &Prometheus, query: &str) -> Answer {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
    let seconds = |time: Duration| time.as_secs_f64().to_string();
    let url = format!("{}/api/v1/query_range", prometheus.url());
    let mut answer = ureq::get(&url)
        .query("query", query)
        .query("start", seconds(now - BACK))
        .query("end", seconds(now))
        .query("step", STEP)
        .config()
        .http_status_as_error(false)
        .build()
        .call()
        .map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if answer["status"] != "success" {
        return Err(text);
    }
    let series = answer["data"]["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    let values =
        series.iter().flat_map(|series| series["values"].as_array().map(Vec::as_slice).unwrap_or_default());
    Ok(values
        .filter_map(|value| value[1].as_str())
        .filter(|value| *value != "NaN")
        .map(str::to_owned)
        .collect())
}
