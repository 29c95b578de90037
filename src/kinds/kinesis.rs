//! Kinesis data streams: scaled down to a floor in the evening, up to the saved count in the morning.
//!
//! A call may at most double and at least halve the shards of an ACTIVE provisioned stream, and a
//! stream takes ten calls in a rolling 24 hours
//! (docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html).

pub mod remote;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Case, Decision, Held, Info, Progress, Rules, Tier, Verdict};
use crate::journal::Phase;
use crate::model::{KindName, Rate, Standing, State, count};
use crate::pricing::PriceBook;

pub const INFO: Info = Info {
    name: KindName::new("kinesis"),
    title: "Kinesis streams",
    variable: "KINESIS_STREAMS",
    tagging_type: "kinesis:stream",
    arn_prefix: "stream/",
    tier: Tier::Capacity,
    permissions: &["kinesis:ListStreams", "kinesis:DescribeStreamSummary", "kinesis:UpdateShardCount"],
};

/// `UpdateShardCount` calls that a stream takes in a rolling 24 hours.
const CALLS_A_DAY: u32 = 10;
const HOURS_OF_PLAIN_RETENTION: u32 = 24;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub status: Status,
    pub mode: Mode,
    pub shards: u32,
    pub retention_hours: u32,
}

/// `StreamStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Active,
    Updating,
    Creating,
    Deleting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Scale {
        to: u32,
    },
    /// A call of an earlier invocation is still at work: where it leads shows when it is done.
    AwaitActive {
        goal: u32,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Scale { to } => write!(f, "scale to {}", count(*to, "shard")),
            Step::AwaitActive { .. } => f.write_str("wait until it is ACTIVE"),
        }
    }
}

type Decided = Decision<Seen, Original, Step>;

pub struct Streams;

impl Rules for Streams {
    type Seen = Seen;
    type Original = Original;
    type Step = Step;

    const INFO: &'static Info = &INFO;

    fn standing(seen: Option<&Seen>, prices: &PriceBook) -> Standing {
        let Some(seen) = seen else { return Standing::new(State::Stopped, "deleted", Rate::ZERO) };
        let size = match seen.mode {
            Mode::Provisioned => count(seen.shards, "shard"),
            Mode::OnDemand => "on-demand".to_owned(),
        };
        match seen.status {
            Status::Active => Standing::new(State::Running, size, seen.rate(prices)),
            status => Standing::new(State::Pending, format!("{status}, {size}"), seen.rate(prices)),
        }
    }

    fn stop(case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else {
            return match case.held {
                Some(_) => Decision::leave(Verdict::Released, "it was deleted since: there is nothing to bring back"),
                None => Decision::leave(Verdict::Skipped, "it was deleted while this operation looked at it"),
            };
        };
        if seen.mode == Mode::OnDemand {
            let verdict = if case.held.is_some() { Verdict::Released } else { Verdict::Skipped };
            return Decision::leave(
                verdict,
                "an on-demand stream has no shards to scale: it bills by the hour as it is",
            );
        }
        let held = case.held.as_ref();
        match (seen.status, held) {
            (Status::Creating | Status::Deleting, _) | (Status::Updating, None) => {
                Decision::leave(Verdict::Skipped, format!("it is {}: only an ACTIVE stream can be scaled", seen.status))
            }
            (Status::Updating, Some(held)) => Decision::keep(
                vec![Step::AwaitActive { goal: held.original.floor }],
                Some(seen.at(held.original.floor)),
            ),
            (Status::Active, Some(held)) if is_ours(held, seen.shards) => {
                if held.phase == Phase::Stopped {
                    return Decision::leave(Verdict::AlreadyStopped, "");
                }
                Decision::keep(way(seen.shards, held.original.floor), Some(seen.at(held.original.floor)))
            }
            (Status::Active, held) => {
                let floor = floor(seen.shards);
                if seen.shards <= floor {
                    let verdict = if held.is_some() { Verdict::Released } else { Verdict::Skipped };
                    return Decision::leave(
                        verdict,
                        format!("{} is the least a stream has", count(seen.shards, "shard")),
                    );
                }
                let detail = match held {
                    Some(held) => format!(
                        "a person had scaled it to {} since the last stop, which left {}",
                        count(seen.shards, "shard"),
                        held.original.floor
                    ),
                    None if floor > 1 => format!(
                        "floor {floor} because AWS takes {CALLS_A_DAY} calls a day, and the way back needs its share"
                    ),
                    None => String::new(),
                };
                let original = Original { shards: seen.shards, mode: seen.mode, floor };
                Decision::take(original, way(seen.shards, floor), Some(seen.at(floor)))
                    .because(detail)
                    .warn(retention_warning(seen, case.longest_stop_hours))
            }
        }
    }

