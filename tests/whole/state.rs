//! Nothing is changed without the state object, and no foreign state is touched.

use serde_json::{Value, json};

use crate::support::{
    Account, BUCKET, ENDPOINT, Function, PROJECT, STATE_KEY, STREAM, assert_same, lines,
};

#[test]
fn a_start_without_saved_state_changes_nothing_and_says_so() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.start();
    assert_eq!(report["outcome"], "skipped");
    assert!(report["errors"].to_string().contains("no saved state"), "{report:#}");
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.changes(), []);
}

/// Asserts that neither action does anything with this object in the place of the state.
///
/// The object stays as it is.
#[track_caller]
fn is_refused(object: &str, because: &str) {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.put_object(STATE_KEY, object);
    account.forget_calls();
    for action in ["stop", "start", "status"] {
        let refused =
            function.invoke(&json!({"action": action})).expect_err("the state cannot be used");
        assert_eq!(refused.kind, "StateError");
        assert!(refused.message.contains(because), "{}", refused.message);
        assert!(
            refused.message.contains(&format!("s3://{BUCKET}/{STATE_KEY}")),
            "{}",
            refused.message
        );
    }
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.changes(), []);
    assert_eq!(account.count("PutObject"), 0);
    assert_eq!(account.object(STATE_KEY).as_deref(), Some(object));
}

/// Makes the state that a stop leaves, with some fields changed.
fn real_state(change: impl FnOnce(&mut Value)) -> String {
    let account = Account::demo();
    Function::new(&account).stop();
    let mut state = account.state();
    change(&mut state);
    state.to_string()
}

#[test]
fn a_state_that_is_not_json_is_refused_and_stays() {
    is_refused("{\"schema\": 1, \"resour", "not a state");
}

#[test]
fn an_empty_state_object_is_refused_and_stays() {
    is_refused("", "not a state");
}

#[test]
fn a_state_with_an_unknown_field_is_refused_and_stays() {
    is_refused(&real_state(|state| state["extra"] = json!(1)), "not a state");
}

#[test]
fn a_state_of_a_newer_version_is_refused_and_stays() {
    is_refused(&real_state(|state| state["schema"] = json!(2)), "newer version");
}

#[test]
fn a_newer_state_is_called_newer_whatever_else_is_in_it() {
    is_refused("{\"schema\": 9, \"things\": {}}", "newer version");
}

#[test]
fn a_state_of_another_project_is_refused_and_stays() {
    is_refused(&real_state(|state| state["project"] = json!("payments")), "payments");
}

#[test]
fn a_state_of_another_environment_is_refused_and_stays() {
    is_refused(&real_state(|state| state["environment"] = json!("prod")), "prod");
}

#[test]
fn a_state_that_lacks_an_original_is_refused_and_stays() {
    let record = format!("kinesis:{STREAM}");
    is_refused(&real_state(|state| state["resources"][&record]["original"] = Value::Null), &record);
}

#[test]
fn without_its_write_ahead_a_stop_changes_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&json!({
        "service": "s3", "operation": "PutObject", "resource": "state.json", "times": null,
        "error": {"status": 403, "code": "AccessDenied", "message": "no"},
    }));
    let refused =
        function.invoke(&json!({"action": "stop"})).expect_err("the state cannot be written");
    assert_eq!(refused.kind, "StateError");
    assert!(refused.message.contains("s3:PutObject"), "{}", refused.message);
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.changes(), []);
}

#[test]
fn without_its_write_ahead_a_start_changes_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.forget_calls();
    account.fault(&json!({
        "service": "s3", "operation": "PutObject", "resource": "state.json", "times": null,
        "error": {"status": 403, "code": "AccessDenied", "message": "no"},
    }));
    function.invoke(&json!({"action": "start"})).expect_err("the state cannot be written");
    assert_eq!(account.changes(), []);
    account.clear_faults();
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_unreadable_state_is_an_error_and_not_an_empty_one() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    let (stopped, state) = (account.snapshot(), account.object(STATE_KEY));
    account.forget_calls();
    account.fault(&json!({
        "service": "s3", "operation": "GetObject", "times": null,
        "error": {"status": 403, "code": "AccessDenied", "message": "no"},
    }));
    for action in ["stop", "start"] {
        let refused =
            function.invoke(&json!({"action": action})).expect_err("the state cannot be read");
        assert!(refused.message.contains("s3:GetObject"), "{}", refused.message);
    }
    account.clear_faults();
    assert_eq!(account.changes(), []);
    assert_eq!((account.snapshot(), account.object(STATE_KEY)), (stopped, state));
}

#[test]
fn a_bucket_that_does_not_exist_is_an_error_that_names_it() {
    let account = Account::demo();
    let function = Function::new(&account).with("STATE_BUCKET", "nobodys-bucket");
    let refused = function.invoke(&json!({"action": "stop"})).expect_err("there is no such bucket");
    assert!(refused.message.contains("nobodys-bucket"), "{}", refused.message);
    assert_eq!(account.changes(), []);
}

#[test]
fn a_write_that_met_another_is_decided_again() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    for (status, code) in [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed")] {
        account.fault(&json!({
            "service": "s3", "operation": "PutObject", "resource": "state.json",
            "error": {"status": status, "code": code, "message": "another write"},
        }));
    }
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.pending_faults(), json!([]));
    assert_same(&account.snapshot(), &before, "in the end");
}

