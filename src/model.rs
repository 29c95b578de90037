//! The words every stage shares. No SDK type, no I/O.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::{Timestamp, ZonedDateTime};
use serde::{Serialize, Serializer};

use crate::usage::{Billable, Usage};

/// What an event asks for.
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

/// The two actions that change something, and so the two that an operation can have.
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

    /// What the project is to be when an operation in this direction is done.
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

/// What the newest operation on the whole project wanted it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    Running,
    Stopped,
}

/// How far a record says that its resource came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// We owe it nothing.
    Running,
    /// The original is durable; the way down may have begun.
    Stopping,
    /// It was seen stopped.
    Stopped,
    /// The way up may have begun.
    Starting,
}

/// The name of a resource kind, such as `kinesis`.
///
/// Only the registry makes them, so a `KindName` in hand is a kind that exists.
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

/// One resource of the account. Written `kind:name`, in events as in the state.
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

/// What is known of the calls that AWS takes only so many of a day.
#[derive(Debug, Clone, Default)]
pub struct RationedCalls {
    /// Those of the last 24 hours that were made or may have been, by their age, the oldest first.
    pub recent: Vec<Duration>,
    /// Those of them that were made.
    pub made: Vec<Duration>,
    /// How long ago AWS refused one as one too many: others make such calls, too.
    pub refused: Option<Duration>,
    /// How long the operation can go on, in this invocation and in those that follow it.
    pub time_left: Duration,
    /// In the time zone that times are told in.
    pub now: ZonedDateTime,
}

/// A published limit: the requests a second that AWS takes of one account in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// As a request's signature names the service.
    pub service: &'static str,
    pub requests: Requests,
    pub per_second: u32,
    /// The page that says so, or what an estimate rests on.
    pub source: &'static str,
}

/// The requests of a service that share one limit, by the names of their API operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requests {
    Of(&'static str),
    /// All of the service's together, but for these.
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

/// What a resource is now, in the words of its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    pub state: State,
    /// As short as a table cell: `2 shards`.
    pub summary: String,
    pub usage: Usage,
    /// What a person should know about it whatever the operation: never about this operation.
    pub notes: Vec<String>,
    /// What a person could do to pay less, or to lose nothing.
    pub advice: Vec<Advice>,
    /// Since when it is there, where AWS tells and it matters.
    pub running_since: Option<Timestamp>,
}

/// What a person could do about a resource: what it is like, and what it pays for that now and
/// would pay then.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    pub text: String,
    pub pays: Usage,
    pub would_pay: Usage,
    /// Where that depends on how much is used: up to where the other way costs less.
    pub cheaper_below: Option<CheaperBelow>,
}

/// Another way to pay that costs less up to some use.
#[derive(Debug, Clone, PartialEq)]
pub struct CheaperBelow {
    /// `on demand`.
    pub how: &'static str,
    pub limits: Vec<Limit>,
    /// What is said after the limits: ` a month`.
    pub unit: &'static str,
}

/// As much of a billable as costs what is paid now for the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    pub pays: Usage,
    pub billable: Billable,
    /// How many of `noun` one of the billable is.
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

    /// Advice to pay in another way, where that costs less depends on how much is used.
    pub fn advise_below(&mut self, text: impl Into<String>, pays: Usage, below: CheaperBelow) {
        self.advice.push(Advice {
            text: text.into(),
            pays,
            would_pay: Usage::none(),
            cheaper_below: Some(below),
        });
    }
}

/// The three states of `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped,
    /// Between the two: creating, deleting, updating.
    Pending,
}

/// US dollars for one hour.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UsdPerHour(pub f64);

impl UsdPerHour {
    pub const HOURS_PER_DAY: f64 = 24.0;
    /// AWS's own convention for monthly prices: 365 × 24 / 12.
    pub const HOURS_PER_MONTH: f64 = 730.0;

    /// A price that AWS states for a month.
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

/// What something costs, where that is known. An unknown price is never taken for nothing.
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

/// `1 shard`, `2 shards`.
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
