//! Invocations run at once, and the same one comes twice.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Account, Call, ENDPOINT, Function, Refused, STREAM, assert_same, eventually, line,
};

type Answer = Result<Value, Refused>;

/// Sends two events at the same time.
fn at_once(function: &Function, one: &Value, other: &Value) -> (Answer, Answer) {
    thread::scope(|scope| {
        let one = scope.spawn(|| function.invoke(one));
        let other = scope.spawn(|| function.invoke(other));
        (one.join().expect("an answer"), other.join().expect("an answer"))
    })
}

fn evening(time: &str) -> Value {
    json!({
        "action": "stop",
        "schedule": {"arn": "arn:aws:scheduler:us-east-1:000000000001:schedule/default/evening", "time": time},
    })
}

/// Lists the changes to resources, sorted.
fn words(account: &Account) -> Vec<String> {
    let mut words: Vec<String> = account.changes().iter().map(Call::words).collect();
    words.sort();
    words
}

#[test]
fn a_stop_and_a_start_at_once_converge() {
    for round in 0..4 {
        let account = Account::demo();
        let function = Function::new(&account);
        let before = account.snapshot();
        if round % 2 == 1 {
            function.succeed(&json!({"action": "stop"}));
        }
        let (stop, start) =
            at_once(&function, &json!({"action": "stop"}), &json!({"action": "start"}));
        for answer in [stop, start] {
            let report = answer.expect("a race is no error");
            assert_ne!(report["outcome"], "failed", "{report:#}");
        }
        account.wait_until_idle();
        function.start();
        assert_same(&account.snapshot(), &before, "in the end");
        assert_eq!(account.state()["lease"], Value::Null);
    }
}

#[test]
fn two_stops_at_once_act_once_on_every_resource() {
    let alone = {
        let account = Account::demo();
        Function::new(&account).stop();
        words(&account)
    };
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let (one, other) = at_once(&function, &json!({"action": "stop"}), &json!({"action": "stop"}));
    for answer in [one, other] {
        answer.expect("a race is no error");
    }
    assert_eq!(words(&account), alone);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn two_starts_at_once_act_once_on_every_resource() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.forget_calls();
    let (one, other) = at_once(&function, &json!({"action": "start"}), &json!({"action": "start"}));
    for answer in [one, other] {
        answer.expect("a race is no error");
    }
    assert_eq!(account.count("CreateEndpoint"), 1);
    assert_eq!(account.count("UpdateShardCount"), 1);
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn the_same_request_twice_acts_once_and_tells_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let id = Some("4c2a2f0e-8f5c-4d51-93a5-6dd8f2b8d3a1");
    let first = function.invoke_as(id, &json!({"action": "stop"})).expect("a report");
    assert_eq!(first["outcome"], "succeeded");
    account.forget_calls();
    let second = function.invoke_as(id, &json!({"action": "stop"})).expect("a report");
    assert_eq!(second["outcome"], "skipped", "{second:#}");
    assert_eq!(second["operation_id"], first["operation_id"]);
    assert_eq!(account.changes(), []);
    assert_eq!(account.messages().len(), 1);
    assert_eq!(account.operations().len(), 1);
}

#[test]
fn the_same_delivery_twice_at_once_acts_once_and_tells_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let event = evening("2026-11-23T18:00:00Z");
    let (one, other) = at_once(&function, &event, &event);
    let (one, other) = (one.expect("a report"), other.expect("a report"));
    assert_eq!(one["operation_id"], other["operation_id"]);
    let outcomes = [one["outcome"].as_str().unwrap(), other["outcome"].as_str().unwrap()];
    assert!(outcomes.contains(&"succeeded") && outcomes.contains(&"skipped"), "{outcomes:?}");
    assert_eq!(account.count("DeleteEndpoint"), 1);
    assert_eq!(account.messages().len(), 1);
    assert_eq!(account.operations().len(), 1);
}

