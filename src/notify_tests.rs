use super::*;
use crate::report::Result;
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
fn e_mail_gets_the_text_and_every_other_protocol_the_json() {
    let report = sample();
    let (json, email) = parts(&compose(&report, &Whereabouts::default()));
    assert_eq!(json, serde_json::to_value(&report).unwrap());
    assert_eq!(email, text::body(&report, Extent::Full, &Whereabouts::default()));
}

#[test]
fn a_report_of_5000_resources_fits_a_message_with_its_failures_and_where_the_rest_is() {
    let mut report = sample();
    let template = report.resources[0].clone();
    report.resources.extend((0..5000).map(|n| {
        let mut line = template.clone();
        line.name = format!("shop-endpoint-with-a-name-of-usual-length-{n}");
        line.result = if n % 10 == 0 { Result::Failed } else { Result::Stopped };
        line
    }));
    let message = compose(&report, &Whereabouts { report: Some("s3://bucket/key.json"), function: None });
    assert!(message.body.len() <= LARGEST_MESSAGE, "{}", message.body.len());
    let (json, email) = parts(&message);
    assert_eq!(json["full_report"], "s3://bucket/key.json");
    assert_eq!(json["outcome"], "partial");
    assert!(email.contains("501 failed"), "{email}");
    assert!(email.contains("and 401 more, in the full report"), "{email}");
    assert!(email.contains("Full report: s3://bucket/key.json"));
}
