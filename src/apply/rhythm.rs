//! An operation's rhythm says how it waits: how soon it looks, and how seldom in the end.

use std::time::Duration;

/// Each wait for what takes long is this much longer than the one before.
const BACK_OFF: f64 = 1.5;
/// A wait is no longer than this, or than four polls if that is less.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT_IN_POLLS: u32 = 4;
/// A long round looks at least so seldom for somebody who wants it to end.
const SHORTEST_WATCH: Duration = Duration::from_secs(5);

/// A rhythm says how an operation waits.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// The first look comes so long after a step.
    ///
    /// A look for somebody who wants the operation to end comes as often.
    pub poll: Duration,
    /// False: what does not come at once is unfinished.
    pub wait: bool,
}

impl Rhythm {
    /// Returns the next wait, after a look that showed nothing new.
    pub fn longer(self, wait: Duration) -> Duration {
        wait.mul_f64(BACK_OFF)
            .min((self.poll * LONGEST_WAIT_IN_POLLS).min(LONGEST_WAIT))
            .max(self.poll)
    }

    /// Looks that are due so soon after each other are made together.
    ///
    /// A kind that can list what is in transition looks at one as at all.
    pub(super) fn slack(self) -> Duration {
        self.poll / 2
    }

    /// The time between two looks for somebody who wants a long round to end.
    pub(super) fn watch(self) -> Duration {
        self.poll.max(SHORTEST_WATCH)
    }
}
