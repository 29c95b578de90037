//! What things cost, what a stop saves, and who hears of it.

use serde_json::{Value, json};

use crate::support::{Account, Function, assert_same, line};

/// An endpoint whose price only the Price List knows: it is not in the built-in table.
const RARE: &str = "user-journey-analytics-rare";

fn with_a_rare_price() -> Account {
    let serverless = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2});
    Account::with(&json!({"endpoints": [{"name": RARE, "variants": [{"serverless": serverless}]}]}))
}

/// How often the Price List was asked anything.
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
    account.put_object("user-journey-analytics/dev/prices.json", "{\"schema\": 1, \"region\": \"us-east-1\"");
    let status = function.must(&json!({"action": "status"}));
    assert_eq!(status["cost"]["complete"], true, "{status:#}");
    assert_eq!(prices_asked(&account), 1);
}

/// The same stop and start, whatever the Price List does: only prices that nobody else knows are missing.
fn goes_as_well_without_prices(fault: &Value) {
    let account = Account::demo();
    let function = Function::new(&account);
    let mut fault_of_prices = json!({"service": "pricing", "times": null});
    fault_of_prices.as_object_mut().expect("an object").extend(fault.as_object().expect("an object").clone());
    account.fault(&fault_of_prices);
    let before = account.snapshot();
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(source(&stop), "built-in table, us-east-1, 2026-09");
    assert_eq!(stop["cost"]["complete"], true);
    assert!(prices_asked(&account) > 0, "it did ask");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "after the start");
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
    account.fault(&json!({"service": "pricing", "times": null, "delay_seconds": 20}));
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(source(&stop), "built-in table, us-east-1, 2026-09");
    let asked: Vec<Option<u16>> =
        account.calls().iter().filter(|call| call.service == "pricing").map(|call| call.status).collect();
    assert!(!asked.is_empty() && asked.iter().all(Option::is_none), "the report came before the prices: {asked:?}");
}

#[test]
fn a_price_that_nobody_knows_is_unknown_and_the_sums_say_at_least() {
    let account = Account::with(&json!({
        "endpoints": [{"name": RARE, "variants": [{"instance_type": "ml.nobody.knows"}]}],
        "streams": [{"name": "user-journey-analytics-events", "shards": 2}],
    }));
    let function = Function::new(&account);
    let report = function.succeed(&json!({"action": "stop"}));
    assert_eq!(line(&report, "sagemaker", RARE)["cost_per_day"], json!({"before": null, "after": 0.0}));
    assert_eq!(report["cost"]["complete"], false);
    // Two shards: 2 × 0.015 × 24.
    assert_eq!(report["cost"]["per_day_before"], 0.72);
    let mail = account.messages()[0]["email"].as_str().unwrap_or_default().to_owned();
    assert!(mail.contains("Before: at least $0.72 a day"), "{mail}");
    assert!(mail.contains("unknown -> $0.00 a day"), "{mail}");
}

#[test]
fn every_report_of_an_operation_has_a_page_beside_it() {
    let account = Account::demo();
    let function = Function::new(&account);
    for event in [json!({"action": "stop", "dry_run": true}), json!({"action": "stop"}), json!({"action": "start"})] {
        let report = function.succeed(&event);
        let id = report["operation_id"].as_str().unwrap_or_default();
        let pages = account.pages();
        let page = pages.iter().find(|key| key.contains(id)).unwrap_or_else(|| panic!("{id} in {pages:?}"));
        let page = account.object(page).expect("it is there");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("user-journey-analytics-user-events"), "{page}");
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
    let started = start["resources"].as_array().into_iter().flatten().filter(|line| line["result"] == "started");
    let metrics = account.metrics();
    let [document] = &metrics[..] else { panic!("one document: {metrics:#?}") };
    assert_eq!(document["ResourcesChanged"], started.count());
    assert_eq!(document["ResourcesFailed"], 0);
    assert_eq!((&document["Project"], &document["Environment"]), (&json!("user-journey-analytics"), &json!("dev")));
    // The sum of what the account has seen of this invocation. A call that nobody waits for may be on its way.
    let calls = account.calls().len();
    assert!(
        document["ApiCalls"].as_u64().is_some_and(|counted| counted.abs_diff(calls as u64) <= 2),
        "{calls}: {document:#}"
    );
}

#[test]
fn a_scheduled_status_tells_whether_the_start_was_missed() {
    let account = Account::demo();
    let function = Function::new(&account).with("METRICS_NAMESPACE", "aws-resource-manager");
    let scheduled = |action: &str, time: &str| json!({"action": action, "schedule": {"arn": "arn:aws:scheduler:us-east-1:1:schedule/x", "time": time}});
    let missed = || {
        let all = account.metrics();
        all.iter().filter_map(|document| document["StartMissed"].as_u64()).collect::<Vec<_>>()
    };
    function.succeed(&scheduled("stop", "2026-11-23T18:00:00Z"));
    function.must(&json!({"action": "status"}));
    assert_eq!(missed(), Vec::<u64>::new(), "only a schedule checks");
    function.must(&scheduled("status", "2026-11-24T09:30:00Z"));
    function.succeed(&scheduled("start", "2026-11-24T08:00:00Z"));
    function.must(&scheduled("status", "2026-11-25T09:30:00Z"));
    function.succeed(&json!({"action": "stop"}));
    function.must(&scheduled("status", "2026-11-26T09:30:00Z"));
    assert_eq!(missed(), [1, 0, 0], "after a scheduled stop, after a start, after a person's stop");
}

/// The rows of a table of the README, by their cells.
fn rows_of_the_worked_example() -> Vec<[String; 2]> {
    let readme = include_str!("../../README.md");
    let section = readme.split("## How the figures are made").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        [cells[0].trim_matches('`').to_owned(), cells[2].to_owned()]
    })
    .collect()
}

#[test]
fn the_readmes_worked_example_is_what_the_function_says() {
    let account = Account::demo();
    account.refuse_prices();
    let function = Function::new(&account);
    let report = function.succeed(&json!({"action": "stop"}));
    let monthly = |resource: &str, side: &str| -> f64 {
        let of = |line: &&Value| {
            let id =
                format!("{}:{}", line["kind"].as_str().unwrap_or_default(), line["name"].as_str().unwrap_or_default());
            id == resource || line["kind"] == resource || resource == "together"
        };
        let lines = report["resources"].as_array().expect("lines").iter().filter(of);
        lines.map(|line| line["cost_per_day"][side].as_f64().expect("a price")).sum::<f64>() * 730.0 / 24.0
    };
    let rows = rows_of_the_worked_example();
    assert_eq!(rows.len(), 7, "{rows:?}");
    for [resource, usd] in rows {
        // A day's cost is told to a hundredth of a cent: a month's may be off by less than a cent.
        let told: f64 = usd.parse().unwrap_or_else(|_| panic!("{resource}: {usd}"));
        assert!((monthly(&resource, "before") - told).abs() < 0.02, "{resource}: {usd} in the README");
    }
    assert!((monthly("together", "after") - 66.30).abs() < 0.02);
    assert!((report["cost"]["per_month_before"].as_f64().unwrap_or_default() - 161.20).abs() < 0.005);
    assert!((report["cost"]["per_month_after"].as_f64().unwrap_or_default() - 66.30).abs() < 0.005);
}
