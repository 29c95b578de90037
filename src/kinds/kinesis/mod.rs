//! A stopped Kinesis data stream has as few shards as AWS's daily limit allows.
//!
//! A start scales the stream up to the saved count. One call can at most double the shards of an
//! ACTIVE provisioned stream, and can at most halve them. A stream takes ten calls in a rolling 24
//! hours (docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html).

pub mod bills;
mod ration;
pub mod remote;
mod stream;

use std::time::Duration;

use self::ration::{StreamRation, counts, floor, floor_reason, way};
use self::stream::CALLS_A_DAY;
pub use self::stream::{Mode, Original, ScaleTo, Seen, Status, Step, Wait};
use crate::failure::Failure;
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::{
    Case, Decision, DecisionOf, Describe, Effect, Held, Progress, Rules, Verdict,
};
use crate::model::{
    CheaperBelow, Description, KindName, Limit, Phase, RequestRate, Requests, State, count,
};
use crate::select::spelling::Characters;
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("kinesis"),
    title: "Kinesis streams",
    tagging_type: "kinesis:stream",
    arn_prefix: "stream/",
    tier: Tier::Capacity,
    // docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
    name_characters: Characters::LettersDigitsAnd("-_."),
    ignores_case: false,
    in_clusters: false,
    has_this_function: false,
    permissions: &[
        "kinesis:ListStreams",
        "kinesis:DescribeStreamSummary",
        "kinesis:ListStreamConsumers",
        "kinesis:UpdateShardCount",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

const fn rate(operation: &'static str, per_second: u32) -> RequestRate {
    RequestRate {
        service: "kinesis",
        requests: Requests::Of(operation),
        per_second,
        source: "docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html",
    }
}

const REQUEST_RATES: &[RequestRate] =
    &[rate("ListStreams", 5), rate("DescribeStreamSummary", 20), rate("UpdateShardCount", 10)];

/// A shard's price includes so many hours of retention
/// (aws.amazon.com/kinesis/data-streams/pricing).
const HOURS_OF_PLAIN_RETENTION: u32 = 24;
/// Up to so many hours, retention bills by the shard. Beyond them it bills by the gigabyte, too.
const HOURS_OF_EXTENDED_RETENTION: u32 = 7 * 24;

type Decided = DecisionOf<Streams>;

/// Decides about Kinesis data streams.
pub struct Streams {
    /// A stop lasts no longer than this. Records that are written meanwhile should last as long.
    pub longest_stop_hours: f64,
}

impl Describe for Streams {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        let size = match seen.mode {
            Mode::Provisioned => count(seen.shards, "shard"),
            Mode::OnDemand => "on-demand".to_owned(),
        };
        let mut description = match seen.status {
            Status::Active => Description::new(State::Running, size, seen.usage()),
            status => Description::new(State::Pending, format!("{status}, {size}"), seen.usage()),
        };
        if seen.consumers > 0 && seen.mode == Mode::Provisioned {
            let consumers = count(seen.consumers, "enhanced fan-out consumer");
            let names = match &seen.consumer_names[..] {
                [] => String::new(),
                names => format!(" ({})", names.join(", ")),
            };
            description
                .notes
                .push(format!("{consumers}{names}, billed by the shard and hour, stopped or not"));
        }
        if seen.retention_hours > HOURS_OF_EXTENDED_RETENTION {
            description.notes.push(
                "what it keeps for more than 7 days is billed by the gigabyte, too".to_owned(),
            );
        }
        seen.advise(&mut description);
        description
    }
}

impl Rules for Streams {
    type Original = Original;
    type Call = ScaleTo;
    type Wait = Wait;

