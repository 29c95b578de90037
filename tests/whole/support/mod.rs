//! The simulated account, and the function in it, as the tests speak of them.

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

/// So many invocations are killed and recovered from at once, over all tests: more only wait for
/// the machine.
pub static CRASHES: Semaphore = Semaphore::new(6);

/// How long a test waits for what has to come. It says nothing of how fast that is: on a busy
/// machine everything takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until it is true. For what happens in another process: nothing announces it.
#[track_caller]
pub fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < until, "it has not come true: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// An invocation's answer, and what the test does meanwhile.
pub fn beside<A: Send>(invocation: impl FnOnce() -> A + Send, meanwhile: impl FnOnce()) -> A {
    thread::scope(|scope| {
        let invocation = scope.spawn(invocation);
        meanwhile();
        invocation.join().expect("it did not panic")
    })
}
