//! Entries are the pieces of a state. The names of their fields are the state's form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Schedule;
use crate::kinds::kit::Original;
use crate::model::{Direction, Phase, Rate};
use crate::usage::Usage;

/// A lease says who may change the account, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The holder is one attempt of one invocation.
    ///
    /// A retry with the same request id is another holder.
    pub holder: String,
    pub until: Timestamp,
}

/// An operation is one stop or start, in as many invocations as it takes.
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
    /// The function has called itself so often to go on with the operation.
    pub depth: u32,
    pub finished_at: Option<Timestamp>,
}

/// A scheduled run has a planned time, and the time when its operation began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    pub direction: Direction,
    pub planned: Timestamp,
    pub began_at: Timestamp,
}

/// A challenger waits for the lease and wants the opposite of what its holder does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenger {
    pub operation_id: String,
    pub direction: Direction,
    pub asked_at: Timestamp,
    /// The challenger's invocation ends at this time at the latest.
    ///
    /// After that the holder does not yield to it.
    pub until: Timestamp,
}

/// An operation has ended, and is not begun again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    pub operation_id: String,
    pub at: Timestamp,
}

/// A record is what the journal remembers of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub phase: Phase,
    /// The original is what the resource was before the first change.
    ///
    /// It is present in every phase but `Running`.
    pub original: Option<Original>,
    /// The newest operation that set out to change the resource has this id.
    pub operation_id: String,
    pub since: Timestamp,
    /// So many operations have tried to bring the resource into its phase.
    pub attempts: u32,
    pub last_error: Option<String>,
    /// The operation found the resource like this.
    ///
    /// The report of an operation that takes more than one invocation needs it.
    pub before: Snapshot,
    /// The operation is to leave the resource like this.
    pub after: Snapshot,
    pub detail: String,
    pub warnings: Vec<String>,
    /// The resource was like this when it was saved, and comes back like this.
    pub running: Snapshot,
    /// So many US dollars were saved by the stop that this record is of.
    pub saved_usd: f64,
}

impl Record {
    /// Returns the original while it is owed.
    pub fn held(&self) -> Option<&Original> {
        self.original.as_ref().filter(|_| self.phase != Phase::Running)
    }
}

/// A kept original stands in the report of a stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptOriginal {
    pub original: Original,
    pub running: Snapshot,
    pub stopped: Snapshot,
}

/// A snapshot tells what a resource was like at one moment: words, usage and money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub summary: String,
    #[serde(default)]
    pub usage: Usage,
    /// The rate is in US dollars an hour, at the prices of that moment.
    pub rate: Rate,
}

/// A note goes into a record together with a transition.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub before: Snapshot,
    pub after: Snapshot,
    pub detail: String,
    pub warnings: Vec<String>,
}

/// An unpriced time is one of being stopped whose price was not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpriced {
    pub resource: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub running: Usage,
    pub stopped: Usage,
}
