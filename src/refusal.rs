//! A refusal says why an invocation ended without a report.

use thiserror::Error;

use crate::config::BadConfig;
use crate::event::BadEvent;
use crate::ledger::LedgerError;

/// A refusal says why an invocation ended without a report.
///
/// Lambda counts it as a function error.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error(transparent)]
    Event(#[from] BadEvent),
    #[error(transparent)]
    State(#[from] LedgerError),
    #[error("the rest could not be handed on, and is left to the next event: {0}")]
    NotHandedOn(String),
    #[error(
        "looking at the account took all the time that the function has: nothing was changed. \
         Name fewer resources with `only`, or give the function a longer timeout"
    )]
    TooMuch,
    #[error("the report {key} cannot be used, nothing was changed: {why}")]
    Originals { key: String, why: String },
}

impl Refusal {
    /// Returns the `errorType` of Lambda's answer.
    pub fn error_type(&self) -> &'static str {
        match self {
            Refusal::Config(_) => "BadConfiguration",
            Refusal::Event(_) => "BadEvent",
            Refusal::NotHandedOn(_) => "NotHandedOn",
            Refusal::TooMuch => "TooMuch",
            Refusal::State(_) | Refusal::Originals { .. } => "StateError",
        }
    }
}
