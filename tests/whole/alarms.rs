//! Alarms go in batches: one alarm must not cost the others, whatever its type.

use serde_json::{Value, json};

use crate::support::{Account, Function, PROJECT, assert_same, beside, line, result_of};

fn name(n: usize) -> String {
    format!("{PROJECT}-alarm-{n}")
}

fn with_alarms(number: usize) -> Account {
    Account::with(
        &json!({"alarms": (0..number).map(|n| json!({"name": name(n)})).collect::<Vec<Value>>()}),
    )
}

fn enabled(account: &Account, n: usize) -> Value {
    account.snapshot()["alarms"][name(n)]["ActionsEnabled"].clone()
}

#[test]
fn an_alarm_that_is_denied_does_not_hold_up_its_batch() {
    let account = with_alarms(7);
    let denial = json!({"status": 403, "code": "AccessDenied", "message": "an explicit deny"});
    account.fault(&json!({"operation": "DisableAlarmActions", "resource": name(3), "times": null, "error": denial}));
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.stop();
    for n in 0..7 {
        let expected = if n == 3 { "failed" } else { "stopped" };
        assert_eq!(result_of(&report, "cloudwatch", &name(n)), expected, "{n}");
        assert_eq!(enabled(&account, n), json!(n == 3), "{n}");
    }
    let told = line(&report, "cloudwatch", &name(3)).to_string();
    assert!(told.contains("the function's role needs cloudwatch:DisableAlarmActions"), "{told}");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn where_every_alarm_is_denied_aws_is_not_asked_about_each() {
    let account = with_alarms(100);
    let denial = json!({"status": 403, "code": "AccessDenied", "message": "no such permission"});
    account.fault(&json!({"operation": "DisableAlarmActions", "times": null, "error": denial}));
    let report = Function::new(&account).stop();
    assert_eq!(report["outcome"], "failed");
    // The whole batch is one call, and then halves of it until the denied alarm is found.
    assert!(account.count("DisableAlarmActions") <= 16, "{}", account.count("DisableAlarmActions"));
}

#[test]
fn metric_composite_and_log_alarms_are_disabled_and_enabled_again() {
    let account = with_alarms(1);
    let composite = json!({"name": name(1), "composite": format!("ALARM({})", name(0))});
    let log = json!({"name": name(2), "log": "/aws/lambda/work"});
    let off = json!({"name": name(3), "log": "/aws/lambda/work", "actions_enabled": false});
    account.seed(&json!({"alarms": [composite, log, off]}));
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.succeed(&json!({"action": "stop"}));
    for n in 0..4 {
        assert_eq!(enabled(&account, n), json!(false), "{n}");
    }
    assert_eq!(
        line(&report, "cloudwatch", &name(2))["cost_per_day"]["before"],
        Value::Null,
        "its price is not known"
    );
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn an_alarm_that_vanishes_is_told_and_the_others_are_switched() {
    let account = with_alarms(3);
    account.fault(&json!({"operation": "DisableAlarmActions", "held": true}));
    let function = Function::new(&account);
    let deletes_it = || {
        account.until_called("DisableAlarmActions", 1);
        account.person(
            "monitoring",
            "GraniteServiceVersion20100801.DeleteAlarms",
            &json!({"AlarmNames": [name(1)]}),
        );
        account.release_calls();
    };
    let report = beside(|| function.stop(), deletes_it);
    let told = line(&report, "cloudwatch", &name(1));
    assert_eq!(
        (&told["result"], &told["detail"]),
        (&json!("failed"), &json!("the alarm was deleted")),
        "{told:#}"
    );
    assert_eq!(
        (result_of(&report, "cloudwatch", &name(0)), result_of(&report, "cloudwatch", &name(2))),
        ("stopped", "stopped")
    );
    let report = function.succeed(&json!({"action": "start"}));
    assert!(
        line(&report, "cloudwatch", &name(1)).to_string().contains("it was deleted since"),
        "{report:#}"
    );
    assert_eq!((enabled(&account, 0), enabled(&account, 2)), (json!(true), json!(true)));
}
