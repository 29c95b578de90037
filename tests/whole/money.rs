//! Resources cost money, a stop saves some, and a report and a metric tell it.

use serde_json::{Value, json};

use crate::support::{
    Account, BUCKET, Call, ENDPOINT, Function, MANAGER, assert_same, eventually, line,
};

/// The endpoint of this name has a price in the Price List only.
const RARE: &str = "user-journey-analytics-rare";

fn with_a_rare_price() -> Account {
    let serverless =
        json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2});
    Account::with(&json!({"endpoints": [{"name": RARE, "variants": [{"serverless": serverless}]}]}))
}

/// Counts the calls to the Price List.
fn prices_asked(account: &Account) -> usize {
    account.count("GetProducts")
}

fn source(report: &Value) -> &str {
    report["cost"]["price_source"].as_str().unwrap_or_default()
}

#[test]
fn the_price_list_is_asked_once_and_its_answers_are_kept() {
    let account = with_a_rare_price();
    let function = Function::new(&account);
    let status = function.must(&json!({"action": "status"}));
    assert_eq!(status["cost"]["complete"], true, "{status:#}");
    assert!(source(&status).starts_with("AWS Price List, us-east-1, "), "{}", source(&status));
    assert_eq!(prices_asked(&account), 1);
    let again = function.must(&json!({"action": "status"}));
    assert_eq!(again["cost"], status["cost"]);
    assert_eq!(prices_asked(&account), 1, "the kept prices are fresh");
}

#[test]
fn kept_prices_that_cannot_be_read_are_asked_for_again() {
    let account = with_a_rare_price();
    let function = Function::new(&account);
    account.put_object(
        "user-journey-analytics/dev/prices.json",
        "{\"schema\": 1, \"region\": \"us-east-1\"",
    );
    let status = function.must(&json!({"action": "status"}));
    assert_eq!(status["cost"]["complete"], true, "{status:#}");
    assert_eq!(prices_asked(&account), 1);
}

/// Asserts that a failing Price List changes nothing of a stop and a start.
///
/// Only prices that nobody else knows are missing.
fn goes_as_well_without_prices(fault: &Value) {
    let account = Account::demo();
    let function = Function::new(&account);
    account.fault(&of_prices(fault));
    let before = account.snapshot();
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(source(&stop), "built-in table, us-east-1, 2026-09");
    assert_eq!(stop["cost"]["complete"], true);
    assert!(prices_asked(&account) > 0, "it did ask");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
}

fn of_prices(fault: &Value) -> Value {
    let mut fault_of_prices = json!({"service": "pricing", "times": null});
    fault_of_prices
        .as_object_mut()
        .expect("an object")
        .extend(fault.as_object().expect("an object").clone());
    fault_of_prices
}

#[test]
fn a_price_list_that_refuses_changes_nothing_of_an_operation() {
    goes_as_well_without_prices(
        &json!({"error": {"status": 400, "code": "AccessDeniedException", "message": "not authorized"}}),
    );
}

#[test]
fn a_price_list_that_is_down_changes_nothing_of_an_operation() {
    goes_as_well_without_prices(&json!({"drop": "before"}));
}

#[test]
fn nobody_waits_for_a_price_list_that_is_slow() {
    let account = Account::demo();
    let function = Function::new(&account);
    account.fault(&json!({"service": "pricing", "times": null, "held": true}));
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(source(&stop), "built-in table, us-east-1, 2026-09");
    let asked: Vec<Option<u16>> = account
        .calls()
        .iter()
        .filter(|call| call.service == "pricing")
        .map(|call| call.status)
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(Option::is_none),
        "the report came before the prices: {asked:?}"
    );
    account.release_calls();
}

/// Makes a project in a region where only the Price List knows any price.
fn in_frankfurt() -> Account {
    let account = Account::new();
    account.seed(&json!({"bucket": BUCKET, "topic": "user-journey-analytics-reports"}));
    account.seed(&json!({
        "region": "eu-central-1",
        "streams": [{"name": "user-journey-analytics-events", "shards": 4}],
        "endpoints": [{"name": "user-journey-analytics-risk"}],
    }));
    account
}

fn function_in_frankfurt(account: &Account) -> Function<'_> {
    Function::new(account).with("AWS_REGION", "eu-central-1").without("SNS_TOPIC_ARN")
}

