//! An endpoint with everything that deleting it loses, and everything that keeps it from being deleted.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Account, Function, assert_same, line, result_of};

const NAME: &str = "user-journey-analytics-Rich";
/// The calls of a start.
const STEPS: [&str; 5] = [
    "CreateEndpoint",
    "UpdateEndpointWeightsAndCapacities",
    "RegisterScalableTarget",
    "PutScalingPolicy",
    "PutScheduledAction",
];

/// Two variants that do not run as their config says, and all that can be set on them.
pub fn rich() -> Value {
    json!({"endpoints": [{
            "name": NAME,
            "model": "risk",
            "variants": [
                {"name": "Blue", "initial_instance_count": 1, "current_instance_count": 3,
                 "initial_weight": 1.0, "current_weight": 0.25},
                {"name": "Green", "instance_type": "ml.c5.large", "initial_instance_count": 2,
                 "current_instance_count": 2, "initial_weight": 1.0, "current_weight": 0.75},
            ],
            "config_fields": {"ShadowProductionVariants": [
                {"VariantName": "Shadow", "ModelName": "shadow", "InstanceType": "ml.m5.large",
                 "InitialInstanceCount": 1, "InitialVariantWeight": 1.0},
            ]},
            "tags": {"Project": "user-journey-analytics", "Owner": "analytics"},
            "deployment_config": {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "CANARY", "WaitIntervalInSeconds": 300,
                        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                    },
                    "TerminationWaitInSeconds": 120,
                    "MaximumExecutionTimeoutInSeconds": 1800,
                },
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "rich-errors"}]},
            },
            "autoscaling": [
                {
                    "variant": "Blue", "min": 2, "max": 6,
                    "suspended": {"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true},
                    "policies": [
                        {"PolicyName": "requests", "PolicyType": "TargetTrackingScaling",
                         "TargetTrackingScalingPolicyConfiguration": {
                            "TargetValue": 70.5, "ScaleInCooldown": 600, "ScaleOutCooldown": 60, "DisableScaleIn": true,
                            "PredefinedMetricSpecification": {
                                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
                                "ResourceLabel": "app/rich/1234567890123456"}}},
                        {"PolicyName": "steps", "PolicyType": "StepScaling",
                         "StepScalingPolicyConfiguration": {
                            "AdjustmentType": "PercentChangeInCapacity", "Cooldown": 90, "MinAdjustmentMagnitude": 2,
                            "MetricAggregationType": "Maximum",
                            "StepAdjustments": [
                                {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 10},
                                {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 30}]}},
                    ],
                    "scheduled_actions": [
                        {"ScheduledActionName": "morning", "Schedule": "cron(0 6 * * ? *)", "Timezone": "Europe/Berlin",
                         "StartTime": 1_767_225_600, "EndTime": 4_070_908_800_i64,
                         "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 6}},
                        {"ScheduledActionName": "launch", "Schedule": "at(2099-01-01T08:00:00)",
                         "ScalableTargetAction": {"MinCapacity": 4}},
                    ],
                },
                {"variant": "Green", "min": 1, "max": 2, "suspended": {"ScheduledScalingSuspended": true},
     "policies": [{"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
                         "TargetTrackingScalingPolicyConfiguration": {
                            "TargetValue": 40.0,
                            "CustomizedMetricSpecification": {
                                "MetricName": "CPUUtilization", "Namespace": "/aws/sagemaker/Endpoints",
                                "Dimensions": [{"Name": "EndpointName", "Value": NAME},
                                               {"Name": "VariantName", "Value": "Green"}],
                                "Statistic": "Average", "Unit": "Percent"}}}
    ]},
            ],
        }]})
}

fn with_endpoint(fields: &Value) -> Account {
    let mut endpoint = json!({"name": NAME});
    endpoint.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    Account::with(&json!({"endpoints": [endpoint]}))
}

/// A stop leaves it as it is, for this reason.
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

fn fault(operation: &str, what: &Value) -> Value {
    let mut fault = json!({"operation": operation});
    fault.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
    fault
}

#[test]
fn everything_that_deleting_an_endpoint_loses_comes_back() {
    let account = Account::with(&rich());
    let function = Function::new(&account);
    let before = account.snapshot();
    for _ in 0..2 {
        function.succeed(&json!({"action": "stop"}));
        let stopped = account.snapshot();
        assert_eq!((&stopped["endpoints"], &stopped["scalable_targets"]), (&json!({}), &json!({})));
        function.succeed(&json!({"action": "start"}));
        assert_same(&account.snapshot(), &before, "after the start");
    }
}

#[test]
fn an_endpoint_that_runs_as_its_config_says_is_created_and_nothing_else() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    let changes: Vec<String> = account.changes().iter().map(|call| call.operation.clone()).collect();
    assert_eq!(changes, ["DeleteEndpoint", "CreateEndpoint"]);
}

