use super::*;
use crate::failure::Failure;
use crate::journal::Snapshot;
use crate::kinds::{self, cloudwatch, dynamodb, kinesis, lambda, sagemaker};
use crate::model::{Direction, KindName, Rate, ResourceId, UsdPerHour};
use crate::pricing::PriceBook;
use crate::trouble::{AfterBusy, Rival};
use crate::usage::{Billable, Usage};

fn denied(permission: &str, words: &str) -> Failure {
    Failure::of_answer(permission, Some("AccessDeniedException"), Some(words), "")
}

/// Reports a stop in which most went well, and one thing did not.
pub(crate) fn sample() -> Report {
    let snapshot = |summary: &str, rate: Rate| Snapshot {
        summary: summary.to_owned(),
        usage: Usage::none(),
        rate,
    };
    let usd = |usd: f64| Rate(Some(UsdPerHour(usd)));
    let row =
        |kind: KindName, name: &str, result, before: Snapshot, after: Snapshot, detail: &str| {
            Row::new(&ResourceId::new(kind, name), result, &before, &after, detail)
        };
    let alarm = |on| snapshot(if on { "actions on" } else { "actions off" }, usd(0.10 / 730.0));
    let zero = || snapshot("reserved 0", Rate::ZERO);
    let mut rows = vec![
        row(
            sagemaker::INFO.name,
            "shop-risk",
            RowResult::Stopped,
            snapshot("1 × ml.m5.large", usd(0.115)),
            snapshot("deleted", Rate::ZERO),
            "",
        ),
        row(
            kinesis::INFO.name,
            "shop-events",
            RowResult::Failed,
            snapshot("2 shards", usd(0.03)),
            snapshot("2 shards", usd(0.03)),
            "",
        ),
        row(
            lambda::INFO.name,
            "shop-work",
            RowResult::Stopped,
            snapshot("reserved 5", Rate::ZERO),
            zero(),
            "",
        ),
        row(
            lambda::INFO.name,
            "shop-old",
            RowResult::AlreadyStopped,
            zero(),
            zero(),
            "a person had set it to 0: it will stay so",
        ),
        row(
            dynamodb::INFO.name,
            "shop-scores",
            RowResult::Unmanaged,
            snapshot("provisioned, 5 RCU, 5 WCU", usd(0.0039)),
            snapshot("provisioned, 5 RCU, 5 WCU", usd(0.0039)),
            "",
        ),
    ];
    rows.extend(["shop-errors", "shop-latency"].map(|name| {
        row(cloudwatch::INFO.name, name, RowResult::Stopped, alarm(true), alarm(false), "")
    }));
    rows[0].warnings.push("a warning".to_owned());
    rows[1] = rows[1].clone().failed(&denied("kinesis:UpdateShardCount", "not authorized"));
    let start: Timestamp = "2026-11-23T18:00:00Z".parse().unwrap();
    let heading = Heading {
        operation_id: "0f4c".to_owned(),
        action: Action::Stop,
        dry_run: false,
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        region: "us-east-1".to_owned(),
        started_at: start,
        reason: Some("demo is over".to_owned()),
        only: Vec::new(),
        price_source: PriceBook::built_in(kinds::bills(), "us-east-1")
            .source([&Billable::from(&kinesis::bills::SHARD)]),
        all_seen: true,
    };
    heading.report(
        rows,
        Vec::new(),
        &Journal::new("shop", "dev"),
        start + jiff::SignedDuration::from_millis(83_400),
    )
}

fn whereabouts() -> text::Whereabouts {
    let place = |key: &str| Some(format!("s3://shop-state/shop/dev/operations/{key}"));
    text::Whereabouts {
        report: place("x.json"),
        page: place("x.html"),
        function: Some("shop-manager".to_owned()),
    }
}

