//! Functions come back with what a stop would lose: provisioned concurrency and event sources.

use std::thread;

use serde_json::{Value, json};

use crate::support::{
    Account, CRASHES, Call, Function, assert_same, beside, eventually, line, result_of,
};

const WORK: &str = "user-journey-analytics-work";

/// Makes a function whose alias has provisioned concurrency.
///
/// One of its event sources is enabled, and one has been disabled by a person.
fn work(reserved: u32) -> Account {
    Account::with(&json!({
        "queues": ["orders", "refunds"],
        "functions": [{
            "name": WORK, "reserved": reserved, "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2},
            "mappings": [{"queue": "orders"}, {"queue": "refunds", "enabled": false}],
        }],
    }))
}

fn operations(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.operation.as_str()).collect()
}

fn of_work(account: &Account) -> Value {
    account.snapshot()["functions"][WORK].clone()
}

fn warns(report: &Value) -> bool {
    line(report, "lambda", WORK)["warnings"].to_string().contains("asynchronous events")
}

/// Finds the id of the function's first mapping in the account's call log.
fn first_mapping(account: &Account) -> String {
    let calls = account.calls();
    let update = calls.iter().find(|call| call.operation == "UpdateEventSourceMapping");
    update.expect("a mapping was changed").resource.clone()
}

#[test]
fn provisioned_concurrency_and_event_sources_come_back_as_they_were() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(line(&stop, "lambda", WORK)["before"], "reserved 5, 2 provisioned (live)");
    // 2 × 0.125 GB × 0.0000041667 × 3600 × 24
    assert_eq!(line(&stop, "lambda", WORK)["cost_per_day"], json!({"before": 0.09, "after": 0.0}));
    let stopped = of_work(&account);
    assert_eq!((&stopped["reserved"], &stopped["provisioned"]), (&json!(0), &json!({})));
    let states = stopped["mappings"].as_array().expect("mappings");
    assert!(states.iter().all(|mapping| mapping["State"] == "Disabled"), "{states:#?}");
    let start = function.succeed(&json!({"action": "start"}));
    assert_eq!(line(&start, "lambda", WORK)["after"], "reserved 5, 2 provisioned (live)");
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn event_sources_go_first_and_come_last_and_provisioned_concurrency_stands_between() {
    let account = work(5);
    let function = Function::new(&account);
    function.stop();
    let changes = account.changes();
    assert_eq!(
        operations(&changes),
        [
            "UpdateEventSourceMapping",
            "DeleteProvisionedConcurrencyConfig",
            "PutFunctionConcurrency"
        ]
    );
    assert!(changes.iter().all(|call| call.error.is_none()), "{changes:#?}");
    account.forget_calls();
    function.start();
    let changes = account.changes();
    assert_eq!(
        operations(&changes),
        ["PutFunctionConcurrency", "PutProvisionedConcurrencyConfig", "UpdateEventSourceMapping"]
    );
    assert!(changes.iter().all(|call| call.error.is_none()), "{changes:#?}");
}

#[test]
fn a_start_waits_until_provisioned_concurrency_is_ready() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.hold("provisioning");
    account.forget_calls();
    let end_it = || {
        account.until_called("PutProvisionedConcurrencyConfig", 1);
        account.until_asked_again("ListProvisionedConcurrencyConfigs");
        let changes = account.changes();
        let last = operations(&changes).pop();
        assert_eq!(last, Some("PutProvisionedConcurrencyConfig"), "it waits: {changes:#?}");
        account.release("provisioning");
    };
    beside(|| function.succeed(&json!({"action": "start"})), end_it);
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn the_account_is_asked_once_for_all_event_sources() {
    let account = work(5);
    let function = Function::new(&account);
    account.seed(&json!({"functions": [
        {"name": "user-journey-analytics-a"}, {"name": "user-journey-analytics-b"}, {"name": "user-journey-analytics-c"}
    ]}));
    account.forget_calls();
    function.stop();
    assert_eq!(account.count("ListEventSourceMappings"), 1);
    // Each function is asked about once, and the function under test not at all.
    assert_eq!(account.count("ListFunctionEventInvokeConfigs"), 4);
}

