//! An operation may be on a part of what the settings select.

use serde_json::{Value, json};

use crate::support::{Account, Call, Function, STREAM, assert_same, lines, results};

fn touched(account: &Account) -> Vec<String> {
    let mut words: Vec<String> = account.changes().iter().map(Call::words).collect();
    words.sort();
    words
}

#[test]
fn a_stop_of_one_kind_is_undone_by_a_full_start() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.succeed(&json!({"action": "stop", "only": ["kinesis"]}));
    assert!(lines(&report).iter().all(|line| line["kind"] == "kinesis"), "{report:#}");
    assert_eq!(touched(&account), [format!("UpdateShardCount {STREAM}")]);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_stop_of_one_name_stops_that_resource_only() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(
        &json!({"action": "stop", "only": ["lambda:event_*", "cloudwatch:*-processor-*"]}),
    );
    let disabled = "DisableAlarmActions user-journey-analytics-processor-errors,user-journey-analytics-processor-throttles";
    assert_eq!(touched(&account), [disabled, "PutFunctionConcurrency event_processor"]);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_selective_start_brings_its_part_and_a_full_one_the_rest() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    account.forget_calls();
    function.succeed(&json!({"action": "start", "only": ["lambda:intervention-executor"]}));
    assert_eq!(touched(&account), ["PutFunctionConcurrency intervention-executor"]);
    assert_eq!(
        account.snapshot()["functions"]["intervention-executor"],
        before["functions"]["intervention-executor"]
    );
    assert_eq!(account.snapshot()["functions"]["event_processor"]["reserved"], 0);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_selective_stop_after_a_full_one_loses_no_original() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    for event in [
        json!({"action": "stop"}),
        json!({"action": "start", "only": ["kinesis"]}),
        json!({"action": "stop", "only": ["kinesis", "lambda"]}),
        json!({"action": "start"}),
    ] {
        function.succeed(&event);
    }
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn only_selects_among_what_is_managed_and_adds_nothing() {
    let account = Account::demo();
    let function = Function::new(&account);
    let report = function.must(
        &json!({"action": "stop", "only": ["lambda:payments-api", "kinesis:payments-events"]}),
    );
    assert_eq!(results(&report), Vec::<String>::new());
    assert_eq!(account.changes(), []);
}

#[test]
fn tags_add_resources_whose_names_no_pattern_knows() {
    let account = Account::demo();
    let function = Function::new(&account)
        .with("TARGET_TAGS", "Project=user-journey-analytics,Environment=dev")
        .with("RESOURCES", "*:user-journey-analytics-*;lambda:nothing-*");
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop", "only": ["lambda"]}));
    assert_eq!(
        touched(&account),
        ["PutFunctionConcurrency event_processor", "PutFunctionConcurrency intervention-executor"],
        "a resource has to carry all of the tags"
    );
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn an_exclamation_mark_excludes_by_name_even_what_tags_select() {
    let account = Account::demo();
    let function =
        Function::new(&account).with("TARGET_TAGS", "Project=user-journey-analytics").with(
            "RESOURCES",
            "lambda:*,!payments-*,!event_processor;\
             cloudwatch:user-journey-analytics-*,!*-endpoint-*,!*-service-health",
        );
    function.succeed(&json!({"action": "stop", "only": ["lambda", "cloudwatch"]}));
    let words = touched(&account).join("\n");
    for excluded in ["payments", "event_processor", "endpoint", "service-health"] {
        assert!(!words.contains(excluded), "{words}");
    }
    for included in ["intervention-executor", "stream-throttles", "executor-errors"] {
        assert!(words.contains(included), "no {included} in {words}");
    }
}

#[test]
fn excluded_names_are_left_alone_in_every_kind_even_if_tagged() {
    let account = Account::demo();
    let function = Function::new(&account)
        .with("TARGET_TAGS", "Project=user-journey-analytics")
        .with(
            "RESOURCES",
            "*:user-journey-analytics-*,!user-journey-analytics-user-*,!event_processor,!*-endpoint;\
             lambda:user-journey-analytics-*,event_processor,intervention-executor",
        );
    function.succeed(&json!({"action": "stop"}));
    let words = touched(&account);
    let is_excluded = |words: &String| {
        words.contains("user-journey-analytics-user-")
            || words.contains("event_processor")
            || words.ends_with("-endpoint")
    };
    assert!(!words.iter().any(is_excluded), "{words:#?}");
    assert!(words.iter().any(|words| words.contains("intervention-executor")), "{words:#?}");
}

#[test]
fn an_empty_clause_switches_its_kind_off_whatever_its_tags() {
    let account = Account::demo();
    let function = Function::new(&account)
        .with("TARGET_TAGS", TAGS)
        .with("RESOURCES", "*:user-journey-analytics-*;kinesis:;sagemaker:");
    let before = account.snapshot();
    let report = function.succeed(&json!({"action": "stop"}));
    let kinds: Vec<&Value> = lines(&report).iter().map(|line| &line["kind"]).collect();
    assert!(!kinds.iter().any(|kind| **kind == "kinesis" || **kind == "sagemaker"), "{kinds:?}");
    let after = account.snapshot();
    assert_eq!(
        (&after["streams"], &after["endpoints"]),
        (&before["streams"], &before["endpoints"])
    );
}

#[test]
fn what_was_stopped_comes_back_after_the_patterns_have_changed() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&json!({"action": "stop"}));
    let function = function.with("RESOURCES", "*:user-journey-*;kinesis:;lambda:event_processor");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_resource_tagged_keep_after_the_stop_still_comes_back() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    let tags = json!({"StreamName": STREAM, "Tags": {"aws-resource-manager": "keep"}});
    account.person("kinesis", "Kinesis_20131202.AddTagsToStream", &tags);
    function.succeed(&json!({"action": "start"}));
    assert_eq!(account.snapshot()["streams"][STREAM]["open_shards"], 2);
    account.forget_calls();
    function.succeed(&json!({"action": "stop"}));
    assert!(!touched(&account).join("\n").contains(STREAM), "it is kept from then on");
}

