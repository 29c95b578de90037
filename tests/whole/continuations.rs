//! An operation that takes longer than one invocation goes on in others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Account, Call, ENDPOINT, Function, PROJECT, STREAM, assert_same, eventually, line, result_of,
};

/// Returns the one report that the topic's subscribers got.
#[track_caller]
fn only_message(account: &Account) -> Value {
    let messages = account.messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let json = &messages[0]["json"];
    json.as_str()
        .map_or_else(|| json.clone(), |text| serde_json::from_str(text).expect("a report in JSON"))
}

/// Counts the invocations that the function asked for itself.
fn continuations(account: &Account) -> usize {
    account.invocations().iter().filter(|invocation| invocation["type"] == "Event").count()
}

#[test]
fn a_stop_longer_than_its_deadline_ends_and_is_told_once() {
    let account = Account::demo();
    let function = Function::new(&account).hurried();
    let before = account.snapshot();
    account.hold("deleting");
    let answer = function.stop();
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    assert_eq!(answer["finished_at"], Value::Null);
    assert_eq!(result_of(&answer, "sagemaker", ENDPOINT), "pending");
    assert_eq!(result_of(&answer, "lambda", "event_processor"), "stopped");
    eventually("it is handed on again", || continuations(&account) >= 2);
    account.release("deleting");
    account.wait_until_idle();
    assert!(continuations(&account) >= 2, "{:#?}", account.invocations());

    let report = only_message(&account);
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(report["operation_id"], answer["operation_id"]);
    assert_eq!(report["started_at"], answer["started_at"]);
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "stopped");
    assert_eq!(result_of(&report, "lambda", "event_processor"), "stopped");
    let stream = line(&report, "kinesis", STREAM);
    assert_eq!(
        (&stream["before"], &stream["after"]),
        (&json!("2 shards"), &json!("1 shard")),
        "as the first one found it"
    );
    let endpoint = line(&report, "sagemaker", ENDPOINT);
    assert_eq!(
        (&endpoint["before"], &endpoint["cost_per_day"]["before"]),
        (&json!("1 × ml.m5.large"), &json!(2.76))
    );
    assert_eq!(account.operations().len(), 1);
    assert_eq!(account.count("DeleteEndpoint"), 1);

    function.unhurried().succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_start_longer_than_its_deadline_ends_and_is_told_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.hold("creating");
    account.hold("scaling");
    let function = function.hurried();
    let answer = function.start();
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    assert_eq!(result_of(&answer, "lambda", "event_processor"), "pending");
    account.release("scaling");
    eventually("it is handed on again", || continuations(&account) >= 2);
    account.release("creating");
    account.wait_until_idle();
    let messages = account.messages();
    assert_eq!(messages.len(), 2, "one of the stop and one of the start: {messages:#?}");
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!((account.count("CreateEndpoint"), account.operations().len()), (1, 2));
}

/// Counts the first invocation's looks at the endpoint after the call for its deletion.
fn looks_at_the_endpoint_before_handing_on(account: &Account) -> usize {
    let calls = account.calls();
    let after = calls.iter().skip_while(|call| call.operation != "DeleteEndpoint");
    let before = after.take_while(|call| call.operation != "Invoke");
    let is_look =
        |call: &&Call| ["DescribeEndpoint", "ListEndpoints"].contains(&call.operation.as_str());
    before.filter(is_look).count()
}

#[test]
fn without_waiting_the_answer_comes_at_once_and_the_end_later() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let five_seconds = Duration::from_secs_f64(5.0 * function.slowness());
    account.forget_calls();
    account.hold("deleting");
    let asked = Instant::now();
    let answer = function.must(&json!({"action": "stop", "wait": false}));
    assert!(asked.elapsed() < five_seconds, "it took {:?}", asked.elapsed());
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    assert_eq!(account.count("DeleteEndpoint"), 1, "the change is issued before the answer");
    let looks = looks_at_the_endpoint_before_handing_on(&account);
    assert_eq!(looks, 1, "it looks whether the change came at once, and waits for nothing");
    account.release("deleting");
    account.wait_until_idle();
    let report = only_message(&account);
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(report["operation_id"], answer["operation_id"]);
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_start_without_waiting_brings_everything_back_in_the_end() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.hold("creating");
    let answer = function.must(&json!({"action": "start", "wait": false}));
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    account.release("creating");
    account.wait_until_idle();
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.messages().len(), 2);
}

#[test]
fn a_selective_operation_stays_selective_in_its_continuations() {
    let account = Account::demo();
    let function = Function::new(&account).hurried();
    let before = account.snapshot();
    account.hold("deleting");
    let event = json!({"action": "stop", "only": ["sagemaker:*-risk-*"], "reason": "demo is over"});
    assert_eq!(function.must(&event)["outcome"], "in_progress");
    account.release("deleting");
    account.wait_until_idle();
    let report = only_message(&account);
    assert_eq!(
        (&report["outcome"], &report["reason"]),
        (&json!("succeeded"), &json!("demo is over"))
    );
    let after = account.snapshot();
    for part in ["streams", "functions", "alarms"] {
        assert_eq!(after[part], before[part], "{part}");
    }
    assert_eq!(after["endpoints"], json!({}));
}

