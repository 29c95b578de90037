//! An endpoint comes back with everything that its deletion loses, or is not deleted.

mod changes;
mod obstacles;
mod scaling;

use std::thread;

use serde_json::{Value, json};

use crate::support::{Account, CRASHES, Function, assert_same};

const NAME: &str = "user-journey-analytics-Rich";
/// A start makes these calls.
const STEPS: [&str; 6] = [
    "CreateEndpoint",
    "UpdateEndpointWeightsAndCapacities",
    "RegisterScalableTarget",
    "TagResource",
    "PutScalingPolicy",
    "PutScheduledAction",
];

fn on_a_computed_metric() -> Value {
    let dimensions =
        json!([{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "Green"}]);
    let metric = json!({"MetricName": "Invocations", "Namespace": "AWS/SageMaker", "Dimensions": dimensions});
    json!({"PolicyName": "math", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 12.0,
        "CustomizedMetricSpecification": {"Metrics": [
            {"Id": "load", "ReturnData": false, "Label": "raw",
             "MetricStat": {"Stat": "Sum", "Unit": "Count", "Metric": metric}},
            {"Id": "half", "Expression": "load / 2", "ReturnData": true},
        ]},
    }})
}

/// Makes two variants with all possible settings, which do not run as configured.
pub fn rich() -> Value {
    json!({"endpoints": [{
            "name": NAME,
            "model": "risk",
            "variants": [
                {"name": "Blue", "initial_instance_count": 1, "current_instance_count": 3,
                 "initial_weight": 1.0, "current_weight": 0.25},
                {"name": "Green", "instance_type": "ml.c5.large", "initial_instance_count": 2,
                 "current_instance_count": 4, "initial_weight": 1.0, "current_weight": 0.75},
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
                    "suspended": {"DynamicScalingOutSuspended": true},
                    "tags": {"team": "ml", "cost-center": "42"},
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
                         "StartTime": 4_070_822_400_i64, "EndTime": 4_070_908_800_i64,
                         "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 6}},
                        {"ScheduledActionName": "launch", "Schedule": "at(2099-01-01T08:00:00)",
                         "ScalableTargetAction": {"MinCapacity": 4}},
                        {"ScheduledActionName": "night", "Schedule": "rate(1 day)",
                         "ScalableTargetAction": {"MaxCapacity": 5}},
                        {"ScheduledActionName": "nothing", "Schedule": "cron(0 7 * * ? *)"},
                    ],
                },
                {"variant": "Green", "min": 1, "max": 4,
                 "suspended": {"DynamicScalingInSuspended": true, "ScheduledScalingSuspended": true},
     "policies": [{"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
                         "TargetTrackingScalingPolicyConfiguration": {
                            "TargetValue": 40.0,
                            "CustomizedMetricSpecification": {
                                "MetricName": "CPUUtilization", "Namespace": "/aws/sagemaker/Endpoints",
                                "Dimensions": [{"Name": "EndpointName", "Value": NAME},
                                               {"Name": "VariantName", "Value": "Green"}],
                                "Statistic": "Average", "Unit": "Percent"}}},
                    on_a_computed_metric(),
    ]},
            ],
        }]})
}

fn with_endpoint(fields: &Value) -> Account {
    let mut endpoint = json!({"name": NAME});
    endpoint
        .as_object_mut()
        .expect("an object")
        .extend(fields.as_object().expect("an object").clone());
    Account::with(&json!({"endpoints": [endpoint]}))
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
fn an_endpoint_that_runs_as_configured_is_only_created() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    let changes: Vec<String> =
        account.changes().iter().map(|call| call.operation.clone()).collect();
    assert_eq!(changes, ["DeleteEndpoint", "CreateEndpoint"]);
}

