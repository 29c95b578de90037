//! A tally counts the calls to AWS: the wire counts, and the metrics tell.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the calls of one process to AWS, and those that AWS throttled.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    throttles: AtomicU64,
}

impl Tally {
    pub fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_throttle(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }
}
