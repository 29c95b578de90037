//! What is seen of a stream, what is saved of it, and what is done to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kinds::rules;
use crate::model::count;

/// `UpdateShardCount` calls that a stream takes in a rolling 24 hours.
pub const CALLS_A_DAY: usize = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub status: Status,
    pub mode: Mode,
    pub shards: u32,
    pub retention_hours: u32,
    /// Registered for enhanced fan-out: they bill by the shard and hour.
    pub consumers: u32,
    /// Where they could be listed.
    pub consumer_names: Vec<String>,
}

/// `StreamStatus`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Active,
    Updating,
    Creating,
    Deleting,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    #[default]
    Provisioned,
    OnDemand,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub shards: u32,
    pub mode: Mode,
    /// Where the stop leads: tells our stopped stream from one that a person scaled.
    pub floor: u32,
}

/// What is sent: the shards that a stream is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleTo(pub u32);

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// One of the day's calls, which is free again by then.
    FreeCall { seconds: u64 },
    /// The end of what a call of an earlier invocation began. Where it leads, shows then: what
    /// follows is the way from `from`, and from elsewhere it takes at most so many `calls`.
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
