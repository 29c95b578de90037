//! The calls that AWS takes only so many of in 24 hours, by resource: when they were made, or may
//! have been.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::Journal;
use crate::model::{RationedCalls, ResourceId};

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

impl Journal {
    /// Remembers calls that are about to be made. Once they were, [`Self::made_calls`] sets them
    /// right. If the process dies before, a stop counts them: rather one too many than one too few.
    /// A start does not: it has to come to its end.
    pub fn plan_calls(&mut self, id: &ResourceId, count: usize, now: Timestamp) {
        let calls = self.planned_calls.entry(id.to_string()).or_default();
        calls.extend(std::iter::repeat_n(now, count));
    }

    /// Replaces the calls that were planned at `planned_at` by those that were made since, at these
    /// times.
    pub fn made_calls(
        &mut self,
        id: &ResourceId,
        planned_at: Timestamp,
        made: impl IntoIterator<Item = Timestamp>,
    ) {
        if let Some(planned) = self.planned_calls.get_mut(&id.to_string()) {
            planned.retain(|time| *time != planned_at);
        }
        self.planned_calls.retain(|_, calls| !calls.is_empty());
        let made: Vec<Timestamp> = made.into_iter().collect();
        if !made.is_empty() {
            // One that was made tells that there was one left.
            self.refused_calls.remove(&id.to_string());
            self.counted_calls.entry(id.to_string()).or_default().extend(made);
        }
    }

    /// Remembers that AWS takes no more of these calls for now. Returns when it takes one again at
    /// the latest: when the oldest that is known is a day old, or all have to be.
    pub fn refused_call(&mut self, id: &ResourceId, now: Timestamp) -> ZonedDateTime {
        self.refused_calls.insert(id.to_string(), now);
        let oldest = recent(&self.counted_calls, id, now).first().copied().unwrap_or_default();
        let left = A_DAY.saturating_sub(SignedDuration::try_from(oldest).unwrap_or_default());
        (now + left).to_zoned_datetime(self.zone.clone())
    }

    /// What a decision about a resource has to know of such calls.
    pub fn calls(&self, id: &ResourceId, now: Timestamp, time_left: Duration) -> RationedCalls {
        let refused = self.refused_calls.get(&id.to_string()).map(|time| now.duration_since(*time));
        let made = recent(&self.counted_calls, id, now);
        let mut all = [made.clone(), recent(&self.planned_calls, id, now)].concat();
        all.sort_unstable_by(|a, b| b.cmp(a));
        RationedCalls {
            recent: all,
            made,
            refused: refused
                .filter(|ago| *ago < A_DAY)
                .map(|ago| Duration::try_from(ago).unwrap_or_default()),
            time_left,
            now: now.to_zoned_datetime(self.zone.clone()),
        }
    }

    /// Forgets what AWS does not count any more.
    pub(super) fn forget_calls(&mut self, now: Timestamp) {
        for calls in [&mut self.counted_calls, &mut self.planned_calls] {
            calls.retain(|_, calls| {
                calls.retain(|time| now.duration_since(*time) < A_DAY);
                !calls.is_empty()
            });
        }
        self.refused_calls.retain(|_, time| now.duration_since(*time) < A_DAY);
    }
}

/// The ages of the calls of the last 24 hours, the oldest first.
fn recent(
    calls: &BTreeMap<String, Vec<Timestamp>>,
    id: &ResourceId,
    now: Timestamp,
) -> Vec<Duration> {
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
