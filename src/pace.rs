//! How much happens at once, and until when.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::Instant;

/// Why an operation begins no further call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The invocation ends soon: the state has to be written first.
    Deadline,
    /// A newer event wants the opposite.
    Yield,
    /// Somebody else holds the lease.
    Fenced,
}

/// The time of one invocation, and whether its operation may go on.
#[derive(Debug, Clone)]
pub struct Pace {
    workers: usize,
    /// When the last call may begin.
    deadline: Instant,
    /// When a call that is still under way is given up, so that the state is written in time.
    hard_deadline: Instant,
    /// The time that this invocation was given, and how many may follow it.
    given: Duration,
    successors: u32,
    flags: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    yielded: AtomicBool,
    fenced: AtomicBool,
}

/// The margin before the deadline: a share of the time that the invocation was given.
const MARGIN_SHARE: f64 = 0.2;
const LONGEST_MARGIN: Duration = Duration::from_secs(30);

impl Pace {
    /// For an invocation that has `remaining` time from now.
    pub fn new(workers: usize, remaining: Duration) -> Self {
        let margin = remaining.mul_f64(MARGIN_SHARE).min(LONGEST_MARGIN);
        let end = Instant::now() + remaining;
        Pace {
            workers,
            deadline: end - margin,
            hard_deadline: end - margin / 2,
            given: remaining,
            successors: 0,
            flags: Arc::default(),
        }
    }

    /// The same, where the operation can go on in so many more invocations.
    #[must_use]
    pub fn with_successors(self, successors: u32) -> Self {
        Pace { successors, ..self }
    }

    /// How long the operation can go on, if each invocation is given as much time as this one.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()) + self.given * self.successors
    }

    pub fn halted(&self) -> Option<Halt> {
        if self.flags.fenced.load(Ordering::SeqCst) {
            Some(Halt::Fenced)
        } else if self.flags.yielded.load(Ordering::SeqCst) {
            Some(Halt::Yield)
        } else if Instant::now() >= self.deadline {
            Some(Halt::Deadline)
        } else {
            None
        }
    }

    pub fn yield_now(&self) {
        self.flags.yielded.store(true, Ordering::SeqCst);
    }

    pub fn fence(&self) {
        self.flags.fenced.store(true, Ordering::SeqCst);
    }

    /// Sleeps, but not past the deadline.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep_until((Instant::now() + duration).min(self.deadline)).await;
    }

    /// Runs a call that may take long, and gives it up when the state has to be written.
    pub async fn bounded<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.hard_deadline, call).await.ok()
    }

    /// Asks about each item, at most `workers` at once. Answers come in the items' order.
    pub fn ask_each<'a, I, T, F>(&self, items: &'a [I], ask: impl Fn(&'a I) -> F) -> impl Future<Output = Vec<T>>
    where
        F: Future<Output = T>,
    {
        in_order(items.iter().map(ask).collect(), self.workers)
    }

    /// Changes each item, at most `workers` at once, and begins no further change once halted.
    pub fn change_each<'a, I, T, F>(
        &self,
        items: &'a [I],
        change: impl Fn(&'a I) -> F,
        not_begun: fn() -> T,
    ) -> impl Future<Output = Vec<T>>
    where
        F: Future<Output = T>,
    {
        let guarded = |item| {
            let (pace, change) = (self.clone(), change(item));
            async move { if pace.halted().is_some() { not_begun() } else { change.await } }
        };
        in_order(items.iter().map(guarded).collect(), self.workers)
    }
}

/// The futures are made before the first of them runs, so that what made them need not be `Send`.
async fn in_order<T, F: Future<Output = T>>(futures: Vec<F>, at_once: usize) -> Vec<T> {
    stream::iter(futures).buffered(at_once).collect().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test(start_paused = true)]
    async fn the_margin_is_a_share_of_the_time_given_and_at_most_30_seconds() {
        let short = Pace::new(1, Duration::from_secs(10));
        let long = Pace::new(1, Duration::from_secs(900));
        tokio::time::advance(Duration::from_millis(7_900)).await;
        assert_eq!(short.halted(), None);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(short.halted(), Some(Halt::Deadline));
        tokio::time::advance(Duration::from_secs(861)).await;
        assert_eq!(long.halted(), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(long.halted(), Some(Halt::Deadline));
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_workers_run_at_once() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<u32> = (0..20).collect();
        let answers = Pace::new(3, Duration::from_secs(60))
            .ask_each(&items, |item| {
                let (running, most) = (&running, &most);
                async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    *item
                }
            })
            .await;
        assert_eq!(answers, items);
        assert_eq!(most.into_inner(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_change_begins_after_a_halt() {
        let pace = Pace::new(1, Duration::from_secs(60));
        let results = pace
            .change_each(
                &[1, 2, 3],
                |n| {
                    let pace = &pace;
                    async move {
                        if *n == 2 {
                            pace.yield_now();
                        }
                        Some(*n)
                    }
                },
                || None,
            )
            .await;
        assert_eq!(results, [Some(1), Some(2), None]);
        assert_eq!(pace.halted(), Some(Halt::Yield));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_is_given_up_in_time_to_write_the_state() {
        let pace = Pace::new(1, Duration::from_secs(10));
        let started = Instant::now();
        assert_eq!(pace.bounded(std::future::pending::<()>()).await, None);
        assert_eq!(started.elapsed(), Duration::from_millis(9_000));
    }
}
