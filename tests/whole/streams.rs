//! AWS lets an ACTIVE stream be halved or doubled, ten times a day.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Account, Function, STATE_KEY, assert_same, beside, line};

const NAME: &str = "user-journey-analytics-wide";

/// Makes a project of one stream.
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

/// Lists the times of the calls that the state remembers.
fn counted(account: &Account) -> Vec<Timestamp> {
    serde_json::from_value(account.state()["counted_calls"][format!("kinesis:{NAME}")].clone())
        .expect("times")
}

#[test]
fn a_day_of_stops_and_starts_never_costs_the_way_back() {
    let account = account(8);
    let function = Function::new(&account);
    let before = account.snapshot();
    // Each round takes three calls down and three up, and there are ten: the second stop stays
    // higher.
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
    assert!(
        told["detail"].as_str().is_some_and(|detail| detail.starts_with("floor 2 because")),
        "{told:#}"
    );
    assert_eq!(shards(&account), 2);
    function.start();
    assert_eq!(shards(&account), 64);
    assert_eq!(scalings(&account), 10);
}

const DAY: f64 = 24.0 * 3600.0;

/// Makes AWS and the state remember so many calls, so many seconds ago.
///
/// Returns the time from which those calls count no more.
fn made_before(account: &Account, calls: u32, seconds_ago: f64) -> Timestamp {
    account.scaled_before(NAME, calls, seconds_ago);
    let mut state = account.state();
    let time = Timestamp::now() - SignedDuration::from_secs_f64(seconds_ago);
    let times = &mut state["counted_calls"][format!("kinesis:{NAME}")];
    let made = times.as_array().cloned().unwrap_or_default();
    *times = json!([made, vec![json!(time); calls as usize]].concat());
    account.put_object(STATE_KEY, &state.to_string());
    time + SignedDuration::from_secs_f64(DAY)
}

/// Returns so many seconds that the function comes to its first call before their end.
fn a_moment(function: &Function) -> f64 {
    6.0 * function.slowness()
}

/// Writes a state, by an operation on nothing.
fn with_a_state(account: &Account) -> Function<'_> {
    let function = Function::new(account);
    function.must(&json!({"action": "stop", "only": ["cloudwatch"]}));
    function
}

fn detail(report: &Value) -> &str {
    line(report, "kinesis", NAME)["detail"].as_str().unwrap_or_default()
}