    fn stop(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return case.gone() };
        if seen.mode == Mode::OnDemand {
            let verdict = if case.held.is_some() { Verdict::Released } else { Verdict::Skipped };
            return Decision::leave(
                verdict,
                "an on-demand stream has no shards to scale: it bills by the hour as it is",
            );
        }
        let held = case.held.as_ref();
        match (seen.status, held) {
            (Status::Updating, _) | (Status::Creating, None) => Decision::leave(
                Verdict::Later,
                format!("it is {}: only an ACTIVE stream can be scaled", seen.status),
            ),
            (Status::Creating | Status::Deleting, _) => Decision::leave(
                Verdict::Skipped,
                format!("it is {}: only an ACTIVE stream can be scaled", seen.status),
            ),
            (Status::Active, Some(held)) if is_ours(held, seen.shards) => match held.phase {
                Phase::Stopped => Decision::leave(Verdict::AlreadyStopped, ""),
                _ => Self::resume_stop(case, seen, &held.original),
            },
            (Status::Active, _) => self.begin_stop(case, seen),
        }
    }

    fn start(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(held) = &case.held else { return Decision::leave(Verdict::AlreadyRunning, "") };
        let Some(seen) = case.seen else { return case.gone() };
        let goal = held.original.shards;
        if seen.mode != held.original.mode {
            return Decision::leave(
                Verdict::Released,
                "a person made it an on-demand stream: it stays one",
            );
        }
        match seen.status {
            // Nothing of ours is under way at a stopped stream: a person is scaling it.
            Status::Updating if held.phase == Phase::Stopped => {
                Decision::leave(Verdict::Later, "it is UPDATING: somebody is scaling it")
            }
            Status::Updating => {
                let ration = StreamRation(&case.ration);
                let wait = Wait::Active { goal, from: seen.shards, calls: ration.free() };
                let steps = std::iter::once(Step::Wait(wait))
                    .chain(ration.allowed_up(way(seen.shards, goal)))
                    .collect();
                Decision::resume(steps, Some(seen.at(goal)))
            }
            Status::Creating | Status::Deleting => Decision::leave(
                Verdict::Skipped,
                format!("it is {}: start again when that is over", seen.status),
            ),
            Status::Active if seen.shards == goal && held.phase == Phase::Starting => {
                Decision::resume(Vec::new(), Some(seen.at(goal)))
            }
            Status::Active if seen.shards == goal && held.phase == Phase::Stopping => {
                Decision::leave(Verdict::Released, "it had not been stopped")
            }
            Status::Active if is_ours(held, seen.shards) => Decision::resume(
                StreamRation(&case.ration).allowed_up(way(seen.shards, goal)),
                Some(seen.at(goal)),
            ),
            Status::Active => Decision::leave(
                Verdict::Released,
                format!("a person scaled it to {}: it stays so", count(seen.shards, "shard")),
            ),
        }
    }

    fn is_rationed(&self, _: &ScaleTo) -> bool {
        true
    }

    fn effect(&self, step: &Step) -> Effect {
        if matches!(step, Step::Call(_)) { Effect::Slow } else { Effect::Awaited }
    }

    fn progress(
        &self,
        ScaleTo(to): &ScaleTo,
        seen: Option<&Seen>,
        _: Option<&Failure>,
    ) -> Progress<Step> {
        once_active(
            seen,
            |seen| {
                if seen.shards == *to { Progress::Done } else { Progress::NotBegun }
            },
        )
    }

    fn waited(&self, wait: &Wait, seen: Option<&Seen>) -> Progress<Step> {
        once_active(seen, |seen| match wait {
            Wait::FreeCall { seconds } => Progress::DoneFor {
                why: format!("one of AWS's {CALLS_A_DAY} calls a day to be free again"),
                pause: Duration::from_secs(*seconds),
            },
            Wait::Active { from, .. } if seen.shards == *from => Progress::Done,
            Wait::Active { goal, calls, .. } => {
                let mut steps = way(seen.shards, *goal);
                if steps.len() > *calls {
                    steps.truncate(*calls);
                    steps.push(Step::GiveUp(format!(
                        "AWS takes {CALLS_A_DAY} calls in 24 hours: start again"
                    )));
                }
                let why = format!("ACTIVE with {}", count(seen.shards, "shard"));
                Progress::Instead { steps, why, pause: Duration::ZERO }
            }
        })
    }
}

/// Waits until a stream is ACTIVE, and then tells its progress.
fn once_active(seen: Option<&Seen>, then: impl FnOnce(&Seen) -> Progress<Step>) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::Failed("the stream was deleted".to_owned()) };
    match seen.status {
        Status::Active => then(seen),
        Status::Updating | Status::Creating => Progress::Waiting(seen.status.to_string()),
        Status::Deleting => Progress::Failed("the stream is being deleted".to_owned()),
    }
}

impl Streams {
    /// Goes on with a stop that was half done, or undoes a start that was.
    fn resume_stop(case: &Case<Seen, Original>, seen: &Seen, original: &Original) -> Decided {
        let ration = StreamRation(&case.ration);
        let used = ration.lasting();
        let floor =
            floor(original.floor, seen.shards, original.shards, used).unwrap_or(seen.shards);
        let steps = ration.allowed_down(way(seen.shards, floor));
        if floor == original.floor {
            return Decision::resume(steps, Some(seen.at(floor)));
        }
        let why = format!("{}; {}", floor_reason(floor, used), ration.next_free());
        if floor == seen.shards {
            let verdict =
                if floor < original.shards { Verdict::AlreadyStopped } else { Verdict::Skipped };
            return Decision::leave(verdict, why);
        }
        // The new floor is saved: by it, a later look knows a stream that this stop has scaled.
        Decision::amend_and(Original { floor, ..original.clone() }, steps, Some(seen.at(floor)))
            .because(why)
    }

