//! The function goes on from the states that version 0.1 left behind.

mod inherited;

use serde_json::{Value, json};

use self::inherited::{
    CHURN, Inherited, SEARCH, STREAM, THUMBS, WORK, create_endpoint, delete_endpoint,
    disable_alarms, golden, scale_stream, stop_all, stop_functions,
};
use crate::support::{Account, Function, STATE_KEY, assert_same, line, result_of, results};

fn total(state: &Value) -> f64 {
    state["savings"]["total_usd"].as_f64().expect("a sum")
}

#[track_caller]
fn assert_close(now: f64, expected: f64) {
    assert!((now - expected).abs() < 0.02, "{now} is not {expected}");
}

/// Asserts that nothing is left to bring back, and nobody is at work.
#[track_caller]
fn assert_nothing_is_owed(account: &Account) {
    let state = account.state();
    let records = state["resources"].as_object().expect("records by name");
    for (id, record) in records {
        assert_eq!(
            (&record["phase"], &record["original"]),
            (&json!("running"), &Value::Null),
            "{id}"
        );
    }
    assert_eq!(state["lease"], Value::Null);
}

/// Asserts that a start brings the account back as it was before 0.1 stopped it.
///
/// With `stop_to`, a stop comes before, which goes on from 0.1's and leaves so many shards.
#[track_caller]
fn comes_back(Inherited { account, before, .. }: &Inherited, stop_to: Option<u32>) {
    let function = Function::new(account);
    if let Some(shards) = stop_to {
        function.succeed(&json!({"action": "stop"}));
        assert_is_down(account, shards);
    }
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), before, "after the start");
    assert_nothing_is_owed(account);
}

#[track_caller]
fn assert_is_down(account: &Account, shards: u32) {
    let now = account.snapshot();
    assert_eq!(now["endpoints"], json!({}));
    assert_eq!(now["scalable_targets"], json!({}));
    assert_eq!(now["streams"][STREAM]["open_shards"], shards);
    for name in [WORK, THUMBS] {
        let function = &now["functions"][name];
        assert_eq!((&function["reserved"], &function["provisioned"]), (&json!(0), &json!({})));
    }
    let alarms = now["alarms"].as_object().expect("alarms by name");
    assert!(alarms.values().all(|alarm| alarm["ActionsEnabled"] == false), "{alarms:#?}");
}

fn stopped() -> Inherited {
    Inherited::new("stopped", 1, stop_all)
}

/// Brings the account into the condition of a killed stop.
fn half_stopped(account: &Account) {
    disable_alarms(account);
    stop_functions(account);
    delete_endpoint(account, CHURN);
    scale_stream(account, &[4, 2]);
}

/// Brings the account into the condition of a killed start.
fn half_started(account: &Account) {
    stop_all(account);
    scale_stream(account, &[2, 4]);
    create_endpoint(account, SEARCH);
}

#[test]
fn what_0_1_stopped_is_started_exactly_as_it_was() {
    let inherited = stopped();
    let account = &inherited.account;
    assert_is_down(account, 1);
    let report = Function::new(account).succeed(&json!({"action": "start"}));
    for name in [CHURN, SEARCH] {
        assert_eq!(result_of(&report, "sagemaker", name), "started");
    }
    assert_same(&account.snapshot(), &inherited.before, "after the start");
    assert_nothing_is_owed(account);
    let changes = account.changes();
    assert!(changes.iter().all(|call| call.status.is_some_and(|s| s < 300)), "{changes:#?}");
}

#[test]
fn what_0_1_stopped_is_shown_as_stopped_with_what_will_come_back() {
    let inherited = stopped();
    let account = &inherited.account;
    let report = Function::new(account).succeed(&json!({"action": "status"}));
    for (kind, name, before, after) in [
        (
            "sagemaker",
            CHURN,
            "2 × ml.m5.large, 1 × ml.c5.large, 1 × ml.m5.large (shadow)",
            "deleted",
        ),
        ("sagemaker", SEARCH, "serverless, 4 provisioned", "deleted"),
        ("kinesis", STREAM, "8 shards", "1 shard"),
        ("lambda", WORK, "reserved 20, 5 provisioned (live)", "reserved 0"),
        ("cloudwatch", "user-journey-analytics-health", "actions on", "actions off"),
    ] {
        let line = line(&report, kind, name);
        assert_eq!(line["result"], "stopped", "{line:#}");
        assert_eq!((&line["before"], &line["after"]), (&json!(before), &json!(after)));
    }
    assert_eq!(account.changes(), []);
}

