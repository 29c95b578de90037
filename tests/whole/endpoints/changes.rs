//! Endpoints that change while they are stopped or started, and how many calls it takes to follow
//! many.

use std::thread;

use serde_json::{Value, json};

use super::{NAME, fault, with_endpoint};
use crate::support::{Account, Function, assert_same, beside, line, result_of};

fn update(account: &Account, config: &str) {
    account.person(
        "sagemaker",
        "SageMaker.UpdateEndpoint",
        &json!({"EndpointName": NAME, "EndpointConfigName": config}),
    );
}

/// As scaling does it: the count stays the same, and the endpoint is Updating for a while.
fn rescale(account: &Account) {
    account.person(
        "sagemaker",
        "SageMaker.UpdateEndpointWeightsAndCapacities",
        &json!({"EndpointName": NAME, "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]}),
    );
}

fn with_another_config() -> Account {
    let account = with_endpoint(&json!({}));
    account.person(
        "sagemaker",
        "SageMaker.CreateEndpointConfig",
        &json!({"EndpointConfigName": "by-hand", "ProductionVariants": [{
            "VariantName": "AllTraffic", "ModelName": format!("{NAME}-model"),
            "InstanceType": "ml.c5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1.0,
        }]}),
    );
    account
}

#[test]
fn an_endpoint_that_is_updating_is_stopped_when_that_is_over() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.hold("updating");
    rescale(&account);
    let end_it = || {
        account.until_asked_again("DescribeEndpoint");
        assert_eq!(account.count("DeleteEndpoint"), 0);
        account.release("updating");
    };
    let report = beside(|| function.succeed(&json!({"action": "stop"})), end_it);
    assert_eq!(result_of(&report, "sagemaker", NAME), "stopped");
    assert_eq!(account.count("DeleteEndpoint"), 1);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

/// A stop during which this happens after the endpoint was looked at, and before its deletion
/// arrives.
fn just_before_the_deletion(account: &Account, change: impl FnOnce(&Account)) -> Value {
    let function = Function::new(account);
    account.hold("updating");
    account.fault(&fault("DeleteEndpoint", &json!({"held": true})));
    let change_it = || {
        account.until_called("DeleteEndpoint", 1);
        change(account);
        account.release_calls();
        account.until_asked_again("DescribeEndpoint");
        account.release("updating");
    };
    beside(|| function.stop(), change_it)
}

#[test]
fn an_endpoint_that_begins_to_scale_before_its_deletion_arrives_is_stopped_when_that_is_over() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = just_before_the_deletion(&account, rescale);
    assert_eq!(result_of(&report, "sagemaker", NAME), "stopped");
    assert_eq!(account.count("DeleteEndpoint"), 2);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn an_endpoint_that_a_person_updates_before_its_deletion_arrives_stays_as_they_want_it() {
    let account = with_another_config();
    let report = just_before_the_deletion(&account, |account| update(account, "by-hand"));
    let told = line(&report, "sagemaker", NAME);
    assert!(told.to_string().contains("a person has updated it to by-hand"), "{told:#}");
    assert_eq!(account.snapshot()["endpoints"][NAME]["config"], "by-hand");
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.snapshot()["endpoints"][NAME]["config"], "by-hand");
}

#[test]
fn a_stop_that_goes_on_from_a_dead_one_keeps_what_a_person_is_updating() {
    let account = with_another_config();
    account.fault(&fault("DeleteEndpoint", &json!({"kill": "before"})));
    let function = Function::new(&account);
    function.invoke(&json!({"action": "stop"})).expect_err("it was killed");
    function.end_the_lease_in(0.0);
    account.hold("updating");
    update(&account, "by-hand");
    let end_it = || {
        account.until_asked_again("DescribeEndpoint");
        account.release("updating");
    };
    beside(|| function.succeed(&json!({"action": "stop"})), end_it);
    assert_eq!(account.snapshot()["endpoints"], json!({}));
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.snapshot()["endpoints"][NAME]["config"], "by-hand");
}

