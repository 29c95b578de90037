//! Each action makes exactly so many calls: one more fails here.
//!
//! The formulas are those of docs/performance.md.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Account, Call, Function, PROJECT, beside};

const FUNCTIONS: usize = 55;
const ALARMS: usize = 120;
const STREAMS: usize = 3;
const ENDPOINTS: usize = 2;
const TABLES: usize = 2;

fn many(number: usize, part: &str, more: &Value) -> Vec<Value> {
    let named = |n| {
        let mut resource = json!({"name": format!("{PROJECT}-{part}-{n}")});
        resource
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        resource
    };
    (0..number).map(named).collect()
}

fn functions_and_alarms(functions: usize, alarms: usize) -> Account {
    let account = Account::with(&json!({
        "functions": many(functions, "work", &json!({})),
        "alarms": many(alarms, "alarm", &json!({})),
    }));
    account.refuse_prices();
    account
}

fn everything() -> Account {
    let account = functions_and_alarms(FUNCTIONS, ALARMS);
    account.seed(&json!({
        "streams": many(STREAMS, "events", &json!({"shards": 2})),
        "endpoints": many(ENDPOINTS, "risk", &json!({})),
        "tables": many(TABLES, "scores", &json!({})),
    }));
    account
}

/// Manages the kinds that are counted here. The calls of the others stand on their pages.
fn managed() -> String {
    let kinds = ["sagemaker", "kinesis", "lambda", "cloudwatch", "dynamodb"];
    kinds.map(|kind| format!("{kind}:{PROJECT}-*")).join(";")
}

/// Counts the calls by API operation, without the test's own Invoke.
///
/// Calls for prices are left out, too: nobody waits for those.
fn calls_of(account: &Account, action: &str) -> BTreeMap<String, usize> {
    let function = Function::new(account).with("RESOURCES", &managed());
    account.forget_calls();
    function.succeed(&json!({"action": action}));
    counted(&account.calls())
}

fn counted(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    // Time decides how often the state is asked whether it has changed.
    let is_timed = |call: &&Call| {
        call.service == "pricing" || call.operation == "Invoke" || call.status == Some(304)
    };
    for call in calls.iter().filter(|call| !is_timed(call)) {
        *counts.entry(format!("{}.{}", call.service, call.operation)).or_default() += 1;
    }
    counts
}

/// Picks the counts of these API operations. One that is not there counts as 0.
fn some(counts: &BTreeMap<String, usize>, operations: &[&str]) -> Vec<usize> {
    operations.iter().map(|operation| counts.get(*operation).copied().unwrap_or_default()).collect()
}

/// Lets transitions end at once, so that each takes one look.
fn at_once(account: &Account) {
    account.settings(&json!({"transition_seconds": 0}));
}