#[test]
fn what_0_1_stopped_stays_stopped_at_the_next_stop() {
    let inherited = stopped();
    let report = Function::new(&inherited.account).succeed(&json!({"action": "stop"}));
    let stopped_again: Vec<String> =
        results(&report).into_iter().filter(|line| line.ends_with(" stopped")).collect();
    assert_eq!(stopped_again, [""; 0], "it was");
    assert_eq!(inherited.account.changes(), []);
    comes_back(&inherited, None);
}

#[test]
fn a_start_books_what_a_stop_by_0_1_has_saved() {
    let inherited = stopped();
    let account = &inherited.account;
    let report = Function::new(account).succeed(&json!({"action": "start"}));
    // Instances 3 × 0.115 + 0.102, serverless 4 × 0.036, shards 7 × (0.015 + 0.02 + 0.015), and
    // provisioned concurrency 10 × 0.015 + 2 × 0.012.
    let an_hour = 0.447 + 0.144 + 0.35 + 0.15 + 0.024;
    assert_close(total(&account.state()), an_hour);
    assert_close(report["saved"]["total"].as_f64().expect("a sum"), an_hour);
}

#[test]
fn prices_that_0_1_kept_are_used_and_not_asked_for_again() {
    let inherited = stopped();
    let account = &inherited.account;
    let prices = inherited.golden("stopped.prices.json");
    account.put_object("user-journey-analytics/dev/prices.json", &prices.to_string());
    let report = Function::new(account).succeed(&json!({"action": "start"}));
    assert_eq!(account.count("GetProducts"), 0);
    let source = report["cost"]["price_source"].to_string();
    assert!(source.contains("AWS Price List, us-east-1"), "{source}");
}

#[test]
fn a_scheduled_event_that_0_1_has_dealt_with_is_skipped() {
    for (name, action, leave) in
        [("stopped", "stop", stop_all as fn(&Account)), ("started", "start", |_| {})]
    {
        let inherited = Inherited::new(name, 1, leave);
        let (account, now) = (&inherited.account, inherited.account.snapshot());
        // The schedule's event comes as the first time: the operation's id is made of it.
        let schedule = &golden(&format!("{name}.state.json"))["operation"]["schedule"];
        let event = json!({"action": action, "schedule": schedule});
        let report = Function::new(account).must(&event);
        assert_eq!(report["outcome"], "skipped", "{report:#}");
        assert!(report["errors"].to_string().contains("is over"), "{report:#}");
        assert_same(&account.snapshot(), &now, "after a duplicate");
        assert_eq!((account.changes(), account.messages()), (vec![], vec![]));
    }
}

#[test]
fn a_stop_killed_in_0_1_goes_on_with_the_next_stop() {
    for leave in [half_stopped as fn(&Account), disable_alarms, |_| {}] {
        comes_back(&Inherited::new("stopping", 1, leave), Some(1));
    }
}

#[test]
fn a_stop_killed_in_0_1_is_undone_by_a_start() {
    for leave in [half_stopped as fn(&Account), disable_alarms, |_| {}] {
        comes_back(&Inherited::new("stopping", 1, leave), None);
    }
}

#[test]
fn calls_that_0_1_had_planned_count_in_the_next_stop() {
    let inherited = Inherited::new("stopping", 1, disable_alarms);
    let account = &inherited.account;
    let stream = format!("kinesis:{STREAM}");
    // 0.1 had planned three calls, and these are two more. With the way down and back there would
    // be eleven.
    account.edit_state(|state| {
        let planned = state["planned_calls"][&stream].as_array_mut().expect("a list");
        assert_eq!(planned.len(), 3);
        planned.extend(planned[..2].to_vec());
    });
    let report = Function::new(account).succeed(&json!({"action": "stop"}));
    assert_eq!(line(&report, "kinesis", STREAM)["after"], "2 shards", "{report:#}");
    Function::new(account).succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &inherited.before, "after the start");
}

#[test]
fn a_start_killed_in_0_1_goes_on_with_the_next_start() {
    for leave in [half_started as fn(&Account), stop_all] {
        comes_back(&Inherited::new("starting", 1, leave), None);
    }
}

/// The stop comes down to 2 shards only.
///
/// Three calls made and three planned leave four of the day's ten: one from 4 shards to 2, and
/// then the way back to 8.
#[test]
fn a_start_killed_in_0_1_is_undone_by_stop_and_start() {
    comes_back(&Inherited::new("starting", 1, half_started), Some(2));
}

#[test]
fn an_operation_of_0_1_that_was_asked_to_yield_is_taken_over() {
    comes_back(&Inherited::new("challenged", 1, half_started), Some(2));
}

/// Makes the calls that a stop had made when it should have been handed on.
fn part(account: &Account) {
    delete_endpoint(account, CHURN);
    delete_endpoint(account, SEARCH);
    scale_stream(account, &[4, 2, 1]);
}