/// Makes the event with which the function calls itself.
fn continuation(action: &str, operation_id: &Value, asked_at: &Value, depth: u32) -> Value {
    json!({"action": action, "continuation": {"operation_id": operation_id, "depth": depth, "asked_at": asked_at}})
}

/// Leaves a start without its continuation: the process died before it could call for one.
fn interrupted_start<'a>(account: &'a Account, function: Function<'a>) -> (Function<'a>, Value) {
    function.stop();
    account.hold("creating");
    let function = function.hurried();
    // The first call is the test's own.
    account
        .fault(&json!({"service": "lambda", "operation": "Invoke", "skip": 1, "kill": "before"}));
    function.invoke(&json!({"action": "start"})).expect_err("the process was killed");
    let state = account.state();
    assert_eq!((&state["operation"]["depth"], &state["lease"]), (&json!(1), &Value::Null));
    (function, state["operation"].clone())
}

#[test]
fn an_operation_that_never_comes_to_its_end_is_given_up_after_12_continuations() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let (function, operation) = interrupted_start(&account, function);
    let function = function.with("POLL_SECONDS", "0.5");
    let eleventh = continuation("start", &operation["id"], &operation["started_at"], 11);
    assert_eq!(function.must(&eleventh)["outcome"], "in_progress");
    account.wait_until_idle();
    assert_eq!(continuations(&account), 1, "{:#?}", account.invocations());
    let messages = account.messages();
    assert_eq!(messages.len(), 2, "of the stop and of the start: {messages:#?}");
    let text = messages[1].to_string();
    assert!(
        text.contains("partial") && text.contains("12 continuations") && text.contains(ENDPOINT),
        "{text}"
    );
    // The endpoint comes into service after all. The next start completes what is left.
    account.set_endpoint_status(ENDPOINT, "InService", "");
    function.unhurried().succeed(&json!({"action": "start"}));
    let after = account.snapshot();
    for part in ["functions", "alarms", "streams"] {
        assert_eq!(after[part], before[part], "{part}");
    }
}

#[test]
fn an_operation_whose_continuation_was_lost_is_completed_by_the_next_event() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let (function, _) = interrupted_start(&account, function);
    account.release("creating");
    function.unhurried().succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.count("CreateEndpoint"), 1);
}

#[test]
fn an_operation_not_handed_on_says_so_and_the_next_completes_it() {
    let account = Account::demo();
    let function = Function::new(&account).hurried();
    let before = account.snapshot();
    account.hold("deleting");
    // The first call is the test's own.
    account.fault(&json!({
        "service": "lambda", "operation": "Invoke", "skip": 1, "times": null,
        "error": {"status": 403, "code": "AccessDeniedException", "message": "not authorized"},
    }));
    let answer = function.stop();
    assert_eq!(answer["outcome"], "partial", "{answer:#}");
    assert!(
        answer["errors"].to_string().contains("lambda:InvokeFunction"),
        "{:#}",
        answer["errors"]
    );
    account.clear_faults();
    account.release("deleting");
    let function = function.unhurried();
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_continuation_that_comes_twice_or_late_does_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let stop = function.stop();
    account.forget_calls();
    let late = continuation("stop", &stop["operation_id"], &stop["started_at"], 1);
    assert_eq!(function.must(&late)["outcome"], "skipped");
    function.start();
    account.forget_calls();
    assert_eq!(function.must(&late)["outcome"], "skipped");
    assert_eq!(account.changes(), []);
    assert_eq!(account.messages().len(), 2);
}

#[test]
fn an_account_too_slow_to_look_at_is_refused_with_advice() {
    let functions: Vec<Value> =
        (0..60).map(|n| json!({"name": format!("{PROJECT}-work-{n}")})).collect();
    let account = Account::with(&json!({"functions": functions}));
    let function = Function::new(&account).hurried();
    // One answer of the account takes longer than there is time.
    account.fault(&json!({
        "operation": "GetFunctionConcurrency", "resource": "work-13", "times": null, "held": true,
    }));
    for event in [json!({"action": "status"}), json!({"action": "stop", "dry_run": true})] {
        let refused = function.invoke(&event).expect_err("there is no time for it");
        assert_eq!(refused.kind, "TooMuch", "{refused:?}");
        assert!(refused.message.contains("`only`"), "{refused:?}");
    }
    let only = json!({"action": "status", "only": [format!("lambda:{PROJECT}-work-7")]});
    assert_eq!(function.must(&only)["resources"].as_array().expect("lines").len(), 1);
    assert_eq!(account.changes(), []);
    account.release_calls();
}
