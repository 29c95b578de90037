//! The Kinesis API.

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::types::{ScalingType, StreamDescriptionSummary, StreamMode, StreamModeDetails, StreamStatus};

use super::{Mode, Seen, Status, Step, Streams};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::{Remote, Sighting};
use crate::pace::Pace;
use crate::select::Wanted;

/// One code for too many calls a second, which passes, and for too many calls a day or shards in the
/// account, which do not: AWS's words tell.
fn limit(mut failure: Failure, code: Option<&str>, message: Option<&str>) -> Failure {
    if code == Some("LimitExceededException") {
        if message.is_some_and(|words| words.starts_with("Rate exceeded")) {
            failure.class = Class::Transient;
        } else {
            failure.message.push_str(
                " (a stream takes 10 calls in a rolling 24 hours: send the event again when the oldest is a day old; \
                 a shard quota is raised in Service Quotas)",
            );
        }
    }
    failure
}

pub struct Api {
    client: Client,
}

impl Api {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws) }
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        let mut pages = self.client.list_streams().limit(100).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("kinesis:ListStreams", &e))?;
            names.extend(page.stream_names);
        }
        Ok(names)
    }

    async fn describe(&self, name: &str) -> Result<Option<Seen>, Failure> {
        let answer = self.client.describe_stream_summary().stream_name(name).send().await;
        let answer =
            unless_missing("kinesis:DescribeStreamSummary", answer, |code, _| code == "ResourceNotFoundException")?;
        Ok(answer.as_ref().and_then(|answer| answer.stream_description_summary()).map(seen))
    }

    async fn take(&self, name: &str, step: &Step) -> Result<Option<Seen>, Failure> {
        let Step::Scale { to } = step else { return Ok(None) };
        // The SDK takes the day's limit for throttling and would ask again: it is final for today.
        let once = aws_sdk_kinesis::Config::builder().retry_config(RetryConfig::disabled());
        self.client
            .update_shard_count()
            .stream_name(name)
            .target_shard_count(i32::try_from(*to).unwrap_or(i32::MAX))
            .scaling_type(ScalingType::UniformScaling)
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|e| limit(Failure::from_sdk("kinesis:UpdateShardCount", &e), e.code(), e.message()))?;
        Ok(None)
    }
}

#[async_trait]
impl Remote<Streams> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let names = wanted.among(self.list().await?);
        let seen = pace.ask_each(&names, |name| self.describe(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.ask_each(names, |name| self.describe(name)).await
    }

    async fn perform(&self, tasks: &[(String, Step)], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.change_each(tasks, |(name, step)| self.take(name, step), || Err(Failure::halted())).await
    }
}

fn seen(stream: &StreamDescriptionSummary) -> Seen {
    Seen {
        status: match stream.stream_status() {
            StreamStatus::Active => Status::Active,
            StreamStatus::Creating => Status::Creating,
            StreamStatus::Deleting => Status::Deleting,
            // Whatever else there may be one day: it is not ACTIVE.
            _ => Status::Updating,
        },
        mode: match stream.stream_mode_details().map(StreamModeDetails::stream_mode) {
            Some(StreamMode::OnDemand) => Mode::OnDemand,
            _ => Mode::Provisioned,
        },
        shards: stream.open_shard_count().try_into().unwrap_or(0),
        retention_hours: stream.retention_period_hours().try_into().unwrap_or(0),
        consumers: stream.consumer_count().and_then(|n| n.try_into().ok()).unwrap_or(0),
    }
}