#[test]
fn a_report_too_long_for_a_message_has_a_line_a_kind() {
    let text = text::body(&sample(), text::Extent::Short, &whereabouts());
    assert!(text.contains("\n- Lambda functions (2): 1 stopped, 1 already stopped\n"), "{text}");
    assert!(
        text.contains("\n- SageMaker endpoints (1): 1 stopped | $2.76 -> $0.00 a day\n"),
        "{text}"
    );
    assert!(!text.contains("shop-work"), "{text}");
}

#[test]
fn the_text_says_first_whether_it_worked_and_what_needs_attention() {
    let text = text::body(&sample(), text::Extent::Full, &whereabouts());
    insta::assert_snapshot!(text, @r#"
    Stop of shop (dev, us-east-1) succeeded only in part.
    1 failed, 4 stopped, 1 already stopped, 1 not managed.
    Reason: demo is over

    Needs attention
    - kinesis:shop-events FAILED: the function's role needs kinesis:UpdateShardCount: not authorized
    What was saved is safe, and what is done stays done. When the cause is dealt with, go on from here with
    echo '{"action":"stop"}' > event.json && aws lambda invoke --function-name shop-manager --region us-east-1 --payload fileb://event.json --cli-read-timeout 0 report.json

    Cost
    - Running: $3.58 a day, $108.90 a month of such days
    - Stopped: $0.82 a day
    - Saves $2.76 for each 24 hours that it stays stopped
    - Prices: built-in table, us-east-1, 2026-09

    SageMaker endpoints (1)
    - shop-risk: stopped | 1 × ml.m5.large -> deleted | $2.76 -> $0.00 a day
        (a warning)

    Kinesis streams (1)
    - shop-events: FAILED | 2 shards | $0.72 a day
        (the function's role needs kinesis:UpdateShardCount: not authorized)

    Lambda functions (2)
    - shop-work: stopped | reserved 5 -> reserved 0
    - shop-old: already stopped | reserved 0
        (a person had set it to 0: it will stay so)

    CloudWatch alarms (2)
    - 2 stopped | actions on -> actions off | $0.01 a day together
        shop-errors
        shop-latency

    DynamoDB tables (1)
    - shop-scores: not managed | provisioned, 5 RCU, 5 WCU | $0.09 a day

    Began 2026-11-23 18:00:00 UTC, took 83.4 s. Operation 0f4c.
    Full report: s3://shop-state/shop/dev/operations/x.json
    As a page, with a chart: s3://shop-state/shop/dev/operations/x.html
    "#);
}

#[test]
fn the_json_is_that_of_the_contract() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&sample()).unwrap(), @r#"
    {
      "schema": 1,
      "operation_id": "0f4c",
      "action": "stop",
      "dry_run": false,
      "outcome": "partial",
      "project": "shop",
      "environment": "dev",
      "region": "us-east-1",
      "started_at": "2026-11-23T18:00:00Z",
      "finished_at": "2026-11-23T18:01:23.4Z",
      "reason": "demo is over",
      "resources": [
        {
          "kind": "sagemaker",
          "name": "shop-risk",
          "result": "stopped",
          "before": "1 × ml.m5.large",
          "after": "deleted",
          "detail": "",
          "warnings": [
            "a warning"
          ],
          "cost_per_day": {
            "before": 2.76,
            "after": 0.0
          }
        },
        {
          "kind": "kinesis",
          "name": "shop-events",
          "result": "failed",
          "before": "2 shards",
          "after": "2 shards",
          "detail": "the function's role needs kinesis:UpdateShardCount: not authorized",
          "warnings": [],
          "cost_per_day": {
            "before": 0.72,
            "after": 0.72
          }
        },
        {
          "kind": "lambda",
          "name": "shop-work",
          "result": "stopped",
          "before": "reserved 5",
          "after": "reserved 0",
          "detail": "",
          "warnings": [],
          "cost_per_day": {
            "before": 0.0,
            "after": 0.0
          }
        },
        {
          "kind": "lambda",
          "name": "shop-old",
          "result": "already_stopped",
          "before": "reserved 0",
          "after": "reserved 0",
          "detail": "a person had set it to 0: it will stay so",
          "warnings": [],
          "cost_per_day": {
            "before": 0.0,
            "after": 0.0
          }
        },
        {
          "kind": "dynamodb",
          "name": "shop-scores",
          "result": "unmanaged",
          "before": "provisioned, 5 RCU, 5 WCU",
          "after": "provisioned, 5 RCU, 5 WCU",
          "detail": "",
          "warnings": [],
          "cost_per_day": {
            "before": 0.0936,
            "after": 0.0936
          }
        },
        {
          "kind": "cloudwatch",
          "name": "shop-errors",
          "result": "stopped",
          "before": "actions on",
          "after": "actions off",
          "detail": "",
          "warnings": [],
          "cost_per_day": {
            "before": 0.0033,
            "after": 0.0033
          }
        },
        {
          "kind": "cloudwatch",
          "name": "shop-latency",
          "result": "stopped",
          "before": "actions on",
          "after": "actions off",
          "detail": "",
          "warnings": [],
          "cost_per_day": {
            "before": 0.0033,
            "after": 0.0033
          }
        }
      ],
      "cost": {
        "currency": "USD",
        "price_source": "built-in table, us-east-1, 2026-09",
        "per_day_before": 3.5802,
        "per_day_after": 0.8202,
        "saved_per_day": 2.76,
        "per_month_before": 108.897,
        "per_month_after": 24.947,
        "complete": true
      },
      "saved": {
        "this_stop": 0.0,
        "month_to_date": 0.0,
        "total": 0.0,
        "complete": true
      },
      "recommendations": [],
      "errors": []
    }
    "#);
}

