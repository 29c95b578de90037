//! These calls find out which of the alarms exist that roll deployments back.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::AlarmType;

use crate::failure::Failure;
use crate::pace::Pace;

/// A call takes at most so many names
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
const BATCH: usize = 100;

pub struct Alarms {
    client: Client,
}

impl Alarms {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Alarms { client: Client::new(aws) }
    }

    /// Tells which of these alarms exist.
    pub async fn existing(
        &self,
        names: &BTreeSet<String>,
        pace: &Pace,
    ) -> Result<BTreeSet<String>, Failure> {
        let names: Vec<String> = names.iter().cloned().collect();
        let batches: Vec<&[String]> = names.chunks(BATCH).collect();
        let answers = pace.ask_each(&batches, |batch| self.named(batch.to_vec())).await;
        let mut existing = BTreeSet::new();
        for answer in answers {
            existing.extend(answer?);
        }
        Ok(existing)
    }

    /// Asks for the alarms of these names.
    ///
    /// Without the types, AWS would tell of metric alarms only.
    async fn named(&self, names: Vec<String>) -> Result<Vec<String>, Failure> {
        let mut pages = self
            .client
            .describe_alarms()
            .set_alarm_names(Some(names))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::LogAlarm)
            .max_records(100)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("cloudwatch:DescribeAlarms", &e))?;
            let metric = page.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name());
            let composite = page.composite_alarms().iter().filter_map(|alarm| alarm.alarm_name());
            let log = page.log_alarms().iter().filter_map(|alarm| alarm.alarm_name());
            found.extend(metric.chain(composite).chain(log).map(str::to_owned));
        }
        Ok(found)
    }
}
