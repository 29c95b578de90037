//! The time of day, behind a trait so that tests can have their own.

use jiff::Timestamp;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // Finer than milliseconds means nothing between machines, and reads badly.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
