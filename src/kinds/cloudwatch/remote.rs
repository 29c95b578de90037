//! The remote of alarms asks for whole pages and batches: a call takes 100 names.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    AlarmType, CompositeAlarm, LogAlarm, MetricAlarm, MetricDataQuery, MetricStat,
};

use super::{Alarms, Form, Seen, Step, Switch};
use crate::failure::{Class, Failure};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

/// A call takes at most so many names, and a page as many alarms
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
const BATCH: usize = 100;
/// After so many refusals in a row, no smaller batch is tried.
///
/// Then AWS refuses every alarm, not a single one: a single one is found by halving a batch of 100
/// seven times at most.
const REFUSALS_IN_A_ROW: usize = 8;
/// An alarm with a period below this many seconds bills as high resolution.
const STANDARD_PERIOD: i32 = 60;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    Kind::managed(Alarms, lazy(setup.aws, Api::new))
}

pub struct Api {
    client: Client,
}

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws) }
    }

    /// Asks for all alarms, or for those of these names.
    ///
    /// Without the types, AWS would tell of metric alarms only.
    async fn describe(&self, names: Option<Vec<String>>) -> Result<HashMap<String, Seen>, Failure> {
        let mut pages = self
            .client
            .describe_alarms()
            .set_alarm_names(names)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::LogAlarm)
            .max_records(100)
            .into_paginator()
            .send();
        let mut alarms = HashMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("cloudwatch:DescribeAlarms", &e))?;
            alarms.extend(page.metric_alarms.unwrap_or_default().iter().filter_map(metric_alarm));
            alarms.extend(
                page.composite_alarms.unwrap_or_default().iter().filter_map(composite_alarm),
            );
            alarms.extend(page.log_alarms.unwrap_or_default().iter().filter_map(log_alarm));
        }
        Ok(alarms)
    }

    /// Sends the call for all these alarms, with an answer for each.
    ///
    /// AWS refuses a whole batch because of one alarm. Then its halves are tried, and theirs.
    async fn switch_each(
        &self,
        switch: Switch,
        names: Vec<String>,
        pace: &Pace,
    ) -> Vec<Result<(), Failure>> {
        let mut answers = vec![Ok(()); names.len()];
        let (mut parts, mut refusals) = (vec![(0, names.len())], 0);
        while let Some((start, end)) = parts.pop() {
            let answer = match pace.halted() {
                Some(_) => Err(Failure::halted()),
                None => self.switch(switch, names[start..end].to_vec()).await,
            };
            let is_refused = matches!(&answer, Err(failure) if matches!(failure.class, Class::Refused | Class::Denied));
            refusals = if is_refused { refusals + 1 } else { 0 };
            if is_refused && end - start > 1 && refusals < REFUSALS_IN_A_ROW {
                let middle = start.midpoint(end);
                parts.extend([(start, middle), (middle, end)]);
            } else {
                answers[start..end].fill(answer);
            }
        }
        answers
    }

    async fn switch(&self, switch: Switch, names: Vec<String>) -> Result<(), Failure> {
        match switch {
            Switch::Disable => {
                let call = self.client.disable_alarm_actions().set_alarm_names(Some(names)).send();
                call.await
                    .map(drop)
                    .map_err(|e| Failure::from_sdk("cloudwatch:DisableAlarmActions", &e))
            }
            Switch::Enable => {
                let call = self.client.enable_alarm_actions().set_alarm_names(Some(names)).send();
                call.await
                    .map(drop)
                    .map_err(|e| Failure::from_sdk("cloudwatch:EnableAlarmActions", &e))
            }
        }
    }
}

#[async_trait]
impl Observe<Alarms> for Api {
    async fn observe(&self, wanted: &Wanted, _: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let mut alarms = self.describe(None).await?;
        let names = wanted.among(alarms.keys().cloned());
        Ok(names
            .into_iter()
            .map(|name| Sighting { seen: Ok(alarms.remove(&name)), name })
            .collect())
    }
}

#[async_trait]
impl Remote<Alarms> for Api {
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let batches: Vec<&[(String, Step)]> = tasks.chunks(BATCH).collect();
        let names = |batch: &[(String, Step)]| batch.iter().map(|(name, _)| name.clone()).collect();
        let answers = pace.ask_each(&batches, |batch| self.describe(Some(names(batch)))).await;
        batches
            .iter()
            .zip(answers)
            .flat_map(|(batch, answer)| {
                batch.iter().map(move |(name, _)| match &answer {
                    Ok(alarms) => Ok(alarms.get(name).cloned()),
                    Err(failure) => Err(failure.clone()),
                })
            })
            .collect()
    }

    async fn perform(&self, tasks: &[(String, Switch)], pace: &Pace) -> Vec<AnswerOf<Alarms>> {
        let mut results = vec![Answer::Accepted; tasks.len()];
        for switch in [Switch::Disable, Switch::Enable] {
            let indices: Vec<usize> =
                (0..tasks.len()).filter(|index| tasks[*index].1 == switch).collect();
            let batches: Vec<&[usize]> = indices.chunks(BATCH).collect();
            let names =
                |batch: &[usize]| batch.iter().map(|index| tasks[*index].0.clone()).collect();
            let answers = pace
                .change_each(
                    &batches,
                    |batch| self.switch_each(switch, names(batch), pace),
                    Vec::new,
                )
                .await;
            for (batch, answers) in batches.iter().zip(answers) {
                let halted = || Err(Failure::halted());
                for (position, index) in batch.iter().enumerate() {
                    results[*index] = answers.get(position).cloned().unwrap_or_else(halted).into();
                }
            }
        }
        results
    }
}