    fn start(case: &Case<Seen, Original>) -> Decided {
        let Some(held) = &case.held else { return Decision::leave(Verdict::AlreadyRunning, "") };
        let Some(seen) = case.seen else {
            return Decision::leave(Verdict::Released, "it was deleted since: there is nothing to bring back");
        };
        let goal = held.original.shards;
        if seen.mode == Mode::OnDemand {
            return Decision::leave(Verdict::Released, "a person made it an on-demand stream: it stays one");
        }
        match seen.status {
            Status::Updating => Decision::keep(vec![Step::AwaitActive { goal }], Some(seen.at(goal))),
            Status::Creating | Status::Deleting => {
                Decision::leave(Verdict::Skipped, format!("it is {}: start again when that is over", seen.status))
            }
            Status::Active if seen.shards == goal && held.phase == Phase::Starting => {
                Decision::keep(Vec::new(), Some(seen.at(goal)))
            }
            Status::Active if seen.shards == goal && held.phase == Phase::Stopping => {
                Decision::leave(Verdict::Released, "it had not been stopped")
            }
            Status::Active if is_ours(held, seen.shards) => Decision::keep(way(seen.shards, goal), Some(seen.at(goal))),
            Status::Active => Decision::leave(
                Verdict::Released,
                format!("a person scaled it to {}: it stays so", count(seen.shards, "shard")),
            ),
        }
    }

    fn progress(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
        let Some(seen) = seen else { return Progress::Failed("the stream was deleted".to_owned()) };
        match (step, seen.status) {
            (_, Status::Updating | Status::Creating) => Progress::Waiting(seen.status.to_string()),
            (_, Status::Deleting) => Progress::Failed("the stream is being deleted".to_owned()),
            (Step::Scale { to }, Status::Active) if seen.shards == *to => Progress::Done,
            (Step::Scale { .. }, Status::Active) => Progress::NotBegun,
            (Step::AwaitActive { goal }, Status::Active) if seen.shards == *goal => Progress::Done,
            (Step::AwaitActive { goal }, Status::Active) => Progress::Instead {
                steps: way(seen.shards, *goal),
                why: format!("ACTIVE with {}", count(seen.shards, "shard")),
                pause: Duration::ZERO,
            },
        }
    }
}

/// Whether a shard count is one that our own calls lead through. A stopped stream has only one:
/// any other is a person's doing.
fn is_ours(held: &Held<Original>, shards: u32) -> bool {
    let Original { shards: top, floor, .. } = held.original;
    match held.phase {
        Phase::Stopped => shards == floor,
        _ => shards == top || counts(top, floor).contains(&shards) || counts(floor, top).contains(&shards),
    }
}

/// The shard counts from one to another, without the first: each at most double and at least half
/// of the one before. AWS does not say how it rounds half an odd count: rounding up is always allowed.
fn counts(from: u32, to: u32) -> Vec<u32> {
    let mut counts = Vec::new();
    let mut at = from.max(1);
    while at != to {
        at = if at < to { to.min(at.saturating_mul(2)) } else { to.max(at.div_ceil(2)) };
        counts.push(at);
    }
    counts
}

fn way(from: u32, to: u32) -> Vec<Step> {
    counts(from, to).into_iter().map(|to| Step::Scale { to }).collect()
}

/// The fewest shards from which the way down and the way back together fit a day's calls.
fn floor(shards: u32) -> u32 {
    let calls = |floor| counts(shards, floor).len() + counts(floor, shards).len();
    let mut floor = 1;
    while calls(floor) > CALLS_A_DAY as usize {
        floor += 1;
    }
    floor.min(shards)
}

/// Records older than the retention are gone when the consumers come back.
fn retention_warning(seen: &Seen, longest_stop_hours: f64) -> Vec<String> {
    if f64::from(seen.retention_hours) >= longest_stop_hours {
        return Vec::new();
    }
    vec![format!(
        "records are kept for {} hours and a stop may last {longest_stop_hours} hours: what is written early in a stop \
         is lost unless it is read in time",
        seen.retention_hours
    )]
}

impl Seen {
    fn at(&self, shards: u32) -> Self {
        Seen { shards, status: Status::Active, ..self.clone() }
    }

    fn rate(&self, prices: &PriceBook) -> Rate {
        match self.mode {
            Mode::OnDemand => prices.on_demand_stream(),
            Mode::Provisioned if self.retention_hours > HOURS_OF_PLAIN_RETENTION => {
                (prices.shard() + prices.extended_retention_shard()).times(f64::from(self.shards))
            }
            Mode::Provisioned => prices.shard().times(f64::from(self.shards)),
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

#[cfg(test)]
#[path = "kinesis_tests.rs"]
mod tests;