#[test]
fn a_reservation_that_no_longer_fits_leaves_the_function_usable_and_owed() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.settings(&json!({"account_concurrency": 102}));
    let start = function.must(&json!({"action": "start"}));
    assert_eq!(result_of(&start, "lambda", WORK), "failed", "{start:#}");
    let detail = line(&start, "lambda", WORK)["detail"].to_string();
    assert!(detail.contains("below its minimum value of [100]"), "AWS's words: {detail}");
    assert!(
        detail.contains("the account has 102, of which 102 are unreserved"),
        "the account's numbers: {detail}"
    );
    let usable = of_work(&account);
    assert_eq!(usable["reserved"], Value::Null, "{usable:#}");
    assert_eq!(usable["mappings"], before["functions"][WORK]["mappings"]);
    assert_eq!(usable["provisioned"], before["functions"][WORK]["provisioned"]);
    account.settings(&json!({"account_concurrency": 1000}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "when there is room again");
}

#[test]
fn a_function_whose_reservation_did_not_fit_comes_back_as_at_first() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.settings(&json!({"account_concurrency": 102}));
    function.must(&json!({"action": "start"}));
    account.settings(&json!({"account_concurrency": 1000}));
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn provisioned_concurrency_that_is_refused_does_not_keep_event_sources_away() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    account.fault(&json!({
        "operation": "PutProvisionedConcurrencyConfig",
        "error": {"status": 403, "code": "AccessDeniedException", "message": "no"},
    }));
    let start = function.must(&json!({"action": "start"}));
    assert_eq!(result_of(&start, "lambda", WORK), "failed");
    let detail = line(&start, "lambda", WORK)["detail"].to_string();
    assert!(
        detail.contains("live") && detail.contains("lambda:PutProvisionedConcurrencyConfig"),
        "{detail}"
    );
    assert_eq!(of_work(&account)["mappings"], before["functions"][WORK]["mappings"]);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_event_source_in_transition_is_waited_for() {
    let account = work(5);
    let function = Function::new(&account);
    // A first round, to learn the id of the mapping.
    function.stop();
    function.start();
    let before = account.snapshot();
    let id = first_mapping(&account);
    account.hold("mapping");
    account.person_rest(
        "PUT",
        &format!("2015-03-31/event-source-mappings/{id}"),
        &json!({"BatchSize": 7}),
    );
    account.forget_calls();
    let end_it = || {
        account.until_asked_again("ListEventSourceMappings");
        account.release("mapping");
    };
    beside(|| function.succeed(&json!({"action": "stop"})), end_it);
    assert_eq!(of_work(&account)["reserved"], 0);
    let refused: Vec<Call> =
        account.changes().into_iter().filter(|call| call.error.is_some()).collect();
    assert_eq!(refused, [], "nothing is tried before it can be done");
    function.succeed(&json!({"action": "start"}));
    let after = account.snapshot();
    let mappings = after["functions"][WORK]["mappings"].to_string();
    assert!(mappings.contains("\"BatchSize\":7"), "{mappings}");
    assert_eq!(after["functions"][WORK]["reserved"], before["functions"][WORK]["reserved"]);
    assert_eq!(mappings.matches("Enabled\"").count(), 1, "{mappings}");
}

#[test]
fn an_endpoint_waits_for_a_function_with_an_event_source_in_transition() {
    let account = work(5);
    account.seed(&json!({"endpoints": [{"name": "user-journey-analytics-risk"}]}));
    let function = Function::new(&account);
    // A first round, to learn the id of the mapping.
    function.stop();
    function.start();
    let id = first_mapping(&account);
    account.hold("mapping");
    account.person_rest(
        "PUT",
        &format!("2015-03-31/event-source-mappings/{id}"),
        &json!({"BatchSize": 7}),
    );
    account.forget_calls();
    let end_it = || {
        account.until_asked_again("ListEventSourceMappings");
        account.release("mapping");
    };
    beside(|| function.succeed(&json!({"action": "stop"})), end_it);
    let changes = account.changes();
    assert_eq!(operations(&changes).last(), Some(&"DeleteEndpoint"), "{changes:#?}");
}

#[test]
fn an_event_source_in_use_is_tried_again() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&json!({
        "operation": "UpdateEventSourceMapping",
        "error": {"status": 400, "code": "ResourceInUseException", "message": "in transition"},
    }));
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_deleted_event_source_is_told_and_the_rest_comes_back() {
    let account = work(5);
    let function = Function::new(&account);
    function.stop();
    let id = first_mapping(&account);
    account.person_rest("DELETE", &format!("2015-03-31/event-source-mappings/{id}"), &json!({}));
    let start = function.succeed(&json!({"action": "start"}));
    let warnings = line(&start, "lambda", WORK)["warnings"].to_string();
    assert!(warnings.contains("sqs orders was deleted since"), "{warnings}");
    let after = of_work(&account);
    assert_eq!(
        (&after["reserved"], &after["provisioned"]["live"]["requested"]),
        (&json!(5), &json!(2))
    );
}

