//! These types hold what is seen and saved of a stream, and what is sent.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kinds::rules;
use crate::model::count;

/// AWS takes so many `UpdateShardCount` calls of a stream in a rolling 24 hours
/// (docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html).
pub const CALLS_A_DAY: usize = 10;

/// Holds what was seen of a stream at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub status: Status,
    pub mode: Mode,
    pub shards: u32,
    pub retention_hours: u32,
    /// So many consumers have enhanced fan-out, which bills by the shard and hour.
    pub consumers: u32,
    /// The consumers have these names. The list is empty where nobody could list them.
    pub consumer_names: Vec<String>,
}

/// A stream is in one of these states of AWS
/// (docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamDescriptionSummary.html).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Active,
    Updating,
    Creating,
    Deleting,
}

/// A stream's mode decides what the stream bills for, and whether it can be scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    #[default]
    Provisioned,
    OnDemand,
}

/// An original holds the shards that a stop of a stream takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub shards: u32,
    pub mode: Mode,
    /// The stop leads to so many shards. A person has scaled a stopped stream with any other count.
    pub floor: u32,
}

/// The call gives a stream so many shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleTo(pub u32);

/// A stream waits for a free call, or for the end of a scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// One of the day's calls is free again after so many seconds.
    FreeCall { seconds: u64 },
    /// A scaling that an earlier invocation began comes to its end.
    ///
    /// Only then does a look show where the scaling led. From `from` shards, the next steps lead
    /// on. From any other count, new steps to `goal` replace them, with at most so many `calls`.
    Active { goal: u32, from: u32, calls: usize },
}

pub type Step = rules::Step<ScaleTo, Wait>;

impl fmt::Display for ScaleTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scale to {}", count(self.0, "shard"))
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::FreeCall { seconds } => {
                write!(f, "wait {seconds} seconds for one of AWS's {CALLS_A_DAY} calls a day")
            }
            Wait::Active { .. } => f.write_str("wait until it is ACTIVE"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Active => "ACTIVE",
            Status::Updating => "UPDATING",
            Status::Creating => "CREATING",
            Status::Deleting => "DELETING",
        })
    }
}
