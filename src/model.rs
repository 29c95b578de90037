//! The model has the words that every stage shares. None is a type of the SDK or does I/O.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::{Timestamp, ZonedDateTime};
use serde::{Serialize, Serializer};

use crate::usage::{Billable, Usage};

/// An action is what an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Stop,
    Start,
    Status,
}

impl Action {
    pub const ALL: [Action; 3] = [Action::Stop, Action::Start, Action::Status];

    pub fn as_str(self) -> &'static str {
        match self {
            Action::Stop => "stop",
            Action::Start => "start",
            Action::Status => "status",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An operation has one of two directions: these actions change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Stop,
    Start,
}

impl Direction {
    pub fn action(self) -> Action {
        match self {
            Direction::Stop => Action::Stop,
            Direction::Start => Action::Start,
        }
    }

    /// Returns what an operation in this direction wants the project to be.
    pub fn goal(self) -> Goal {
        match self {
            Direction::Stop => Goal::Stopped,
            Direction::Start => Goal::Running,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action().fmt(f)
    }
}

/// A goal is what the newest operation on the whole project wanted it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    Running,
    Stopped,
}

/// A record's phase says how far its resource has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The resource is owed nothing.
    Running,
    /// The original is saved, and the way down may have begun.
    Stopping,
    /// The resource was seen stopped.
    Stopped,
    /// The way up may have begun.
    Starting,
}

/// A kind's name stands in events, states and reports, such as `kinesis`.
///
/// Only a kind's own folder makes one, so a `KindName` in hand is a kind that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindName(&'static str);

impl KindName {
    pub const fn new(name: &'static str) -> Self {
        KindName(name)
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for KindName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// An ID names one resource of the account: `kind:name`, in events as in the state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub kind: KindName,
    pub name: String,
}

impl ResourceId {
    pub fn new(kind: KindName, name: impl Into<String>) -> Self {
        ResourceId { kind, name: name.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

/// A ration tells a decision of one resource's rationed calls.
///
/// AWS takes only so many of these a day.
#[derive(Debug, Clone, Default)]
pub struct Ration {
    /// Each call of the last 24 hours, certain or not, was so long ago. The oldest is first.
    pub recent: Vec<Duration>,
    /// Each of these calls was made for certain, so long ago.
    pub made: Vec<Duration>,
    /// AWS last refused a call as one too many so long ago. Others make such calls, too.
    pub refused: Option<Duration>,
    /// The operation can go on for so long, in this invocation and in later ones.
    pub time_left: Duration,
    /// The present has the time zone in which reports tell times.
    pub now: ZonedDateTime,
}

/// A request rate says how many requests AWS takes a second.
///
/// The requests are those of one account in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// A request's signature names the service so.
    pub service: &'static str,
    pub requests: Requests,
    pub per_second: u32,
    /// The source is AWS's page with the limit, or the ground of an estimate.
    pub source: &'static str,
}

/// Names the requests of a service that share one limit, by their API operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requests {
    /// The API operation of this name has a limit of its own.
    Of(&'static str),
    /// All API operations of the service share one limit, but for these.
    AllBut(&'static [&'static str]),
}

impl Requests {
    pub fn include(self, operation: &str) -> bool {
        match self {
            Requests::Of(name) => name == operation,
            Requests::AllBut(names) => !names.contains(&operation),
        }
    }
}

/// A description says what a resource is now, in the words of its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    pub state: State,
    /// The summary fits into a table's cell: `2 shards`.
    pub summary: String,
    pub usage: Usage,
    /// A person should know this of the resource, whatever the operation does.
    pub notes: Vec<String>,
    /// A person could do this to pay less, or to lose nothing.
    pub advice: Vec<Advice>,
    /// The resource has been there since this time. `None`: unknown, or of no interest.
    pub running_since: Option<Timestamp>,
}

/// Advice says what a person could do about a resource, and what that would save.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The text goes on after the resource's name: `bills whether it is used or not`.
    pub text: String,
    /// The resource is billed for this usage now.
    pub pays: Usage,
    /// The resource would be billed for this usage if the advice were followed.
    pub would_pay: Usage,
    /// Another way to pay costs less up to some use. `None`: the advice depends on no use.
    pub cheaper_below: Option<CheaperBelow>,
}

