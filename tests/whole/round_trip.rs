//! After a stop and a start, everything must be as it was.

use serde_json::{Value, json};

use crate::support::{
    Account, Call, ENDPOINT, Function, MANAGER, STREAM, assert_same, beside, line, lines, result_of,
};

const STOP: &str = "stop";
const START: &str = "start";

/// Finds the place of an API operation's call in the log.
#[track_caller]
fn position(calls: &[Call], operation: &str) -> usize {
    calls
        .iter()
        .position(|call| call.operation == operation)
        .unwrap_or_else(|| panic!("no {operation} in {calls:#?}"))
}

#[track_caller]
fn last_position(calls: &[Call], operation: &str) -> usize {
    calls
        .iter()
        .rposition(|call| call.operation == operation)
        .unwrap_or_else(|| panic!("no {operation} in {calls:#?}"))
}

/// Asserts that these actions leave the account as it was.
#[track_caller]
fn comes_back_after(actions: &[&str]) {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    for action in actions {
        function.succeed(&json!({"action": action}));
        assert_eq!(account.snapshot() == before, *action == START, "the account after {action}");
    }
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn alarms_that_drive_scaling_keep_their_actions() {
    let policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:id:resource/sagemaker/endpoint/x:policyName/up";
    let names = ["user-journey-analytics-scale-up", "TargetTracking-user-journey-analytics"];
    let account = Account::with(&json!({"alarms": [
        {"name": names[0], "actions": [policy]}, {"name": names[1], "actions": [policy]}
    ]}));
    let report = Function::new(&account).with("RESOURCES", "cloudwatch:*").stop();
    for name in names {
        assert_eq!(result_of(&report, "cloudwatch", name), "unmanaged", "{report:#}");
    }
    assert_eq!(account.count("DisableAlarmActions"), 0);
}

#[test]
fn a_stop_and_a_start_leave_the_account_identical() {
    comes_back_after(&[STOP, START]);
}

#[test]
fn stopping_twice_and_starting_once_leaves_the_account_identical() {
    comes_back_after(&[STOP, STOP, START]);
}

#[test]
fn stopping_twice_and_starting_twice_leaves_the_account_identical() {
    comes_back_after(&[STOP, STOP, START, START]);
}

#[test]
fn a_week_of_stops_and_starts_leaves_the_account_identical() {
    comes_back_after(&[STOP, START, STOP, START, STOP, START]);
}

#[test]
fn a_stop_takes_every_managed_resource_down() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    let after = account.snapshot();
    assert_eq!(after["endpoints"], json!({}));
    assert!(
        after["endpoint_configs"][format!("{ENDPOINT}-config")].is_object(),
        "the config is kept"
    );
    assert_eq!(after["streams"][STREAM]["open_shards"], 1);
    assert_eq!(after["functions"]["event_processor"]["reserved"], 0);
    assert_eq!(after["functions"]["intervention-executor"]["reserved"], 0);
    let alarms = after["alarms"].as_object().expect("alarms by name");
    let on: Vec<&String> = alarms
        .iter()
        .filter(|(_, alarm)| alarm["ActionsEnabled"] == true)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(on, ["payments-errors"]);
}

#[test]
fn what_a_person_had_switched_off_stays_off() {
    let account = Account::demo();
    let function = Function::new(&account);
    let (alarm, builder) =
        ("user-journey-analytics-endpoint-cpu", "user-journey-analytics-report-builder");
    let stop = function.stop();
    assert_eq!(result_of(&stop, "cloudwatch", alarm), "already_stopped");
    assert_eq!(result_of(&stop, "lambda", builder), "already_stopped");
    function.start();
    let after = account.snapshot();
    assert_eq!(after["alarms"][alarm]["ActionsEnabled"], false);
    assert_eq!(after["functions"][builder]["reserved"], 0);
    let touched = account
        .changes()
        .iter()
        .any(|call| call.resource.contains(alarm) || call.resource == builder);
    assert!(!touched, "{:#?}", account.changes());
}

#[test]
fn kept_and_foreign_resources_are_in_no_mutating_call() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    function.start();
    for call in account.changes() {
        let words = call.words();
        assert!(!words.contains("payments"), "{words}");
        assert!(!words.contains("audit-log"), "{words}");
    }
}

#[test]
fn the_function_never_manages_itself() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot()["functions"][MANAGER].clone();
    for action in [STOP, "status", START] {
        let report = function.must(&json!({"action": action}));
        assert!(!lines(&report).iter().any(|line| line["name"] == MANAGER), "{report:#}");
        assert_eq!(account.snapshot()["functions"][MANAGER], before);
    }
}

#[test]
fn a_stop_silences_alarms_then_functions_then_what_they_call() {
    let account = Account::demo();
    Function::new(&account).stop();
    let calls = account.calls();
    let first_write = position(&calls, "PutObject");
    assert!(calls[first_write].resource.ends_with("state.json"), "the originals are durable first");
    assert!(first_write < position(&calls, "DisableAlarmActions"));
    assert!(
        last_position(&calls, "DisableAlarmActions") < position(&calls, "PutFunctionConcurrency")
    );
    let last_function = last_position(&calls, "PutFunctionConcurrency");
    assert!(last_function < position(&calls, "DeleteEndpoint"));
    assert!(last_function < position(&calls, "UpdateShardCount"));
}

