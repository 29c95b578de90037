//! Something fails, and the rest goes on.

use serde_json::{Value, json};

use crate::support::{
    Account, ENDPOINT, Function, STREAM, assert_same, beside, eventually, line, result_of,
};

fn denied(service: &str, operation: &str) -> Value {
    json!({
        "service": service, "operation": operation, "times": null,
        "error": {"status": 400, "code": "AccessDeniedException", "message": "User is not authorized"},
    })
}

/// Returns the words of a resource's row that say why.
fn why(report: &Value, kind: &str, name: &str) -> String {
    line(report, kind, name)["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_topic_that_refuses_does_not_undo_the_stop_and_is_told() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&json!({
        "service": "sns", "operation": "Publish", "times": null,
        "error": {"status": 403, "code": "AuthorizationError", "message": "not yours"},
    }));
    let report = function.stop();
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "stopped");
    assert_eq!(result_of(&report, "kinesis", STREAM), "stopped");
    assert!(report["errors"].to_string().contains("sns:Publish"), "{:#}", report["errors"]);
    function.start();
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_failed_resource_names_the_permission_and_the_others_go_on() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&denied("kinesis", "UpdateShardCount"));
    let report = function.stop();
    assert_eq!(report["outcome"], "partial");
    assert_eq!(result_of(&report, "kinesis", STREAM), "failed");
    assert!(why(&report, "kinesis", STREAM).contains("kinesis:UpdateShardCount"), "{report:#}");
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "stopped");
    assert_eq!(result_of(&report, "lambda", "event_processor"), "stopped");
    assert_eq!(account.count("UpdateShardCount"), 1, "what is denied is not tried again");
    account.clear_faults();
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_kind_that_cannot_be_listed_does_not_stop_the_others() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&denied("sagemaker", "ListEndpoints"));
    let report = function.stop();
    assert_eq!(report["outcome"], "partial");
    assert!(
        report["errors"].to_string().contains("sagemaker:ListEndpoints"),
        "{:#}",
        report["errors"]
    );
    assert_eq!(result_of(&report, "kinesis", STREAM), "stopped");
    assert_eq!(account.count("DeleteEndpoint"), 0);
    account.clear_faults();
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_endpoint_that_could_not_be_stopped_costs_what_it_did() {
    let account = Account::demo();
    let function = Function::new(&account);
    account.fault(&denied("sagemaker", "DeleteEndpoint"));
    let report = function.stop();
    let line = line(&report, "sagemaker", ENDPOINT);
    assert_eq!((&line["result"], &line["after"]), (&json!("failed"), &json!("1 × ml.m5.large")));
    assert_eq!(line["cost_per_day"], json!({"before": 2.76, "after": 2.76}));
    assert_eq!(report["cost"]["complete"], true);
}

#[test]
fn while_nobody_knows_what_is_to_be_kept_nothing_is_stopped() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&denied("tagging", "GetResources"));
    let report = function.stop();
    assert!(report["errors"].to_string().contains("tag:GetResources"), "{:#}", report["errors"]);
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.changes(), []);
}

#[test]
fn a_start_without_the_tagging_permission_brings_everything_back() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.fault(&denied("tagging", "GetResources"));
    function.start();
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_endpoint_whose_config_is_gone_is_not_deleted() {
    let account = Account::demo();
    let function = Function::new(&account);
    let config = format!("{ENDPOINT}-config");
    account.person(
        "sagemaker",
        "SageMaker.DeleteEndpointConfig",
        &json!({"EndpointConfigName": config}),
    );
    let report = function.stop();
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "skipped");
    assert!(why(&report, "sagemaker", ENDPOINT).contains(&config), "{report:#}");
    assert_eq!(account.count("DeleteEndpoint"), 0);
    assert_eq!(account.snapshot()["endpoints"][ENDPOINT]["status"], "InService");
    assert_eq!(result_of(&report, "kinesis", STREAM), "stopped");
}

#[test]
fn an_endpoint_in_transition_or_failed_is_not_deleted() {
    for status in
        ["Creating", "Updating", "SystemUpdating", "RollingBack", "Failed", "OutOfService"]
    {
        let account = Account::demo();
        // A resource in transition is looked at again until the deadline nears.
        let function = Function::new(&account).hurried();
        account.set_endpoint_status(ENDPOINT, status, "because");
        let report = function.stop();
        assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "skipped", "{status}");
        assert!(why(&report, "sagemaker", ENDPOINT).contains(status), "{report:#}");
        assert_eq!(account.count("DeleteEndpoint"), 0, "{status}");
    }
}