/// Stops and starts. Returns the changing calls, the resources' results, and the stop's report.
fn stop_and_start_in_frankfurt(fault: Option<&Value>) -> (Vec<String>, Vec<String>, Value) {
    let account = in_frankfurt();
    let function = function_in_frankfurt(&account);
    if let Some(fault) = fault {
        account.fault(&of_prices(fault));
    }
    let reports = [
        function.succeed(&json!({"action": "stop"})),
        function.succeed(&json!({"action": "start"})),
    ];
    let results = reports
        .iter()
        .flat_map(|report| report["resources"].as_array().cloned().unwrap_or_default());
    let results = results
        .map(|line| format!("{} {} {}", line["name"], line["result"], line["after"]))
        .collect();
    let mut changes: Vec<String> = account.changes().iter().map(Call::words).collect();
    changes.sort();
    let [stop, _] = reports;
    (changes, results, stop)
}

#[test]
fn without_any_price_an_operation_is_the_same() {
    let (changes, results, priced) = stop_and_start_in_frankfurt(None);
    // (4 × 0.018 + 0.138) × 24
    assert_eq!(
        (&priced["cost"]["per_day_before"], &priced["cost"]["complete"]),
        (&json!(5.04), &json!(true))
    );
    assert!(source(&priced).starts_with("AWS Price List, eu-central-1, "), "{}", source(&priced));
    let denied =
        json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
    for fault in [json!({"error": denied}), json!({"drop": "before"}), json!({"held": true})] {
        let (same_changes, same_results, stop) = stop_and_start_in_frankfurt(Some(&fault));
        assert_eq!((&same_changes, &same_results), (&changes, &results), "{fault}");
        assert_eq!(stop["cost"]["complete"], false, "{fault}");
        assert_eq!(source(&stop), "unknown: hosting ml.m5.large, shard", "{fault}");
    }
}

#[test]
fn a_price_of_the_morning_is_put_to_the_night_before() {
    let account = in_frankfurt();
    let function = function_in_frankfurt(&account);
    account.fault(&of_prices(&json!({"drop": "before"})));
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(stop["saved"]["complete"], false);
    account.clear_faults();
    let start = function.succeed(&json!({"action": "start"}));
    assert_eq!(start["saved"]["complete"], true, "{:#}", start["saved"]);
    let state = account.state();
    assert!(
        state["savings"]["total_usd"].as_f64().is_some_and(|usd| usd > 0.0),
        "{:#}",
        state["savings"]
    );
}

#[test]
fn savings_are_told_by_status_and_start_and_booked_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    let saved = |report: &Value| report["saved"]["total"].as_f64().unwrap_or_default();
    function.succeed(&json!({"action": "stop"}));
    // Two days are 48 × 0.115, and the next invocation takes some seconds.
    let is_two_days = |usd: f64| (5.52..5.53).contains(&usd);
    stopped_two_days_ago(&account);
    let status = function.must(&json!({"action": "status"}));
    assert!(is_two_days(saved(&status)), "{:#}", status["saved"]);
    stopped_two_days_ago(&account);
    let request = Some("the-same-request");
    let start = function.invoke_as(request, &json!({"action": "start"})).expect("a report");
    assert!(is_two_days(saved(&start)), "{:#}", start["saved"]);
    assert!(is_two_days(start["saved"]["this_stop"].as_f64().unwrap_or_default()));
    let mail = account.messages().last().expect("a message")["email"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        mail.lines().nth(2).is_some_and(|line| line.starts_with("Saved $5.52 in this stop")),
        "{mail}"
    );
    function.invoke_as(request, &json!({"action": "start"})).expect("a report");
    function.succeed(&json!({"action": "start"}));
    let status = function.must(&json!({"action": "status"}));
    assert!(is_two_days(saved(&status)), "booked once: {:#}", status["saved"]);
}

/// Moves the endpoint's stop two days back: a night is too long for a test.
fn stopped_two_days_ago(account: &Account) {
    let two_days_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(48);
    account.edit_state(|state| {
        let record = &mut state["resources"][format!("sagemaker:{ENDPOINT}")];
        record["since"] = json!(two_days_ago.to_string());
    });
}