fn metric_alarm(alarm: &MetricAlarm) -> Option<(String, Seen)> {
    let periods =
        alarm.metrics().iter().filter_map(|metric| metric.metric_stat()).map(MetricStat::period);
    // A metric math alarm bills each metric that it reads. One on an anomaly detection band bills
    // the two bounds of the band, too (aws.amazon.com/cloudwatch/pricing).
    let is_band = |metric: &MetricDataQuery| {
        metric.expression().is_some_and(|e| e.contains("ANOMALY_DETECTION_BAND"))
    };
    let bounds = if alarm.metrics().iter().any(is_band) { 2 } else { 0 };
    let metrics =
        u32::try_from(periods.clone().count()).unwrap_or(u32::MAX).max(1).saturating_add(bounds);
    let shortest = periods.flatten().chain(alarm.period()).min().unwrap_or(STANDARD_PERIOD);
    let is_query = |metric: &MetricDataQuery| {
        metric.expression().is_some_and(|expression| {
            expression.trim_start().to_ascii_uppercase().starts_with("SELECT ")
        })
    };
    let form = if alarm.metrics().iter().any(is_query) {
        Form::Query
    } else {
        Form::Metric { metrics, high_resolution: shortest < STANDARD_PERIOD }
    };
    let seen = Seen {
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        form,
        drives_scaling: [
            alarm.alarm_actions(),
            alarm.ok_actions(),
            alarm.insufficient_data_actions(),
        ]
        .concat()
        .iter()
        .any(|action| is_scaling_policy(action)),
    };
    Some((alarm.alarm_name()?.to_owned(), seen))
}

fn composite_alarm(alarm: &CompositeAlarm) -> Option<(String, Seen)> {
    Some((alarm.alarm_name()?.to_owned(), not_scaling(alarm.actions_enabled(), Form::Composite)))
}

fn log_alarm(alarm: &LogAlarm) -> Option<(String, Seen)> {
    Some((alarm.alarm_name()?.to_owned(), not_scaling(alarm.actions_enabled(), Form::Log)))
}

/// Describes a composite or a log alarm. Neither can have a scaling policy as an action.
fn not_scaling(actions_enabled: Option<bool>, form: Form) -> Seen {
    Seen { actions_enabled: actions_enabled.unwrap_or(true), form, drives_scaling: false }
}

/// Tells whether an alarm's action is a scaling policy.
///
/// Those of EC2 and of Application Auto Scaling have the same ARN:
/// `arn:aws:autoscaling:REGION:ACCOUNT:scalingPolicy:…`.
fn is_scaling_policy(action: &str) -> bool {
    action.split(':').nth(2) == Some("autoscaling")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::types::Metric;

    fn reads(id: &str, period: i32) -> MetricDataQuery {
        let metric = Metric::builder().namespace("AWS/Lambda").metric_name("Errors").build();
        let stat = MetricStat::builder().metric(metric).period(period).stat("Sum").build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    }

    fn computes(expression: &str) -> MetricDataQuery {
        MetricDataQuery::builder().id("e").expression(expression).build()
    }

    fn form(metrics: Vec<MetricDataQuery>) -> Form {
        let alarm = MetricAlarm::builder().alarm_name("a").set_metrics(Some(metrics)).build();
        metric_alarm(&alarm).unwrap().1.form
    }

    #[test]
    fn an_alarm_bills_each_metric_that_it_reads_and_a_band_two_more() {
        let plain = MetricAlarm::builder().alarm_name("a").metric_name("Errors").period(60).build();
        assert_eq!(
            metric_alarm(&plain).unwrap().1.form,
            Form::Metric { metrics: 1, high_resolution: false }
        );
        let quick = MetricAlarm::builder().alarm_name("a").metric_name("Errors").period(10).build();
        assert_eq!(
            metric_alarm(&quick).unwrap().1.form,
            Form::Metric { metrics: 1, high_resolution: true }
        );
        let math = vec![reads("m1", 300), reads("m2", 300), computes("m1 / m2")];
        assert_eq!(form(math), Form::Metric { metrics: 2, high_resolution: false });
        let band = vec![reads("m1", 300), computes("ANOMALY_DETECTION_BAND(m1, 2)")];
        assert_eq!(form(band), Form::Metric { metrics: 3, high_resolution: false });
    }

    #[test]
    fn nobody_tells_how_many_metrics_a_query_reads() {
        assert_eq!(
            form(vec![computes("SELECT MAX(Errors) FROM SCHEMA(\"AWS/Lambda\", FunctionName)")]),
            Form::Query
        );
    }
}
