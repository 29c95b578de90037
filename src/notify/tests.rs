use super::*;
use crate::failure::Failure;
use crate::report::{Row, RowResult};
use crate::trouble::Trouble;
use serde_json::Value;

fn sample() -> Report {
    crate::report::tests::sample()
}

fn parts(message: &Message) -> (Value, String) {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    let json = serde_json::from_str(body["default"].as_str().unwrap()).unwrap();
    (json, body["email"].as_str().unwrap().to_owned())
}

#[test]
fn mail_gets_the_text_and_every_other_protocol_the_json() {
    let report = sample();
    let (json, email) = parts(&compose(&report, &Whereabouts::default()));
    assert_eq!(json, serde_json::to_value(&report).unwrap());
    assert_eq!(email, text::body(&report, Extent::Full, &Whereabouts::default()));
}

#[test]
fn a_report_of_5000_resources_fits_a_message_with_its_failures() {
    let mut report = sample();
    let template = report.resources[0].clone();
    report.resources.extend((0..5000).map(|n| {
        let mut row = template.clone();
        row.name = format!("shop-endpoint-with-a-name-of-usual-length-{n}");
        row.result = if n % 10 == 0 { RowResult::Failed } else { RowResult::Stopped };
        row
    }));
    let message = compose(
        &report,
        &Whereabouts { report: Some("s3://bucket/key.json".to_owned()), ..Whereabouts::default() },
    );
    assert!(message.body.len() <= LARGEST_MESSAGE, "{}", message.body.len());
    let (json, email) = parts(&message);
    assert_eq!(json["full_report"], "s3://bucket/key.json");
    assert_eq!(json["outcome"], "partial");
    assert!(email.contains("501 failed"), "{email}");
    assert!(email.contains("and 401 more, in the full report"), "{email}");
    assert!(email.contains("Full report: s3://bucket/key.json"));
}

#[test]
fn advice_on_5000_resources_fits_a_message() {
    let mut report = sample();
    report.recommendations = (0..5000)
        .map(|n| format!("lambda:shop-{n} {}", "loses what arrives ".repeat(40)))
        .collect();
    let message = compose(&report, &Whereabouts::default());
    assert!(message.body.len() <= LARGEST_MESSAGE, "{}", message.body.len());
    let (json, email) = parts(&message);
    assert!(email.contains("- and 4950 more\n"), "{email}");
    assert_eq!(json["recommendations"].as_array().map(Vec::len), Some(51));
    assert!(!email.contains("full report"), "there is none: {email}");
}

#[test]
fn a_message_fits_whatever_letters_names_have() {
    let mut report = sample();
    report.errors = vec![Trouble::NotSent(Failure::refused("𓀀".repeat(600))); 200];
    let template = report.resources[0].clone();
    report.resources = (0..2000)
        .map(|n| Row {
            name: format!("{n}{}", "𓀀".repeat(200)),
            result: RowResult::Failed,
            ..template.clone()
        })
        .collect();
    let message = compose(&report, &Whereabouts::default());
    assert!(message.body.len() <= LARGEST_MESSAGE, "{}", message.body.len());
    assert!(parts(&message).1.starts_with("Stop of shop (dev, us-east-1) succeeded only in part."));
}
