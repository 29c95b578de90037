//! SNS: one message an operation, text for e-mail and JSON for every other protocol.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use serde_json::json;

use crate::failure::Failure;
use crate::report::Report;
use crate::report::text::{self, Extent, Whereabouts};

/// docs.aws.amazon.com/sns/latest/api/API_Publish.html
const LARGEST_MESSAGE: usize = 262_144;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub subject: String,
    /// What SNS takes with `MessageStructure=json`: a text per protocol, and one for all others.
    pub body: String,
}

/// Writes the message: in full where SNS takes it, and without what went well where not.
pub fn compose(report: &Report, whereabouts: &Whereabouts<'_>) -> Message {
    let subject = text::subject(report);
    let full = body(report, Extent::Full, whereabouts);
    let body = if full.len() <= LARGEST_MESSAGE {
        full
    } else {
        let mut short = report.clone();
        short.resources.clear();
        short.recommendations.truncate(20);
        let email = text::body(report, Extent::Short, whereabouts);
        json!({"default": json_with_location(&short, whereabouts.report), "email": email}).to_string()
    };
    Message { subject, body }
}

fn body(report: &Report, extent: Extent, whereabouts: &Whereabouts<'_>) -> String {
    let json = serde_json::to_string(report).expect("a report is plain data");
    json!({"default": json, "email": text::body(report, extent, whereabouts)}).to_string()
}

/// A report without its resources, with the place where they are.
fn json_with_location(report: &Report, location: Option<&str>) -> String {
    let mut value = serde_json::to_value(report).expect("a report is plain data");
    value["full_report"] = json!(location);
    value.to_string()
}

#[async_trait]
pub trait Notifier: Send + Sync {
    async fn send(&self, message: &Message) -> Result<(), Failure>;
}

pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    pub fn new(aws: &aws_config::SdkConfig, arn: &str) -> Self {
        Topic { client: Client::new(aws), arn: arn.to_owned() }
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
#[path = "notify_tests.rs"]
mod tests;
