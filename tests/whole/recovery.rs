//! A stop's report still has the originals when the state is lost.

use serde_json::{Value, json};

use crate::support::{Account, ENDPOINT, Function, STATE_KEY, assert_same, result_of};

/// Stops the demo project and loses the state. Returns the key of the stop's report.
fn lose_the_state(account: &Account, function: &Function) -> String {
    function.succeed(&json!({"action": "stop"}));
    account.delete_object(STATE_KEY);
    let [report] = &account.operations()[..] else {
        panic!("one report: {:?}", account.operations())
    };
    report.strip_prefix("user-journey-analytics/dev/").expect("below the prefix").to_owned()
}

fn start_from(key: &str) -> Value {
    json!({"action": "start", "originals_from": key})
}

#[test]
fn a_start_from_the_report_of_the_stop_brings_everything_back() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let key = lose_the_state(&account, &function);
    let report = function.succeed(&start_from(&key));
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "started");
    assert_same(&account.snapshot(), &before, "after the start");
    assert_eq!(account.state()["resources"][format!("sagemaker:{ENDPOINT}")]["phase"], "running");
}

#[test]
fn a_dry_start_from_a_report_shows_all_and_changes_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let key = lose_the_state(&account, &function);
    let stopped = account.snapshot();
    let mut event = start_from(&key);
    event["dry_run"] = json!(true);
    let report = function.succeed(&event);
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "would_start");
    assert_same(&account.snapshot(), &stopped, "after the dry run");
}

#[test]
fn a_report_gives_nothing_that_the_state_knows_better() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    let key = account.operations()[0]
        .strip_prefix("user-journey-analytics/dev/")
        .expect("below the prefix")
        .to_owned();
    function.succeed(&json!({"action": "start"}));
    account.forget_calls();
    // Nothing is stopped any more, so everything in the report is there already.
    function.succeed(&start_from(&key));
    assert_eq!(account.changes(), []);
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_missing_or_foreign_report_changes_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let key = lose_the_state(&account, &function);
    account.forget_calls();
    let refused =
        function.invoke(&start_from("operations/2026/01/01/none.json")).expect_err("refused");
    assert!(refused.message.contains("there is no such report"), "{refused:?}");
    let path = format!("user-journey-analytics/dev/{key}");
    let foreign = account
        .object(&path)
        .expect("the report")
        .replace("\"project\": \"user-journey", "\"project\": \"other");
    account.put_object("user-journey-analytics/dev/operations/foreign.json", &foreign);
    let refused = function.invoke(&start_from("operations/foreign.json")).expect_err("refused");
    assert!(refused.message.contains("it is of project `other-analytics`"), "{refused:?}");
    assert_eq!(account.changes(), []);
}
