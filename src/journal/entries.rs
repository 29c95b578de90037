//! What stands in a state, piece by piece. Their fields' names are the state's form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Schedule;
use crate::kinds::kit::Original;
use crate::model::{Direction, Phase, Rate};
use crate::usage::Usage;

/// Who may change the account, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// One attempt of one invocation: a retry with the same request id is another holder.
    pub holder: String,
    pub until: Timestamp,
}

/// The newest operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub id: String,
    pub direction: Direction,
    pub only: Vec<String>,
    pub reason: Option<String>,
    pub request_id: String,
    pub schedule: Option<Schedule>,
    pub started_at: Timestamp,
    /// How often the function has called itself to go on with it.
    pub depth: u32,
    pub finished_at: Option<Timestamp>,
}

/// One run of a schedule: when it was planned for, and when its operation began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    pub direction: Direction,
    pub planned: Timestamp,
    pub began_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenger {
    pub operation_id: String,
    pub direction: Direction,
    pub asked_at: Timestamp,
    /// When its invocation ends at the latest. A challenger that is gone is not yielded to.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    pub operation_id: String,
    pub at: Timestamp,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub phase: Phase,
    /// What it was before the first change. Present in every phase but `Running`.
    pub original: Option<Original>,
    /// The operation that last set out to change it.
    pub operation_id: String,
    pub since: Timestamp,
    /// Operations that have tried to bring it into the phase that it is in.
    pub attempts: u32,
    pub last_error: Option<String>,
    /// As the operation found it and as it is to leave it, for the report of an operation that
    /// takes more than one invocation.
    pub before: Snapshot,
    pub after: Snapshot,
    pub detail: String,
    pub warnings: Vec<String>,
    /// What the original was, in words and money: it will come back as that.
    pub running: Snapshot,
    /// Saved in US dollars since the stop that this record is of.
    pub saved_usd: f64,
}

impl Record {
    /// The original, while we owe it.
    pub fn held(&self) -> Option<&Original> {
        self.original.as_ref().filter(|_| self.phase != Phase::Running)
    }
}

/// An original as a report keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptOriginal {
    pub original: Original,
    pub running: Snapshot,
    pub stopped: Snapshot,
}

/// A snapshot says what a resource was like at one moment, in words, usage and money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub summary: String,
    #[serde(default)]
    pub usage: Usage,
    /// At the prices of that moment.
    pub rate: Rate,
}

/// What goes into a record together with a transition.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub before: Snapshot,
    pub after: Snapshot,
    pub detail: String,
    pub warnings: Vec<String>,
}

/// A time in which a resource was stopped, and what it did not use meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpriced {
    pub resource: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub running: Usage,
    pub stopped: Usage,
}
