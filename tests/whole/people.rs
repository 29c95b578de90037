//! A person's change between a stop and a start wins, stays, and is told.

use serde_json::{Value, json};

use crate::support::{Account, ENDPOINT, Function, STREAM, assert_same, line, result_of};

const EXECUTOR: &str = "intervention-executor";
const ALARM: &str = "user-journey-analytics-executor-errors";

/// Asserts that a person's change after a stop survives the start.
///
/// The start says so, and brings the rest back.
#[track_caller]
fn wins(kind: &str, name: &str, part: &str, said: &str, person: impl FnOnce(&Account)) {
    let account = Account::demo();
    let function = Function::new(&account);
    let mut expected = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    let stopped = account.snapshot();
    person(&account);
    let theirs = account.snapshot();
    assert_ne!(theirs[part][name], stopped[part][name], "the person did nothing");
    expected["endpoint_configs"] = theirs["endpoint_configs"].clone();
    expected[part][name] = theirs[part][name].clone();
    if expected[part][name].is_null() {
        expected[part].as_object_mut().expect("resources by name").remove(name);
    }
    let report = function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &expected, "in the end");
    let told = line(&report, kind, name);
    assert_ne!(told["result"], "started", "{told:#}");
    assert!(
        told["detail"].as_str().is_some_and(|detail| detail.contains(said)),
        "no {said:?} in {told:#}"
    );

    // The change is dealt with: the next start does not mention it, and the next round works.
    account.forget_calls();
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.changes(), []);
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &expected, "in the end");
}

fn scale(account: &Account, shards: u32) {
    account.person(
        "kinesis",
        "Kinesis_20131202.UpdateShardCount",
        &json!({"StreamName": STREAM, "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING"}),
    );
    crate::support::eventually("the stream is ACTIVE", || {
        account.snapshot()["streams"][STREAM]["status"] == "ACTIVE"
    });
}

fn reserve(account: &Account, function: &str, concurrency: u32) {
    account.person_rest(
        "PUT",
        &format!("2017-10-31/functions/{function}/concurrency"),
        &json!({"ReservedConcurrentExecutions": concurrency}),
    );
}

#[test]
fn a_stream_that_a_person_scaled_stays_as_it_is() {
    wins("kinesis", STREAM, "streams", "4 shards", |account| {
        scale(account, 2);
        scale(account, 4);
    });
}

#[test]
fn a_stream_that_a_person_deleted_ends_with_a_clear_line() {
    wins("kinesis", STREAM, "streams", "deleted", |account| {
        account.person("kinesis", "Kinesis_20131202.DeleteStream", &json!({"StreamName": STREAM}));
    });
}

#[test]
fn a_concurrency_that_a_person_set_stays_as_it_is() {
    wins("lambda", EXECUTOR, "functions", "reserved 7", |account| reserve(account, EXECUTOR, 7));
}

#[test]
fn a_function_that_a_person_deleted_ends_with_a_clear_line() {
    wins("lambda", EXECUTOR, "functions", "deleted", |account| {
        account.person_rest("DELETE", &format!("2015-03-31/functions/{EXECUTOR}"), &Value::Null);
    });
}

#[test]
fn an_endpoint_that_a_person_recreated_otherwise_stays_as_it_is() {
    wins("sagemaker", ENDPOINT, "endpoints", "by-hand-config", |account| {
        account.seed(&json!({"endpoints": [{"name": ENDPOINT, "config": "by-hand-config"}]}));
    });
}

#[test]
fn an_alarm_that_a_person_deleted_ends_with_a_clear_line() {
    wins("cloudwatch", ALARM, "alarms", "deleted", |account| {
        account.person(
            "monitoring",
            "GraniteServiceVersion20100801.DeleteAlarms",
            &json!({"AlarmNames": [ALARM]}),
        );
    });
}

#[test]
fn a_config_deleted_during_the_stop_costs_that_endpoint_and_stays_restorable() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    let config = format!("{ENDPOINT}-config");
    account.person(
        "sagemaker",
        "SageMaker.DeleteEndpointConfig",
        &json!({"EndpointConfigName": config}),
    );
    let report = function.start();
    assert_eq!(report["outcome"], "partial", "{report:#}");
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "failed");
    assert_eq!(account.snapshot()["functions"], before["functions"]);
    account.person(
        "sagemaker",
        "SageMaker.CreateEndpointConfig",
        &json!({"EndpointConfigName": config, "ProductionVariants": [{
            "VariantName": "AllTraffic", "ModelName": format!("{ENDPOINT}-model"),
            "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1.0,
        }]}),
    );
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_resource_made_during_a_stop_waits_for_the_next_stop() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    account.seed(&json!({"streams": [{"name": "user-journey-analytics-new", "shards": 2}]}));
    account.forget_calls();
    function.succeed(&json!({"action": "start"}));
    let touched = |account: &Account| {
        account.changes().iter().any(|call| call.resource.contains("analytics-new"))
    };
    assert!(!touched(&account), "{:#?}", account.changes());
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["streams"]["user-journey-analytics-new"]["open_shards"], 1);
}

#[test]
fn what_a_person_brought_back_is_stopped_with_its_new_original() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    reserve(&account, EXECUTOR, 9);
    let report = function.succeed(&json!({"action": "stop"}));
    assert_eq!(result_of(&report, "lambda", EXECUTOR), "stopped");
    assert_eq!(account.snapshot()["functions"][EXECUTOR]["reserved"], 0);
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.snapshot()["functions"][EXECUTOR]["reserved"], 9);
    assert_eq!(account.snapshot()["functions"]["event_processor"]["reserved"], Value::Null);
}
