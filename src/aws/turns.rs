//! Turns keep calls that share a limit as far apart as AWS wants them.
//!
//! Calls wait for their turns in the order in which they came. When AWS accepts fewer than it
//! publishes, because others use the account too, the turns come further apart, and closer again
//! as calls are accepted.

use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// After a throttled call, the turns come so many times further apart.
const SLOWER: f64 = 1.5;
/// Further throttled calls within this time change nothing: they were under way already.
const ONCE_IN: Duration = Duration::from_secs(1);
/// Each second in which calls are accepted brings the turns closer by this factor.
///
/// So every eight seconds or so a throttled call finds out whether AWS accepts more again.
const FASTER: f64 = 0.95;
/// Turns come at most so many times further apart than AWS publishes.
const SLOWEST: f64 = 20.0;

/// Hands out the turns of one limit.
pub struct Turns {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Moment>>,
    period: Duration,
    /// The last turn was at this time. Tokio hands the lock out in the order of arrival.
    queue: tokio::sync::Mutex<Instant>,
    slowness: Mutex<Slowness>,
}

#[derive(Debug, Clone, Copy)]
struct Slowness {
    /// Turns come so many times further apart than AWS publishes.
    factor: f64,
    raised_at: Option<Instant>,
    adjusted_at: Instant,
}

impl Turns {
    /// Makes the turns of a rate. `None`: the rate allows no calls at all.
    ///
    /// AWS's buckets hold a second's worth of calls. The turns begin with a part of that, because
    /// calls just before this invocation count, too.
    pub fn at(per_second: f64) -> Option<Self> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few thousand at most"
        )]
        let burst = NonZeroU32::new((per_second / 3.0) as u32).unwrap_or(NonZeroU32::MIN);
        let period = Duration::try_from_secs_f64(1.0 / per_second).ok()?;
        let quota = Quota::with_period(period)?.allow_burst(burst);
        Some(Turns {
            limiter: RateLimiter::direct_with_clock(quota, TokioClock),
            period,
            queue: tokio::sync::Mutex::new(Instant::now()),
            slowness: Mutex::new(Slowness {
                factor: 1.0,
                raised_at: None,
                adjusted_at: Instant::now(),
            }),
        })
    }

    /// Waits for a turn. The call may be made at once when this returns.
    pub async fn wait(&self) {
        let mut last = self.queue.lock().await;
        let factor = self.slowness().factor;
        if factor > 1.0 {
            tokio::time::sleep_until(*last + self.period.mul_f64(factor)).await;
        }
        while let Err(not_until) = self.limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(TokioClock.now())).await;
        }
        *last = Instant::now();
    }

    pub fn was_throttled(&self) {
        let mut slowness = self.slowness();
        if slowness.raised_at.is_none_or(|raised_at| raised_at.elapsed() >= ONCE_IN) {
            let factor = (slowness.factor * SLOWER).min(SLOWEST);
            let now = Instant::now();
            *slowness = Slowness { factor, raised_at: Some(now), adjusted_at: now };
        }
    }

    pub fn was_accepted(&self) {
        let mut slowness = self.slowness();
        let now = Instant::now();
        let seconds = now.duration_since(slowness.adjusted_at).as_secs_f64();
        slowness.factor = (slowness.factor * FASTER.powf(seconds)).max(1.0);
        slowness.adjusted_at = now;
    }

    fn slowness(&self) -> MutexGuard<'_, Slowness> {
        self.slowness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells Tokio's time, so that a limit can be tested without waiting for it.
#[derive(Debug, Clone, Copy)]
struct TokioClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Instant);

impl Clock for TokioClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(Instant::now())
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        self.0.checked_sub(duration.into()).map_or(*self, Moment)
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, duration: Nanos) -> Self {
        Moment(self.0 + Duration::from(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(turns: &Turns, calls: u32) -> f64 {
        let began = Instant::now();
        for _ in 0..calls {
            turns.wait().await;
        }
        began.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_published_rate_after_a_short_burst() {
        let turns = Turns::at(15.0).unwrap();
        let took = seconds_for(&turns, 5 + 150).await;
        assert!((took - 10.0).abs() < 0.2, "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_first_has_the_first_turn() {
        let turns = Turns::at(2.0).unwrap();
        let order = Mutex::new(Vec::new());
        futures::future::join_all((0..20).map(|n| {
            let (turns, order) = (&turns, &order);
            async move {
                turns.wait().await;
                order.lock().unwrap().push(n);
            }
        }))
        .await;
        assert_eq!(order.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn throttled_calls_slow_turns_once_a_second_and_not_for_ever() {
        let turns = Turns::at(10.0).unwrap();
        (0..10).for_each(|_| turns.was_throttled());
        assert!((turns.slowness().factor - SLOWER).abs() < 1e-9);
        let took = seconds_for(&turns, 100).await;
        assert!((took - 15.0).abs() < 0.2, "{took}");
        for _ in 0..20 {
            tokio::time::advance(ONCE_IN).await;
            turns.was_throttled();
        }
        assert!((turns.slowness().factor - SLOWEST).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn accepted_calls_bring_the_published_rate_back() {
        let turns = Turns::at(10.0).unwrap();
        turns.was_throttled();
        tokio::time::advance(ONCE_IN).await;
        turns.was_accepted();
        assert!((turns.slowness().factor - SLOWER * FASTER).abs() < 1e-9);
        tokio::time::advance(ONCE_IN * 8).await;
        turns.was_accepted();
        let took = seconds_for(&turns, 103).await;
        assert!((took - 10.0).abs() < 0.2, "{took}");
    }

    #[test]
    fn a_rate_may_be_very_low_or_very_high() {
        assert!(Turns::at(0.015).is_some() && Turns::at(15_000.0).is_some());
    }
}
