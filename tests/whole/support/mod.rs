//! Tests speak of the simulated account and of its function in these words.

mod account;
mod compare;
mod function;
mod report;
mod semaphore;
mod server;

use std::thread;
use std::time::{Duration, Instant};

pub use account::{Account, Call};
pub use compare::assert_same;
pub use function::{Function, Refused};
pub use report::{line, lines, result_of, results};
use semaphore::Semaphore;
pub use server::python;

/// The demo project has every kind, some things switched off, and a neighbour's things.
pub const DEMO: &str = include_str!("../../account/demo_project.json");
pub const PROJECT: &str = "user-journey-analytics";
pub const BUCKET: &str = "user-journey-analytics-state";
pub const ENDPOINT: &str = "user-journey-analytics-exit-risk-endpoint";
pub const STREAM: &str = "user-journey-analytics-user-events";
/// The function under test has a name that its own patterns select.
pub const MANAGER: &str = "user-journey-analytics-resource-manager";
pub const STATE_KEY: &str = "user-journey-analytics/dev/state.json";

/// At most so many invocations are killed at once, over all tests.
///
/// More would only wait for the machine.
pub static CRASHES: Semaphore = Semaphore::new(6);

/// A test waits at most so long for what has to come.
///
/// The time is not a measure of speed: on a busy machine everything takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until a check holds. Nothing announces what happens in another process.
#[track_caller]
pub fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < until, "it has not come true: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns an invocation's answer, and does something meanwhile.
pub fn beside<A: Send>(invocation: impl FnOnce() -> A + Send, meanwhile: impl FnOnce()) -> A {
    thread::scope(|scope| {
        let invocation = scope.spawn(invocation);
        meanwhile();
        invocation.join().expect("it did not panic")
    })
}
