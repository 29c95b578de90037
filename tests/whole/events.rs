//! The function takes some events, and refuses others before it asks AWS anything.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Account, Call, Function, line, lines};

/// Lists the function's calls, without the test's own `Invoke`.
fn calls_of_the_function(account: &Account) -> Vec<Call> {
    account.calls().into_iter().filter(|call| call.operation != "Invoke").collect()
}

fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let mut samples: Vec<(String, Value)> = fs::read_dir(folder)
        .expect("a folder of samples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            let event = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_name().expect("a name").to_string_lossy().into_owned(), event)
        })
        .collect();
    samples.sort_by(|(one, _), (other, _)| one.cmp(other));
    samples
}

#[test]
fn every_sample_event_is_accepted() {
    let samples = samples();
    assert!(samples.len() >= 10, "only {} samples", samples.len());
    let account = Account::demo();
    let function = Function::new(&account);
    for (name, event) in samples {
        let report =
            function.invoke(&event).unwrap_or_else(|refused| panic!("{name}: {refused:#?}"));
        let action = event["action"]
            .as_str()
            .or(event["detail"]["action"].as_str())
            .expect("a sample names its action");
        assert_eq!(report["action"], action, "{name}");
        assert_ne!(report["outcome"], "failed", "{name}: {report:#}");
        account.wait_until_idle();
    }
}

#[test]
fn the_samples_show_every_field_but_the_one_the_function_writes_itself() {
    let text: String = samples().into_iter().map(|(_, event)| event.to_string()).collect();
    for field in ["action", "dry_run", "only", "reason", "wait", "schedule", "notify", "detail"] {
        assert!(text.contains(&format!("\"{field}\":")), "no sample with {field}");
    }
}

#[test]
fn an_eventbridge_envelope_is_opened() {
    let account = Account::demo();
    let report = Function::new(&account).succeed(&json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "evening", "source": "ops",
        "account": "123456789012", "time": "2026-11-23T18:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {"action": "stop", "dry_run": true, "reason": "the day is over"},
    }));
    assert_eq!(report["action"], "stop");
    assert_eq!(report["dry_run"], true);
    assert_eq!(report["reason"], "the day is over");
}

#[test]
fn a_schedule_sample_sent_by_hand_twice_is_two_operations() {
    let account = Account::demo();
    let function = Function::new(&account);
    let event = json!({
        "action": "status",
        "schedule": {"arn": "<aws.scheduler.schedule-arn>", "time": "<aws.scheduler.scheduled-time>"},
    });
    let (one, other) = (function.succeed(&event), function.succeed(&event));
    assert_ne!(one["operation_id"], other["operation_id"]);
}

#[test]
fn a_reason_is_kept_in_report_state_and_audit_trail() {
    let account = Account::demo();
    let report =
        Function::new(&account).succeed(&json!({"action": "stop", "reason": "demo is over"}));
    assert_eq!(report["reason"], "demo is over");
    assert_eq!(account.state()["operation"]["reason"], "demo is over");
    let kept = account.object(&account.operations()[0]).expect("a kept report");
    assert!(kept.contains("demo is over"), "{kept}");
}

