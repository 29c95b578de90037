//! Metrics are printed in the embedded metric format, which CloudWatch Logs understands
//! (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//!
//! A metric bills for the hours in which it is sent. So there are few of them, and none at all
//! without `METRICS_NAMESPACE`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use metrique_writer::Entry;
use metrique_writer::format::Format;
use metrique_writer::unit::{AsCount, AsSeconds};
use metrique_writer_format_emf::Emf;

use crate::config::Config;
use crate::journal::{Journal, Record};
use crate::model::{Action, Direction, Phase};
use crate::report::{Outcome, Report, RowResult};
use crate::tally::Tally;

/// These dimensions tell the metrics of several functions apart.
const DIMENSIONS: [&str; 2] = ["Project", "Environment"];

/// Prints the metrics of one function, where there is a namespace for them.
pub struct Metrics {
    namespace: Option<String>,
    project: String,
    environment: String,
    tally: Arc<Tally>,
}

/// A mark is the tally at the beginning of an invocation: a process serves many.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    calls: u64,
    throttles: u64,
}

/// Tells what a stop or a start came to.
///
/// An invocation that did not end its operation tells its calls only.
#[derive(Debug, Entry)]
#[entry(rename_all = "PascalCase")]
struct Operated<'m> {
    #[entry(timestamp)]
    at: SystemTime,
    project: &'m str,
    environment: &'m str,
    resources_changed: Option<AsCount<u64>>,
    resources_failed: Option<AsCount<u64>>,
    resources_skipped: Option<AsCount<u64>>,
    duration_seconds: Option<AsSeconds<f64>>,
    #[entry(name = "SavedUSD")]
    saved_usd: Option<f64>,
    api_calls: AsCount<u64>,
    throttles: AsCount<u64>,
}

/// Tells what a scheduled status found.
#[derive(Debug, Entry)]
#[entry(rename_all = "PascalCase")]
struct Checked<'m> {
    #[entry(timestamp)]
    at: SystemTime,
    project: &'m str,
    environment: &'m str,
    start_missed: AsCount<u64>,
}

impl Metrics {
    pub fn new(config: &Config, tally: Arc<Tally>) -> Self {
        Metrics {
            namespace: config.metrics_namespace.clone(),
            project: config.project.clone(),
            environment: config.environment.clone(),
            tally,
        }
    }

    /// Marks the beginning of an invocation.
    pub fn mark(&self) -> Mark {
        Mark { calls: self.tally.calls(), throttles: self.tally.throttles() }
    }

    /// Prints what an invocation of a stop or a start did.
    ///
    /// It prints nothing for a status or a dry run.
    pub fn operated(&self, report: &Report, since: Mark, now: Timestamp) {
        if report.action != Action::Status && !report.dry_run {
            self.print(&self.entry_of(report, since, now));
        }
    }

    fn entry_of(&self, report: &Report, since: Mark, now: Timestamp) -> Operated<'_> {
        let ended = !matches!(report.outcome, Outcome::InProgress | Outcome::Skipped);
        let count = |results: &[RowResult]| {
            let number: usize = results.iter().map(|result| report.count(*result)).sum();
            ended.then_some(AsCount::from(number as u64))
        };
        // What is pending at the end was not done, and an error may say that something was not even
        // seen. Where a newer event took over, it decides about both, and nobody has to look.
        let undone = if report.was_taken_over() {
            0
        } else {
            report.count(RowResult::Pending) + report.errors.len()
        };
        let failed = report.count(RowResult::Failed) + undone;
        let took =
            report.finished_at.map(|end| end.duration_since(report.started_at).as_secs_f64());
        Operated {
            at: system_time(now),
            project: &self.project,
            environment: &self.environment,
            resources_changed: count(&[RowResult::Stopped, RowResult::Started]),
            resources_failed: ended.then_some(AsCount::from(failed as u64)),
            resources_skipped: count(&[RowResult::Skipped]),
            duration_seconds: took.filter(|_| ended).map(AsSeconds::from),
            // Each operation tells only what it has booked itself, so that their sum is what was
            // saved in all. A stop books something only where it stops a resource once more.
            saved_usd: (ended
                && (report.action == Action::Start || report.saved.by_operation > 0.0))
                .then_some(report.saved.by_operation),
            api_calls: AsCount::from(self.tally.calls().saturating_sub(since.calls)),
            throttles: AsCount::from(self.tally.throttles().saturating_sub(since.throttles)),
        }
    }

    /// Prints whether the start that was due by `deadline` has been missed.
    pub fn checked(&self, journal: &Journal, deadline: Timestamp, now: Timestamp) {
        let start_missed = AsCount::from(u64::from(start_was_missed(journal, deadline)));
        self.print(&Checked {
            at: system_time(now),
            project: &self.project,
            environment: &self.environment,
            start_missed,
        });
    }

    fn print(&self, entry: &impl Entry) {
        let Some(lines) = self.format(entry) else { return };
        // What cannot be printed cannot be complained about either.
        let _ = std::io::stdout().lock().write_all(&lines);
    }

    fn format(&self, entry: &impl Entry) -> Option<Vec<u8>> {
        let namespace = self.namespace.clone()?;
        let dimensions = vec![DIMENSIONS.map(str::to_owned).to_vec()];
        let mut lines = Vec::new();
        match Emf::all_validations(namespace, dimensions).format(entry, &mut lines) {
            Ok(()) => Some(lines),
            Err(error) => {
                tracing::error!(%error, "the metrics cannot be written");
                None
            }
        }
    }
}