#[test]
fn a_reservation_that_a_person_set_stays_and_the_rest_comes_back() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    let path = format!("2017-10-31/functions/{WORK}/concurrency");
    account.person_rest("PUT", &path, &json!({"ReservedConcurrentExecutions": 9}));
    let start = function.succeed(&json!({"action": "start"}));
    let detail = line(&start, "lambda", WORK)["detail"].to_string();
    assert!(detail.contains("a person set it to reserved 9"), "{detail}");
    let mut expected = before["functions"][WORK].clone();
    expected["reserved"] = json!(9);
    assert_eq!(of_work(&account), expected);
}

#[test]
fn a_stop_warns_where_asynchronous_events_are_lost_and_only_there() {
    let queue = |account: &Account| format!("arn:aws:sqs:us-east-1:{}:lost", account.id);
    let account = Account::with(&json!({"functions": [{"name": WORK}]}));
    assert!(warns(&Function::new(&account).stop()), "neither");
    let account = Account::with(&json!({"queues": ["lost"]}));
    account.seed(&json!({"functions": [{"name": WORK, "dead_letter": queue(&account)}]}));
    assert!(!warns(&Function::new(&account).stop()), "with a dead-letter queue");
    let account = Account::with(&json!({"queues": ["lost"]}));
    account.seed(&json!({"functions": [{"name": WORK, "on_failure": queue(&account)}]}));
    assert!(!warns(&Function::new(&account).stop()), "with an on-failure destination");
}

#[test]
fn a_function_that_cannot_be_seen_as_a_whole_is_not_stopped() {
    for operation in ["ListEventSourceMappings", "ListProvisionedConcurrencyConfigs"] {
        let account = work(5);
        let function = Function::new(&account);
        let before = account.snapshot();
        account.fault(&json!({
            "operation": operation, "times": null,
            "error": {"status": 403, "code": "AccessDeniedException", "message": "no"},
        }));
        let report = function.must(&json!({"action": "stop"}));
        assert!(report.to_string().contains(&format!("lambda:{operation}")), "{report:#}");
        assert_same(&account.snapshot(), &before, operation);
        assert_eq!(account.changes(), []);
    }
}

#[test]
fn provisioned_concurrency_of_a_deleted_alias_is_told_and_no_longer_owed() {
    let account = work(5);
    let function = Function::new(&account);
    function.stop();
    account.person_rest("DELETE", &format!("2015-03-31/functions/{WORK}/aliases/live"), &json!({}));
    let start = function.succeed(&json!({"action": "start"}));
    let warnings = line(&start, "lambda", WORK)["warnings"].to_string();
    assert!(warnings.contains("its alias or version live was deleted since"), "{warnings}");
    let after = of_work(&account);
    assert_eq!((&after["reserved"], &after["provisioned"]), (&json!(5), &json!({})));
    for action in ["stop", "start"] {
        let report = function.succeed(&json!({"action": action}));
        assert!(
            !line(&report, "lambda", WORK)["warnings"].to_string().contains("live"),
            "{report:#}"
        );
    }
    assert_eq!(of_work(&account), after);
}