/// Holds a write until another one came first, and expects that one to stay.
#[track_caller]
fn keeps_what_came_first(account: &Account) {
    let function = Function::new(account);
    let before = account.snapshot();
    account.forget_calls();
    account.fault(
        &json!({"service": "s3", "operation": "PutObject", "resource": "state.json", "held": true}),
    );
    function.invoke_async(&json!({"action": "stop"}));
    account.until_called("PutObject", 1);
    let theirs = json!({"schema": 1, "project": "payments", "environment": "dev"}).to_string();
    account.put_object(STATE_KEY, &theirs);
    account.release_calls();
    account.wait_until_idle();
    assert_eq!(account.object(STATE_KEY), Some(theirs));
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.changes(), []);
}

#[test]
fn the_first_write_does_not_replace_somebody_elses_state() {
    keeps_what_came_first(&Account::demo());
}

#[test]
fn a_later_write_does_not_replace_somebody_elses_state() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    function.start();
    keeps_what_came_first(&account);
}

#[test]
fn a_kept_report_is_never_overwritten() {
    let account = Account::demo();
    let function = Function::new(&account);
    let event = json!({"action": "stop", "dry_run": true});
    let twice = || {
        function.invoke_as(Some("8e1bd1c7-7ef5-4f0d-a0b5-c0f7c3f6a5c1"), &event).expect("a report")
    };
    let first = twice();
    let [key] = &account.operations()[..] else { panic!("{:?}", account.operations()) };
    account.put_object(key, "as it was");
    assert_eq!(twice()["operation_id"], first["operation_id"]);
    assert_eq!(account.object(key).as_deref(), Some("as it was"));
}

#[test]
fn every_operation_leaves_its_own_report_under_its_day() {
    let account = Account::demo();
    let function = Function::new(&account);
    let reports = [function.stop(), function.stop(), function.start()];
    let keys = account.operations();
    assert_eq!(keys.len(), 3, "{keys:#?}");
    for report in reports {
        let (id, started) =
            (report["operation_id"].as_str().unwrap(), report["started_at"].as_str().unwrap());
        let key = format!("{PROJECT}/dev/operations/{}/{id}.json", started[..10].replace('-', "/"));
        let mut kept: Value =
            serde_json::from_str(&account.object(&key).expect(&key)).expect("JSON");
        // The kept report also has the originals, for a day on which the state is lost.
        let originals =
            kept.as_object_mut().and_then(|kept| kept.remove("originals")).unwrap_or_default();
        assert_eq!(kept, report);
        if report["action"] == "stop" {
            assert_eq!(
                originals[format!("kinesis:{STREAM}")]["original"]["shards"],
                2,
                "{originals:#}"
            );
        }
    }
}

#[test]
fn the_state_prefix_moves_state_and_reports() {
    let account = Account::demo();
    let function = Function::new(&account).with("STATE_PREFIX", "teams/blue");
    function.stop();
    assert!(account.object("teams/blue/state.json").is_some());
    assert_eq!(account.object(STATE_KEY), None);
    let elsewhere = account.calls().into_iter().find(|call| {
        call.service == "s3"
            && !call.resource.starts_with(&format!("{BUCKET}/teams/blue/"))
            && call.operation == "PutObject"
    });
    assert_eq!(elsewhere, None);
}

#[test]
fn the_state_has_originals_only_while_they_are_owed() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.stop();
    let state = account.state();
    assert_eq!(state["goal"], "stopped");
    assert_eq!(state["resources"][format!("kinesis:{STREAM}")]["original"]["shards"], 2);
    assert_eq!(
        state["resources"][format!("sagemaker:{ENDPOINT}")]["original"]["config_name"],
        format!("{ENDPOINT}-config")
    );
    function.start();
    let state = account.state();
    assert_eq!(state["goal"], "running");
    assert_eq!(state["lease"], Value::Null);
    let owed: Vec<&Value> = state["resources"]
        .as_object()
        .unwrap()
        .values()
        .filter(|record| !record["original"].is_null())
        .collect();
    assert_eq!(owed, Vec::<&Value>::new());
}

#[test]
fn the_writes_of_an_operation_do_not_grow_with_its_resources() {
    const MOST: usize = 8;
    let function_names: Vec<Value> =
        (0..280).map(|n| json!({"name": format!("user-journey-analytics-{n:03}")})).collect();
    let account = Account::with(&json!({
        "functions": function_names,
        "streams": (0..5).map(|n| json!({"name": format!("user-journey-analytics-{n}"), "shards": 4})).collect::<Vec<_>>(),
        "endpoints": (0..5).map(|n| json!({"name": format!("user-journey-analytics-{n}")})).collect::<Vec<_>>(),
        "alarms": (0..10).map(|n| json!({"name": format!("user-journey-analytics-{n}")})).collect::<Vec<_>>(),
    }));
    let function = Function::new(&account);
    let before = account.snapshot();
    for action in ["stop", "start"] {
        account.forget_calls();
        let report = function.succeed(&json!({"action": action}));
        assert_eq!(lines(&report).len(), 300);
        let writes = account.count("PutObject");
        assert!(writes <= MOST, "{action}: {writes} writes");
    }
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_small_operation_takes_few_writes_too() {
    let account = Account::demo();
    let function = Function::new(&account);
    for action in ["stop", "start"] {
        account.forget_calls();
        function.succeed(&json!({"action": action}));
        let writes = account.count("PutObject");
        assert!((2..=8).contains(&writes), "{action}: {writes} writes");
    }
}
