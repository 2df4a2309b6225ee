//! Workflows, their phases and their steps.

use super::row::{
    STEP_SECONDS, WORKFLOW_SECONDS, counter, ended, failed, lasted, left, occurred, running, seconds, started,
};
use crate::{
    Kind,
    catalog::{
        Metric,
        labels::{
            ERROR_TYPE, OUTCOME_OF_BISECT, OUTCOME_OF_HEAL, PHASE, STATUS, STEP, STEP_TYPE,
            VALIDATION_RESULT, WORKFLOW,
        },
    },
};

pub(super) const ROWS: &[Metric] = &[
    counter("workflow.executions", "{execution}", "Workflows that ended, by outcome.")
        .labels(&[WORKFLOW, STATUS])
        .fed_by(&[ended(Kind::Workflow)])
        .answers(&[
            "003 prodigy_workflow_executions_total",
            "000 clutch_executions_total",
            "001 crew_requests_total",
        ]),
    seconds("workflow.duration", "How long workflows took.", WORKFLOW_SECONDS)
        .labels(&[WORKFLOW, STATUS])
        .fed_by(&[lasted(Kind::Workflow)])
        .answers(&[
            "003 prodigy_workflow_duration_seconds",
            "000 clutch_execution_duration_seconds",
            "001 crew_request_duration_seconds",
        ]),
    counter("workflow.steps", "{step}", "Steps that ended inside workflows.")
        .labels(&[WORKFLOW])
        .fed_by(&[ended(Kind::Step)])
        .answers(&["003 prodigy_workflow_steps_total"]),
    running("workflow.active", "{workflow}", "Workflows that run now.")
        .labels(&[WORKFLOW])
        .fed_by(&[started(Kind::Workflow), left(Kind::Workflow)])
        .answers(&["003 prodigy_workflow_active", "000 clutch_active_executions"]),
    counter("step.executions", "{execution}", "Steps that ended, by outcome.")
        .labels(&[STEP_TYPE, STATUS, WORKFLOW, STEP])
        .fed_by(&[ended(Kind::Step)])
        .answers(&["003 prodigy_step_executions_total"]),
    seconds("step.duration", "How long steps took.", STEP_SECONDS)
        .labels(&[STEP_TYPE, WORKFLOW, STEP])
        .fed_by(&[lasted(Kind::Step)])
        .answers(&["003 prodigy_step_duration_seconds", "000 clutch_step_duration_seconds"]),
    counter("step.errors", "{error}", "Steps that ended with an error, by its class.")
        .labels(&[STEP_TYPE, ERROR_TYPE])
        .fed_by(&[failed(Kind::Step)])
        .answers(&["000 clutch_step_errors_total"]),
    counter("step.on_failure_recoveries", "{recovery}", "On-failure handlers that ran.")
        .labels(&[STEP_TYPE])
        .fed_by(&[occurred(Kind::Recovery)])
        .answers(&["003 prodigy_step_on_failure_recoveries_total"]),
    counter("step.validations", "{validation}", "Results that were checked, by outcome.")
        .labels(&[STEP_TYPE, VALIDATION_RESULT])
        .fed_by(&[occurred(Kind::Validation)])
        .answers(&["003 prodigy_step_validations_total"]),
    counter("step.retries", "{retry}", "Further attempts at the same work.")
        .labels(&[STEP_TYPE])
        .fed_by(&[occurred(Kind::Retry)])
        .answers(&["001 Retries"]),
    seconds("phase.duration", "How long phases took.", WORKFLOW_SECONDS)
        .labels(&[PHASE, STATUS])
        .fed_by(&[lasted(Kind::Phase)])
        .answers(&["002 phases.duration_ms", "002 phases.success"]),
    counter("phase.transitions", "{transition}", "Phases that were entered.")
        .labels(&[PHASE])
        .fed_by(&[started(Kind::Phase), occurred(Kind::PhaseTransition)])
        .answers(&["002 phases.transition_count"]),
    counter("phase.heals", "{heal}", "Attempts of phases to repair their results, by how far they came.")
        .labels(&[PHASE, OUTCOME_OF_HEAL])
        .fed_by(&[occurred(Kind::Heal)])
        .answers(&["002 phases.heal_trigger_count"]),
    counter(
        "phase.bisects",
        "{bisect}",
        "Searches of phases for the change that broke them, by how far they came.",
    )
    .labels(&[PHASE, OUTCOME_OF_BISECT])
    .fed_by(&[occurred(Kind::Bisect)])
    .answers(&["002 phases.bisect_trigger_count"]),
];