#[test]
fn a_refusal_that_passes_is_tried_again() {
    for (operation, words) in [
        ("DeleteEndpoint", "Cannot update in-progress endpoint \"e\"."),
        ("CreateEndpoint", "Cannot create already existing endpoint \"e\"."),
    ] {
        let account = with_endpoint(&json!({}));
        let function = Function::new(&account);
        let before = account.snapshot();
        let error = json!({"status": 400, "code": "ValidationException", "message": words});
        account.fault(&fault(operation, &json!({"error": error})));
        function.succeed(&json!({"action": "stop"}));
        function.succeed(&json!({"action": "start"}));
        assert_same(&account.snapshot(), &before, operation);
        assert_eq!(account.count(operation), 2);
    }
}

#[test]
fn a_start_right_after_a_deletion_that_does_not_show_yet_brings_it_back() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    // AWS is believed after some looks: each has to be later than what the test does in between.
    let poll = function.slowness();
    let function = function.with("POLL_SECONDS", &format!("{poll:.1}"));
    let before = account.snapshot();
    account.hold("stale");
    account.hold("deleting");
    let start = thread::scope(|scope| {
        let stop = scope.spawn(|| function.stop());
        account.until_called("DeleteEndpoint", 1);
        let start = scope.spawn(|| function.start());
        stop.join().expect("a report");
        // The start sees the endpoint in service, and then being deleted, and then no more.
        account.until_asked_again("DescribeEndpoint");
        account.let_pass("stale");
        account.until_asked_again("DescribeEndpoint");
        account.release("deleting");
        start.join().expect("a report")
    });
    assert_eq!(start["outcome"], "succeeded", "{start:#}");
    // What is shown late would be shown by now.
    account.release("stale");
    assert_same(&account.snapshot(), &before, "in the end");
}

fn many(number: usize, fields: &Value) -> Account {
    let endpoint = |n| {
        let mut endpoint = json!({"name": format!("user-journey-analytics-{n}")});
        endpoint
            .as_object_mut()
            .expect("an object")
            .extend(fields.as_object().expect("an object").clone());
        endpoint
    };
    Account::with(&json!({"endpoints": (0..number).map(endpoint).collect::<Vec<_>>()}))
}

#[test]
fn what_endpoints_have_in_common_is_asked_for_once() {
    let account = many(5, &json!({"config": "shared", "model": "shared"}));
    account.forget_calls();
    Function::new(&account).must(&json!({"action": "status"}));
    for operation in ["DescribeEndpointConfig", "DescribeModel", "ListInferenceComponents"] {
        assert_eq!(account.count(operation), 1, "{operation}");
    }
    assert_eq!((account.count("DescribeEndpoint"), account.count("DescribeAlarms")), (5, 1));
}

#[test]
fn components_of_one_endpoint_among_many_are_found_in_the_one_list() {
    let account = many(3, &json!({}));
    account.seed(&json!({"endpoints": [{"name": NAME, "inference_components": ["adapter"]}]}));
    let report = Function::new(&account).stop();
    assert_eq!(result_of(&report, "sagemaker", NAME), "skipped");
    let left = account.snapshot()["endpoints"].as_object().expect("endpoints by name").len();
    assert_eq!((left, account.count("ListInferenceComponents")), (1, 1));
}

#[test]
fn many_that_are_waited_for_are_followed_by_a_list_and_described_when_it_is_over() {
    let account = many(6, &json!({}));
    let function = Function::new(&account).with("POLL_SECONDS", "0.1");
    let before = account.snapshot();
    account.hold("creating");
    account.hold("deleting");
    account.forget_calls();
    // The list that shows what there is, and those that show how far it has come.
    let end = |transition| {
        account.until_called("ListEndpoints", 5);
        account.let_pass(transition);
    };
    beside(|| function.succeed(&json!({"action": "stop"})), || end("deleting"));
    // Once to see them, and once to see them gone.
    assert_eq!(account.count("DescribeEndpoint"), 12);
    assert!(account.count("ListEndpoints") > 3);
    account.forget_calls();
    beside(|| function.succeed(&json!({"action": "start"})), || end("creating"));
    // To see that they are gone, that they are being created, and that they are in service.
    assert_eq!(account.count("DescribeEndpoint"), 18);
    assert_eq!(account.count("DescribeScalableTargets"), 0);
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn one_that_is_waited_for_is_described() {
    let account = with_endpoint(&json!({}));
    account.forget_calls();
    Function::new(&account).succeed(&json!({"action": "stop"}));
    assert_eq!(account.count("ListEndpoints"), 1);
}
