//! AWS takes a rationed call only so many times in 24 hours from one resource.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::model::{Ration, ResourceId};

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

type Times = BTreeMap<String, Vec<Timestamp>>;

/// Rationed calls of a day are remembered here, by resource, with their times.
///
/// The fields stand in the state among the journal's own, under their older names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RationedCalls {
    #[serde(rename = "counted_calls", default)]
    pub(super) made: Times,
    /// A process puts calls here before it makes them, and takes them out afterwards.
    ///
    /// Calls that are left here may have been made or not: that process died.
    #[serde(rename = "planned_calls", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) planned: Times,
    /// AWS refused a call as one too many at this time, though fewer are remembered.
    #[serde(rename = "refused_calls", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refused: BTreeMap<String, Timestamp>,
}

impl RationedCalls {
    /// Remembers calls that are about to be made.
    ///
    /// [`Self::record_made`] sets them right afterwards. If the process dies before, a stop counts
    /// them: rather one too many than one too few. A start does not: it has to come to its end.
    pub fn record_planned(&mut self, id: &ResourceId, count: usize, now: Timestamp) {
        let calls = self.planned.entry(id.to_string()).or_default();
        calls.extend(std::iter::repeat_n(now, count));
    }

    /// Replaces the calls that were planned at `planned_at` by those that were made.
    pub fn record_made(
        &mut self,
        id: &ResourceId,
        planned_at: Timestamp,
        made: impl IntoIterator<Item = Timestamp>,
    ) {
        if let Some(planned) = self.planned.get_mut(&id.to_string()) {
            planned.retain(|time| *time != planned_at);
        }
        self.planned.retain(|_, calls| !calls.is_empty());
        let made: Vec<Timestamp> = made.into_iter().collect();
        if !made.is_empty() {
            // One that was made tells that there was one left.
            self.refused.remove(&id.to_string());
            self.made.entry(id.to_string()).or_default().extend(made);
        }
    }

    /// Remembers that AWS takes no more of these calls for now.
    ///
    /// Returns when AWS takes one again at the latest: when the oldest known call is a day old. If
    /// none is known, that is a day from now.
    pub fn record_refused(&mut self, id: &ResourceId, now: Timestamp) -> Timestamp {
        self.refused.insert(id.to_string(), now);
        let oldest = ages(&self.made, id, now).first().copied().unwrap_or_default();
        now + A_DAY.saturating_sub(SignedDuration::try_from(oldest).unwrap_or_default())
    }

    /// Tells a decision about a resource what is known of its rationed calls.
    pub fn ration(&self, id: &ResourceId, now: ZonedDateTime, time_left: Duration) -> Ration {
        let time = now.timestamp();
        let refused = self.refused.get(&id.to_string()).map(|at| time.duration_since(*at));
        let made = ages(&self.made, id, time);
        let mut recent = [made.clone(), ages(&self.planned, id, time)].concat();
        recent.sort_unstable_by(|a, b| b.cmp(a));
        Ration {
            recent,
            made,
            refused: refused
                .filter(|ago| *ago < A_DAY)
                .map(|ago| Duration::try_from(ago).unwrap_or_default()),
            time_left,
            now,
        }
    }

    /// Forgets what AWS does not count any more.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        for calls in [&mut self.made, &mut self.planned] {
            calls.retain(|_, calls| {
                calls.retain(|time| now.duration_since(*time) < A_DAY);
                !calls.is_empty()
            });
        }
        self.refused.retain(|_, time| now.duration_since(*time) < A_DAY);
    }

    /// Reads these three fields of a state, and refuses any unknown one.
    ///
    /// Serde refuses unknown fields by itself only where no struct stands among another's fields.
    pub(super) fn deserialize_strictly<'de, D: Deserializer<'de>>(
        fields: D,
    ) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(flatten)]
            calls: RationedCalls,
            #[serde(flatten)]
            unknown: Map<String, Value>,
        }
        let Fields { calls, unknown } = Fields::deserialize(fields)?;
        match unknown.keys().next() {
            Some(field) => Err(D::Error::custom(format_args!("unknown field `{field}`"))),
            None => Ok(calls),
        }
    }
}

/// Returns the ages of a resource's calls of the last 24 hours, the oldest first.
fn ages(calls: &Times, id: &ResourceId, now: Timestamp) -> Vec<Duration> {
    let mut ages: Vec<Duration> = calls
        .get(&id.to_string())
        .into_iter()
        .flatten()
        .filter(|time| now.duration_since(**time) < A_DAY)
        .map(|time| Duration::try_from(now.duration_since(*time)).unwrap_or_default())
        .collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    ages
}
