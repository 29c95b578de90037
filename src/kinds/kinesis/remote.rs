//! The remote of streams lists, describes and scales them through the Kinesis API.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::types::{
    ScalingType, StreamDescriptionSummary, StreamMode, StreamModeDetails, StreamStatus,
    StreamSummary,
};

use super::{Mode, ScaleTo, Seen, Status, Step, Streams};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

const LIMIT_EXCEEDED: &str = "LimitExceededException";
/// Fewer streams than this are described one by one.
const WORTH_A_LISTING: usize = 3;

/// Marks AWS's limits of calls that change nothing as transient.
///
/// Such calls have only a limit a second, whatever words AWS has for it.
fn classify_asking(failure: Failure) -> Failure {
    match failure.code.as_deref() {
        Some(LIMIT_EXCEEDED) => Failure { class: Class::Transient, ..failure },
        _ => failure,
    }
}

/// Tells by AWS's words which limit a scaling has hit: the code is the same for all.
///
/// Too many calls a second pass by themselves. Too many calls a day, or too many shards in the
/// account, do not.
fn classify_scaling(mut failure: Failure) -> Failure {
    if failure.code.as_deref() != Some(LIMIT_EXCEEDED) {
        return failure;
    }
    let says = |words: &str| failure.message.contains(words);
    if says("Rate exceeded") {
        failure.class = Class::Transient;
    } else if says("shard limit") {
        failure.message.push_str(
            " (this is the account's quota of shards in the region: raise it in Service Quotas, or make room, and send \
             the event again)",
        );
    } else {
        failure.class = Class::Spent;
        failure.message.push_str(" (a stream takes 10 such calls in a rolling 24 hours)");
    }
    failure
}

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    let rules = Streams { longest_stop_hours: setup.longest_stop_hours };
    Kind::managed(rules, lazy(setup.aws, Api::new))
}

pub struct Api {
    client: Client,
    known: Mutex<Known>,
}

/// Remembers what spares calls while streams are waited for.
#[derive(Default)]
struct Known {
    /// A listing of all streams takes so many calls.
    pages: usize,
    /// Each stream was last seen like this.
    streams: BTreeMap<String, Seen>,
}

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists all streams of the account, each with what the listing tells of it.
    async fn list(&self) -> Result<BTreeMap<String, Option<StreamSummary>>, Failure> {
        let mut listed = BTreeMap::new();
        let mut pages = self.client.list_streams().limit(100).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|e| classify_asking(Failure::from_sdk("kinesis:ListStreams", &e)))?;
            count += 1;
            listed.extend(page.stream_names.into_iter().map(|name| (name, None)));
            let summaries = page.stream_summaries.into_iter().flatten();
            listed.extend(summaries.map(|summary| (summary.stream_name.clone(), Some(summary))));
        }
        self.known().pages = count;
        Ok(listed)
    }

    /// Finds out all that a decision needs to know of a stream.
    ///
    /// The listing alone tells enough of an on-demand stream.
    async fn observe_one(
        &self,
        name: &str,
        listed: Option<&StreamSummary>,
    ) -> Result<Option<Seen>, Failure> {
        if let Some(summary) =
            listed.filter(|summary| mode(summary.stream_mode_details()) == Mode::OnDemand)
        {
            let status = status(summary.stream_status());
            return Ok(Some(Seen { status, mode: Mode::OnDemand, ..Seen::default() }));
        }
        let Some(described) = self.describe(name).await? else { return Ok(None) };
        let mut seen = seen(&described);
        if seen.consumers > 0 && seen.mode == Mode::Provisioned {
            // The names only make a report clearer. Where they cannot be listed, it goes without.
            seen.consumer_names = self.consumers(described.stream_arn()).await.unwrap_or_default();
        }
        self.known().streams.insert(name.to_owned(), seen.clone());
        Ok(Some(seen))
    }

    async fn describe(&self, name: &str) -> Result<Option<StreamDescriptionSummary>, Failure> {
        let answer = self.client.describe_stream_summary().stream_name(name).send().await;
        let answer = unless_missing("kinesis:DescribeStreamSummary", answer, |code, _| {
            code == "ResourceNotFoundException"
        });
        Ok(answer.map_err(classify_asking)?.and_then(|answer| answer.stream_description_summary))
    }

    async fn consumers(&self, arn: &str) -> Result<Vec<String>, Failure> {
        let mut pages = self.client.list_stream_consumers().stream_arn(arn).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("kinesis:ListStreamConsumers", &e))?;
            names.extend(
                page.consumers.into_iter().flatten().map(|consumer| consumer.consumer_name),
            );
        }
        Ok(names)
    }

    async fn look_at(
        &self,
        name: &str,
        listed: Option<&StreamSummary>,
    ) -> Result<Option<Seen>, Failure> {
        let status = listed.map(|summary| status(summary.stream_status()));
        let known = self.known().streams.get(name).cloned();
        // A stream that is not ACTIVE yet does not show its new shards: no call asks for them.
        if let (Some(status), Some(known)) =
            (status.filter(|status| *status != Status::Active), known)
        {
            return Ok(Some(Seen { status, ..known }));
        }
        let seen = self.describe(name).await?.as_ref().map(seen);
        if let Some(seen) = &seen {
            self.known().streams.insert(name.to_owned(), seen.clone());
        }
        Ok(seen)
    }

    async fn scale(&self, name: &str, ScaleTo(to): ScaleTo) -> Result<(), Failure> {
        // The SDK takes the day's limit for throttling, and would try again in vain.
        let once = aws_sdk_kinesis::Config::builder().retry_config(RetryConfig::disabled());
        self.client
            .update_shard_count()
            .stream_name(name)
            .target_shard_count(i32::try_from(to).unwrap_or(i32::MAX))
            .scaling_type(ScalingType::UniformScaling)
            .customize()
            .config_override(once)
            .send()
            .await
            .map(drop)
            .map_err(|e| classify_scaling(Failure::from_sdk("kinesis:UpdateShardCount", &e)))
    }
}

