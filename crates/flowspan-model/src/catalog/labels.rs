//! The labels that metrics have in common, each with its limit.

use super::Label;
use crate::Field;

pub(super) const WORKFLOW: Label = Label { name: "workflow_name", from: &[Field::WorkflowName], limit: 100 };
pub(super) const STATUS: Label = Label { name: "status", from: &[Field::Status], limit: 4 };
pub(super) const STEP_TYPE: Label = Label { name: "step_type", from: &[Field::StepType], limit: 20 };
pub(super) const STEP: Label = Label { name: "step_name", from: &[Field::StepName], limit: 200 };
pub(super) const PHASE: Label = Label { name: "phase", from: &[Field::PhaseName], limit: 50 };
pub(super) const AGENT: Label = Label { name: "agent_name", from: &[Field::AgentName], limit: 100 };
pub(super) const JOB: Label = Label { name: "job", from: &[Field::Job], limit: 100 };
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