fn expected(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

#[test]
fn a_status_asks_what_it_has_to_and_nothing_twice() {
    // These read the state and the kept prices, and then the tag `keep`.
    let mut counts = vec![("s3.GetObject", 2), ("tagging.GetResources", 1)];
    // The pages have 100, 50 and 100 entries.
    counts.extend([("cloudwatch.DescribeAlarms", ALARMS.div_ceil(100))]);
    counts.extend([
        ("lambda.ListFunctions", (FUNCTIONS + 1).div_ceil(50)),
        ("lambda.ListEventSourceMappings", 1),
    ]);
    counts.extend([
        ("lambda.GetFunctionConcurrency", FUNCTIONS),
        ("lambda.ListProvisionedConcurrencyConfigs", FUNCTIONS),
        ("lambda.ListFunctionEventInvokeConfigs", FUNCTIONS),
    ]);
    counts.extend([("kinesis.ListStreams", 1), ("kinesis.DescribeStreamSummary", STREAMS)]);
    counts.extend([("dynamodb.ListTables", 1), ("dynamodb.DescribeTable", TABLES)]);
    counts.extend([
        ("sagemaker.ListEndpoints", 1),
        ("sagemaker.DescribeEndpoint", ENDPOINTS),
        ("sagemaker.DescribeEndpointConfig", ENDPOINTS),
        ("sagemaker.DescribeModel", ENDPOINTS),
        ("sagemaker.ListInferenceComponents", 1),
        ("sagemaker.ListTags", ENDPOINTS),
        ("application-autoscaling.DescribeScalableTargets", 1),
    ]);
    assert_eq!(calls_of(&everything(), "status"), expected(&counts));
}

#[test]
fn functions_change_by_one_call_each_and_alarms_by_the_hundred() {
    let account = functions_and_alarms(FUNCTIONS, ALARMS);
    let batches = ALARMS.div_ceil(100);
    let pages = (FUNCTIONS + 1).div_ceil(50);
    let lists = [
        ("lambda.ListFunctions", pages),
        ("lambda.ListEventSourceMappings", 1),
        ("tagging.GetResources", 1),
        ("kinesis.ListStreams", 1),
        ("sagemaker.ListEndpoints", 1),
        ("dynamodb.ListTables", 1),
        ("sns.Publish", 1),
        // One look sees the alarms, and another one that they have changed.
        ("cloudwatch.DescribeAlarms", batches * 2),
    ];
    let mut stop = lists.to_vec();
    stop.extend([
        ("lambda.ListFunctionEventInvokeConfigs", FUNCTIONS),
        ("lambda.GetFunctionConcurrency", FUNCTIONS),
        ("lambda.ListProvisionedConcurrencyConfigs", FUNCTIONS),
        // The answer shows the new value, so that no look follows.
        ("lambda.PutFunctionConcurrency", FUNCTIONS),
        ("cloudwatch.DisableAlarmActions", batches),
        ("s3.GetObject", 2),
        // The state is written at the beginning and at the end; then the report and its page.
        ("s3.PutObject", 4),
    ]);
    assert_eq!(calls_of(&account, "stop"), expected(&stop));
    let mut start = lists.to_vec();
    start.extend([
        // A function at 0 has no provisioned concurrency, and an answered removal needs no look.
        ("lambda.GetFunctionConcurrency", FUNCTIONS),
        ("lambda.DeleteFunctionConcurrency", FUNCTIONS),
        ("cloudwatch.EnableAlarmActions", batches),
        ("s3.GetObject", 2),
        ("s3.PutObject", 4),
    ]);
    assert_eq!(calls_of(&account, "start"), expected(&start));
}

#[test]
fn an_account_that_keeps_to_awss_rates_throttles_nothing() {
    let account = functions_and_alarms(20, 250);
    account.set_rates(&json!({"preset": "aws"}));
    let function = Function::new(&account).without("RESOURCES").with("RATE_SHARE", "1");
    for action in ["stop", "start"] {
        account.forget_calls();
        function.succeed(&json!({"action": action}));
        let calls = account.calls();
        let refused: Vec<_> = calls
            .iter()
            .filter(|call| call.service != "pricing" && call.status >= Some(400))
            .collect();
        let not_there = |call: &&&Call| call.error.as_deref() != Some("NoSuchKey");
        assert_eq!(refused.iter().filter(not_there).count(), 0, "{action}: {refused:#?}");
    }
}

#[test]
fn an_account_slower_than_awss_rates_is_served_to_the_end() {
    let account = functions_and_alarms(10, 10);
    account.set_rates(&json!({"lambda": 5}));
    let function = Function::new(&account).without("RESOURCES").with("RATE_SHARE", "1");
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    crate::support::assert_same(&account.snapshot(), &before, "after the start");
}

/// The account takes a third of the calls a second, as if others used it.
#[test]
fn a_busy_account_throttles_few_calls_and_none_of_them_fails() {
    const FUNCTIONS: usize = 200;
    let account = functions_and_alarms(FUNCTIONS, 10);
    account.set_rates(&json!({"lambda": 20}));
    let function = Function::new(&account).without("RESOURCES").with("RATE_SHARE", "4");
    account.forget_calls();
    function.succeed(&json!({"action": "stop"}));
    let calls: Vec<_> =
        account.calls().into_iter().filter(|call| call.service == "lambda").collect();
    let throttled = calls
        .iter()
        .filter(|call| call.error.as_deref() == Some("TooManyRequestsException"))
        .count();
    assert!(calls.len() > 3 * FUNCTIONS, "{} calls", calls.len());
    assert!(
        throttled * 100 <= calls.len() * 15,
        "{throttled} of {} calls were throttled",
        calls.len()
    );
}

#[test]
fn a_stop_looks_at_the_account_as_a_status_does() {
    let account = everything();
    let status = calls_of(&account, "status");
    calls_of(&account, "stop");
    let calls = account.calls();
    let observed: Vec<Call> =
        calls.into_iter().take_while(|call| call.operation != "PutObject").collect();
    assert_eq!(counted(&observed), status);
}

#[test]
fn a_stream_takes_the_fewest_calls_and_one_look_for_each() {
    let account = functions_and_alarms(0, 0);
    account.seed(&json!({"streams": many(STREAMS, "events", &json!({"shards": 8}))}));
    at_once(&account);
    for action in ["stop", "start"] {
        let counts = calls_of(&account, action);
        let numbers = some(
            &counts,
            &["kinesis.ListStreams", "kinesis.UpdateShardCount", "kinesis.DescribeStreamSummary"],
        );
        // The streams go from 8 shards to 4, 2 and 1, and back. They are listed once to be observed
        // and once after each change, when all are ACTIVE again. Each has its own look then.
        assert_eq!(numbers, [1 + 3, 3 * STREAMS, 4 * STREAMS], "{action}");
    }
}

#[test]
fn an_endpoint_takes_one_call_and_one_look_each_way() {
    let account = functions_and_alarms(0, 0);
    account.seed(&json!({"endpoints": many(ENDPOINTS, "risk", &json!({}))}));
    at_once(&account);
    let counted = [
        "ListEndpoints",
        "DescribeEndpoint",
        "DescribeEndpointConfig",
        "DeleteEndpoint",
        "CreateEndpoint",
    ]
    .map(|operation| format!("sagemaker.{operation}"));
    let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
    let stop = some(&calls_of(&account, "stop"), &counted);
    // One list says that all endpoints are gone, and a look at each makes sure.
    assert_eq!(stop, [2, 2 * ENDPOINTS, ENDPOINTS, ENDPOINTS, 0]);
    // An endpoint that is in no list is looked for by name, and then looked at.
    let start = some(&calls_of(&account, "start"), &counted);
    assert_eq!(start, [2, 2 * ENDPOINTS, 0, 0, ENDPOINTS]);
}

#[test]
fn tables_are_described_once_and_never_changed() {
    let account = functions_and_alarms(0, 0);
    account.seed(&json!({"tables": many(TABLES, "scores", &json!({}))}));
    for action in ["status", "stop", "start"] {
        let counts = calls_of(&account, action);
        let of_tables: Vec<_> =
            counts.iter().filter(|(operation, _)| operation.starts_with("dynamodb")).collect();
        let expected =
            [("dynamodb.DescribeTable".to_owned(), TABLES), ("dynamodb.ListTables".to_owned(), 1)];
        assert_eq!(
            of_tables,
            expected.iter().map(|(operation, n)| (operation, n)).collect::<Vec<_>>(),
            "{action}"
        );
    }
}

#[test]
fn a_mapping_and_provisioned_concurrency_take_one_call_and_one_look_each() {
    let account = functions_and_alarms(0, 0);
    account.seed(&json!({
        "queues": [{"name": "orders"}],
        "functions": [{
            "name": format!("{PROJECT}-work"), "reserved": 5, "versions": 1, "aliases": {"live": "1"},
            "provisioned": {"live": 2}, "mappings": [{"queue": "orders"}],
        }],
    }));
    at_once(&account);
    let counted = [
        "UpdateEventSourceMapping",
        "GetEventSourceMapping",
        "DeleteProvisionedConcurrencyConfig",
        "PutProvisionedConcurrencyConfig",
        "ListProvisionedConcurrencyConfigs",
        "PutFunctionConcurrency",
    ]
    .map(|operation| format!("lambda.{operation}"));
    let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
    assert_eq!(some(&calls_of(&account, "stop"), &counted), [1, 1, 1, 0, 2, 1]);
    // A function at 0 has no provisioned concurrency, and is not asked about it.
    assert_eq!(some(&calls_of(&account, "start"), &counted), [1, 1, 0, 1, 1, 1]);
}

#[test]
fn a_continuation_asks_about_what_is_left_and_writes_twice() {
    let account = everything();
    let function = Function::new(&account).without("RESOURCES");
    for action in ["stop", "start"] {
        account.forget_calls();
        // The first invocation comes no further than these transitions. The continuation begins
        // when they are over. The first Invoke is the test's own.
        let transitions = ["deleting", "creating", "scaling"];
        for transition in transitions {
            account.hold(transition);
        }
        account.fault(&json!({"operation": "Invoke", "skip": 1, "held": true}));
        let end_them = || {
            account.until_called("Invoke", 2);
            for transition in transitions {
                account.let_pass(transition);
            }
            account.release_calls();
        };
        let report = beside(|| function.must(&json!({"action": action, "wait": false})), end_them);
        assert_eq!(report["outcome"], "in_progress", "{report:#}");
        account.wait_until_idle();
        let counts = counted(&account.calls());
        // Each invocation writes its claims and its end. The last one writes report and page, too.
        assert_eq!(counts["s3.PutObject"], 2 * 2 + 2, "{action}");
        if action == "stop" {
            // The functions were done when the rest was handed on.
            assert_eq!(counts["lambda.ListFunctions"], 2 * (FUNCTIONS + 1).div_ceil(50));
            assert_eq!(counts["lambda.GetFunctionConcurrency"], FUNCTIONS);
            assert_eq!(counts["lambda.PutFunctionConcurrency"], FUNCTIONS);
        }
        let line = account
            .operations()
            .pop()
            .and_then(|key| account.object(&key))
            .expect("a report is kept");
        let kept: Value = serde_json::from_str(&line).expect("a report is JSON");
        let lines = kept["resources"].as_array().expect("lines").len();
        assert_eq!(lines, FUNCTIONS + ALARMS + STREAMS + ENDPOINTS + TABLES, "{action}");
    }
}

#[test]
fn the_state_is_read_once_and_again_only_if_it_changed() {
    let account = functions_and_alarms(0, 0);
    account.seed(&json!({"streams": many(1, "events", &json!({"shards": 8}))}));
    calls_of(&account, "stop");
    calls_of(&account, "start");
    let reads: Vec<Call> =
        account.calls().into_iter().filter(|call| call.operation == "GetObject").collect();
    let answered = |status: u16| reads.iter().filter(|call| call.status == Some(status)).count();
    // Prices have never been kept: that read finds nothing.
    assert_eq!((answered(200), answered(404)), (1, 1), "{reads:#?}");
    // The state is asked for before a look at each of the three changes.
    assert!(answered(304) >= 3, "{reads:#?}");
    assert_eq!(reads.len(), 2 + answered(304), "{reads:#?}");
}