#[test]
fn a_start_that_is_killed_books_what_was_saved_once() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    stopped_two_days_ago(&account);
    account.fault(&json!({"operation": "CreateEndpoint", "kill": "after"}));
    function.invoke(&json!({"action": "start"})).expect_err("killed");
    function.end_the_lease_in(0.0);
    function.succeed(&json!({"action": "start"}));
    let total = account.state()["savings"]["total_usd"].as_f64().unwrap_or_default();
    assert!((5.52..5.53).contains(&total), "{total}");
}

#[test]
fn what_cannot_be_listed_makes_the_sums_incomplete() {
    let account = Account::demo();
    let function = Function::new(&account);
    let denied =
        json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
    account.fault(&json!({"service": "sagemaker", "operation": "ListEndpoints", "times": null, "error": denied}));
    let status = function.must(&json!({"action": "status", "notify": true}));
    assert_eq!(status["cost"]["complete"], false);
    let mail = account.messages()[0]["email"].as_str().unwrap_or_default().to_owned();
    assert!(mail.contains("- Now: at least $"), "{mail}");
}

#[test]
fn a_mail_tells_how_to_go_on_with_just_what_was_asked() {
    let account = Account::demo();
    let function = Function::new(&account);
    let denied = json!({"status": 400, "code": "AccessDeniedException", "message": format!(
        "User: arn:aws:sts::{0}:assumed-role/shop-role/{1} is not authorized to perform: kinesis:UpdateShardCount on \
         resource: arn:aws:kinesis:us-east-1:{0}:stream/user-journey-analytics-user-events because no identity-based \
         policy allows the kinesis:UpdateShardCount action", account.id, MANAGER
    )});
    account.fault(&json!({"operation": "UpdateShardCount", "times": null, "error": denied}));
    let report = function.must(&json!({"action": "stop", "only": ["kinesis"]}));
    assert_eq!(report["only"], json!(["kinesis"]));
    let mail = account.messages()[0]["email"].as_str().unwrap_or_default().to_owned();
    assert!(mail.contains("\nOnly: kinesis\n"), "{mail}");
    assert!(
        mail.contains(
            r#"echo '{"action":"stop","only":["kinesis"]}' > event.json && aws lambda invoke"#
        ),
        "{mail}"
    );
    assert!(
        mail.contains(
            "aws iam put-role-policy --role-name shop-role --policy-name kinesis-UpdateShardCount"
        ),
        "{mail}"
    );
}

#[test]
fn a_dry_stop_has_a_page_with_advice_and_a_status_none() {
    let account = Account::demo();
    let function = Function::new(&account);
    let advice = "is provisioned and bills whether it is used or not";
    let status = function.must(&json!({"action": "status", "notify": true}));
    assert!(
        status["recommendations"].to_string().contains(advice),
        "{:#}",
        status["recommendations"]
    );
    assert_eq!(account.pages(), Vec::<String>::new());
    function.must(&json!({"action": "stop", "dry_run": true}));
    let pages = account.pages();
    let [page] = &pages[..] else { panic!("{pages:?}") };
    assert!(account.object(page).is_some_and(|page| page.contains(advice)));
}

#[test]
fn an_unknown_price_makes_the_sums_say_at_least() {
    let account = Account::with(&json!({
        "endpoints": [{"name": RARE, "variants": [{"instance_type": "ml.nobody.knows"}]}],
        "streams": [{"name": "user-journey-analytics-events", "shards": 2}],
    }));
    let function = Function::new(&account);
    let report = function.succeed(&json!({"action": "stop"}));
    assert_eq!(
        line(&report, "sagemaker", RARE)["cost_per_day"],
        json!({"before": null, "after": 0.0})
    );
    assert_eq!(report["cost"]["complete"], false);
    // Two shards cost 2 × 0.015 × 24.
    assert_eq!(report["cost"]["per_day_before"], 0.72);
    assert!(source(&report).ends_with("; unknown: hosting ml.nobody.knows"), "{}", source(&report));
    let mail = account.messages()[0]["email"].as_str().unwrap_or_default().to_owned();
    assert!(mail.contains("Running: at least $0.72 a day, at least $21.90 a month"), "{mail}");
    assert!(mail.contains("unknown -> $0.00 a day"), "{mail}");
}

