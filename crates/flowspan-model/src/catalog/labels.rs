//! The labels that metrics have in common, each with its limit.

use super::Label;
use crate::Field;

pub(super) const WORKFLOW: Label = Label { name: "workflow_name", from: &[Field::WorkflowName], limit: 100 };
pub(super) const STATUS: Label = Label { name: "status", from: &[Field::Status], limit: 4 };
pub(super) const STEP_TYPE: Label = Label { name: "step_type", from: &[Field::StepType], limit: 20 };
pub(super) const STEP: Label = Label { name: "step_name", from: &[Field::StepName], limit: 200 };
pub(super) const PHASE: Label = Label { name: "phase", from: &[Field::PhaseName], limit: 50 };
pub(super) const AGENT: Label = Label { name: "agent_name", from: &[Field::AgentName], limit: 100 };
// Not `job`: that is Prometheus' own word for what it scrapes. A scrape renames such a label, and the
// Collector's exporter drops metrics that have it.
pub(super) const JOB: Label = Label { name: "job_name", from: &[Field::Job], limit: 100 };
pub(super) const TOOL: Label = Label { name: "tool_name", from: &[Field::ToolName], limit: 200 };
pub(super) const PROVIDER: Label = Label { name: "provider", from: &[Field::Provider], limit: 30 };
pub(super) const MODEL: Label =
    Label { name: "model", from: &[Field::RequestModel, Field::ResponseModel], limit: 100 };
pub(super) const ERROR_TYPE: Label = Label { name: "error_type", from: &[Field::ErrorType], limit: 50 };
pub(super) const ITEM_STATUS: Label =
    Label { name: "status", from: &[Field::ItemOutcome, Field::Status], limit: 5 };
pub(super) const VALIDATION_RESULT: Label =
    Label { name: "result", from: &[Field::ValidationResult], limit: 2 };
/// Set by the sources, one for each kind of token; taken from no field.
pub(super) const TOKEN_TYPE: Label = Label { name: "token_type", from: &[], limit: 5 };
pub(super) const OUTCOME_OF_HEAL: Label = Label { name: "outcome", from: &[Field::HealOutcome], limit: 3 };
pub(super) const OUTCOME_OF_BISECT: Label =
    Label { name: "outcome", from: &[Field::BisectOutcome], limit: 3 };
pub(super) const HANDOFF_TARGET: Label = Label { name: "target", from: &[Field::HandoffTarget], limit: 100 };
pub(super) const EVALUATION: Label = Label { name: "evaluation", from: &[Field::EvaluationName], limit: 50 };
pub(super) const SCORE_LABEL: Label = Label { name: "label", from: &[Field::EvaluationLabel], limit: 20 };
pub(super) const CACHE: Label = Label { name: "cache", from: &[Field::CacheName], limit: 50 };
pub(super) const QUEUE: Label = Label { name: "queue", from: &[Field::QueueName], limit: 50 };
/// Spans, metrics or logs; set by whoever reads the accounts.
pub(super) const SIGNAL: Label = Label { name: "signal", from: &[], limit: 4 };
/// Why telemetry was lost, from a closed set.
pub(super) const DROP_REASON: Label = Label { name: "reason", from: &[], limit: 20 };
/// Time of the program's own, or of the system for it; the name is that of the convention.
pub(super) const CPU_MODE: Label = Label { name: "cpu.mode", from: &[], limit: 2 };
/// The metric of a label that was bounded, from those that there are.
pub(super) const BOUNDED_METRIC: Label = Label { name: "metric", from: &[], limit: 200 };
/// The label that was bounded.
pub(super) const BOUNDED_LABEL: Label = Label { name: "label", from: &[], limit: 200 };
/// Why a number of a usage was refused, from a closed set.
pub(super) const REFUSAL: Label = Label { name: "reason", from: &[], limit: 5 };
/// As what a call was told that had been counted: `wrapper` or `repeated`.
pub(super) const SECOND_TELLING: Label = Label { name: "as", from: &[], limit: 2 };
/// The provider of a model without a price; whoever counts them bounds both.
pub(super) const UNPRICED_PROVIDER: Label = Label { name: "provider", from: &[], limit: 101 };
/// A model without a price.
pub(super) const UNPRICED_MODEL: Label = Label { name: "model", from: &[], limit: 101 };

/// The labels of OpenTelemetry's GenAI convention, under its names.
pub(super) mod gen_ai {
    use crate::{Field, catalog::Label};

    pub(crate) const OPERATION: Label =
        Label { name: "gen_ai.operation.name", from: &[Field::Operation], limit: 20 };
    pub(crate) const PROVIDER: Label =
        Label { name: "gen_ai.provider.name", from: &[Field::Provider], limit: 30 };
    pub(crate) const REQUEST_MODEL: Label =
        Label { name: "gen_ai.request.model", from: &[Field::RequestModel], limit: 100 };
    pub(crate) const RESPONSE_MODEL: Label =
        Label { name: "gen_ai.response.model", from: &[Field::ResponseModel], limit: 100 };
    pub(crate) const SERVER_ADDRESS: Label =
        Label { name: "server.address", from: &[Field::ServerAddress], limit: 50 };
    pub(crate) const SERVER_PORT: Label =
        Label { name: "server.port", from: &[Field::ServerPort], limit: 20 };
    /// Set by the sources.
    pub(crate) const TOKEN_MODALITY: Label = Label { name: "gen_ai.token.modality", from: &[], limit: 4 };
    /// Set by the sources.
    pub(crate) const TOKEN_TYPE: Label = Label { name: "gen_ai.token.type", from: &[], limit: 2 };
    pub(crate) const WORKFLOW: Label =
        Label { name: "gen_ai.workflow.name", from: &[Field::WorkflowName], limit: 100 };
    pub(crate) const AGENT: Label =
        Label { name: "gen_ai.agent.name", from: &[Field::AgentName], limit: 100 };
    pub(crate) const TOOL: Label = Label { name: "gen_ai.tool.name", from: &[Field::ToolName], limit: 200 };
    pub(crate) const TOOL_TYPE: Label =
        Label { name: "gen_ai.tool.type", from: &[Field::ToolType], limit: 10 };
    pub(crate) const ERROR_TYPE: Label = Label { name: "error.type", from: &[Field::ErrorType], limit: 50 };
}