#[test]
fn functions_and_alarms_come_back_once_what_they_call_is_usable() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.hold("creating");
    account.hold("scaling");
    // The process dies at its first call to a function, and the account stays as it is then.
    account.fault(&json!({"operation": "DeleteFunctionConcurrency", "kill": "before"}));
    account.fault(&json!({"operation": "PutFunctionConcurrency", "kill": "before"}));
    account.forget_calls();
    let end_them = || {
        account.until_called("UpdateShardCount", 1);
        account.release("scaling");
        account.until_called("CreateEndpoint", 1);
        account.until_asked_again("DescribeEndpoint");
        assert!(account.has_a_kill_pending(), "no function comes before the endpoint");
        account.release("creating");
    };
    beside(|| function.invoke(&json!({"action": "start"})), end_them)
        .expect_err("the process was killed");
    let then = account.snapshot();
    assert_eq!(then["endpoints"], before["endpoints"]);
    assert_eq!(then["streams"], before["streams"]);
    assert_eq!(then["functions"]["event_processor"]["reserved"], 0);
    let calls = account.calls();
    assert!(
        !calls.iter().any(|call| call.operation == "EnableAlarmActions"),
        "alarms come back last: {calls:#?}"
    );
}

#[test]
fn a_start_enables_alarms_last() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    account.forget_calls();
    function.start();
    let calls = account.calls();
    let enable = position(&calls, "EnableAlarmActions");
    assert!(last_position(&calls, "CreateEndpoint") < enable);
    assert!(last_position(&calls, "UpdateShardCount") < enable);
    assert!(last_position(&calls, "PutFunctionConcurrency") < enable);
    assert!(last_position(&calls, "DeleteFunctionConcurrency") < enable);
}

/// Asserts that a stream goes to one shard and back by so many calls.
///
/// The account refuses more than double and less than half, so the fewest possible calls leave
/// only one way.
#[track_caller]
fn scales(shards: u32, calls_each_way: usize) {
    let account = Account::with(
        &json!({"streams": [{"name": "user-journey-analytics-big", "shards": shards}]}),
    );
    let function = Function::new(&account);
    let open = |account: &Account| {
        account.snapshot()["streams"]["user-journey-analytics-big"]["open_shards"].clone()
    };
    for (action, shards_after) in [(STOP, 1), (START, shards), (START, shards)] {
        account.forget_calls();
        function.succeed(&json!({"action": action}));
        assert_eq!(open(&account), shards_after);
        let changes = account.changes();
        assert!(changes.iter().all(|call| call.status == Some(200)), "{changes:#?}");
        assert!(changes.len() == calls_each_way || changes.is_empty(), "{changes:#?}");
    }
}

#[test]
fn a_stream_of_8_shards_goes_by_4_and_2_to_1_and_back() {
    scales(8, 3);
}

#[test]
fn a_stream_of_5_shards_goes_by_3_and_2_to_1_and_back() {
    scales(5, 3);
}

#[test]
fn a_status_changes_nothing_writes_nothing_and_tells_nobody() {
    let account = Account::demo();
    let function = Function::new(&account);
    let report = function.succeed(&json!({"action": "status"}));
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "running");
    assert_eq!(result_of(&report, "lambda", "user-journey-analytics-report-builder"), "stopped");
    let mutating: Vec<Call> = account
        .calls()
        .into_iter()
        .filter(|call| call.mutating && call.operation != "Invoke")
        .collect();
    assert_eq!(mutating, []);
    assert_eq!(account.messages(), Vec::<Value>::new());
}

#[test]
fn a_status_during_a_stop_says_what_will_come_back() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    let report = function.succeed(&json!({"action": "status"}));
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "stopped");
    let stream = line(&report, "kinesis", STREAM);
    assert_eq!(stream["result"], "stopped");
    assert_eq!((&stream["before"], &stream["after"]), (&json!("2 shards"), &json!("1 shard")));
}

#[test]
fn a_provisioned_table_is_reported_with_its_price_and_a_recommendation() {
    let account = Account::demo();
    let report = Function::new(&account).succeed(&json!({"action": "status"}));
    let table = line(&report, "dynamodb", "user-journey-analytics-risk-scores");
    assert!(table["cost_per_day"]["before"].as_f64().is_some_and(|usd| usd > 0.0), "{table:#}");
    let recommendations = report["recommendations"].to_string();
    assert!(recommendations.contains("user-journey-analytics-risk-scores"), "{recommendations}");
}

#[test]
fn an_operation_sends_one_message_as_text_and_as_json() {
    let account = Account::demo();
    let function = Function::new(&account);
    let stop = function.stop();
    let messages = account.messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let json = &messages[0]["json"];
    let report: Value = json
        .as_str()
        .map_or_else(|| json.clone(), |text| serde_json::from_str(text).expect("JSON"));
    assert_eq!(report, stop);
    assert!(
        messages[0]["email"].as_str().is_some_and(|text| text.contains(STREAM)),
        "{messages:#?}"
    );
    assert!(
        messages[0]["subject"].as_str().is_some_and(|text| text.contains("stop")),
        "{messages:#?}"
    );
    function.start();
    assert_eq!(account.messages().len(), 2);
}
