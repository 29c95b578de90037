//! An endpoint's scaling comes back, and a refusal costs no more than it must.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{NAME, fault, rich, with_endpoint};
use crate::support::{Account, Function, assert_same, line, result_of};

#[test]
fn a_refused_policy_is_told_and_a_later_start_completes_it() {
    let account = Account::with(&rich());
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.fault(&fault(
        "PutScalingPolicy",
        &json!({"times": null, "error": {"status": 400, "code": "ValidationException", "message": "not today"}}),
    ));
    let report = function.start();
    assert_eq!(result_of(&report, "sagemaker", NAME), "failed");
    let words = line(&report, "sagemaker", NAME).to_string();
    assert!(words.contains("PutScalingPolicy") && words.contains("not today"), "{words}");
    assert_eq!(account.state()["resources"][format!("sagemaker:{NAME}")]["phase"], "starting");
    account.clear_faults();
    account.forget_calls();
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the second start");
    assert_eq!(account.count("CreateEndpoint"), 0);
}

fn refusal() -> Value {
    json!({"status": 400, "code": "ValidationException", "message": "not today"})
}

/// Asserts that a start with one refused call sets the rest and tells the cause.
///
/// The next start completes what is missing.
#[track_caller]
fn sets_the_rest(refused: &Value, cause: &str, set: impl Fn(&Value)) {
    let account = Account::with(&rich());
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.fault(refused);
    let report = function.start();
    assert_eq!(result_of(&report, "sagemaker", NAME), "failed");
    let words = line(&report, "sagemaker", NAME).to_string();
    assert!(words.contains(cause) && words.contains("not today"), "{words}");
    set(&account.snapshot());
    account.clear_faults();
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the second start");
    assert_eq!(account.count("CreateEndpoint"), 1);
}

fn targets(snapshot: &Value) -> Vec<(String, usize, usize)> {
    let count = |part: &Value| part.as_object().map_or(0, serde_json::Map::len);
    let targets = snapshot["scalable_targets"].as_object().expect("targets by name");
    targets
        .iter()
        .map(|(name, target)| {
            (name.clone(), count(&target["policies"]), count(&target["scheduled_actions"]))
        })
        .collect()
}

#[test]
fn a_refused_target_does_not_keep_the_others_away() {
    let refused = fault(
        "RegisterScalableTarget",
        &json!({"resource": "Blue", "times": null, "error": refusal()}),
    );
    sets_the_rest(&refused, "RegisterScalableTarget", |snapshot| {
        let targets = targets(snapshot);
        assert_eq!(targets.len(), 1, "{targets:?}");
        assert!(targets[0].0.contains("Green") && targets[0].1 == 2, "{targets:?}");
    });
}

#[test]
fn refused_policies_do_not_keep_the_rest_away() {
    let refused =
        fault("PutScalingPolicy", &json!({"resource": "Blue", "times": null, "error": refusal()}));
    sets_the_rest(&refused, "steps: application-autoscaling:PutScalingPolicy", |snapshot| {
        let targets = targets(snapshot);
        assert_eq!(
            targets.iter().map(|(_, policies, actions)| (*policies, *actions)).collect::<Vec<_>>(),
            [(0, 4), (2, 0)]
        );
    });
}

#[test]
fn a_refused_capacity_keeps_neither_the_other_nor_the_scaling_away() {
    let refused = fault(
        "UpdateEndpointWeightsAndCapacities",
        &json!({"skip": 1, "times": 1, "error": refusal()}),
    );
    sets_the_rest(&refused, "the capacity of Blue", |snapshot| {
        let variants = &snapshot["endpoints"][NAME]["variants"];
        assert_eq!(
            (&variants["Blue"]["CurrentInstanceCount"], &variants["Green"]["CurrentInstanceCount"]),
            (&json!(1), &json!(4))
        );
        assert_eq!(targets(snapshot).len(), 2);
    });
}

#[test]
fn weights_are_set_together_and_capacities_one_by_one() {
    let account = Account::with(&rich());
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.count("UpdateEndpointWeightsAndCapacities"), 3);
}

/// Returns a time so many hours from now: in seconds, and as `2026-11-23T18:00:00`.
fn in_hours(hours: i64) -> (i64, String) {
    let then = Timestamp::now() + SignedDuration::from_hours(hours);
    (then.as_second(), then.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

#[test]
fn actions_that_fell_due_are_told_and_past_times_left_out() {
    let action = |name: &str, schedule: &str| json!({"ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": {"MinCapacity": 1}});
    let (later_second, later) = in_hours(1);
    let mut begun = action("begun", "rate(1 day)");
    begun["StartTime"] = json!(later_second);
    let account = with_endpoint(&json!({"autoscaling": [{"scheduled_actions": [
        action("launch", &format!("at({later})")), action("someday", "at(2099-01-01T00:00:00)"), begun,
    ]}]}));
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["scalable_targets"], json!({}));
    // Two hours pass, so the future action is past.
    let (second, time) = in_hours(-1);
    account.edit_state(|state| {
        let text = state.to_string();
        assert!(text.contains(&format!("at({later})")), "{text}");
        let text = text.replace(&later, &time);
        let text = text.replace(&later_second.to_string(), &second.to_string());
        *state = serde_json::from_str(&text).expect("still JSON");
    });
    let report = function.succeed(&json!({"action": "start"}));
    let warnings = line(&report, "sagemaker", NAME)["warnings"].to_string();
    assert!(warnings.contains(&format!("launch (at({time}))")), "{warnings}");
    assert!(
        warnings.contains("begun (rate(1 day))") && !warnings.contains("someday"),
        "{warnings}"
    );
    let targets = account.snapshot()["scalable_targets"].clone();
    let target = targets.as_object().and_then(|targets| targets.values().next()).expect("a target");
    let actions = target["scheduled_actions"].as_object().expect("actions by name");
    assert_eq!(actions.keys().collect::<Vec<_>>(), ["begun", "someday"]);
    assert_eq!(actions["begun"]["StartTime"], Value::Null);
    // The next round misses nothing of that action.
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
}

#[test]
fn a_target_with_an_old_role_comes_back_with_the_services_own() {
    let account = with_endpoint(
        &json!({"autoscaling": [{"role": "arn:aws:iam::123456789012:role/of-the-past"}]}),
    );
    let function = Function::new(&account);
    let mut expected = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    let after = account.snapshot();
    for (name, target) in expected["scalable_targets"].as_object_mut().expect("targets by name") {
        target["target"]["RoleARN"] = after["scalable_targets"][name]["target"]["RoleARN"].clone();
        assert!(target["target"]["RoleARN"].to_string().contains("aws-service-role"), "{target:#}");
    }
    assert_same(&after, &expected, "after the start");
}
