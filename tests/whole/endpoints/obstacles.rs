//! An endpoint is not deleted where something keeps it from coming back.

use serde_json::{Value, json};

use super::{NAME, fault, rich, with_endpoint};
use crate::support::{Account, Function, assert_same, line};

/// Asserts that a stop leaves the endpoint as it is, for this reason.
#[track_caller]
fn is_left_alone(account: &Account, because: &str) {
    let function = Function::new(account);
    let before = account.snapshot();
    let report = function.stop();
    let line = line(&report, "sagemaker", NAME);
    assert_eq!(line["result"], "skipped", "{line:#}");
    assert!(line["detail"].as_str().is_some_and(|detail| detail.contains(because)), "{line:#}");
    assert_same(&account.snapshot(), &before, "after the stop");
    assert_eq!(account.count("DeleteEndpoint"), 0);
}

#[test]
fn an_endpoint_whose_model_is_gone_is_left_alone() {
    let account = Account::with(&rich());
    account.person("sagemaker", "SageMaker.DeleteModel", &json!({"ModelName": "risk"}));
    is_left_alone(&account, "its model risk does not exist");
}

#[test]
fn an_endpoint_whose_shadow_variants_model_is_gone_is_left_alone() {
    let account = Account::with(&rich());
    account.person("sagemaker", "SageMaker.DeleteModel", &json!({"ModelName": "shadow"}));
    is_left_alone(&account, "its model shadow does not exist");
}

#[test]
fn an_endpoint_with_inference_components_is_left_alone() {
    let account = with_endpoint(&json!({"inference_components": ["adapter-a", "adapter-b"]}));
    is_left_alone(&account, "inference components are attached: adapter-a, adapter-b");
}

#[test]
fn an_endpoint_whose_scaling_may_not_be_seen_is_left_alone() {
    for operation in
        ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"]
    {
        let account = Account::with(&rich());
        let denial = json!({"times": null, "error": {"status": 400, "code": "AccessDeniedException", "message": "no"}});
        account.fault(&fault(operation, &denial));
        is_left_alone(
            &account,
            &format!("the function's role needs application-autoscaling:{operation}"),
        );
    }
}

#[test]
fn a_serverless_endpoint_without_provisioned_concurrency_is_left_alone() {
    let serverless = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5});
    let account = with_endpoint(&json!({"variants": [{"serverless": serverless}]}));
    is_left_alone(&account, "serverless without provisioned concurrency");
}

#[test]
fn an_endpoint_at_no_instances_is_left_alone() {
    let account = with_endpoint(&json!({"variants": [{"current_instance_count": 0}]}));
    is_left_alone(&account, "it has no instances");
}

#[test]
fn a_failed_endpoint_is_recorded_with_its_reason_and_never_created_again() {
    let account =
        with_endpoint(&json!({"status": "Failed", "failure_reason": "The image is broken."}));
    is_left_alone(&account, "it is Failed, there is nothing to bring back: The image is broken.");
    let key = account.operations().remove(0);
    let kept: Value = serde_json::from_str(&account.object(&key).expect("a report")).expect("JSON");
    let kept_line = line(&kept, "sagemaker", NAME);
    assert_eq!((&kept_line["result"], &kept_line["before"]), (&json!("skipped"), &json!("Failed")));
    assert!(
        kept_line["detail"].as_str().is_some_and(|detail| detail.contains("The image is broken.")),
        "{kept_line:#}"
    );
    // No start creates the endpoint, neither while it is there nor when a person has deleted it.
    let function = Function::new(&account);
    function.must(&json!({"action": "start"}));
    account.person("sagemaker", "SageMaker.DeleteEndpoint", &json!({"EndpointName": NAME}));
    function.must(&json!({"action": "start"}));
    assert_eq!(account.count("CreateEndpoint"), 0);
}

#[test]
fn an_endpoint_whose_rollback_alarm_is_gone_is_left_alone() {
    let account = Account::with(&rich());
    let delete = json!({"AlarmNames": ["rich-errors"]});
    account.person("monitoring", "GraniteServiceVersion20100801.DeleteAlarms", &delete);
    is_left_alone(
        &account,
        "the alarm rich-errors, which rolls its deployments back, does not exist",
    );
}

#[test]
fn an_endpoint_whose_rollback_alarms_may_not_be_seen_is_left_alone() {
    let account = Account::with(&rich());
    let denial =
        json!({"times": null, "error": {"status": 400, "code": "AccessDenied", "message": "no"}});
    account.fault(&fault("DescribeAlarms", &denial));
    is_left_alone(&account, "the function's role needs cloudwatch:DescribeAlarms");
}

fn with_policy(policy: &Value) -> Account {
    with_endpoint(&json!({"autoscaling": [{"min": 1, "max": 3, "policies": [policy]}]}))
}

#[test]
fn an_endpoint_whose_step_policy_has_alarms_is_left_alone() {
    let account = with_policy(&json!({
        "PolicyName": "steps", "PolicyType": "StepScaling", "alarms": ["busy", "idle"],
        "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [
            {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]},
    }));
    is_left_alone(&account, "its scaling policy steps would get another ARN");
    is_left_alone(&account, "busy, idle");
}

#[test]
fn an_endpoint_with_a_policy_of_another_type_is_left_alone() {
    let account =
        with_policy(&json!({"PolicyName": "forecast", "PolicyType": "PredictiveScaling"}));
    is_left_alone(&account, "its scaling policy forecast is of the type PredictiveScaling");
}

#[test]
fn an_endpoint_tagged_keep_is_left_alone_before_the_index_knows() {
    let account = with_endpoint(&json!({"tags": {"aws-resource-manager": "keep"}}));
    account.settings(&json!({"tags_indexed": false}));
    let report = Function::new(&account).stop();
    let line = line(&report, "sagemaker", NAME);
    assert_eq!(
        (&line["result"], &line["detail"]),
        (&json!("unmanaged"), &json!("tagged aws-resource-manager=keep"))
    );
    assert_eq!(account.count("DeleteEndpoint"), 0);
}