#[test]
fn scaling_is_asked_for_once_however_many_endpoints_there_are() {
    let endpoints: Vec<Value> = (0..5)
        .map(|n| json!({"name": format!("user-journey-analytics-{n}"), "autoscaling": [{"min": 1, "max": 3}]}))
        .collect();
    let account = Account::with(&json!({"endpoints": endpoints}));
    Function::new(&account).must(&json!({"action": "status"}));
    for operation in
        ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"]
    {
        assert_eq!(account.count(operation), 1, "{operation}");
    }
}

/// Lets time pass: a new endpoint is told from the old one by its time, to the second.
fn a_night_passes(account: &Account) {
    account.advance(12.0 * 3600.0);
}

/// Kills a start at a call, and expects that some further actions bring all back.
fn dies(operation: &str, when: &str, then: &[&str]) {
    let _turn = CRASHES.acquire();
    let at = format!("killed {when} {operation}, then {then:?}");
    let account = Account::with(&rich());
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    a_night_passes(&account);
    account.fault(&fault(operation, &json!({"kill": when})));
    let refused = function.invoke(&json!({"action": "start"})).expect_err(&at);
    assert!(refused.message.contains("signal: killed"), "{at}: {refused:#?}");
    function.end_the_lease_in(0.0);
    for action in then {
        function.succeed(&json!({"action": action}));
        if *action == "stop" {
            assert_eq!(account.snapshot()["endpoints"], json!({}), "{at}");
        }
    }
    assert_same(&account.snapshot(), &before, &at);
}

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
fn a_start_that_dies_at_any_call_is_completed_by_the_next() {
    dies_everywhere(&["start"]);
}

#[test]
fn a_stop_after_a_half_done_start_keeps_the_original() {
    dies_everywhere(&["stop", "start"]);
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

/// Asserts that a stop deletes such an endpoint, and a start brings all back.
#[track_caller]
fn comes_back(fields: &Value) {
    let account = with_endpoint(fields);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn provisioned_concurrency_and_its_scaling_come_back() {
    let serverless =
        json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2});
    comes_back(&json!({
        "variants": [{"serverless": serverless}],
        "autoscaling": [{"dimension": "sagemaker:variant:DesiredProvisionedConcurrency", "min": 1, "max": 5}],
    }));
}

#[test]
fn concurrency_that_was_set_at_run_time_comes_back() {
    let serverless =
        json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2});
    let current = |most: u32, provisioned: u32| json!({"MemorySizeInMB": 2048, "MaxConcurrency": most, "ProvisionedConcurrency": provisioned});
    for current in [current(9, 2), current(5, 4), current(9, 4)] {
        comes_back(
            &json!({"variants": [{"serverless": serverless, "current_serverless": current}]}),
        );
    }
}

#[test]
fn a_linear_and_a_rolling_deployment_come_back() {
    let size = |kind: &str, value: u32| json!({"Type": kind, "Value": value});
    comes_back(
        &json!({"deployment_config": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
            "Type": "LINEAR", "WaitIntervalInSeconds": 60, "LinearStepSize": size("INSTANCE_COUNT", 2),
        }}}}),
    );
    comes_back(&json!({"deployment_config": {"RollingUpdatePolicy": {
        "MaximumBatchSize": size("INSTANCE_COUNT", 1), "WaitIntervalInSeconds": 90,
        "MaximumExecutionTimeoutInSeconds": 3600, "RollbackMaximumBatchSize": size("CAPACITY_PERCENT", 50),
    }}}));
}

#[test]
fn patterns_match_endpoints_in_any_case() {
    for (patterns, only, stops) in [
        ("USER-journey-*", "sagemaker", true),
        ("*", "sagemaker:USER-JOURNEY-ANALYTICS-R?CH", true),
        ("*", "sagemaker:another", false),
        ("*,!*-RICH", "sagemaker", false),
    ] {
        let account = with_endpoint(&json!({}));
        let function = Function::new(&account).with("RESOURCES", &format!("sagemaker:{patterns}"));
        function.must(&json!({"action": "stop", "only": [only]}));
        assert_eq!(account.snapshot()["endpoints"] == json!({}), stops, "{patterns} {only}");
    }
}
