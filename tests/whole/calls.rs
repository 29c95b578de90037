//! How many calls an action makes, to the call: a call more fails here. The formulas are those of
//! docs/performance.md.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Account, Function, PROJECT};

const FUNCTIONS: usize = 55;
const ALARMS: usize = 120;
const STREAMS: usize = 3;
const ENDPOINTS: usize = 2;
const TABLES: usize = 2;

fn many(number: usize, part: &str, more: &Value) -> Vec<Value> {
    let named = |n| {
        let mut resource = json!({"name": format!("{PROJECT}-{part}-{n}")});
        resource.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
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

/// Calls by operation, without those for prices, which nobody waits for, and the test's own Invoke.
fn calls_of(account: &Account, action: &str) -> BTreeMap<String, usize> {
    let function = Function::new(account).without("LAMBDA_FUNCTIONS");
    account.forget_calls();
    function.succeed(&json!({"action": action}));
    let mut counts = BTreeMap::new();
    for call in account.calls().into_iter().filter(|call| call.service != "pricing" && call.operation != "Invoke") {
        *counts.entry(format!("{}.{}", call.service, call.operation)).or_default() += 1;
    }
    counts
}

fn expected(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

#[test]
fn a_status_asks_what_it_has_to_and_nothing_twice() {
    // The state and the kept prices; the tag `keep`.
    let mut counts = vec![("s3.GetObject", 2), ("tagging.GetResources", 1)];
    // Pages of 100, 50 and 100.
    counts.extend([("cloudwatch.DescribeAlarms", ALARMS.div_ceil(100))]);
    counts.extend([("lambda.ListFunctions", (FUNCTIONS + 1).div_ceil(50)), ("lambda.ListEventSourceMappings", 1)]);
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
        ("sagemaker.ListInferenceComponents", ENDPOINTS),
        ("sagemaker.ListTags", ENDPOINTS),
        ("application-autoscaling.DescribeScalableTargets", 1),
    ]);
    assert_eq!(calls_of(&everything(), "status"), expected(&counts));
}

#[test]
fn a_stop_and_a_start_change_each_function_by_one_call_and_alarms_by_the_hundred() {
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
        // To see them, and to see that they have changed.
        ("cloudwatch.DescribeAlarms", batches * 2),
    ];
    let mut stop = lists.to_vec();
    stop.extend([
        ("lambda.ListFunctionEventInvokeConfigs", FUNCTIONS),
        ("lambda.GetFunctionConcurrency", FUNCTIONS),
        ("lambda.ListProvisionedConcurrencyConfigs", FUNCTIONS),
        // The answer shows the new value.
        ("lambda.PutFunctionConcurrency", FUNCTIONS),
        ("cloudwatch.DisableAlarmActions", batches),
        ("s3.GetObject", 2),
        // The state at the beginning, after the alarms, and at the end; the report and its page.
        ("s3.PutObject", 5),
    ]);
    assert_eq!(calls_of(&account, "stop"), expected(&stop));
    let mut start = lists.to_vec();
    start.extend([
        // A function at 0 has no provisioned concurrency, and a removal that is answered is one.
        ("lambda.GetFunctionConcurrency", FUNCTIONS),
        ("lambda.DeleteFunctionConcurrency", FUNCTIONS),
        ("cloudwatch.EnableAlarmActions", batches),
        ("s3.GetObject", 2),
        ("s3.PutObject", 5),
    ]);
    assert_eq!(calls_of(&account, "start"), expected(&start));
}

#[test]
fn an_account_that_keeps_to_awss_rates_throttles_nothing() {
    let account = functions_and_alarms(20, 250);
    account.set_rates(&json!({"preset": "aws"}));
    let function = Function::new(&account).without("LAMBDA_FUNCTIONS").with("RATE_SHARE", "1");
    for action in ["stop", "start"] {
        account.forget_calls();
        function.succeed(&json!({"action": action}));
        let calls = account.calls();
        let refused: Vec<_> =
            calls.iter().filter(|call| call.service != "pricing" && call.status >= Some(400)).collect();
        let not_there = |call: &&&crate::support::Call| call.error.as_deref() != Some("NoSuchKey");
        assert_eq!(refused.iter().filter(not_there).count(), 0, "{action}: {refused:#?}");
    }
}

#[test]
fn an_account_that_takes_less_than_awss_rates_is_still_served_to_the_end() {
    let account = functions_and_alarms(10, 10);
    account.set_rates(&json!({"lambda": 5}));
    let function = Function::new(&account).without("LAMBDA_FUNCTIONS").with("RATE_SHARE", "1");
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    function.succeed(&json!({"action": "start"}));
    crate::support::assert_same(&account.snapshot(), &before, "after the start");
}

/// Three times as slow as the function expects, as in an account that others use, too.
#[test]
fn a_busy_account_throttles_few_calls_and_none_of_them_fails() {
    const FUNCTIONS: usize = 200;
    let account = functions_and_alarms(FUNCTIONS, 10);
    account.set_rates(&json!({"lambda": 20}));
    let function = Function::new(&account).without("LAMBDA_FUNCTIONS").with("RATE_SHARE", "4").timeout(300.0);
    account.forget_calls();
    function.succeed(&json!({"action": "stop"}));
    let calls: Vec<_> = account.calls().into_iter().filter(|call| call.service == "lambda").collect();
    let throttled = calls.iter().filter(|call| call.error.as_deref() == Some("TooManyRequestsException")).count();
    assert!(calls.len() > 3 * FUNCTIONS, "{} calls", calls.len());
    assert!(throttled * 100 <= calls.len() * 15, "{throttled} of {} calls were throttled", calls.len());
}