#[test]
fn every_report_of_an_operation_has_a_page_beside_it() {
    let account = Account::demo();
    let function = Function::new(&account);
    for event in [
        json!({"action": "stop", "dry_run": true}),
        json!({"action": "stop"}),
        json!({"action": "start"}),
    ] {
        let report = function.succeed(&event);
        let id = report["operation_id"].as_str().unwrap_or_default();
        let pages = account.pages();
        let page = pages
            .iter()
            .find(|key| key.contains(id))
            .unwrap_or_else(|| panic!("{id} in {pages:?}"));
        let page = account.object(page).expect("it is there");
        assert!(
            page.starts_with("<!DOCTYPE html>")
                && page.contains("user-journey-analytics-user-events"),
            "{page}"
        );
    }
}

#[test]
fn metrics_are_printed_where_a_namespace_is_given_and_nowhere_else() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    assert_eq!(account.metrics(), Vec::<Value>::new());
    let function = function.with("METRICS_NAMESPACE", "aws-resource-manager");
    function.succeed(&json!({"action": "start", "dry_run": true}));
    function.succeed(&json!({"action": "status"}));
    account.forget_calls();
    let start = function.succeed(&json!({"action": "start"}));
    let started = start["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["result"] == "started");
    let metrics = account.metrics();
    let [document] = &metrics[..] else { panic!("one document: {metrics:#?}") };
    assert_eq!(document["ResourcesChanged"], started.count());
    assert_eq!(document["ResourcesFailed"], 0);
    assert_eq!(
        (&document["Project"], &document["Environment"]),
        (&json!("user-journey-analytics"), &json!("dev"))
    );
    // The metric counts the calls that the account has seen. A call that nobody waits for may
    // still be on its way.
    let calls = account.calls().len();
    assert!(
        document["ApiCalls"].as_u64().is_some_and(|counted| counted.abs_diff(calls as u64) <= 2),
        "{calls}: {document:#}"
    );
}

/// Makes an event as a schedule sends it.
fn scheduled(action: &str, time: &str) -> Value {
    json!({"action": action, "schedule": {"arn": "arn:aws:scheduler:us-east-1:1:schedule/x", "time": time}})
}

/// Returns all values of a metric so far, when there are so many.
///
/// The account reads what the function prints beside the function's answers, so the last line may
/// come a moment after its answer.
fn told(account: &Account, metric: &str, count: usize) -> Vec<u64> {
    let values = || {
        account
            .metrics()
            .iter()
            .filter_map(|document| document[metric].as_u64())
            .collect::<Vec<_>>()
    };
    eventually("the metrics are read", || values().len() >= count);
    values()
}

/// Returns what so many checks have said.
fn missed(account: &Account, checks: usize) -> Vec<u64> {
    told(account, "StartMissed", checks)
}

#[test]
fn a_scheduled_status_tells_whether_the_start_was_missed() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    function.succeed(&scheduled("stop", "2026-11-23T18:00:00Z"));
    function.must(&json!({"action": "status"}));
    assert_eq!(missed(&account, 0), Vec::<u64>::new(), "only a schedule checks");
    function.must(&scheduled("status", "2026-11-24T09:30:00Z"));
    function.succeed(&scheduled("start", "2026-11-25T08:00:00Z"));
    function.must(&scheduled("status", "2026-11-25T09:30:00Z"));
    assert_eq!(missed(&account, 2), [1, 0], "after a scheduled stop, after a start");
}

#[test]
fn a_second_stop_by_hand_does_not_disarm_the_check() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    function.succeed(&scheduled("stop", "2026-11-23T18:00:00Z"));
    function.succeed(&json!({"action": "stop"}));
    function.must(&scheduled("status", "2026-11-24T09:30:00Z"));
    assert_eq!(missed(&account, 1), [1]);
}

#[test]
fn a_scheduled_stop_is_still_scheduled_in_its_continuation() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    function.must(&scheduled("start", "2026-11-23T08:00:00Z"));
    account.hold("deleting");
    let function = function.hurried();
    let answer = function.must(&scheduled("stop", "2026-11-23T18:00:00Z"));
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    account.release("deleting");
    account.wait_until_idle();
    let schedule = &account.state()["operation"]["schedule"];
    assert_eq!(schedule["time"], "2026-11-23T18:00:00Z", "{schedule:#}");
    function.must(&scheduled("status", "2026-11-23T19:30:00Z"));
    assert_eq!(missed(&account, 1), [1]);
}

