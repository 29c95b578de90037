//! A clock tells the time of day. Tests have a clock of their own.

use jiff::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Tells the time of the machine, in whole milliseconds.
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // Finer than milliseconds means nothing between machines, and reads badly.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