#[test]
fn a_failed_creation_tells_its_reason_and_the_rest_comes_back() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.hold("creating");
    let reason = "The primary container did not pass the ping health check.";
    let let_it_fail = || {
        account.until_called("CreateEndpoint", 1);
        eventually("it is being created", || {
            account.snapshot()["endpoints"][ENDPOINT]["status"] == "Creating"
        });
        account.set_endpoint_status(ENDPOINT, "Failed", reason);
    };
    let report = beside(|| function.start(), let_it_fail);
    assert_eq!(report["outcome"], "partial");
    assert_eq!(result_of(&report, "sagemaker", ENDPOINT), "failed");
    assert!(why(&report, "sagemaker", ENDPOINT).contains(reason), "{report:#}");
    let after = account.snapshot();
    assert_eq!(after["functions"], before["functions"]);
    assert_eq!(after["alarms"], before["alarms"]);
    assert_eq!(after["streams"], before["streams"]);

    account.release("creating");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the next start");
}

#[test]
fn faults_that_pass_are_tried_again() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let faults = [
        ("sagemaker", "DescribeEndpoint", 400, "ThrottlingException"),
        ("sagemaker", "DeleteEndpoint", 503, "ServiceUnavailable"),
        ("sagemaker", "CreateEndpoint", 500, "InternalFailure"),
        ("kinesis", "UpdateShardCount", 400, "LimitExceededException"),
        ("kinesis", "DescribeStreamSummary", 400, "LimitExceededException"),
        ("lambda", "PutFunctionConcurrency", 429, "TooManyRequestsException"),
        ("lambda", "DeleteFunctionConcurrency", 500, "ServiceException"),
        ("cloudwatch", "DisableAlarmActions", 400, "ThrottlingException"),
        ("cloudwatch", "EnableAlarmActions", 500, "InternalServiceError"),
        ("s3", "PutObject", 503, "SlowDown"),
        ("s3", "GetObject", 500, "InternalError"),
        ("sns", "Publish", 503, "ServiceUnavailable"),
        ("tagging", "GetResources", 400, "ThrottledException"),
    ];
    for (service, operation, status, code) in faults {
        account.fault(&json!({
            "service": service, "operation": operation, "times": 2,
            "error": {"status": status, "code": code, "message": "Rate exceeded"},
        }));
    }
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.pending_faults(), json!([]));
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.messages().len(), 2);
}

/// Loses the answers of calls that were carried out, and expects no difference.
#[track_caller]
fn survives_lost_answers(service: &str, operation: &str) {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    for action in ["stop", "start"] {
        account.fault(
            &json!({"service": service, "operation": operation, "drop": "after", "times": 2}),
        );
        let report = function.must(&json!({"action": action}));
        assert_eq!(report["outcome"], "succeeded", "{operation} in a {action}: {report:#}");
        account.clear_faults();
    }
    assert!(
        account
            .calls()
            .iter()
            .any(|call| call.operation == operation && call.error.as_deref() == Some("Dropped"))
    );
    assert_same(&account.snapshot(), &before, operation);
    assert_eq!(account.messages().len(), 2, "{operation}");
}

#[test]
fn lost_answers_of_delete_endpoint_are_made_up_for() {
    survives_lost_answers("sagemaker", "DeleteEndpoint");
}

#[test]
fn lost_answers_of_create_endpoint_are_made_up_for() {
    survives_lost_answers("sagemaker", "CreateEndpoint");
}

#[test]
fn lost_answers_of_put_function_concurrency_are_made_up_for() {
    survives_lost_answers("lambda", "PutFunctionConcurrency");
}

#[test]
fn lost_answers_of_update_shard_count_are_made_up_for() {
    survives_lost_answers("kinesis", "UpdateShardCount");
}

#[test]
fn lost_answers_of_enable_alarm_actions_are_made_up_for() {
    survives_lost_answers("cloudwatch", "EnableAlarmActions");
}

#[test]
fn lost_answers_of_put_object_are_made_up_for() {
    survives_lost_answers("s3", "PutObject");
}

#[test]
fn lost_answers_of_get_object_are_made_up_for() {
    survives_lost_answers("s3", "GetObject");
}

#[test]
fn a_service_that_is_down_is_asked_beyond_the_clients_own_tries() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&json!({"service": "sagemaker", "operation": "DeleteEndpoint", "drop": "before", "times": 7}));
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.pending_faults(), json!([]));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_instance_that_aws_lacks_for_now_is_asked_for_again() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.no_capacity(ENDPOINT, 1);
    let report = function.start();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.count("CreateEndpoint"), 2);
}