#[test]
fn troubles_and_failures_are_sentences_in_the_json_and_nothing_more() {
    let mut report = sample();
    let failure = denied(
        "kinesis:ListStreams",
        "User: arn:aws:sts::123456789012:assumed-role/shop-role/shop-manager is not authorized to perform: \
         kinesis:ListStreams on resource: * because no identity-based policy allows it",
    );
    report.resources = vec![report.resources[1].clone().failed(&failure)];
    report.errors = vec![
        Trouble::KindUnseen { kind: kinesis::INFO.name, failure: failure.clone() },
        Trouble::TakenOver { by: None },
        Trouble::Busy {
            holder: "0f4c".to_owned(),
            until: report.started_at,
            then: AfterBusy::NotHandedOn(Failure::refused("no")),
        },
    ];
    let json = serde_json::to_value(&report).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["errors"]).unwrap(), @r#"
    [
      "kinesis: the function's role needs kinesis:ListStreams: User: arn:aws:sts::123456789012:assumed-role/shop-role/shop-manager is not authorized to perform: kinesis:ListStreams on resource: * because no identity-based policy allows it",
      "a newer event took over",
      "operation 0f4c is at work, until 2026-11-23T18:00:00Z at the latest; the rest could not be handed on: no"
    ]
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["resources"][0]).unwrap(), @r#"
    {
      "after": "2 shards",
      "before": "2 shards",
      "cost_per_day": {
        "after": 0.72,
        "before": 0.72
      },
      "detail": "the function's role needs kinesis:ListStreams: User: arn:aws:sts::123456789012:assumed-role/shop-role/shop-manager is not authorized to perform: kinesis:ListStreams on resource: * because no identity-based policy allows it",
      "kind": "kinesis",
      "name": "shop-events",
      "result": "failed",
      "warnings": []
    }
    "#);
}