const TAGS: &str = "Project=user-journey-analytics";

fn tagged_alarms(number: usize) -> Account {
    let alarm =
        |n| json!({"name": format!("other-{n}"), "tags": {"Project": "user-journey-analytics"}});
    Account::with(&json!({"alarms": (0..number).map(alarm).collect::<Vec<Value>>()}))
}

#[test]
fn tags_find_many_resources_with_one_call_a_page() {
    let account = tagged_alarms(230);
    let function = Function::new(&account).with("TARGET_TAGS", TAGS);
    let before = account.snapshot();
    account.forget_calls();
    let stop = function.succeed(&json!({"action": "stop"}));
    assert_eq!(results(&stop).iter().filter(|line| line.ends_with(" stopped")).count(), 230);
    // The tagged resources are three pages, and those tagged keep are one.
    assert_eq!(account.count("GetResources"), 3 + 1);
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_deleted_resource_that_the_tag_index_still_has_is_ignored() {
    let account = tagged_alarms(1);
    let arn = format!("arn:aws:kinesis:us-east-1:{}:stream/deleted", account.id);
    account.index_tells(&arn, &json!({"Project": "user-journey-analytics"}));
    let report =
        Function::new(&account).with("TARGET_TAGS", TAGS).succeed(&json!({"action": "stop"}));
    assert_eq!(results(&report), ["cloudwatch:other-0 stopped"]);
}

#[test]
fn an_endpoints_own_tags_are_believed_before_the_index() {
    let tags = |key: &str, value: &str| json!({key: value});
    let endpoint = |name: &str, tags: &Value| json!({"name": name, "tags": tags});
    let account = Account::with(&json!({"endpoints": [
        endpoint("untagged-since", &json!({})),
        endpoint("tagged", &tags("Project", "user-journey-analytics")),
        endpoint("user-journey-analytics-kept-since", &tags("aws-resource-manager", "keep")),
    ]}));
    let arn = |name: &str| format!("arn:aws:sagemaker:us-east-1:{}:endpoint/{name}", account.id);
    account.index_tells(&arn("untagged-since"), &tags("Project", "user-journey-analytics"));
    account.index_tells(&arn("user-journey-analytics-kept-since"), &json!({"Team": "shop"}));
    let function = Function::new(&account).with("TARGET_TAGS", TAGS);
    let before = account.snapshot();
    let report = function.succeed(&json!({"action": "stop"}));
    let deleted: Vec<String> = account.changes().iter().map(Call::words).collect();
    assert_eq!(deleted, ["DeleteEndpoint tagged"], "{report:#}");
    function.succeed(&json!({"action": "start"}));
    assert_same(&account.snapshot(), &before, "in the end");
}

fn with(kind: &str, names: &[&str]) -> Value {
    json!({kind: names.iter().map(|name| json!({"name": name})).collect::<Vec<Value>>()})
}

/// The recommendations that are about the configuration, each by its pattern.
fn unmatched(report: &Value) -> Vec<String> {
    let words = " in RESOURCES matches nothing today: is it misspelt?";
    let told = report["recommendations"].as_array().expect("a list").iter();
    let told = told.map(|advice| advice.as_str().expect("a text"));
    told.filter_map(|advice| advice.strip_suffix(words)).map(str::to_owned).collect()
}

#[test]
fn a_pattern_that_matches_nothing_today_is_said_by_status_dry_run_and_report() {
    let account = Account::with(&with("functions", &["shop-pay", "shop-api"]));
    account.seed(&with("endpoints", &["shop-risk"]));
    account.seed(&with("alarms", &["shop-errors"]));
    let text =
        "*:shop-*,!shop-pya,!shop-api;lambda:shop-*,!shop-auth;kinesis:events;sagemaker:shop-risk";
    let function = Function::new(&account).with("RESOURCES", text);
    let expected = ["*:!shop-pya", "lambda:!shop-auth", "kinesis:events"];
    for event in [
        json!({"action": "status"}),
        json!({"action": "stop", "dry_run": true}),
        json!({"action": "stop"}),
        // The endpoint is not there any more, and is owed.
        json!({"action": "status"}),
        json!({"action": "start", "dry_run": true}),
        json!({"action": "start"}),
    ] {
        let report = function.succeed(&event);
        assert_eq!(unmatched(&report), expected, "{event}");
        assert_eq!(report["errors"], json!([]), "{event}");
    }
    let mails: Vec<String> = account.messages().iter().map(|m| m["email"].to_string()).collect();
    let told = "kinesis:events in RESOURCES matches nothing today";
    assert!(mails.len() == 2 && mails.iter().all(|mail| mail.contains(told)), "{mails:#?}");
}

#[test]
fn what_was_not_looked_at_is_not_said_to_match_nothing() {
    let account = Account::with(&with("functions", &["shop-api"]));
    let function = Function::new(&account).with("RESOURCES", "*:web-*;lambda:shop-*,x;kinesis:y");
    let report = function.succeed(&json!({"action": "status", "only": ["lambda"]}));
    assert_eq!(unmatched(&report), ["lambda:x"]);
    let denied = json!({"status": 400, "code": "AccessDeniedException", "message": "not allowed"});
    account.fault(&json!({"operation": "ListStreams", "times": null, "error": denied}));
    let report = function.must(&json!({"action": "status"}));
    assert_eq!(unmatched(&report), ["*:web-*", "lambda:x"]);
}

#[test]
fn selectors_that_select_nothing_are_named_and_the_rest_is_done() {
    let account = Account::demo();
    let function = Function::new(&account);
    let before = account.snapshot();
    let nothing = |selector: &str| {
        format!(
            "{selector} in `only` selects nothing: no such resource is managed, reported or owed"
        )
    };
    for action in ["status", "stop", "start"] {
        let only = json!(["lambda:event_*", "lambda:shop-b", "kinesis:payments-events"]);
        let report = function.must(&json!({"action": action, "only": only}));
        assert_eq!(report["outcome"], "partial", "{report:#}");
        let errors = [nothing("lambda:shop-b"), nothing("kinesis:payments-events")];
        assert_eq!(report["errors"], json!(errors), "{action}");
        assert_eq!(lines(&report).len(), 1, "{report:#}");
    }
    assert_same(&account.snapshot(), &before, "in the end");
    let report = function.must(&json!({"action": "stop", "only": ["lambda:shop-b"]}));
    assert_eq!(report["outcome"], "skipped", "{report:#}");
    assert_eq!(report["errors"], json!([nothing("lambda:shop-b")]));
    for message in account.messages() {
        let mail = message["email"].as_str().expect("a text");
        assert!(mail.contains("- lambda:shop-b in `only` selects nothing"), "{mail}");
        assert!(!mail.contains("aws lambda invoke"), "sent again it would do no more: {mail}");
    }
    assert_eq!(account.messages().len(), 3);
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_selector_matches_what_is_kept_reported_or_owed() {
    let account = Account::demo();
    let function = Function::new(&account);
    function.succeed(&json!({"action": "stop"}));
    for selector in [
        "kinesis:user-journey-analytics-audit-log",
        "dynamodb:*-risk-scores",
        "sagemaker:user-journey-analytics-exit-risk-endpoint",
    ] {
        let report = function.must(&json!({"action": "status", "only": [selector]}));
        assert_eq!(report["errors"], json!([]), "{selector}");
        assert_eq!(report["outcome"], "succeeded", "{selector}");
    }
    // Without a clause of its own it is not managed, and owed all the same.
    let function = function.with("RESOURCES", "lambda:nothing");
    function.succeed(&json!({"action": "start", "only": ["kinesis:*-user-events"]}));
}

#[test]
fn the_variables_of_0_1_are_refused_with_the_resources_that_say_the_same() {
    let account = Account::demo();
    let function = Function::new(&account)
        .without("RESOURCES")
        .with("LAMBDA_FUNCTIONS", "event_processor")
        .with("SAGEMAKER_ENDPOINTS", "")
        .with("EXCLUDE", "*-endpoint,errors [prod]");
    let refused = function.invoke(&json!({"action": "stop"})).expect_err("they are of 0.1");
    assert_eq!(refused.kind, "BadConfiguration");
    let same = "*:user-journey-analytics-*,!*-endpoint;sagemaker:;lambda:event_processor;cloudwatch:!errors [prod]";
    for part in [
        "LAMBDA_FUNCTIONS is \"event_processor\"; it must go".to_owned(),
        "SAGEMAKER_ENDPOINTS is \"\"; it must go".to_owned(),
        "EXCLUDE is \"*-endpoint,errors [prod]\"; it must go".to_owned(),
        format!("RESOURCES is not set; it must be \"{same}\" to say the same"),
    ] {
        assert!(refused.message.contains(&part), "no {part} in {}", refused.message);
    }
    assert_eq!(account.changes(), []);
}
