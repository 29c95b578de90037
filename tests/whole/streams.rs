//! Streams as AWS lets them be scaled: by halves and doubles, ten times a day, when ACTIVE.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{Account, Function, assert_same, line};

const NAME: &str = "user-journey-analytics-wide";

/// A project of one stream.
fn account(shards: u32) -> Account {
    stream(&json!({"name": NAME, "shards": shards}))
}

fn stream(stream: &Value) -> Account {
    Account::with(&json!({"streams": [stream]}))
}

fn shards(account: &Account) -> Value {
    account.snapshot()["streams"][NAME]["open_shards"].clone()
}

fn scalings(account: &Account) -> usize {
    account.count("UpdateShardCount")
}

/// When the calls were made that the state remembers.
fn counted(account: &Account) -> Vec<Timestamp> {
    serde_json::from_value(account.state()["counted_calls"][format!("kinesis:{NAME}")].clone()).expect("times")
}

#[test]
fn a_day_of_stops_and_starts_never_costs_the_way_back() {
    let account = account(8);
    let function = Function::new(&account);
    let before = account.snapshot();
    // Three calls down and three up, twice, are more than ten: the second stop stays higher.
    for _ in 0..4 {
        function.stop();
        function.start();
        assert_same(&account.snapshot(), &before, "after a start");
    }
    assert!(scalings(&account) <= 10, "{} calls", scalings(&account));
}

#[test]
fn a_floor_above_one_shard_gives_its_reason() {
    let account = account(64);
    let function = Function::new(&account);
    let report = function.stop();
    let told = line(&report, "kinesis", NAME);
    assert_eq!(told["after"], "2 shards");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.starts_with("floor 2 because")), "{told:#}");
    assert_eq!(shards(&account), 2);
    function.start();
    assert_eq!(shards(&account), 64);
    assert_eq!(scalings(&account), 10);
}

#[test]
fn a_limit_that_other_calls_have_used_up_is_reported_and_not_tried_again() {
    let account = account(2);
    let function = Function::new(&account);
    account.fault(&json!({
        "service": "kinesis", "operation": "UpdateShardCount", "times": null,
        "error": {"status": 400, "code": "LimitExceededException", "message": "UpdateShardCount was called 10 times in the last 24 hours"}
    }));
    let report = function.must(&json!({"action": "stop"}));
    let told = line(&report, "kinesis", NAME);
    assert_eq!(told["result"], "failed");
    assert!(
        told["detail"].as_str().is_some_and(|detail| detail.contains("10 calls in a rolling 24 hours")),
        "{told:#}"
    );
    assert_eq!(scalings(&account), 1);
}

#[test]
fn a_stream_that_is_updating_is_waited_for() {
    let account = account(4);
    let function = Function::new(&account);
    account.settings(&json!({"scaling_seconds": 2.0}));
    account.person(
        "kinesis",
        "Kinesis_20131202.UpdateShardCount",
        &json!({"StreamName": NAME, "TargetShardCount": 8, "ScalingType": "UNIFORM_SCALING"}),
    );
    account.settings(&json!({"scaling_seconds": 0.05}));
    let dry = function.succeed(&json!({"action": "stop", "dry_run": true}));
    assert_eq!(line(&dry, "kinesis", NAME)["result"], "pending", "a dry run says that it would be waited for");
    let report = function.stop();
    assert_eq!(line(&report, "kinesis", NAME)["before"], "8 shards");
    assert_eq!(shards(&account), 1);
    function.start();
    assert_eq!(shards(&account), 8);
}

#[test]
fn an_on_demand_stream_is_left_alone_and_priced() {
    let account = stream(&json!({"name": NAME, "mode": "ON_DEMAND"}));
    let report = Function::new(&account).stop();
    let told = line(&report, "kinesis", NAME);
    assert_eq!((&told["result"], &told["before"]), (&json!("skipped"), &json!("on-demand")));
    assert_eq!(told["cost_per_day"]["before"], 0.96);
    assert_eq!(scalings(&account), 0);
}

#[test]
fn retention_shorter_than_the_stop_and_fan_out_consumers_are_told() {
    let account = stream(&json!({"name": NAME, "shards": 2, "consumers": ["reader"]}));
    let report = Function::new(&account).stop();
    let warnings = line(&report, "kinesis", NAME)["warnings"].to_string();
    assert!(warnings.contains("records are kept for 24 hours"), "{warnings}");
    assert!(warnings.contains("1 enhanced fan-out consumer"), "{warnings}");
}

#[test]
fn calls_that_an_unfinished_tier_kept_from_their_turn_do_not_count() {
    let account = Account::with(&json!({
        "queues": ["orders"],
        "functions": [{"name": "user-journey-analytics-work", "mappings": [{"queue": "orders"}]}],
        "streams": [{"name": NAME, "shards": 32}],
    }));
    let function = Function::new(&account);
    let before = account.snapshot();
    // The first invocation disables the mapping, and comes no further.
    function.must(&json!({"action": "stop", "wait": false}));
    account.wait_until_idle(Duration::from_secs(60));
    assert_eq!(shards(&account), 1);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_call_that_is_refused_is_not_one_of_the_days_ten() {
    let account = account(32);
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&json!({
        "operation": "UpdateShardCount", "times": 3,
        "error": {"status": 400, "code": "LimitExceededException", "message": "Rate exceeded for stream"}
    }));
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(counted(&account).len(), 5);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_call_counts_from_when_it_was_made_however_long_the_rest_takes() {
    let account = account(2);
    account.seed(&json!({"endpoints": [{"name": "user-journey-analytics-slow"}]}));
    account.settings(&json!({"deleting_seconds": 3.0}));
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    let finished: Timestamp =
        account.state()["operation"]["finished_at"].as_str().expect("it ended").parse().expect("a time");
    let calls = counted(&account);
    assert_eq!(calls.len(), 1);
    assert!(finished.duration_since(calls[0]).as_secs() >= 2, "{calls:?} {finished}");
}

#[test]
fn a_stream_that_a_stop_left_half_way_and_updating_is_handed_on_and_not_skipped() {
    let account = account(4);
    let function = Function::new(&account);
    account.settings(&json!({"scaling_seconds": 6.0}));
    account
        .fault(&json!({"operation": "Invoke", "skip": 1, "error": {"status": 403, "code": "AccessDeniedException"}}));
    function.must(&json!({"action": "stop", "wait": false}));
    let function = function.timeout(3.0);
    let answer = function.must(&json!({"action": "stop"}));
    assert_eq!(
        (&answer["outcome"], &line(&answer, "kinesis", NAME)["result"]),
        (&json!("in_progress"), &json!("pending"))
    );
    account.settings(&json!({"scaling_seconds": 0.05}));
    account.wait_until_idle(Duration::from_secs(60));
    assert_eq!(shards(&account), 1);
    function.timeout(60.0).succeed(&json!({"action": "start"}));
    assert_eq!(shards(&account), 4);
}