#[test]
fn the_subject_is_printable_ascii_of_at_most_99_characters() {
    let mut report = sample();
    insta::assert_snapshot!(text::subject(&report), @"PARTIAL: stop shop/dev: 1 failed, 4 stopped, 1 already stopped, 1 not managed");
    report.project = "é".repeat(200);
    let subject = text::subject(&report);
    assert_eq!(subject.len(), 99);
    assert!(subject.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{subject}");
}

#[test]
fn one_failed_resource_makes_it_partial_and_only_failures_make_it_failed() {
    let outcome_of = |results: &[RowResult], errors: &[Trouble]| {
        let template = sample().resources[0].clone();
        let rows: Vec<Row> =
            results.iter().map(|result| Row { result: *result, ..template.clone() }).collect();
        Outcome::of(Action::Stop, false, &rows, errors)
    };
    let unseen =
        Trouble::KindUnseen { kind: kinesis::INFO.name, failure: Failure::refused("denied") };
    assert_eq!(outcome_of(&[RowResult::Stopped, RowResult::Failed], &[]), Outcome::Partial);
    assert_eq!(outcome_of(&[RowResult::Stopped, RowResult::Pending], &[]), Outcome::Partial);
    assert_eq!(outcome_of(&[RowResult::Failed, RowResult::Unmanaged], &[]), Outcome::Failed);
    assert_eq!(outcome_of(&[RowResult::Stopped, RowResult::Skipped], &[]), Outcome::Succeeded);
    assert_eq!(outcome_of(&[RowResult::Stopped], std::slice::from_ref(&unseen)), Outcome::Partial);
    assert_eq!(outcome_of(&[], &[unseen]), Outcome::Failed);
    assert_eq!(outcome_of(&[], &[]), Outcome::Succeeded);
    // A dry run says what a stop would wait for, and waits for nothing.
    let in_transition = Row { result: RowResult::Pending, ..sample().resources[0].clone() };
    assert_eq!(Outcome::of(Action::Stop, true, &[in_transition], &[]), Outcome::Succeeded);
}

#[test]
fn an_unknown_price_makes_the_sums_incomplete_and_is_never_nothing() {
    let mut report = sample();
    report.resources[0].cost_per_day.before = None;
    let cost = Cost::of(&report.resources, String::new());
    assert!(!cost.complete);
    // Without the endpoint: 2 × 0.015 × 24 for the stream, and so on; no saving can be told.
    assert!(cost.saved_per_day.abs() < 1e-9);
    report.cost = cost;
    let text = text::body(&report, text::Extent::Full, &whereabouts());
    assert!(text.contains("Running: at least $"), "{text}");
    assert!(text.contains("unknown -> $0.00 a day"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["resources"][0]["cost_per_day"]["before"].is_null());
}

#[test]
fn what_could_not_be_seen_has_a_cost_too() {
    let mut report = sample();
    report.cost.complete = false;
    let text = text::body(&report, text::Extent::Full, &whereabouts());
    assert!(
        text.contains("- Running: at least $3.58 a day")
            && text.contains("- Stopped: at least $0.82 a day"),
        "{text}"
    );
}

#[test]
fn resources_some_of_which_have_no_price_cost_at_least_the_rest() {
    let mut report = sample();
    let alarms = report
        .resources
        .iter_mut()
        .filter(|row| row.name.starts_with("shop-l") || row.name == "shop-errors");
    for (row, usd) in alarms.zip([None, Some(1.0)]) {
        row.cost_per_day = BeforeAfter { before: usd, after: usd };
    }
    let text = text::body(&report, text::Extent::Full, &whereabouts());
    assert!(
        text.contains("- 2 stopped | actions on -> actions off | at least $1.00 a day together"),
        "{text}"
    );
}

#[test]
fn what_a_stop_had_to_leave_running_is_told_with_its_money() {
    let mut report = sample();
    report.resources[0].result = RowResult::Skipped;
    report.resources[0].cost_per_day.after = Some(2.76);
    report.resources[0].detail =
        "it could not be created again: its model x does not exist".to_owned();
    let text = text::body(&report, text::Extent::Full, &whereabouts());
    let told = "Still running\n- sagemaker:shop-risk $2.76 a day: it could not be created again: its model x does not exist\n";
    assert!(text.find(told).is_some_and(|at| at < text.find("Cost\n").unwrap()), "{text}");
    report.action = Action::Start;
    assert!(!text::body(&report, text::Extent::Full, &whereabouts()).contains("Still running"));
}

#[test]
fn a_start_and_a_status_begin_with_what_was_saved() {
    let mut report = sample();
    let saved = |report: &mut Report, complete| {
        report.saved = Saved {
            this_stop: 5.2,
            month_to_date: 60.1,
            total: 300.0,
            complete,
            ..report.saved.clone()
        };
    };
    saved(&mut report, true);
    let line = |report: &Report, n: usize| {
        text::body(report, text::Extent::Full, &whereabouts())
            .lines()
            .nth(n)
            .unwrap_or_default()
            .to_owned()
    };
    for action in [Action::Start, Action::Status] {
        report.action = action;
        assert_eq!(
            line(&report, 2),
            "Saved $5.20 in this stop, $60.10 this month, $300.00 in all."
        );
    }
    saved(&mut report, false);
    assert!(line(&report, 2).starts_with("Saved at least $5.20 in this stop, at least $60.10"));
    report.action = Action::Stop;
    assert_eq!(line(&report, 2), "Reason: demo is over", "a stop has saved nothing yet");
}

#[test]
fn a_status_has_trouble_with_what_it_could_not_see_only() {
    let mut report = sample();
    report.action = Action::Status;
    report.resources[0].result = RowResult::Pending;
    let text = text::body(&report, text::Extent::Full, &whereabouts());
    assert!(text.contains("Needs attention\n- kinesis:shop-events FAILED"), "{text}");
    assert!(!text.contains("- sagemaker:shop-risk pending:"), "{text}");
}

#[test]
fn an_operation_that_did_nothing_tells_savings_and_no_cost() {
    let mut journal = Journal::new("shop", "dev");
    journal.savings.total_usd = 12.0;
    let sample = sample();
    let heading = Heading {
        operation_id: sample.operation_id,
        action: sample.action,
        dry_run: false,
        project: sample.project,
        environment: sample.environment,
        region: sample.region,
        started_at: sample.started_at,
        reason: None,
        only: Vec::new(),
        price_source: String::new(),
        all_seen: true,
    };
    let newer = Rival { direction: Direction::Start, operation_id: "1".to_owned() };
    let report =
        heading.bare(Outcome::Skipped, Trouble::Replaced(newer), &journal, sample.started_at);
    assert!((report.saved.total - 12.0).abs() < 1e-9);
    assert!(!report.cost.complete, "nothing was looked at");
}

#[test]
fn costs_are_summed_over_a_day_and_a_month_of_730_hours() {
    let cost = sample().cost;
    // 0.115 + 0.03 + 0.0039 + 2 × 0.10 / 730
    let hour = 0.115 + 0.03 + 0.0039 + 0.2 / 730.0;
    assert!((cost.per_day_before - hour * 24.0).abs() < 1e-9);
    assert!((cost.per_month_before - hour * 730.0).abs() < 1e-9);
    assert!((cost.saved_per_day - 0.115 * 24.0).abs() < 1e-9);
}

/// A start with `originals_from` reads what an older version kept.
#[test]
fn the_originals_in_a_report_of_version_0_1_are_owed_again() {
    for file in ["stopped.report.json", "refused.report.json"] {
        let written = crate::golden::file(file);
        let kept: KeptOriginals = serde_json::from_slice(&written).unwrap();
        assert_eq!((&*kept.project, &*kept.environment), ("user-journey-analytics", "dev"));
        let mut journal = Journal::new(&kept.project, &kept.environment);
        journal.adopt_originals(&kept.originals, "op", Timestamp::UNIX_EPOCH);
        let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(serde_json::to_value(journal.originals()).unwrap(), written["originals"]);
        assert_eq!(journal.originals().len(), 10, "{file}");
    }
}
