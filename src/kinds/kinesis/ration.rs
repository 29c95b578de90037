//! A stream's ration decides which ways ten calls in 24 hours allow.
//!
//! It says what is worth waiting for, and what has to wait for another day
//! (docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html).

use std::time::Duration;

use jiff::SignedDuration;

use super::stream::{CALLS_A_DAY, ScaleTo, Step, Wait};
use crate::model::Ration;

const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// A call that is free again within this time is worth waiting for.
///
/// A daily schedule is never quite on time: yesterday's calls may still count for a while. Other
/// tiers wait as long.
const WORTH_WAITING: Duration = Duration::from_secs(600);
/// A start that AWS refused is not tried again for so long.
///
/// After that it may work: whose calls used up the day's, and when they were made, is not known.
const REFUSED_FOR: Duration = Duration::from_secs(3600);

/// A stream's ration allows ten calls in 24 hours.
pub struct StreamRation<'a>(pub &'a Ration);

impl StreamRation<'_> {
    /// Returns how long an operation may wait for a call.
    ///
    /// It has to get on with its way in the time that is left after that.
    fn patience(&self) -> Duration {
        WORTH_WAITING.min(self.0.time_left / 2)
    }

    /// Counts the calls that will not be free again soon.
    ///
    /// Where AWS has refused one in the last 24 hours, these are all ten: others made some, too.
    pub fn lasting(&self) -> usize {
        match self.0.refused {
            Some(_) => CALLS_A_DAY,
            None => self.0.recent.iter().filter(|age| frees_in(**age) > self.patience()).count(),
        }
    }

    /// Counts the calls that a start could make now.
    pub fn free(&self) -> usize {
        CALLS_A_DAY.saturating_sub(self.0.made.len())
    }

    /// Tells when the next call is free again, of those that will not be soon.
    pub fn next_free(&self) -> String {
        match (self.0.refused, self.0.recent.iter().find(|age| frees_in(**age) > self.patience())) {
            (Some(ago), _) => format!(
                "AWS refused one at {}, because others had made some, too: the next is free at {} at the latest",
                self.at(-SignedDuration::try_from(ago).unwrap_or_default()),
                self.in_time(frees_in(ago))
            ),
            (None, Some(age)) => format!("the next is free at {}", self.in_time(frees_in(*age))),
            (None, None) => "the next is free soon".to_owned(),
        }
    }

    /// Puts a pause into a stop's steps where the next call is free soon.
    ///
    /// The floor is such that all steps are allowed.
    pub fn allowed_down(&self, steps: Vec<Step>) -> Vec<Step> {
        self.allowed(steps, &self.0.recent)
    }

    /// Cuts a start's steps off where the ration ends.
    ///
    /// Calls that a dead process may have made do not hold it back: AWS knows better.
    pub fn allowed_up(&self, steps: Vec<Step>) -> Vec<Step> {
        self.allowed(steps, &self.0.made)
    }

    fn allowed(&self, steps: Vec<Step>, calls: &[Duration]) -> Vec<Step> {
        if !steps.is_empty() && self.0.refused.is_some_and(|ago| ago < REFUSED_FOR) {
            return vec![self.give_up(&self.next_free())];
        }
        let (mut allowed, mut waited) = (Vec::new(), Duration::ZERO);
        for (index, step) in steps.into_iter().enumerate() {
            // As many of the recent calls have to be free by then.
            if let Some(last) = (calls.len() + index).checked_sub(CALLS_A_DAY) {
                // Beyond the recent ones it would be a call of this very way.
                let wait = calls.get(last).map_or(A_DAY, |age| frees_in(*age));
                if wait > self.patience() {
                    allowed
                        .push(self.give_up(&format!("the next is free at {}", self.in_time(wait))));
                    break;
                }
                if let Some(longer) = wait.checked_sub(waited).filter(|longer| !longer.is_zero()) {
                    allowed.push(Step::Wait(Wait::FreeCall { seconds: longer.as_secs() + 1 }));
                    waited = wait;
                }
            }
            allowed.push(step);
        }
        allowed
    }

    fn give_up(&self, frees: &str) -> Step {
        Step::GiveUp(format!(
            "{} of the {CALLS_A_DAY} calls are used that AWS takes in 24 hours: {frees}",
            self.used()
        ))
    }

    fn used(&self) -> usize {
        if self.0.refused.is_some() { CALLS_A_DAY } else { self.0.made.len().min(CALLS_A_DAY) }
    }

    fn in_time(&self, wait: Duration) -> String {
        self.at(SignedDuration::try_from(wait).unwrap_or_default())
    }

    fn at(&self, from_now: SignedDuration) -> String {
        self.0
            .now
            .checked_add(from_now)
            .unwrap_or_else(|_| self.0.now.clone())
            .strftime("%Y-%m-%d %H:%M %Z")
            .to_string()
    }
}

/// Returns the time until a call of this age does not count any more.
fn frees_in(age: Duration) -> Duration {
    A_DAY.saturating_sub(age)
}

/// Lists the shard counts on the way from one to another, without the first.
///
/// Each is at most double and at least half of the one before. AWS does not say how it rounds half
/// an odd count: rounding up is always allowed.
pub fn counts(from: u32, to: u32) -> Vec<u32> {
    let mut counts = Vec::new();
    let mut at = from.max(1);
    while at != to {
        at = if at < to { to.min(at.saturating_mul(2)) } else { to.max(at.div_ceil(2)) };
        counts.push(at);
    }
    counts
}

pub fn way(from: u32, to: u32) -> Vec<Step> {
    counts(from, to).into_iter().map(|to| Step::Call(ScaleTo(to))).collect()
}

/// Finds the fewest shards from which a day's calls still lead back to `top`.
///
/// The calls that count already, the way down and the way back have to fit. The floor is not below
/// `least`. `None`: not even the first step fits.
pub fn floor(least: u32, shards: u32, top: u32, used: usize) -> Option<u32> {
    let calls = |floor| used + counts(shards, floor).len() + counts(floor, top).len();
    (least..shards).find(|floor| calls(*floor) <= CALLS_A_DAY)
}

pub fn floor_reason(floor: u32, used: usize) -> String {
    format!(
        "floor {floor} because AWS takes {CALLS_A_DAY} calls a day, {used} are used, and the way back needs its share"
    )
}