/// Names another way to pay, and the use up to which that way costs less.
#[derive(Debug, Clone, PartialEq)]
pub struct CheaperBelow {
    /// The other way has this name: `on demand`.
    pub how: &'static str,
    pub limits: Vec<Limit>,
    /// The text ends with these words, after the limits: ` a month`.
    pub unit: &'static str,
}

/// A limit is as much of a billable as the resource's present cost would buy.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The resource is billed for this usage now.
    pub pays: Usage,
    pub billable: Billable,
    /// A quantity of one in each hour makes so many of the noun: 730 a month, or 1.
    pub scale: f64,
    pub noun: &'static str,
}

impl Description {
    pub fn new(state: State, summary: impl Into<String>, usage: Usage) -> Self {
        Description {
            state,
            summary: summary.into(),
            usage,
            notes: Vec::new(),
            advice: Vec::new(),
            running_since: None,
        }
    }

    pub fn advise(&mut self, text: impl Into<String>, pays: Usage, would_pay: Usage) {
        self.advice.push(Advice { text: text.into(), pays, would_pay, cheaper_below: None });
    }

    /// Adds advice to pay in another way, which costs less below some use.
    pub fn advise_below(&mut self, text: impl Into<String>, pays: Usage, below: CheaperBelow) {
        self.advice.push(Advice {
            text: text.into(),
            pays,
            would_pay: Usage::none(),
            cheaper_below: Some(below),
        });
    }
}

/// A resource is in one of three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped,
    /// The resource is between running and stopped: AWS is creating, changing or deleting it.
    Pending,
}

/// Counts US dollars for one hour.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UsdPerHour(pub f64);

impl UsdPerHour {
    pub const HOURS_PER_DAY: f64 = 24.0;
    /// AWS counts this many hours in a month, for monthly prices: 365 × 24 / 12.
    pub const HOURS_PER_MONTH: f64 = 730.0;

    /// Converts a price that AWS states for a month.
    pub const fn monthly(usd: f64) -> Self {
        UsdPerHour(usd / Self::HOURS_PER_MONTH)
    }

    #[must_use]
    pub fn times(self, n: f64) -> Self {
        UsdPerHour(self.0 * n)
    }

    pub fn per_day(self) -> f64 {
        self.0 * Self::HOURS_PER_DAY
    }

    pub fn per_month(self) -> f64 {
        self.0 * Self::HOURS_PER_MONTH
    }
}

impl Add for UsdPerHour {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        UsdPerHour(self.0 + other.0)
    }
}

/// A rate is what something costs, where that is known. An unknown rate never counts as zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Rate(pub Option<UsdPerHour>);

impl Rate {
    pub const ZERO: Rate = Rate(Some(UsdPerHour(0.0)));
    pub const UNKNOWN: Rate = Rate(None);

    #[must_use]
    pub fn times(self, n: f64) -> Self {
        Rate(self.0.map(|usd| usd.times(n)))
    }

    pub fn per_day(self) -> Option<f64> {
        self.0.map(UsdPerHour::per_day)
    }
}

/// A sum with an unknown part is unknown.
impl Add for Rate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Rate(self.0.zip(other.0).map(|(a, b)| a + b))
    }
}

/// Writes a number with its noun: `1 shard`, `2 shards`.
pub fn count(n: impl Into<u64>, noun: &str) -> String {
    let n = n.into();
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_hours_and_a_month_730() {
        let rate = UsdPerHour(0.115);
        assert!((rate.per_day() - 2.76).abs() < 1e-9);
        assert!((rate.per_month() - 83.95).abs() < 1e-9);
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_unknown() {
        assert_eq!(Rate::ZERO + Rate::UNKNOWN, Rate::UNKNOWN);
        assert_eq!(Rate::ZERO + Rate::ZERO, Rate::ZERO);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1_u32, "shard"), "1 shard");
        assert_eq!(count(0_u32, "shard"), "0 shards");
    }
}
