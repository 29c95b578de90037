//! A valid event, and the one with which the function calls itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Action;
use crate::select::Only;

/// The longest `reason` that is taken.
pub const MAX_REASON: usize = 200;
/// Lambda's recursive-loop detection ends a chain after about 16 self-invocations
/// (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html): stay well below.
pub const MAX_DEPTH: u32 = 12;

/// A valid event.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub action: Action,
    /// `None`: as `DRY_RUN_DEFAULT` says.
    pub dry_run: Option<bool>,
    pub only: Only,
    pub reason: Option<String>,
    pub wait: bool,
    pub notify: bool,
    pub schedule: Option<Schedule>,
    pub continuation: Option<Continuation>,
    /// The key of a kept report, below the state's prefix, whose originals a start is to bring back
    /// because the state that held them is lost.
    pub originals_from: Option<String>,
}

/// One planned run of one schedule. The same pair twice is the same operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub arn: String,
    pub time: Timestamp,
}

/// Written by the function itself when it hands an operation on to its next invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    pub operation_id: String,
    pub depth: u32,
    /// When the operation was asked for: of two that are opposed, the newer wins.
    pub asked_at: Timestamp,
}

impl Request {
    /// The event with which the function calls itself to go on with this operation.
    pub fn continue_as(&self, continuation: &Continuation) -> Value {
        let mut event = Map::new();
        event.insert("action".into(), self.action.as_str().into());
        event.insert("dry_run".into(), false.into());
        if !self.only.everything() {
            event.insert("only".into(), self.only.0.iter().map(ToString::to_string).collect());
        }
        if let Some(reason) = &self.reason {
            event.insert("reason".into(), reason.as_str().into());
        }
        if let Some(key) = &self.originals_from {
            event.insert("originals_from".into(), key.as_str().into());
        }
        event.insert("continuation".into(), serde_json::json!(continuation));
        Value::Object(event)
    }
}