    /// Begins a stop of a stream that nobody stopped, or that a person scaled since.
    fn begin_stop(&self, case: &Case<Seen, Original>, seen: &Seen) -> Decided {
        let held = case.held.as_ref();
        if seen.shards <= 1 {
            let verdict = if held.is_some() { Verdict::Released } else { Verdict::Skipped };
            return Decision::leave(verdict, "1 shard is the least a stream has");
        }
        let ration = StreamRation(&case.ration);
        let lasting = ration.lasting();
        let Some(floor) = floor(1, seen.shards, seen.shards, lasting) else {
            let why = format!(
                "{lasting} of AWS's {CALLS_A_DAY} calls a day are used, and the way back could not be paid; {}",
                ration.next_free()
            );
            let verdict = if held.is_some() { Verdict::Released } else { Verdict::Skipped };
            return Decision::leave(verdict, why);
        };
        let mut details = Vec::new();
        if let Some(held) = held {
            let (now, left) = (count(seen.shards, "shard"), held.original.floor);
            details.push(format!(
                "a person had scaled it to {now} since the last stop, which left {left}"
            ));
        }
        if floor > 1 {
            details.push(floor_reason(floor, lasting));
        }
        let original = Original { shards: seen.shards, mode: seen.mode, floor };
        Decision::save_and(
            original,
            ration.allowed_down(way(seen.shards, floor)),
            Some(seen.at(floor)),
        )
        .because(details.join("; "))
        .warn(retention_warning(seen, self.longest_stop_hours))
    }
}

/// Tells whether this program's own calls lead through a shard count.
///
/// A stopped stream has only one such count, its floor. A person has set any other.
fn is_ours(held: &Held<Original>, shards: u32) -> bool {
    let Original { shards: top, floor, .. } = held.original;
    match held.phase {
        Phase::Stopped => shards == floor,
        _ => {
            shards == top
                || counts(top, floor).contains(&shards)
                || counts(floor, top).contains(&shards)
        }
    }
}

/// Warns where a stop may outlast the stream's records.
///
/// Records that nobody has read within the retention are lost.
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

    /// Returns what the stream bills, without its traffic.
    ///
    /// An on-demand stream bills its retention and its consumers by the gigabyte, so they are left
    /// out.
    fn usage(&self) -> Usage {
        if self.mode == Mode::OnDemand {
            return Usage::of(&bills::ON_DEMAND_STREAM, 1);
        }
        Usage::of(&bills::SHARD, self.shards)
            .and(&bills::FAN_OUT_SHARD, f64::from(self.shards) * f64::from(self.consumers))
            .plus(self.retention())
    }

    /// Returns what the retention beyond 24 hours bills.
    fn retention(&self) -> Usage {
        let is_extended =
            self.mode == Mode::Provisioned && self.retention_hours > HOURS_OF_PLAIN_RETENTION;
        if is_extended { Usage::of(&bills::RETENTION_SHARD, self.shards) } else { Usage::none() }
    }

    fn advise(&self, description: &mut Description) {
        if self.mode == Mode::OnDemand {
            description.advise_below(
                "bills its hours on demand, used or not, and cannot be stopped",
                Usage::of(&bills::ON_DEMAND_STREAM, 1),
                CheaperBelow {
                    how: "provisioned",
                    limits: vec![Limit {
                        pays: Usage::of(&bills::ON_DEMAND_STREAM, 1),
                        billable: (&bills::SHARD).into(),
                        scale: 1.0,
                        noun: "shards",
                    }],
                    unit: ", each of which takes 1 MB and 1000 records a second",
                },
            );
        }
        if self.mode == Mode::Provisioned && self.consumers > 0 {
            description.advise(
                "has enhanced fan-out consumers, which bill while they read nothing; consumers that share the \
                 shard's throughput cost nothing extra",
                Usage::of(&bills::FAN_OUT_SHARD, f64::from(self.shards) * f64::from(self.consumers)),
                Usage::none(),
            );
        }
        let retention = self.retention();
        if !retention.is_none() {
            let text = format!(
                "keeps its records for {} hours; 24 hours cost nothing extra",
                self.retention_hours
            );
            description.advise(text, retention, Usage::none());
        }
    }
}

#[cfg(test)]
mod tests;