#[test]
fn a_stop_waits_for_a_call_that_is_free_in_a_moment() {
    let account = account(32);
    let function = with_a_state(&account);
    let before = account.snapshot();
    let free = made_before(&account, 6, DAY - a_moment(&function));
    function.succeed(&json!({"action": "stop"}));
    assert_eq!((shards(&account), scalings(&account)), (json!(1), 5));
    let calls = counted(&account);
    assert!(calls.iter().any(|call| *call >= free), "{calls:?}, free at {free}");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_stop_without_a_free_call_stays_higher_and_says_so() {
    let account = account(32);
    let function = with_a_state(&account);
    // 13 invocations of five minutes are less than two hours.
    made_before(&account, 6, DAY - 7200.0);
    let report = function.succeed(&json!({"action": "stop"}));
    assert_eq!(shards(&account), 8);
    assert!(
        detail(&report).starts_with("floor 8 because AWS takes 10 calls a day, 6 are used"),
        "{report:#}"
    );
}

#[test]
fn a_start_waits_for_a_call_that_is_free_in_a_moment() {
    let account = account(32);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    // With the stop's calls, there are ten for a few more seconds.
    let free = made_before(&account, 5, DAY - a_moment(&function));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
    let calls = counted(&account);
    assert!(calls.iter().any(|call| *call >= free), "{calls:?}, free at {free}");
    let refused = account.changes().into_iter().filter(|call| call.error.is_some()).count();
    assert_eq!(refused, 0);
}

#[test]
fn a_day_that_others_used_up_is_told_and_not_tried_again() {
    let account = account(2);
    let function = Function::new(&account);
    account.scaled_before(NAME, 10, 3600.0);
    let tomorrow =
        || (Timestamp::now() + SignedDuration::from_hours(24)).strftime("%Y-%m-%d").to_string();
    let before = tomorrow();
    let report = function.must(&json!({"action": "stop"}));
    assert_eq!(line(&report, "kinesis", NAME)["result"], "failed");
    assert_eq!(scalings(&account), 1, "a refusal is not tried again");
    // Midnight may have passed.
    let days = [before, tomorrow()];
    let told = detail(&report);
    assert!(told.contains("the next is free at ") && told.ends_with("UTC at the latest"), "{told}");
    assert!(days.iter().any(|day| told.contains(day)), "{told}, {days:?}");
    let again = function.must(&json!({"action": "stop"}));
    assert_eq!(line(&again, "kinesis", NAME)["result"], "skipped");
    assert!(detail(&again).contains("because others had made some, too"), "{again:#}");
    assert_eq!(scalings(&account), 1, "nor by the next event");
}

#[test]
fn a_start_refused_for_today_keeps_what_it_owes() {
    let account = account(8);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.scaled_before(NAME, 7, 3600.0);
    account.forget_calls();
    for _ in 0..2 {
        let report = function.must(&json!({"action": "start"}));
        assert_eq!(line(&report, "kinesis", NAME)["result"], "failed", "{report:#}");
        assert!(detail(&report).contains("the next is free at "), "{report:#}");
        assert_eq!(scalings(&account), 1);
    }
    // A day later, neither AWS nor the state counts those calls.
    account.advance(DAY + 60.0);
    let mut state = account.state();
    state["refused_calls"] = json!({});
    state["counted_calls"] = json!({});
    account.put_object(STATE_KEY, &state.to_string());
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_start_short_of_calls_goes_part_way_and_tells_the_next() {
    let account = account(8);
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    let free = made_before(&account, 6, 3600.0);
    account.forget_calls();
    let report = function.must(&json!({"action": "start"}));
    assert_eq!(line(&report, "kinesis", NAME)["result"], "failed", "{report:#}");
    assert!(
        detail(&report).contains(&free.strftime("the next is free at %Y-%m-%d %H:").to_string()),
        "{report:#}"
    );
    let refused = account.changes().into_iter().filter(|call| call.error.is_some()).count();
    assert_eq!((scalings(&account), refused), (1, 0), "what AWS would refuse is not asked for");
}

#[test]
fn a_shard_quota_is_named_and_a_later_start_completes() {
    let account = account(8);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.settings(&json!({"shard_limit": 5}));
    let report = function.must(&json!({"action": "start"}));
    assert_eq!(line(&report, "kinesis", NAME)["result"], "failed");
    assert!(
        detail(&report).contains("quota of shards") && detail(&report).contains("Limit: 5"),
        "{report:#}"
    );
    assert_eq!(shards(&account), 4);
    account.settings(&json!({"shard_limit": 500}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn streams_that_wait_together_are_asked_about_together() {
    let names: Vec<String> = (0..4).map(|n| format!("user-journey-analytics-{n}")).collect();
    let streams: Vec<Value> = names.iter().map(|name| json!({"name": name, "shards": 4})).collect();
    let account = Account::with(&json!({"streams": streams}));
    account.seed(
        &json!({"streams": [{"name": "user-journey-analytics-demand", "mode": "ON_DEMAND"}]}),
    );
    let function = Function::new(&account);
    account.hold("scaling");
    account.forget_calls();
    let end_both_steps = || {
        for step in 1..=2 {
            account.until_called("UpdateShardCount", 4 * step);
            account.until_asked_again("ListStreams");
            account.let_pass("scaling");
        }
    };
    beside(|| function.succeed(&json!({"action": "stop"})), end_both_steps);
    // One look sees each stream, and one sees each of its two steps done. The list tells of the
    // on-demand stream.
    assert_eq!(account.count("DescribeStreamSummary"), 4 * 3);
    assert!(account.count("ListStreams") > 4);
}

#[test]
fn a_stream_that_is_updating_is_waited_for() {
    let account = account(4);
    let function = Function::new(&account);
    account.hold("scaling");
    account.person(
        "kinesis",
        "Kinesis_20131202.UpdateShardCount",
        &json!({"StreamName": NAME, "TargetShardCount": 8, "ScalingType": "UNIFORM_SCALING"}),
    );
    let dry = function.succeed(&json!({"action": "stop", "dry_run": true}));
    assert_eq!(
        line(&dry, "kinesis", NAME)["result"],
        "pending",
        "a dry run says that it would be waited for"
    );
    let end_it = || {
        account.until_asked_again("DescribeStreamSummary");
        account.release("scaling");
    };
    let report = beside(|| function.stop(), end_it);
    assert_eq!(line(&report, "kinesis", NAME)["before"], "8 shards");
    assert_eq!(shards(&account), 1);
    function.start();
    assert_eq!(shards(&account), 8);
}

#[test]
fn a_stopped_stream_that_a_person_scales_stays_as_they_want() {
    let account = account(8);
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    account.hold("scaling");
    account.person(
        "kinesis",
        "Kinesis_20131202.UpdateShardCount",
        &json!({"StreamName": NAME, "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    );
    let end_it = || {
        account.until_asked_again("DescribeStreamSummary");
        account.release("scaling");
    };
    let report = beside(|| function.succeed(&json!({"action": "start"})), end_it);
    assert_eq!(detail(&report), "a person scaled it to 2 shards: it stays so");
    assert_eq!(shards(&account), 2);
}

#[test]
fn an_on_demand_stream_is_left_alone_and_priced() {
    let account = stream(&json!({"name": NAME, "mode": "ON_DEMAND"}));
    let report = Function::new(&account).stop();
    let told = line(&report, "kinesis", NAME);
    assert_eq!((&told["result"], &told["before"]), (&json!("skipped"), &json!("on-demand")));
    assert_eq!(told["cost_per_day"]["before"], 0.96);
    assert_eq!((scalings(&account), account.count("DescribeStreamSummary")), (0, 0));
}

#[test]
fn retention_shorter_than_the_stop_and_fan_out_consumers_are_told() {
    let account = stream(&json!({"name": NAME, "shards": 2, "consumers": ["audit", "reader"]}));
    let function = Function::new(&account);
    let status = function.succeed(&json!({"action": "status"}));
    // 2 shards × 2 consumers × 0.015 × 730
    let advice = format!(
        "kinesis:{NAME} has enhanced fan-out consumers, which bill while they read nothing"
    );
    let told = status["recommendations"].to_string();
    assert!(told.contains(&advice) && told.contains("($43.80 a month)"), "{told}");
    account.forget_calls();
    let report = function.stop();
    assert_eq!(account.count("ListStreamConsumers"), 1);
    let warnings = line(&report, "kinesis", NAME)["warnings"].to_string();
    assert!(warnings.contains("records are kept for 24 hours"), "{warnings}");
    assert!(
        warnings.contains("2 enhanced fan-out consumers (audit, reader), billed by the shard"),
        "{warnings}"
    );
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
    // The first invocation disables the mapping and gets no further.
    account.hold("mapping");
    function.must(&json!({"action": "stop", "wait": false}));
    assert_eq!(scalings(&account), 0);
    account.release("mapping");
    account.wait_until_idle();
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
fn a_call_counts_from_its_time_however_long_the_rest_takes() {
    let account = account(2);
    account.seed(&json!({"endpoints": [{"name": "user-journey-analytics-slow"}]}));
    account.hold("deleting");
    let function = Function::new(&account);
    let mut since = Timestamp::MIN;
    let end_it = || {
        account.until_called("UpdateShardCount", 1);
        account.until_called("DeleteEndpoint", 1);
        // Both calls are answered, and the start waits for the endpoint only.
        account.until_asked_again("DescribeEndpoint");
        since = Timestamp::now();
        account.release("deleting");
    };
    beside(|| function.succeed(&json!({"action": "stop"})), end_it);
    let finished: Timestamp = account.state()["operation"]["finished_at"]
        .as_str()
        .expect("it ended")
        .parse()
        .expect("a time");
    let calls = counted(&account);
    assert_eq!(calls.len(), 1);
    assert!(calls[0] < since && since < finished, "{calls:?} {since} {finished}");
}

#[test]
fn a_stream_left_updating_half_way_is_handed_on_and_not_skipped() {
    let account = account(4);
    let function = Function::new(&account);
    account.hold("scaling");
    account
        .fault(&json!({"operation": "Invoke", "skip": 1, "error": {"status": 403, "code": "AccessDeniedException"}}));
    function.must(&json!({"action": "stop", "wait": false}));
    let function = function.hurried();
    let answer = function.must(&json!({"action": "stop"}));
    assert_eq!(
        (&answer["outcome"], &line(&answer, "kinesis", NAME)["result"]),
        (&json!("in_progress"), &json!("pending"))
    );
    account.release("scaling");
    account.wait_until_idle();
    assert_eq!(shards(&account), 1);
    function.unhurried().succeed(&json!({"action": "start"}));
    assert_eq!(shards(&account), 4);
}

#[test]
fn planned_calls_of_a_dead_start_do_not_hold_back_the_next() {
    let account = account(32);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.fault(&json!({"operation": "UpdateShardCount", "kill": "before"}));
    function.invoke(&json!({"action": "start"})).expect_err("it was killed");
    function.end_the_lease_in(0.0);
    // The stop made five calls, and the dead start had planned five.
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}
