//! Endpoints may change on their way, and many take few calls to follow.

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

/// Sets the same count again, as scaling may: the endpoint is Updating for a while.
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

/// Stops, and lets a change happen just before the endpoint's deletion arrives.
///
/// The stop has looked at the endpoint by then.
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
fn an_endpoint_that_scales_before_its_deletion_is_stopped_after_that() {
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
fn an_endpoint_that_a_person_updates_before_its_deletion_stays() {
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
fn a_stop_after_a_dead_one_saves_what_a_person_updates() {
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
fn a_start_brings_back_an_endpoint_whose_deletion_shows_late() {
    let account = with_endpoint(&json!({}));
    let function = Function::new(&account);
    // AWS is believed after some looks, and what the test does in between has to fit between two.
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
        // The start sees the endpoint in service, then being deleted, and then gone.
        account.until_asked_again("DescribeEndpoint");
        account.let_pass("stale");
        account.until_asked_again("DescribeEndpoint");
        account.release("deleting");
        start.join().expect("a report")
    });
    assert_eq!(start["outcome"], "succeeded", "{start:#}");
    // By now the account would show whatever it shows late.
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
fn many_endpoints_are_followed_by_a_list_and_described_at_the_end() {
    let account = many(6, &json!({}));
    let function = Function::new(&account).with("POLL_SECONDS", "0.1");
    let before = account.snapshot();
    account.hold("creating");
    account.hold("deleting");
    account.forget_calls();
    // One list shows what there is, and the others how far it has come.
    let end = |transition| {
        account.until_called("ListEndpoints", 5);
        account.let_pass(transition);
    };
    beside(|| function.succeed(&json!({"action": "stop"})), || end("deleting"));
    // One look sees each endpoint, and one sees it gone.
    assert_eq!(account.count("DescribeEndpoint"), 12);
    assert!(account.count("ListEndpoints") > 3);
    account.forget_calls();
    beside(|| function.succeed(&json!({"action": "start"})), || end("creating"));
    // Three looks see each endpoint gone, being created, and in service.
    assert_eq!(account.count("DescribeEndpoint"), 18);
    assert_eq!(account.count("DescribeScalableTargets"), 0);
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn one_endpoint_that_is_waited_for_is_described() {
    let account = with_endpoint(&json!({}));
    account.forget_calls();
    Function::new(&account).succeed(&json!({"action": "stop"}));
    assert_eq!(account.count("ListEndpoints"), 1);
}
