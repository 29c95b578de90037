//! A request is what a valid event asks for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Action;
use crate::select::Only;

/// A `reason` may have this many characters.
pub const MAX_REASON: usize = 200;
/// An operation goes on in at most this many later invocations.
///
/// Lambda's recursive-loop detection ends a chain after about 16 of them
/// (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
pub const MAX_DEPTH: u32 = 12;

/// A request is what a valid event asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub action: Action,
    /// The event says whether to make a dry run. `None`: `DRY_RUN_DEFAULT` decides.
    pub dry_run: Option<bool>,
    pub only: Only,
    pub reason: Option<String>,
    pub wait: bool,
    pub notify: bool,
    pub schedule: Option<Schedule>,
    pub continuation: Option<Continuation>,
    /// A start brings back the originals of the kept report with this key.
    ///
    /// The key stands below the state's prefix. This is for the day on which the state is lost.
    pub originals_from: Option<String>,
}

/// Names one planned run of one schedule. Two events with the same pair are one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub arn: String,
    pub time: Timestamp,
}

/// The function writes a continuation when it hands an operation on to its next invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    pub operation_id: String,
    pub depth: u32,
    /// The operation was asked for at this time. Of two opposed operations, the newer wins.
    pub asked_at: Timestamp,
}

impl Request {
    /// Writes the event with which the function calls itself to go on with this operation.
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
