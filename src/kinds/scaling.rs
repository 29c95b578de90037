//! Application Auto Scaling can change what resources of several kinds have.
//!
//! These are its settings that more than one kind reads or writes, and its calls.

pub mod api;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::{RequestRate, Requests};

/// AWS publishes no limit for this service.
pub const REQUEST_RATE: RequestRate = RequestRate {
    service: "application-autoscaling",
    requests: Requests::AllBut(&[]),
    per_second: 10,
    source: "an estimate",
};

/// A scaling is a target's range, and what moves a capacity within it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    pub min: i32,
    pub max: i32,
    pub suspended: Suspended,
    pub actions: Vec<Action>,
}

/// Says which scaling of a target is suspended
/// (docs.aws.amazon.com/autoscaling/application/APIReference/API_SuspendedState.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    pub scaling_in: bool,
    pub scaling_out: bool,
    pub scheduled: bool,
}

impl Suspended {
    /// Nothing scales a target that is suspended so.
    pub const ALL: Suspended = Suspended { scaling_in: true, scaling_out: true, scheduled: true };

    /// Everything may scale a target that is suspended so.
    pub const NONE: Suspended =
        Suspended { scaling_in: false, scaling_out: false, scheduled: false };

    /// Combines two of them, kind by kind.
    #[must_use]
    pub fn zip(self, other: Suspended, combine: impl Fn(bool, bool) -> bool) -> Suspended {
        Suspended {
            scaling_in: combine(self.scaling_in, other.scaling_in),
            scaling_out: combine(self.scaling_out, other.scaling_out),
            scheduled: combine(self.scheduled, other.scheduled),
        }
    }
}

/// A scheduled action changes a target's bounds at certain times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub name: String,
    /// The schedule is `at(…)`, `cron(…)` or `rate(…)`.
    pub schedule: String,
    pub timezone: Option<String>,
    /// The schedule begins at this millisecond since 1970.
    pub starts_at: Option<i64>,
    /// The schedule ends at this millisecond since 1970.
    pub ends_at: Option<i64>,
    /// `None`: the action sets no capacity.
    pub capacity: Option<Capacity>,
}

/// A capacity is the range that an action sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    pub min: Option<i32>,
    pub max: Option<i32>,
}

impl Action {
    /// Tells whether both actions do the same from now on.
    ///
    /// So a start in the past does not count. An action is put back without it, because AWS takes
    /// no past times.
    pub fn is_same(&self, other: &Action, now: i64) -> bool {
        let to_come =
            |action: &Action| Action { starts_at: action.future_start(now), ..action.clone() };
        to_come(self) == to_come(other)
    }

    /// Returns the start of the schedule, if it is still to come.
    pub fn future_start(&self, now: i64) -> Option<i64> {
        self.starts_at.filter(|start| start / 1000 > now)
    }

    pub fn is_recurring(&self) -> bool {
        !self.schedule.starts_with("at(")
    }

    /// Tells whether an action will never run again. AWS takes no such action.
    pub fn has_passed(&self, now: i64) -> bool {
        self.ends_at.is_some_and(|end| end / 1000 <= now)
            || self.only_time().is_some_and(|time| time <= now)
    }

    /// Reads the time of `at(2026-12-24T18:00:00)`.
    ///
    /// `None`: the action recurs, or its time cannot be read.
    fn only_time(&self) -> Option<i64> {
        let text = self.schedule.strip_prefix("at(")?.strip_suffix(')')?.trim();
        let zone = match self.timezone.as_deref() {
            None | Some("UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).ok()?,
        };
        let time = zone.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
        Some(time.as_second())
    }
}

/// Names actions, each with its schedule.
pub fn listed<'a>(actions: impl IntoIterator<Item = &'a Action>) -> String {
    let names = actions.into_iter().map(|action| format!("{} ({})", action.name, action.schedule));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(schedule: &str) -> Action {
        Action {
            name: "evening".to_owned(),
            schedule: schedule.to_owned(),
            timezone: None,
            starts_at: None,
            ends_at: None,
            capacity: Some(Capacity { min: Some(1), max: None }),
        }
    }

    #[test]
    fn an_action_whose_only_time_is_over_has_passed() {
        let noon = "2026-01-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
        assert!(action("at(2026-01-01T12:00:00)").has_passed(noon));
        assert!(!action("at(2026-01-01T12:00:01)").has_passed(noon));
        assert!(!action("cron(0 1 * * ? *)").has_passed(noon));
        assert!(!action("rate(1 day)").has_passed(noon));
        let berlin = |time| Action { timezone: Some("Europe/Berlin".to_owned()), ..action(time) };
        assert!(berlin("at(2026-01-01T13:00:00)").has_passed(noon));
        assert!(!berlin("at(2026-01-01T13:00:01)").has_passed(noon));
        assert!(Action { ends_at: Some(noon * 1000), ..action("rate(1 day)") }.has_passed(noon));
    }
}