#[test]
fn a_continuation_of_0_1_is_carried_to_its_end() {
    let inherited = Inherited::new("handed-on", 1, part);
    let account = &inherited.account;
    let operation = account.state()["operation"].clone();
    let function = Function::new(account);
    let report = function.succeed(&json!({
        "action": "stop", "dry_run": false, "only": operation["only"], "reason": operation["reason"],
        "continuation": {"operation_id": operation["id"], "depth": 1, "asked_at": operation["started_at"]},
    }));
    assert_eq!(report["operation_id"], operation["id"]);
    assert_eq!(report["started_at"], operation["started_at"]);
    assert_eq!(report["reason"], "the demo is over");
    let mut lines = results(&report);
    lines.sort();
    assert_eq!(
        lines,
        [
            format!("kinesis:{STREAM} stopped"),
            format!("sagemaker:{CHURN} stopped"),
            format!("sagemaker:{SEARCH} stopped"),
        ]
    );
    assert_eq!(line(&report, "kinesis", STREAM)["before"], "8 shards", "as 0.1 found it");
    assert_eq!((account.changes(), account.messages().len()), (vec![], 1));
    comes_back(&inherited, None);
}

#[test]
fn the_next_event_makes_up_for_a_lost_continuation_of_0_1() {
    comes_back(&Inherited::new("handed-on", 1, part), None);
    comes_back(&Inherited::new("handed-on", 1, part), Some(1));
}

/// Stops everything but the stream, of whose way AWS took only the first call.
fn all_but_the_stream(account: &Account) {
    disable_alarms(account);
    stop_functions(account);
    delete_endpoint(account, CHURN);
    delete_endpoint(account, SEARCH);
    scale_stream(account, &[4]);
}

#[test]
fn what_aws_refused_to_0_1_is_not_tried_again_at_once() {
    let inherited = Inherited::new("refused", 0, all_but_the_stream);
    let account = &inherited.account;
    let report = Function::new(account).must(&json!({"action": "stop"}));
    assert_eq!(account.count("UpdateShardCount"), 0, "{report:#}");
    assert_eq!(account.snapshot()["streams"][STREAM]["open_shards"], 4);
}

#[test]
fn a_refusal_that_0_1_met_is_forgotten_after_a_day() {
    comes_back(&Inherited::new("refused", 25, all_but_the_stream), Some(1));
    comes_back(&Inherited::new("refused", 25, all_but_the_stream), None);
}

#[test]
fn savings_of_0_1_are_added_to() {
    let inherited = Inherited::new("started", 1, |_| {});
    let account = &inherited.account;
    let kept = golden("started.state.json")["savings"].clone();
    let old = kept["total_usd"].as_f64().expect("a sum");
    let function = Function::new(account);
    function.succeed(&json!({"action": "stop"}));
    let report = function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &inherited.before, "in the end");
    assert_close(report["saved"]["total"].as_f64().expect("a sum"), old);
    let savings = &account.state()["savings"];
    assert!(savings["total_usd"].as_f64().expect("a sum") > old, "{savings}");
    assert_eq!(savings["months"]["2026-10"], kept["months"]["2026-10"], "a month that is over");
}

#[test]
fn what_0_1_could_not_price_is_booked_when_there_is_a_price() {
    let inherited = Inherited::new("unpriced", 1, |_| {});
    let account = &inherited.account;
    let old = total(&golden("unpriced.state.json"));
    // The stop looks at what is there, and asks for its price.
    Function::new(account).succeed(&json!({"action": "stop"}));
    let state = account.state();
    // 40 days at 4 × $0.036 an hour.
    assert_close(total(&state), old + 40.0 * 24.0 * 0.144);
    let unpriced: Vec<&Value> = state["unpriced"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|time| &time["resource"])
        .collect();
    assert_eq!(unpriced, ["cloudwatch:user-journey-analytics-words"], "nobody has a price for it");
}

#[test]
fn a_project_that_0_1_never_stopped_is_stopped_and_started() {
    let inherited = Inherited::new("never-stopped", 1, |_| {});
    let account = &inherited.account;
    Function::new(account).succeed(&json!({"action": "start"}));
    assert_eq!(account.changes(), []);
    comes_back(&inherited, Some(1));
}

#[test]
fn a_report_of_0_1_makes_up_for_a_lost_state() {
    let inherited = stopped();
    let account = &inherited.account;
    let report = inherited.golden("stopped.report.json");
    let key = "operations/2026/11/25/stopped.json";
    account.put_object(&format!("user-journey-analytics/dev/{key}"), &report.to_string());
    account.delete_object(STATE_KEY);
    Function::new(account).succeed(&json!({"action": "start", "originals_from": key}));
    assert_same(&account.snapshot(), &inherited.before, "after the start");
    assert_nothing_is_owed(account);
}