/// Converts a time to the type that the library wants.
fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH
        + Duration::from_millis(u64::try_from(time.as_millisecond()).unwrap_or_default())
}

/// Tells whether something is owed that a scheduled start should have brought back.
///
/// The check runs at `deadline`, on the days of the start and after it. So whatever is owed then
/// was missed, with one exception: what a person stopped on that day after the scheduled start.
///
/// A person's stop before the start (at the weekend, in the night, once more after a scheduled
/// stop) excuses nothing, because a scheduled start brings that back, too. Nor does a stop excuse a
/// start that never came: nobody knows whether the rest was to stay stopped. The start never came
/// where the newest scheduled operation is a stop, or is of another day. What is still on its way
/// up has been missed, too.
fn start_was_missed(journal: &Journal, deadline: Timestamp) -> bool {
    let day = |time: Timestamp| journal.zone.to_datetime(time).date();
    let came = journal.scheduled.as_ref().filter(|newest| {
        newest.direction == Direction::Start && day(newest.planned) == day(deadline)
    });
    let stopped_since = |record: &Record| {
        came.is_some_and(|start| record.phase != Phase::Starting && record.since > start.began_at)
    };
    journal.resources.values().any(|record| record.held().is_some() && !stopped_since(record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::kinds::kinesis;
    use crate::report::tests::sample;
    use crate::trouble::{Rival, Trouble};
    use serde_json::Value;

    fn metrics(namespace: Option<&str>) -> Metrics {
        Metrics {
            namespace: namespace.map(str::to_owned),
            project: "shop".to_owned(),
            environment: "dev".to_owned(),
            tally: Arc::default(),
        }
    }

    fn printed(report: &Report) -> Value {
        let metrics = metrics(Some("aws-resource-manager"));
        let now = "2026-11-23T18:01:23Z".parse().unwrap();
        let lines = metrics.format(&metrics.entry_of(report, metrics.mark(), now)).unwrap();
        serde_json::from_slice(&lines).unwrap()
    }

    #[test]
    fn an_operation_is_told_by_project_and_environment() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&printed(&sample())).unwrap(), @r#"
        {
          "ApiCalls": 0,
          "DurationSeconds": 83.4,
          "Environment": "dev",
          "Project": "shop",
          "ResourcesChanged": 4,
          "ResourcesFailed": 1,
          "ResourcesSkipped": 0,
          "Throttles": 0,
          "_aws": {
            "CloudWatchMetrics": [
              {
                "Dimensions": [
                  [
                    "Project",
                    "Environment"
                  ]
                ],
                "Metrics": [
                  {
                    "Name": "ResourcesChanged",
                    "Unit": "Count"
                  },
                  {
                    "Name": "ResourcesFailed",
                    "Unit": "Count"
                  },
                  {
                    "Name": "ResourcesSkipped",
                    "Unit": "Count"
                  },
                  {
                    "Name": "DurationSeconds",
                    "Unit": "Seconds"
                  },
                  {
                    "Name": "ApiCalls",
                    "Unit": "Count"
                  },
                  {
                    "Name": "Throttles",
                    "Unit": "Count"
                  }
                ],
                "Namespace": "aws-resource-manager"
              }
            ],
            "Timestamp": 1795456883000
          }
        }
        "#);
    }

    #[test]
    fn a_start_tells_what_it_has_booked_itself() {
        let mut report = sample();
        report.action = Action::Start;
        (report.saved.this_stop, report.saved.by_operation) = (4.0, 1.5);
        assert_eq!(printed(&report)["SavedUSD"], 1.5);
    }

    #[test]
    fn an_invocation_that_ended_nothing_tells_its_calls_only() {
        let mut report = sample();
        report.outcome = Outcome::InProgress;
        let document = printed(&report);
        assert_eq!(document["ApiCalls"], 0);
        assert_eq!(document.get("ResourcesFailed"), None);
    }

    #[test]
    fn what_could_not_even_be_seen_counts_as_failed() {
        let mut report = sample();
        report.resources.clear();
        let failure = Failure::refused("the function's role needs kinesis:ListStreams");
        report.errors = vec![Trouble::KindUnseen { kind: kinesis::INFO.name, failure }];
        assert_eq!(printed(&report)["ResourcesFailed"], 1);
    }

    #[test]
    fn what_was_left_to_a_newer_event_has_not_failed() {
        let mut report = sample();
        report.resources[0].result = RowResult::Pending;
        assert_eq!((report.count(RowResult::Failed), report.errors.len()), (1, 0));
        assert_eq!(printed(&report)["ResourcesFailed"], 2);
        let by = Rival { direction: Direction::Start, operation_id: "1".to_owned() };
        report.errors = vec![Trouble::TakenOver { by: Some(by) }];
        assert_eq!(printed(&report)["ResourcesFailed"], 1);
    }

    #[test]
    fn without_a_namespace_nothing_is_printed() {
        let metrics = metrics(None);
        let now = "2026-11-23T18:01:23Z".parse().unwrap();
        assert!(metrics.format(&metrics.entry_of(&sample(), metrics.mark(), now)).is_none());
    }
}

#[cfg(test)]
mod the_check;
