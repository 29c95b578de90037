//! The process is killed before and after every mutating call in turn.
//!
//! Whatever comes next, nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::support::{Account, CRASHES, Function, assert_same, eventually};

#[derive(Clone, Copy)]
struct Crash {
    /// Undisturbed actions come first.
    prepare: &'static [&'static str],
    /// The action is killed.
    action: &'static str,
    /// The process is killed `before` or `after` the call.
    moment: &'static str,
    /// Further actions come then. The last one is a start.
    then: &'static [&'static str],
}

impl Crash {
    /// Kills at the mutating call of this number, and recovers. `false`: there is no such call.
    fn at(self, number: usize) -> bool {
        let Crash { prepare, action, moment, then } = self;
        let at = format!("{action} killed {moment} its mutating call {number}, then {then:?}");
        let account = Account::demo();
        account.refuse_prices();
        let function = Function::new(&account);
        let original = account.snapshot();
        for action in prepare {
            function.succeed(&json!({"action": action}));
        }
        // An endpoint that is created again is told from the old one by its time, to the second.
        account.advance(60.0);
        // The first mutating call is the test's own Invoke.
        account.fault(&json!({"mutating_only": true, "skip": number + 1, "kill": moment}));
        let answer = function.invoke(&json!({"action": action}));
        if account.has_a_kill_pending() {
            answer.unwrap_or_else(|refused| panic!("{at}: not killed, and refused: {refused:#?}"));
            return false;
        }
        let refused = answer.expect_err(&at);
        assert!(refused.message.contains("signal: killed"), "{at}: {refused:#?}");
        function.end_the_lease_in(0.0);
        for action in then {
            let report = function.must(&json!({"action": action}));
            // A stop that was killed before its first call left nothing to start.
            let expected = if account.state()["generation"] == 1 && *action == "start" {
                "skipped"
            } else {
                "succeeded"
            };
            assert_eq!(report["outcome"], expected, "{at}: {report:#}");
            if *action == "stop" {
                assert_eq!(account.snapshot()["endpoints"], json!({}), "{at}");
            }
        }
        assert_same(&account.snapshot(), &original, &at);
        true
    }

    /// Kills at every call in turn, in several accounts at a time.
    fn everywhere(self, at_least: usize) {
        let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..CRASHES.size {
                scope.spawn(|| {
                    loop {
                        let _turn = CRASHES.acquire();
                        if over.load(Ordering::SeqCst) {
                            return;
                        }
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if !self.at(number) {
                            over.store(true, Ordering::SeqCst);
                            assert!(number >= at_least, "only {number} mutating calls");
                        }
                    }
                });
            }
        });
    }
}

/// An action on the demo project makes at least so many mutating calls.
///
/// They are for alarms, two functions, endpoint, stream, state and report.
const FEWEST: usize = 8;

#[test]
fn a_stop_killed_before_any_call_goes_on_with_the_next_stop() {
    Crash { prepare: &[], action: "stop", moment: "before", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_stop_killed_after_any_call_goes_on_with_the_next_stop() {
    Crash { prepare: &[], action: "stop", moment: "after", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_stop_killed_before_any_call_is_undone_by_a_start() {
    Crash { prepare: &[], action: "stop", moment: "before", then: &["start"] }.everywhere(FEWEST);
}

#[test]
fn a_stop_killed_after_any_call_is_undone_by_a_start() {
    Crash { prepare: &[], action: "stop", moment: "after", then: &["start"] }.everywhere(FEWEST);
}

#[test]
fn a_start_killed_before_any_call_goes_on_with_the_next_start() {
    Crash { prepare: &["stop"], action: "start", moment: "before", then: &["start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_start_killed_after_any_call_goes_on_with_the_next_start() {
    Crash { prepare: &["stop"], action: "start", moment: "after", then: &["start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_start_killed_before_any_call_is_undone_by_stop_and_start() {
    Crash { prepare: &["stop"], action: "start", moment: "before", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_start_killed_after_any_call_is_undone_by_stop_and_start() {
    Crash { prepare: &["stop"], action: "start", moment: "after", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn lambdas_retry_picks_up_a_killed_invocation_and_tells_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let original = account.snapshot();
    account.fault(&json!({"service": "sagemaker", "operation": "DeleteEndpoint", "kill": "after"}));
    function.invoke_async(&json!({"action": "stop"}));
    let attempts = || account.invocations()[0]["attempts"].as_array().expect("attempts").clone();
    eventually("it is tried again", || attempts().len() == 2);
    // The retry waits for the lease of the killed attempt. Until then it only reads the state.
    let changes = account.changes();
    account.until_called("GetObject", account.count("GetObject") + 6);
    assert_eq!(account.changes(), changes);
    function.end_the_lease_in(2.0);
    account.wait_until_idle();
    let attempts = attempts();
    assert_eq!(attempts.len(), 2, "{attempts:#?}");
    assert_eq!(attempts[1]["response"]["outcome"], "succeeded", "{attempts:#?}");
    assert_eq!(account.messages().len(), 1);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &original, "in the end");
}
