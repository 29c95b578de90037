//! The simulated account, and the function in it, as the tests speak of them.

mod account;
mod compare;
mod function;
mod report;
mod semaphore;
mod server;

use std::time::{Duration, Instant};

pub use account::{Account, Call};
pub use compare::assert_same;
pub use function::{Function, Refused};
pub use report::{line, lines, result_of, results};
pub use semaphore::Semaphore;

/// The project the tool was first written for: every kind, things a person switched off, and a
/// neighbour's.
pub const DEMO: &str = include_str!("../../account/demo_project.json");
pub const PROJECT: &str = "user-journey-analytics";
pub const BUCKET: &str = "user-journey-analytics-state";
pub const ENDPOINT: &str = "user-journey-analytics-exit-risk-endpoint";
pub const STREAM: &str = "user-journey-analytics-user-events";
/// The function under test: its own name is one that its patterns select.
pub const MANAGER: &str = "user-journey-analytics-resource-manager";
pub const STATE_KEY: &str = "user-journey-analytics/dev/state.json";

/// Waits until it is true. For what happens in another process: nothing announces it.
#[track_caller]
pub fn eventually(what: &str, within: Duration, mut check: impl FnMut() -> bool) {
    let until = Instant::now() + within;
    while !check() {
        assert!(Instant::now() < until, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