#[test]
fn a_late_duplicate_does_nothing_even_after_a_start_by_hand() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let event = evening("2026-11-23T18:00:00Z");
    function.succeed(&event);
    function.succeed(&json!({"action": "start"}));
    account.forget_calls();
    let late = function.must(&event);
    assert_eq!(late["outcome"], "skipped", "{late:#}");
    assert_eq!(account.changes(), []);
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.messages().len(), 2);
    let next_day = function.succeed(&evening("2026-11-24T18:00:00Z"));
    assert_ne!(next_day["operation_id"], late["operation_id"]);
    assert_eq!(account.snapshot()["endpoints"], json!({}));
}

#[test]
fn a_start_during_a_slow_stop_takes_over() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let [stop, start] = function.taken_over("stop", ("deleting", "DeleteEndpoint"), "start");
    assert_eq!(stop["outcome"], "partial", "{stop:#}");
    assert!(
        stop["errors"].to_string().contains("start"),
        "the stop says what took over: {:#}",
        stop["errors"]
    );
    assert_eq!(start["outcome"], "succeeded", "{start:#}");
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_stop_during_a_slow_start_takes_over() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    let [start, stop] = function.taken_over("start", ("creating", "CreateEndpoint"), "stop");
    assert_eq!(start["outcome"], "partial");
    assert_eq!(stop["outcome"], "succeeded");
    let stopped = account.snapshot();
    assert_eq!(stopped["endpoints"], json!({}));
    assert_eq!(stopped["streams"][STREAM]["open_shards"], 1);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_operation_that_yields_is_partial_and_prices_what_it_knows() {
    let account = Account::with(&json!({"endpoints": [{"name": ENDPOINT}]}));
    let function = Function::new(&account);
    function.stop();
    let [start, stop] = function.taken_over("start", ("creating", "CreateEndpoint"), "stop");
    assert_eq!(stop["outcome"], "succeeded", "{stop:#}");
    assert_eq!(start["outcome"], "partial", "it did something: {start:#}");
    let endpoint = line(&start, "sagemaker", ENDPOINT);
    assert_eq!(endpoint["result"], "pending");
    assert_ne!(
        endpoint["cost_per_day"]["after"],
        json!(0.0),
        "an unknown price is never 0: {endpoint:#}"
    );
}

/// Each start asks the stop to yield, and neither repeats that because the other asked.
#[test]
fn two_starts_that_wait_for_a_stop_let_it_write() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.hold("deleting");
    // The stop writes its report just before the state, so that write is held.
    account.fault(&json!({"operation": "PutObject", "resource": "/operations/", "held": true}));
    let calls_of = |object: &str| -> Vec<Call> {
        let puts = |call: &Call| call.operation == "PutObject" && call.resource.contains(object);
        account.calls().into_iter().filter(puts).collect()
    };
    let [stop, one, other] = thread::scope(|scope| {
        let stop = scope.spawn(|| function.stop());
        account.until_called("DeleteEndpoint", 1);
        let starts = [(); 2].map(|()| scope.spawn(|| function.start()));
        eventually("the stop gives way", || calls_of("/operations/").len() == 1);
        account.until_called("GetObject", account.count("GetObject") + 40);
        // The stop has written its claims, and each start its challenge.
        let writes = calls_of("state.json").iter().filter(|call| call.status == Some(200)).count();
        assert!(writes <= 3, "{writes} writes");
        account.release_calls();
        let stop = stop.join().expect("a report");
        account.release("deleting");
        let [one, other] = starts.map(|start| start.join().expect("a report"));
        [stop, one, other]
    });
    assert_eq!(stop["outcome"], "partial", "{stop:#}");
    for start in [one, other] {
        assert_eq!(start["outcome"], "succeeded", "{start:#}");
    }
    assert_eq!(account.count("CreateEndpoint"), 1);
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn many_events_at_once_lose_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    // Each event meets the earlier ones at another point, and it does not matter at which.
    for n in 0..6 {
        function.invoke_async(&json!({"action": if n % 2 == 0 { "stop" } else { "start" }}));
        thread::sleep(Duration::from_millis(70 * n));
    }
    account.wait_until_idle();
    function.start();
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.snapshot()["endpoints"][ENDPOINT]["status"], "InService");
}
