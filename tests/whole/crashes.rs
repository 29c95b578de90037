//! SIGKILL before and after every mutating call in turn. Whatever comes next, nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::support::{Account, CRASHES, Function, assert_same, eventually};

#[derive(Clone, Copy)]
struct Crash {
    /// What is done before, undisturbed.
    prepare: &'static [&'static str],
    /// What is killed.
    action: &'static str,
    /// `before` or `after` the call.
    moment: &'static str,
    /// What is done then. It ends with a start.
    then: &'static [&'static str],
}

impl Crash {
    /// Kills at the mutating call of this number, and recovers. False: there is no such call.
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
        // What is created again is told from what was there by its time, to the second.
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
            // Before its first call a stop has done nothing: there is nothing to start.
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

    /// Every call in turn, several accounts at a time.
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

/// Of the demo project: alarms, two functions, endpoint, stream, the state and the report.
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
fn a_start_killed_before_any_call_is_undone_by_a_stop_that_is_undone_by_a_start() {
    Crash { prepare: &["stop"], action: "start", moment: "before", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_start_killed_after_any_call_is_undone_by_a_stop_that_is_undone_by_a_start() {
    Crash { prepare: &["stop"], action: "start", moment: "after", then: &["stop", "start"] }
        .everywhere(FEWEST);
}

#[test]
fn a_killed_invocation_is_picked_up_by_lambdas_own_retry_and_told_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let original = account.snapshot();
    account.fault(&json!({"service": "sagemaker", "operation": "DeleteEndpoint", "kill": "after"}));
    function.invoke_async(&json!({"action": "stop"}));
    let attempts = || account.invocations()[0]["attempts"].as_array().expect("attempts").clone();
    eventually("it is tried again", || attempts().len() == 2);
    // It waits for the lease of the killed one: it reads the state again and again, and that is all.
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