#[test]
fn an_event_source_enabled_during_a_stop_is_disabled_by_the_next() {
    let account = work(5);
    let function = Function::new(&account);
    let before = account.snapshot();
    function.stop();
    let stopped = account.snapshot();
    let id = first_mapping(&account);
    account.person_rest(
        "PUT",
        &format!("2015-03-31/event-source-mappings/{id}"),
        &json!({"Enabled": true}),
    );
    eventually("it is enabled", || {
        let mappings = of_work(&account)["mappings"].as_array().expect("mappings").clone();
        mappings.iter().any(|mapping| mapping["State"] == "Enabled")
    });
    let stop = function.succeed(&json!({"action": "stop"}));
    let detail = line(&stop, "lambda", WORK)["detail"].to_string();
    assert!(detail.contains("had been enabled since the last stop"), "{detail}");
    assert_same(&account.snapshot(), &stopped, "stopped again");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_function_whose_provisioned_concurrency_is_scaled_is_not_stopped() {
    let account = work(5);
    account.person(
        "application-autoscaling",
        "AnyScaleFrontendService.RegisterScalableTarget",
        &json!({
            "ServiceNamespace": "lambda", "ResourceId": format!("function:{WORK}:live"),
            "ScalableDimension": "lambda:function:ProvisionedConcurrency", "MinCapacity": 1, "MaxCapacity": 5,
        }),
    );
    let function = Function::new(&account);
    let before = account.snapshot();
    account.forget_calls();
    let report = function.succeed(&json!({"action": "stop"}));
    assert_eq!(result_of(&report, "lambda", WORK), "skipped");
    let detail = line(&report, "lambda", WORK)["detail"].to_string();
    assert!(
        detail.contains("Application Auto Scaling manages the provisioned concurrency of live"),
        "{detail}"
    );
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!((account.changes(), account.count("DescribeScalableTargets")), (Vec::new(), 1));
}

#[test]
fn provisioned_concurrency_is_priced_by_the_memory_of_its_version() {
    let account = work(5);
    let path = format!("2015-03-31/functions/{WORK}/configuration");
    account.person_rest("PUT", &path, &json!({"MemorySize": 1024}));
    let function = Function::new(&account);
    // 2 × 0.125 GB × 0.0000041667 × 3600 × 24: the version has 0.125 GB, and the newest code 1 GB.
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(line(&stop, "lambda", WORK)["cost_per_day"], json!({"before": 0.09, "after": 0.0}));
    let start = function.succeed(&json!({"action": "start"}));
    assert_eq!(line(&start, "lambda", WORK)["cost_per_day"], json!({"before": 0.0, "after": 0.09}));
}

#[test]
fn many_event_sources_that_are_waited_for_are_asked_about_together() {
    let queues: Vec<String> = (0..6).map(|n| format!("orders-{n}")).collect();
    let mappings: Vec<Value> = queues.iter().map(|queue| json!({"queue": queue})).collect();
    let account = Account::with(
        &json!({"queues": queues, "functions": [{"name": WORK, "mappings": mappings}]}),
    );
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
    assert_eq!(account.count("GetEventSourceMapping"), 0);
}

#[test]
fn a_lambda_at_edge_replica_is_left_alone() {
    let main = "arn:aws:lambda:us-east-1:123456789012:function:main";
    let account = Account::with(&json!({"functions": [{"name": WORK, "master_arn": main}]}));
    let report = Function::new(&account).stop();
    assert_eq!(result_of(&report, "lambda", WORK), "unmanaged");
    assert!(line(&report, "lambda", WORK)["detail"].to_string().contains(main), "{report:#}");
    assert_eq!(account.changes(), []);
}

/// Kills an action at a mutating call, and expects that a start brings all back.
///
/// `false`: there is no such call.
fn survives_at(prepare: &[&str], action: &str, moment: &str, number: usize) -> bool {
    let _turn = CRASHES.acquire();
    let at = format!("{action} killed {moment} its mutating call {number}");
    let account = work(5);
    account.refuse_prices();
    let function = Function::new(&account);
    let before = account.snapshot();
    for action in prepare {
        function.succeed(&json!({"action": action}));
    }
    // The first mutating call is the test's own Invoke.
    account.fault(&json!({"mutating_only": true, "skip": number + 1, "kill": moment}));
    let answer = function.invoke(&json!({"action": action}));
    if account.has_a_kill_pending() {
        answer.unwrap_or_else(|refused| panic!("{at}: {refused:#?}"));
        return false;
    }
    answer.expect_err(&at);
    function.end_the_lease_in(0.0);
    function.must(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, &at);
    true
}

/// Either action makes so many mutating calls.
///
/// Two write the state, one the report and one its page. One sends the message, and three are to
/// Lambda.
const CALLS: usize = 8;

fn survives(prepare: &[&str], action: &str) {
    thread::scope(|scope| {
        for moment in ["before", "after"] {
            for number in 0..=CALLS {
                scope.spawn(move || {
                    assert_eq!(
                        survives_at(prepare, action, moment, number),
                        number < CALLS,
                        "call {number} of {CALLS}"
                    );
                });
            }
        }
    });
}

#[test]
fn a_stop_killed_at_any_call_is_undone_by_a_start() {
    survives(&[], "stop");
}

#[test]
fn a_start_killed_at_any_call_goes_on_with_the_next_start() {
    survives(&["stop"], "start");
}
