//! Ten calls a day: which ways they allow, what is worth waiting for, and what has to wait for
//! another day.

use std::time::Duration;

use jiff::SignedDuration;

use super::stream::{CALLS_A_DAY, ScaleTo, Step, Wait};
use crate::model::Ration;

const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// A daily schedule is never quite on time: yesterday's calls may still count for a while, and a
/// call that is free again within this time is worth waiting for. Other tiers wait as long.
const WORTH_WAITING: Duration = Duration::from_secs(600);
/// A start that AWS refused is not tried again for so long. After that it may work: whose calls
/// used up the day's, and when they were made, is not known.
const REFUSED_FOR: Duration = Duration::from_secs(3600);

/// A stream's ration allows ten calls in 24 hours.
pub struct StreamRation<'a>(pub &'a Ration);

impl StreamRation<'_> {
    /// How long an operation may wait for a call: it has to get on with its way in what is left.
    fn patience(&self) -> Duration {
        WORTH_WAITING.min(self.0.time_left / 2)
    }

    /// The calls that will not be free again soon. All ten, where AWS has refused one in the last
    /// 24 hours: then others made some, too.
    pub fn lasting(&self) -> usize {
        match self.0.refused {
            Some(_) => CALLS_A_DAY,
            None => self.0.recent.iter().filter(|age| frees_in(**age) > self.patience()).count(),
        }
    }

    /// The calls that a start could make now.
    pub fn free(&self) -> usize {
        CALLS_A_DAY.saturating_sub(self.0.made.len())
    }

    /// When the first of the calls is free again that will not be so soon.
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

    /// The steps of a stop, with a pause where the next call is free soon. Its floor sees to it
    /// that all are allowed.
    pub fn allowed_down(&self, steps: Vec<Step>) -> Vec<Step> {
        self.allowed(steps, &self.0.recent)
    }

    /// The steps of a start as far as they are allowed. What a process that died may have made does
    /// not keep it back: AWS knows.
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

/// When a call of this age does not count any more.
fn frees_in(age: Duration) -> Duration {
    A_DAY.saturating_sub(age)
}

/// The shard counts from one to another, without the first: each at most double and at least half
/// of the one before. AWS does not say how it rounds half an odd count: rounding up is always
/// allowed.
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

/// The fewest shards, and not fewer than `least`, to which the way down, the way back to `top` and
/// the calls that count already fit a day's calls. `None`: not even the first step does.
pub fn floor(least: u32, shards: u32, top: u32, used: usize) -> Option<u32> {
    let calls = |floor| used + counts(shards, floor).len() + counts(floor, top).len();
    (least..shards).find(|floor| calls(*floor) <= CALLS_A_DAY)
}

pub fn floor_reason(floor: u32, used: usize) -> String {
    format!(
        "floor {floor} because AWS takes {CALLS_A_DAY} calls a day, {used} are used, and the way back needs its share"
    )
}
