//! Questions that a metric answers.

use crate::catalog::{Instrument, Metric};

/// A question in PromQL that this metric answers under this namespace: the rate of a counter, the 95th
/// percentile of a histogram, the state of a gauge, by all labels.
pub fn example_query(metric: &Metric, namespace: &str) -> String {
    let name = metric.prometheus_name(namespace);
    let labels: Vec<String> = metric.labels.iter().map(|label| label.name.replace('.', "_")).collect();
    let by = labels.join(", ");
    match (metric.instrument, by.is_empty()) {
        (Instrument::Counter | Instrument::FloatCounter, true) => format!("sum(rate({name}[5m]))"),
        (Instrument::Counter | Instrument::FloatCounter, false) => {
            format!("sum by ({by}) (rate({name}[5m]))")
        }
        (Instrument::Histogram, true) => {
            format!("histogram_quantile(0.95, sum by (le) (rate({name}_bucket[5m])))")
        }
        (Instrument::Histogram, false) => {
            format!("histogram_quantile(0.95, sum by (le, {by}) (rate({name}_bucket[5m])))")
        }
        // The last number of each program: their sum means something only for what is counted.
        (Instrument::Gauge, true) => format!("max({name})"),
        (Instrument::Gauge, false) => format!("max by ({by}) ({name})"),
        (Instrument::UpDownCounter, true) => format!("sum({name})"),
        (Instrument::UpDownCounter, false) => format!("sum by ({by}) ({name})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn each_instrument_has_its_question() {
        for (name, query) in [
            ("checkpoints.created", "sum(rate(a_checkpoints_created_total[5m]))"),
            ("workflow.active", "sum by (workflow_name) (a_workflow_active)"),
            ("queue.depth", "max by (queue) (a_queue_depth)"),
            (
                "agent.blocked",
                "histogram_quantile(0.95, sum by (le, agent_name) (rate(a_agent_blocked_seconds_bucket[5m])))",
            ),
            ("process.cpu.time", "sum by (cpu_mode) (rate(process_cpu_time_seconds_total[5m]))"),
        ] {
            let metric = catalog::metric(name).expect("it is in the catalog");
            assert_eq!(example_query(metric, "a"), query);
        }
    }
}
