//! The kinds of work a function can be observed as.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{LitStr, Path};

/// The type of a step that does not say one.
const DEFAULT_STEP_TYPE: &str = "function";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Workflow,
    Phase,
    Step,
    Agent,
    Tool,
}

impl Kind {
    /// The name of the attribute, for messages.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Kind::Workflow => "workflow",
            Kind::Phase => "phase",
            Kind::Step => "step",
            Kind::Agent => "agent",
            Kind::Tool => "tool",
        }
    }

    /// The expression that makes the handle.
    pub(crate) fn handle(self, krate: &Path, name: &LitStr, step_type: Option<&LitStr>) -> TokenStream {
        match self {
            Kind::Workflow => quote!(#krate::Workflow::new(#name)),
            Kind::Phase => quote!(#krate::Phase::new(#name)),
            Kind::Agent => quote!(#krate::Agent::new(#name)),
            Kind::Tool => quote!(#krate::ToolCall::new(#name)),
            Kind::Step => match step_type {
                Some(step_type) => quote!(#krate::Step::new(#step_type, #name)),
                None => quote!(#krate::Step::new(#DEFAULT_STEP_TYPE, #name)),
            },
        }
    }
}