#[test]
fn scaling_is_asked_for_once_however_many_endpoints_there_are() {
    let endpoints: Vec<Value> = (0..5)
        .map(|n| json!({"name": format!("user-journey-analytics-{n}"), "autoscaling": [{"min": 1, "max": 3}]}))
        .collect();
    let account = Account::with(&json!({"endpoints": endpoints}));
    Function::new(&account).must(&json!({"action": "status"}));
    for operation in ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"] {
        assert_eq!(account.count(operation), 1, "{operation}");
    }
}

#[test]
fn a_scheduled_action_whose_time_has_passed_is_not_put_back() {
    let action = |name: &str, schedule: &str| json!({"ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": {"MinCapacity": 1}});
    let account = with_endpoint(&json!({"autoscaling": [{"scheduled_actions": [
        action("over", "at(2020-01-01T00:00:00)"), action("daily", "rate(1 day)"),
    ]}]}));
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    let targets = account.snapshot()["scalable_targets"].clone();
    let target = targets.as_object().and_then(|targets| targets.values().next()).expect("a target");
    let names: Vec<&String> = target["scheduled_actions"].as_object().expect("actions by name").keys().collect();
    assert_eq!(names, ["daily"]);
}

/// A start that is killed at this call, and what comes then, which ends with a start.
fn dies(operation: &str, when: &str, then: &[&str]) {
    let at = format!("killed {when} {operation}, then {then:?}");
    let account = Account::with(&rich());
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.fault(&fault(operation, &json!({"kill": when})));
    // A killed invocation leaves its lease behind, which ends with its deadline.
    let function = function.timeout(4.0);
    let refused = function.invoke(&json!({"action": "start"})).expect_err(&at);
    assert!(refused.message.contains("signal: killed"), "{at}: {refused:#?}");
    let function = function.timeout(60.0);
    for action in then {
        function.succeed(&json!({"action": action}));
        if *action == "stop" {
            assert_eq!(account.snapshot()["endpoints"], json!({}), "{at}");
        }
    }
    assert_same(&account.snapshot(), &before, &at);
}

/// Most of it is waiting for leases to end.
fn dies_everywhere(then: &[&str]) {
    thread::scope(|scope| {
        for operation in STEPS {
            for when in ["before", "after"] {
                scope.spawn(move || dies(operation, when, then));
            }
        }
    });
}

#[test]
fn a_start_that_dies_at_any_of_its_calls_is_completed_by_the_next() {
    dies_everywhere(&["start"]);
}

#[test]
fn a_stop_that_takes_over_from_a_half_done_start_keeps_the_original() {
    dies_everywhere(&["stop", "start"]);
}

#[test]
fn a_policy_that_is_refused_is_told_and_a_later_start_completes_it() {
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

#[test]
fn an_answer_that_is_lost_changes_nothing() {
    for operation in STEPS {
        let account = Account::with(&rich());
        let function = Function::new(&account);
        let before = account.snapshot();
        function.succeed(&json!({"action": "stop"}));
        account.fault(&fault(operation, &json!({"drop": "after"})));
        function.succeed(&json!({"action": "start"}));
        assert_same(&account.snapshot(), &before, operation);
    }
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
    for operation in ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"] {
        let account = Account::with(&rich());
        let denial = json!({"times": null, "error": {"status": 400, "code": "AccessDeniedException", "message": "no"}});
        account.fault(&fault(operation, &denial));
        is_left_alone(&account, &format!("the function's role needs application-autoscaling:{operation}"));
    }
}

#[test]
fn a_serverless_endpoint_without_provisioned_concurrency_is_left_alone() {
    let serverless = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5});
    let account = with_endpoint(&json!({"variants": [{"serverless": serverless}]}));
    is_left_alone(&account, "serverless without provisioned concurrency");
}

#[test]
fn a_serverless_endpoint_with_provisioned_concurrency_comes_back() {
    let serverless = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2});
    let account = with_endpoint(&json!({
        "variants": [{"serverless": serverless}],
        "autoscaling": [{"dimension": "sagemaker:variant:DesiredProvisionedConcurrency", "min": 1, "max": 5}],
    }));
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_endpoint_at_no_instances_is_left_alone() {
    let account = with_endpoint(&json!({"variants": [{"current_instance_count": 0}]}));
    is_left_alone(&account, "it has no instances");
}

#[test]
fn a_failed_endpoint_is_told_with_its_reason_and_left_alone() {
    let account = with_endpoint(&json!({"status": "Failed", "failure_reason": "The image is broken."}));
    is_left_alone(&account, "The image is broken.");
}