#[test]
fn a_stop_by_hand_after_the_days_start_is_meant() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    function.succeed(&scheduled("stop", "2026-11-23T18:00:00Z"));
    function.succeed(&scheduled("start", "2026-11-24T08:00:00Z"));
    function.succeed(&json!({"action": "stop"}));
    function.must(&scheduled("status", "2026-11-24T09:30:00Z"));
    function.must(&scheduled("status", "2026-11-25T09:30:00Z"));
    assert_eq!(missed(&account, 2), [0, 1], "on the day itself, and on the next");
}

#[test]
fn a_stop_that_a_start_took_over_from_has_not_failed() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    let [stop, start] = function.taken_over("stop", ("deleting", "DeleteEndpoint"), "start");
    assert_eq!(start["outcome"], "succeeded", "{start:#}");
    assert_eq!(stop["outcome"], "partial", "{stop:#}");
    assert_eq!(told(&account, "ResourcesFailed", 2), [0, 0]);
}

#[test]
fn a_kind_that_cannot_be_listed_has_failed() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    let error =
        json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
    account.fault(
        &json!({"service": "kinesis", "operation": "ListStreams", "times": null, "error": error}),
    );
    let stop = function.stop();
    let lines = stop["resources"].as_array().expect("lines");
    assert!(!lines.iter().any(|line| line["result"] == "failed"), "{stop:#}");
    assert_eq!(told(&account, "ResourcesFailed", 1), [1]);
}

/// Reads the rows of the table in docs/costs.md, by their cells.
fn rows_of_the_worked_example() -> Vec<[String; 2]> {
    let costs = include_str!("../../docs/costs.md");
    let section =
        costs.split("## A worked example").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        [cells[0].trim_matches('`').to_owned(), cells[2].to_owned()]
    })
    .collect()
}

#[test]
fn the_worked_example_is_what_the_function_says() {
    let account = Account::demo();
    account.refuse_prices();
    let function = Function::new(&account);
    let report = function.succeed(&json!({"action": "stop"}));
    let monthly = |resource: &str, side: &str| -> f64 {
        let of = |line: &&Value| {
            let id = format!(
                "{}:{}",
                line["kind"].as_str().unwrap_or_default(),
                line["name"].as_str().unwrap_or_default()
            );
            id == resource || line["kind"] == resource || resource == "together"
        };
        let lines = report["resources"].as_array().expect("lines").iter().filter(of);
        lines.map(|line| line["cost_per_day"][side].as_f64().expect("a price")).sum::<f64>() * 730.0
            / 24.0
    };
    let rows = rows_of_the_worked_example();
    assert_eq!(rows.len(), 7, "{rows:?}");
    for [resource, usd] in rows {
        // A day's cost is told to a hundredth of a cent: a month's may be off by less than a cent.
        let told: f64 = usd.parse().unwrap_or_else(|_| panic!("{resource}: {usd}"));
        assert!(
            (monthly(&resource, "before") - told).abs() < 0.02,
            "{resource}: {usd} in docs/costs.md"
        );
    }
    assert!((monthly("together", "after") - 66.30).abs() < 0.02);
    assert!(
        (report["cost"]["per_month_before"].as_f64().unwrap_or_default() - 161.20).abs() < 0.005
    );
    assert!((report["cost"]["per_month_after"].as_f64().unwrap_or_default() - 66.30).abs() < 0.005);
}

#[test]
fn a_provisioned_table_is_priced_with_indexes_and_told_with_items() {
    let table = "user-journey-analytics-scores";
    let account = Account::with(&json!({"tables": [{
        "name": table, "billing": "PROVISIONED", "read": 50, "write": 20, "items": 3,
        "indexes": [{"name": "by-user", "read": 30, "write": 10}, {"name": "by-day", "read": 20, "write": 10}],
    }]}));
    let status = Function::new(&account).succeed(&json!({"action": "status"}));
    let told = line(&status, "dynamodb", table);
    assert_eq!(told["before"], "provisioned, 100 RCU, 40 WCU");
    // (100 × 0.00013 + 40 × 0.00065) × 24 a day, and × 730 a month
    assert_eq!(told["cost_per_day"], json!({"before": 0.936, "after": 0.936}));
    assert!(told["warnings"].to_string().contains("3 items, 9 bytes"), "{told:#}");
    let advice = status["recommendations"].to_string();
    assert!(advice.contains(&format!("dynamodb:{table} is provisioned")), "{advice}");
    assert!(advice.contains("($28.47 a month)"), "{advice}");
}
