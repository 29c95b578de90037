//! A dry run plans and prices everything, and changes nothing.

use serde_json::json;

use crate::support::{Account, Call, ENDPOINT, Function, STREAM, assert_same, line, results};

/// Lists the function's mutating calls.
fn mutating(account: &Account) -> Vec<Call> {
    account.calls().into_iter().filter(|call| call.mutating && call.operation != "Invoke").collect()
}

#[test]
fn a_dry_stop_changes_nothing_and_writes_nothing_but_its_report() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.succeed(&json!({"action": "stop", "dry_run": true}));
    assert_eq!(report["dry_run"], true);
    assert_same(&account.snapshot(), &before, "in the end");
    let writes = mutating(&account);
    assert_eq!(writes.len(), 2, "the report and its page: {writes:#?}");
    let is_report =
        |call: &Call| call.operation == "PutObject" && call.resource.contains("/operations/");
    assert!(writes.iter().all(is_report), "{writes:#?}");
    assert_eq!(account.object(crate::support::STATE_KEY), None);
    assert!(account.messages().is_empty());
}

#[test]
fn a_dry_stop_says_what_it_would_do_and_save() {
    let account = Account::demo();
    let report = Function::new(&account).succeed(&json!({"action": "stop", "dry_run": true}));
    let stream = line(&report, "kinesis", STREAM);
    assert_eq!(stream["result"], "would_stop");
    assert_eq!((&stream["before"], &stream["after"]), (&json!("2 shards"), &json!("1 shard")));
    assert_eq!(line(&report, "sagemaker", ENDPOINT)["result"], "would_stop");
    assert_eq!(line(&report, "lambda", "event_processor")["result"], "would_stop");
    assert_eq!(
        line(&report, "lambda", "user-journey-analytics-report-builder")["result"],
        "already_stopped"
    );
    assert!(
        report["cost"]["saved_per_day"].as_f64().is_some_and(|usd| usd > 1.0),
        "{:#}",
        report["cost"]
    );
}

#[test]
fn a_dry_stop_and_the_stop_after_it_say_the_same() {
    let account = Account::demo();
    let function = Function::new(&account);
    let dry = function.succeed(&json!({"action": "stop", "dry_run": true}));
    let done = function.succeed(&json!({"action": "stop"}));
    let as_done: Vec<String> =
        results(&dry).iter().map(|words| words.replace("would_stop", "stopped")).collect();
    assert_eq!(results(&done), as_done);
    assert_eq!(done["cost"]["saved_per_day"], dry["cost"]["saved_per_day"]);
}

#[test]
fn a_dry_start_says_what_would_come_back_and_leaves_it_down() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    let (stopped, state) = (account.snapshot(), account.object(crate::support::STATE_KEY));
    account.forget_calls();
    let report = function.succeed(&json!({"action": "start", "dry_run": true}));
    let stream = line(&report, "kinesis", STREAM);
    assert_eq!(stream["result"], "would_start");
    assert_eq!((&stream["before"], &stream["after"]), (&json!("1 shard"), &json!("2 shards")));
    assert_eq!(line(&report, "sagemaker", ENDPOINT)["result"], "would_start");
    assert_eq!(account.changes(), []);
    assert_same(&account.snapshot(), &stopped, "in the end");
    assert_eq!(account.object(crate::support::STATE_KEY), state);
}

#[test]
fn a_dry_run_tells_nobody_unless_asked_to() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop", "dry_run": true}));
    assert!(account.messages().is_empty());
    function.succeed(&json!({"action": "stop", "dry_run": true, "notify": true}));
    assert_eq!(account.messages().len(), 1);
    function.succeed(&json!({"action": "status", "notify": true}));
    assert_eq!(account.messages().len(), 2);
    assert_eq!(account.changes(), []);
}

#[test]
fn dry_run_by_default_is_overridden_by_the_event() {
    let account = Account::demo();
    let function = Function::new(&account).with("DRY_RUN_DEFAULT", "true");
    assert_eq!(function.succeed(&json!({"action": "stop"}))["dry_run"], true);
    assert_eq!(account.changes(), []);
    assert_eq!(function.succeed(&json!({"action": "stop", "dry_run": false}))["dry_run"], false);
    assert_ne!(account.changes(), []);
}
