//! A pace says how much happens at once, and until when.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

/// A halt is why an operation begins no further call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The invocation ends soon: the state has to be written first.
    Deadline,
    /// A newer event wants the opposite.
    Yield,
    /// Somebody else holds the lease.
    Fenced,
}

/// A pace knows the time of one invocation, and whether its operation may go on.
#[derive(Debug, Clone)]
pub struct Pace {
    workers: usize,
    /// Lambda ends the process at this moment.
    end: Instant,
    /// No further call begins this long before the end: see [`Until`].
    margin: Duration,
    /// Lambda gave this invocation so much time.
    given: Duration,
    /// The operation can go on in so many later invocations.
    successors: u32,
    flags: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    yielded: AtomicBool,
    fenced: AtomicBool,
}

/// An invocation that nears its end gives up its work at these moments.
///
/// ```text
///        calls begin        answers come   report kept   state written   the answer
///  ──────────────────────┬──────────────┬─────────────┬───────────────┬────────────┤ end
///                    LastCall       LastAnswer      Report          State
///                        ├───── 1/2 ────┼──── 1/4 ────┼───── 1/8 ─────┼─── 1/8 ────┤
///                        └──────────────────── the margin ─────────────────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// No call begins after this moment.
    LastCall,
    /// A call still under way is given up, to leave time for report and state.
    LastAnswer,
    /// The report is given up, to leave time for the state.
    Report,
    /// The state is given up: there is just enough time left to say so.
    State,
}

/// The margin is this share of the time that the invocation was given.
const MARGIN_SHARE: f64 = 0.2;
const LONGEST_MARGIN: Duration = Duration::from_secs(30);

impl Pace {
    /// Makes the pace of an invocation that has `remaining` time from now.
    pub fn new(workers: usize, remaining: Duration) -> Self {
        let margin = remaining.mul_f64(MARGIN_SHARE).min(LONGEST_MARGIN);
        Pace {
            workers,
            end: Instant::now() + remaining,
            margin,
            given: remaining,
            successors: 0,
            flags: Arc::default(),
        }
    }

    /// Adds the time of so many later invocations.
    #[must_use]
    pub fn with_successors(self, successors: u32) -> Self {
        Pace { successors, ..self }
    }

    /// Returns for how long the operation can go on.
    ///
    /// Later invocations are expected to have as much time as this one.
    pub fn time_left(&self) -> Duration {
        let last_call = self.moment(Until::LastCall);
        last_call.saturating_duration_since(Instant::now()) + self.given * self.successors
    }

    /// Tells why no further call may begin. `None`: it may.
    pub fn halted(&self) -> Option<Halt> {
        if self.flags.fenced.load(Ordering::SeqCst) {
            Some(Halt::Fenced)
        } else if self.flags.yielded.load(Ordering::SeqCst) {
            Some(Halt::Yield)
        } else if Instant::now() >= self.moment(Until::LastCall) {
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
        self.sleep_until(Instant::now() + duration).await;
    }

    pub async fn sleep_until(&self, moment: Instant) {
        tokio::time::sleep_until(moment.min(self.moment(Until::LastCall))).await;
    }

    /// Runs a call until a moment. `None`: the call was given up at that moment.
    pub async fn until<T>(&self, moment: Until, call: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.moment(moment), call).await.ok()
    }

    /// Returns the time of a moment.
    fn moment(&self, until: Until) -> Instant {
        let before_the_end = match until {
            Until::LastCall => self.margin,
            Until::LastAnswer => self.margin / 2,
            Until::Report => self.margin / 4,
            Until::State => self.margin / 8,
        };
        self.end - before_the_end
    }

    /// Asks about each item, at most `workers` at once. Answers come in the items' order.
    pub fn ask_each<'a, I, T, F>(
        &self,
        items: &'a [I],
        ask: impl Fn(&'a I) -> F,
    ) -> impl Future<Output = Vec<T>>
    where
        F: Future<Output = T>,
    {
        in_order(items, self.workers, ask)
    }

    /// Changes each item, at most `workers` at once, and begins no further change once halted.
    ///
    /// A change that has begun may still wait for its turn at AWS's rate before it is sent. It is
    /// sent even if the operation is halted meanwhile. There are at most `workers` such changes, so
    /// they are sent within seconds, and whoever comes next looks at their resources.
    pub fn change_each<'a, I, T, F>(
        &self,
        items: &'a [I],
        change: impl Fn(&'a I) -> F,
        not_begun: fn() -> T,
    ) -> impl Future<Output = Vec<T>>
    where
        F: Future<Output = T>,
    {
        let pace = self.clone();
        in_order(items, self.workers, move |item| {
            let change = if pace.halted().is_some() { None } else { Some(change(item)) };
            async move {
                match change {
                    Some(change) => change.await,
                    None => not_begun(),
                }
            }
        })
    }
}

/// Runs a future for each item, at most `at_once` of them, and orders the answers.
///
/// A future is made when there is room for it, so that thousands of items take no more memory than
/// `at_once` of them. A slow future holds up nothing but its own place.
async fn in_order<'a, I, T, F: Future<Output = T>>(
    items: &'a [I],
    at_once: usize,
    make: impl Fn(&'a I) -> F,
) -> Vec<T> {
    let mut answers: Vec<Option<T>> = items.iter().map(|_| None).collect();
    let mut items = items.iter().enumerate();
    let mut under_way = FuturesUnordered::new();
    loop {
        under_way.extend(items.by_ref().take(at_once - under_way.len()).map(|(index, item)| {
            let future = make(item);
            async move { (index, future.await) }
        }));
        match under_way.next().await {
            Some((index, answer)) => answers[index] = Some(answer),
            None => return answers.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test(start_paused = true)]
    async fn the_margin_is_a_share_of_the_time_and_at_most_30_seconds() {
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
    async fn a_slow_answer_holds_up_no_other_and_has_its_own_place() {
        let items: Vec<u64> = [100, 1, 1, 1, 1, 1, 1, 1, 1, 1].into();
        let made = AtomicUsize::new(0);
        let started = Instant::now();
        let answers = Pace::new(2, Duration::from_secs(900))
            .ask_each(&items, |seconds| {
                // The future is made when there is room for it, and not before.
                let (n, began) = (made.fetch_add(1, Ordering::SeqCst), started.elapsed().as_secs());
                async move {
                    tokio::time::sleep(Duration::from_secs(*seconds)).await;
                    (n, began)
                }
            })
            .await;
        assert_eq!(started.elapsed().as_secs(), 100);
        assert_eq!(
            answers,
            [(0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6), (8, 7), (9, 8)]
        );
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
    async fn a_hanging_call_is_given_up_in_time_to_write_the_state() {
        let pace = Pace::new(1, Duration::from_secs(10));
        let started = Instant::now();
        assert_eq!(pace.until(Until::LastAnswer, std::future::pending::<()>()).await, None);
        assert_eq!(started.elapsed(), Duration::from_millis(9_000));
    }
}