#[test]
fn a_bad_event_is_refused_with_field_and_rule_before_any_call() {
    let account = Account::demo();
    let function = Function::new(&account);
    let long = "x".repeat(201);
    let bad = [
        (json!({}), ["`action`", "missing", "\"stop\", \"start\", \"status\""]),
        (json!({"action": "halt"}), ["`action`", "\"halt\"", "\"stop\", \"start\", \"status\""]),
        (json!({"action": 1}), ["`action`", "1", "\"stop\", \"start\", \"status\""]),
        (json!({"action": "stop", "dryrun": true}), ["`dryrun`", "true", "dry_run"]),
        (json!({"action": "stop", "dry_run": "no"}), ["`dry_run`", "\"no\"", "true or false"]),
        (json!({"action": "stop", "wait": 1}), ["`wait`", "1", "true or false"]),
        (json!({"action": "stop", "only": "kinesis"}), ["`only`", "\"kinesis\"", "list"]),
        (json!({"action": "stop", "only": []}), ["`only`", "[]", "list"]),
        (
            json!({"action": "stop", "only": ["rds"]}),
            ["`only[0]`", "`rds` is not a kind", "the kinds are sagemaker, kinesis, "],
        ),
        (json!({"action": "stop", "reason": long}), ["`reason`", "201 characters", "200"]),
        (json!({"action": "stop", "schedule": {"arn": "x"}}), ["`schedule.arn`", "\"x\"", "ARN"]),
        (
            json!({"action": "stop", "continuation": {"operation_id": "", "depth": 1, "asked_at": "2026-11-23T18:00:00Z"}}),
            ["`continuation.operation_id`", "\"\"", "id"],
        ),
        (
            json!({"action": "stop", "continuation": {"operation_id": "a", "depth": 99, "asked_at": "2026-11-23T18:00:00Z"}}),
            ["`continuation.depth`", "99", "12"],
        ),
        (
            json!({"detail-type": "x", "source": "y", "detail": {"action": "halt"}}),
            ["`detail.action`", "\"halt\"", "\"stop\""],
        ),
        (json!({"detail-type": "x", "detail": "stop"}), ["`detail`", "\"stop\"", "object"]),
        (json!([]), ["[]", "object", "action"]),
        (json!("stop"), ["\"stop\"", "object", "action"]),
        (Value::Null, ["null", "object", "action"]),
    ];
    for (event, expected) in bad {
        let refused = function.invoke(&event).expect_err(&format!("{event} is not valid"));
        assert_eq!(refused.kind, "BadEvent", "{event}");
        for part in expected {
            assert!(refused.message.contains(part), "{event}: no {part} in {}", refused.message);
        }
    }
    assert_eq!(calls_of_the_function(&account), []);
}

#[test]
fn a_bad_configuration_names_every_problem_at_once_and_makes_no_call() {
    let account = Account::demo();
    let function = Function::new(&account)
        .without("PROJECT_NAME")
        .with("STATE_BUCKET", "Not_A_Bucket")
        .with("MAX_WORKERS", "0")
        .with("POLL_SECONDS", "soon")
        .with("RESOURCES", "kinesis:!a;lambda:a b");
    let refused =
        function.invoke(&json!({"action": "stop"})).expect_err("the configuration is bad");
    assert_eq!(refused.kind, "BadConfiguration");
    let expected = [
        "PROJECT_NAME is not set",
        "STATE_BUCKET is \"Not_A_Bucket\"",
        "MAX_WORKERS is \"0\"",
        "POLL_SECONDS is \"soon\"",
        "RESOURCES has \"lambda:a b\"; it must be a name of letters",
    ];
    for part in expected {
        assert!(refused.message.contains(part), "no {part} in {}", refused.message);
    }
    assert_eq!(calls_of_the_function(&account), []);
}

#[test]
fn a_bad_event_is_refused_again_and_again_by_the_same_process() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.invoke(&json!({"action": "halt"})).expect_err("not an action");
    let report = function.succeed(&json!({"action": "status"}));
    assert!(!lines(&report).is_empty());
    function.invoke(&json!({"action": "halt"})).expect_err("not an action");
}

#[test]
fn an_unknown_price_is_unknown_and_not_nothing() {
    let account = Account::with(&json!({
        "endpoints": [{"name": "user-journey-analytics-odd", "variants": [{"instance_type": "ml.imaginary.large"}]}],
    }));
    let report = Function::new(&account).succeed(&json!({"action": "status"}));
    let endpoint = line(&report, "sagemaker", "user-journey-analytics-odd");
    assert_eq!(endpoint["cost_per_day"]["before"], Value::Null);
    assert_eq!(report["cost"]["complete"], false);
}