#[async_trait]
impl Observe<Streams> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let mut listed = self.list().await?;
        let streams: Vec<(String, Option<StreamSummary>)> = wanted
            .among(listed.keys().cloned())
            .into_iter()
            .map(|name| {
                let summary = listed.remove(&name).flatten();
                (name, summary)
            })
            .collect();
        let seen = pace
            .ask_each(&streams, |(name, summary)| self.observe_one(name, summary.as_ref()))
            .await;
        Ok(streams.into_iter().zip(seen).map(|((name, _), seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl Remote<Streams> for Api {
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let is_worth_it = tasks.len() >= WORTH_A_LISTING && tasks.len() > self.known().pages;
        // Without a listing, the streams are described one by one.
        let mut listed =
            if is_worth_it { self.list().await.unwrap_or_default() } else { BTreeMap::new() };
        let streams: Vec<(&String, Option<StreamSummary>)> =
            tasks.iter().map(|(name, _)| (name, listed.remove(name).flatten())).collect();
        pace.ask_each(&streams, |(name, summary)| self.look_at(name, summary.as_ref())).await
    }

    async fn perform(&self, tasks: &[(String, ScaleTo)], pace: &Pace) -> Vec<AnswerOf<Streams>> {
        pace.change_each(
            tasks,
            |(name, to)| async { self.scale(name, *to).await.into() },
            Answer::halted,
        )
        .await
    }
}

fn status(status: &StreamStatus) -> Status {
    match status {
        StreamStatus::Active => Status::Active,
        StreamStatus::Creating => Status::Creating,
        StreamStatus::Deleting => Status::Deleting,
        // A state that AWS adds one day is not ACTIVE either.
        _ => Status::Updating,
    }
}

fn mode(details: Option<&StreamModeDetails>) -> Mode {
    match details.map(StreamModeDetails::stream_mode) {
        Some(StreamMode::OnDemand) => Mode::OnDemand,
        _ => Mode::Provisioned,
    }
}

fn seen(stream: &StreamDescriptionSummary) -> Seen {
    Seen {
        status: status(stream.stream_status()),
        mode: mode(stream.stream_mode_details()),
        shards: stream.open_shard_count().try_into().unwrap_or(0),
        retention_hours: stream.retention_period_hours().try_into().unwrap_or(0),
        consumers: stream.consumer_count().and_then(|n| n.try_into().ok()).unwrap_or(0),
        consumer_names: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str) -> Failure {
        Failure::of_answer("kinesis:X", Some(LIMIT_EXCEEDED), Some(message), "")
    }

    #[test]
    fn who_only_asks_too_fast_may_ask_again() {
        let class = |failure| classify_asking(failure).class;
        assert_eq!(class(failure("Rate exceeded for stream s")), Class::Transient);
        assert_eq!(class(failure("")), Class::Transient);
        assert_eq!(class(Failure::refused("no")), Class::Refused);
    }

    #[test]
    fn awss_words_tell_which_limit_a_scaling_has_hit() {
        let passing = classify_scaling(failure("Rate exceeded for stream s"));
        assert_eq!(passing.class, Class::Transient);
        let words = "UpdateShardCount was called 10 times in the last 24 hours";
        assert_eq!(classify_scaling(failure(words)).class, Class::Spent);
        let quota = classify_scaling(failure(
            "This request would exceed the shard limit for the account 1 in us-east-1.",
        ));
        assert_eq!(quota.class, Class::Refused);
        assert!(
            quota.message.contains("Service Quotas") && !quota.message.contains("24 hours"),
            "{quota}"
        );
    }
}
