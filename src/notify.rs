//! SNS gets one message an operation: text for e-mail and JSON for every other protocol.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use serde_json::json;

use crate::failure::Failure;
use crate::lazy::{Lazy, lazy};
use crate::report::Report;
use crate::report::text::{self, Extent, Whereabouts};

/// SNS takes messages of at most this many bytes
/// (docs.aws.amazon.com/sns/latest/api/API_Publish.html).
const LARGEST_MESSAGE: usize = 262_144;

/// A message is what SNS sends to everybody who subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub subject: String,
    /// The body is JSON with a text for e-mail and one for every other protocol.
    ///
    /// Such a body goes with `MessageStructure=json`
    /// (docs.aws.amazon.com/sns/latest/api/API_Publish.html).
    pub body: String,
}

/// Writes the message. Where SNS would not take the whole, what went well is left out.
pub fn compose(report: &Report, whereabouts: &Whereabouts) -> Message {
    let json = serde_json::to_string(report).expect("a report is plain data");
    let full = body(&json, &text::body(report, Extent::Full, whereabouts));
    let body = if full.len() <= LARGEST_MESSAGE { full } else { short(report, whereabouts) };
    Message { subject: text::subject(report), body }
}

fn short(report: &Report, whereabouts: &Whereabouts) -> String {
    let mut short = Report { resources: Vec::new(), ..report.clone() };
    text::shorten(&mut short.recommendations, text::MOST_RECOMMENDATIONS, whereabouts);
    let mut errors = short.error_texts();
    text::shorten(&mut errors, text::MOST_PROBLEMS, whereabouts);
    let json = json_with_location(&short, &errors, whereabouts.report.as_deref());
    let mut email = text::body(report, Extent::Short, whereabouts);
    loop {
        let body = body(&json, &email);
        if body.len() <= LARGEST_MESSAGE || email.is_empty() {
            return body;
        }
        // Every list has its limit, so only names whose letters have many bytes get here.
        email.truncate(email.floor_char_boundary(email.len() * 3 / 4));
    }
}

fn body(json: &str, email: &str) -> String {
    json!({"default": json, "email": email}).to_string()
}

/// Writes a report's JSON with these errors, and with the place of the whole report.
fn json_with_location(report: &Report, errors: &[String], location: Option<&str>) -> String {
    let mut value = serde_json::to_value(report).expect("a report is plain data");
    value["errors"] = json!(errors);
    value["full_report"] = json!(location);
    value.to_string()
}

/// Sends messages.
#[async_trait]
pub trait Notifier: Send + Sync {
    async fn send(&self, message: &Message) -> Result<(), Failure>;
}

/// Sends messages to an SNS topic.
pub struct Topic {
    client: Lazy<Client>,
    arn: String,
}

impl Topic {
    pub fn new(aws: &aws_config::SdkConfig, arn: &str) -> Self {
        Topic { client: lazy(aws, Client::new), arn: arn.to_owned() }
    }
}

#[async_trait]
impl Notifier for Topic {
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        self.client
            .publish()
            .topic_arn(&self.arn)
            .subject(&message.subject)
            .message_structure("json")
            .message(&message.body)
            .send()
            .await
            .map(drop)
            .map_err(|e| Failure::from_sdk("sns:Publish", &e))
    }
}

#[cfg(test)]
mod tests;
