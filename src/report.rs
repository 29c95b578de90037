//! What an operation did, as data: the invocation's answer, the audit trail and the notification.
//! Pure. Its words for people are in [`text`].

pub mod advice;
pub mod html;
mod remedy;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

use crate::journal::{Glimpse, Journal, KeptOriginal};
use crate::kinds::rules::Verdict;
use crate::model::{Action, Direction, KindName, ResourceId, State, UsdPerHour};
use crate::plan::{Item, Move, Outlook, settled_by};

/// How many days the chart of savings shows.
const DAYS: i32 = 30;

/// The version of the report's form.
pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub schema: u32,
    pub operation_id: String,
    pub action: Action,
    pub dry_run: bool,
    pub outcome: Outcome,
    pub project: String,
    pub environment: String,
    pub region: String,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub reason: Option<String>,
    /// What a selective operation was about. Empty: everything that is managed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    pub resources: Vec<Line>,
    pub cost: Cost,
    pub saved: Saved,
    pub recommendations: Vec<String>,
    pub errors: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    InProgress,
    Partial,
    Failed,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub kind: KindName,
    pub name: String,
    pub result: Result,
    pub before: String,
    pub after: String,
    pub detail: String,
    pub warnings: Vec<String>,
    pub cost_per_day: BeforeAfter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Result {
    Failed,
    Pending,
    Stopped,
    Started,
    WouldStop,
    WouldStart,
    Running,
    AlreadyStopped,
    AlreadyRunning,
    Skipped,
    Unmanaged,
}

/// US dollars a day; `null` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BeforeAfter {
    #[serde(serialize_with = "cents_of_cents")]
    pub before: Option<f64>,
    #[serde(serialize_with = "cents_of_cents")]
    pub after: Option<f64>,
}

/// Sums over the resources whose price is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    pub currency: &'static str,
    pub price_source: String,
    #[serde(serialize_with = "rounded")]
    pub per_day_before: f64,
    #[serde(serialize_with = "rounded")]
    pub per_day_after: f64,
    #[serde(serialize_with = "rounded")]
    pub saved_per_day: f64,
    #[serde(serialize_with = "rounded")]
    pub per_month_before: f64,
    #[serde(serialize_with = "rounded")]
    pub per_month_after: f64,
    /// False: at least one price is unknown, or something could not be seen, and the sums are "at
    /// least".
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Saved {
    #[serde(serialize_with = "rounded")]
    pub this_stop: f64,
    #[serde(serialize_with = "rounded")]
    pub month_to_date: f64,
    #[serde(serialize_with = "rounded")]
    pub total: f64,
    /// False: for some of the time the price is not known, and the sums are "at least".
    pub complete: bool,
    /// Booked by the newest operation: for the metrics, which add up.
    #[serde(skip)]
    pub by_operation: f64,
    /// By day, the newest last: for the chart.
    #[serde(skip)]
    pub days: Vec<(Date, f64)>,
}

/// Hundredths of a cent: finer than any bill.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn rounded<S: Serializer>(usd: &f64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    // Without a minus before nothing.
    serializer.serialize_f64((usd * 10_000.0).round() / 10_000.0 + 0.0)
}

#[allow(clippy::ref_option, reason = "serde's signature")]
fn cents_of_cents<S: Serializer>(
    usd: &Option<f64>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match usd {
        Some(usd) => rounded(usd, serializer),
        None => serializer.serialize_none(),
    }
}

/// Whose operation it is and when it began.
#[derive(Debug, Clone)]
pub struct Heading {
    pub operation_id: String,
    pub action: Action,
    pub dry_run: bool,
    pub project: String,
    pub environment: String,
    pub region: String,
    pub started_at: Timestamp,
    pub reason: Option<String>,
    pub only: Vec<String>,
    pub price_source: String,
    /// Whether every resource that is managed could be looked for: what was not seen has a cost,
    /// too.
    pub all_seen: bool,
}

impl Heading {
    /// A report of an operation that had nothing to do with any resource.
    pub fn bare(self, outcome: Outcome, words: &str, journal: &Journal, now: Timestamp) -> Report {
        let mut report =
            Heading { all_seen: false, ..self }.report(Vec::new(), Vec::new(), journal, now);
        report.outcome = outcome;
        report.errors.push(words.to_owned());
        report
    }

    /// A report of these lines. Its outcome is that of an operation that is over.
    pub fn report(
        self,
        resources: Vec<Line>,
        errors: Vec<String>,
        journal: &Journal,
        now: Timestamp,
    ) -> Report {
        let is_running =
            |line: &&Line| matches!(line.result, Result::Running | Result::AlreadyRunning);
        let running: BTreeSet<String> = resources
            .iter()
            .filter(is_running)
            .map(|line| format!("{}:{}", line.kind, line.name))
            .collect();
        let savings = journal.savings_at(&running, now);
        let cost = cost(&resources, self.price_source);
        Report {
            schema: SCHEMA,
            outcome: outcome(self.action, self.dry_run, &resources, &errors),
            cost: Cost { complete: self.all_seen && cost.complete, ..cost },
            saved: Saved {
                this_stop: journal.saved_this_stop(&running, now),
                month_to_date: savings.month_to_date(now, &journal.zone),
                total: savings.total_usd,
                complete: journal.savings_are_complete(),
                by_operation: journal.saved_by_operation(),
                days: savings.last_days(DAYS, now, &journal.zone),
            },
            recommendations: Vec::new(),
            errors,
            operation_id: self.operation_id,
            action: self.action,
            dry_run: self.dry_run,
            project: self.project,
            environment: self.environment,
            region: self.region,
            started_at: self.started_at,
            finished_at: Some(now),
            reason: self.reason,
            only: self.only,
            resources,
        }
    }
}

/// What an operation that is over amounts to: `failed` only if it could do nothing. To a status or
/// a dry run, something in transition is no failure.
fn outcome(action: Action, dry_run: bool, lines: &[Line], errors: &[String]) -> Outcome {
    let is_wrong = |line: &Line| match line.result {
        Result::Failed => true,
        Result::Pending => action != Action::Status && !dry_run,
        _ => false,
    };
    let went_wrong = !errors.is_empty() || lines.iter().any(is_wrong);
    // What is pending was begun, or will be.
    let did_something = lines
        .iter()
        .any(|line| !matches!(line.result, Result::Failed | Result::Skipped | Result::Unmanaged));
    match (went_wrong, did_something) {
        (false, _) => Outcome::Succeeded,
        (true, true) => Outcome::Partial,
        (true, false) => Outcome::Failed,
    }
}

fn cost(lines: &[Line], price_source: String) -> Cost {
    let sum = |of: fn(&Line) -> Option<f64>| lines.iter().filter_map(of).sum::<f64>();
    let (before, after) =
        (sum(|line| line.cost_per_day.before), sum(|line| line.cost_per_day.after));
    // What is saved is known only where both sides are.
    let saved = lines
        .iter()
        .filter_map(|line| Some(line.cost_per_day.before? - line.cost_per_day.after?))
        .sum::<f64>();
    let month = UsdPerHour::HOURS_PER_MONTH / UsdPerHour::HOURS_PER_DAY;
    Cost {
        currency: "USD",
        price_source,
        per_day_before: before,
        per_day_after: after,
        saved_per_day: saved.max(0.0),
        per_month_before: before * month,
        per_month_after: after * month,
        complete: lines
            .iter()
            .all(|line| line.cost_per_day.before.is_some() && line.cost_per_day.after.is_some()),
    }
}

impl Line {
    fn new(
        id: &ResourceId,
        result: Result,
        before: &Glimpse,
        after: &Glimpse,
        detail: &str,
    ) -> Self {
        Line {
            kind: id.kind,
            name: id.name.clone(),
            result,
            before: before.summary.clone(),
            after: after.summary.clone(),
            detail: detail.to_owned(),
            warnings: Vec::new(),
            cost_per_day: BeforeAfter {
                before: before.rate.per_day(),
                after: after.rate.per_day(),
            },
        }
    }
}

/// What `status` says: what the resource would cost running, and what it costs now.
pub fn status_line(item: &Item, journal: &Journal) -> Line {
    let now = item.now.clone();
    let record = journal.record(&item.id).filter(|record| record.held().is_some());
    let result = match (&item.outlook, item.description.state) {
        (Outlook::Blocked(_), _) => Result::Failed,
        (_, State::Pending) => Result::Pending,
        (_, State::Stopped) | (Outlook::Leave { verdict: Verdict::AlreadyStopped, .. }, _) => {
            Result::Stopped
        }
        (_, State::Running) => Result::Running,
    };
    let why = match &item.outlook {
        Outlook::Leave { why, .. } | Outlook::Blocked(why) => why.as_str(),
        Outlook::Change(_) => "",
    };
    let running = record.map_or_else(|| now.clone(), |record| record.running.clone());
    let mut line = Line::new(&item.id, result, &running, &now, why);
    line.warnings.clone_from(&item.description.notes);
    line.warnings.extend(
        record.and_then(|record| Some(format!("at the last try: {}", record.last_error.as_ref()?))),
    );
    line
}

/// What a dry run says of a resource.
pub fn dry_line(item: &Item, direction: Direction) -> Line {
    let would = match direction {
        Direction::Stop => Result::WouldStop,
        Direction::Start => Result::WouldStart,
    };
    match &item.outlook {
        Outlook::Change(change) => {
            let steps =
                change.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ");
            let detail = [change.note.detail.as_str(), steps.as_str()];
            let detail =
                detail.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
            moved(item, change, would, &detail)
        }
        // An operation waits for it, and then decides.
        Outlook::Leave { verdict: Verdict::Later, .. } => {
            Line { result: Result::Pending, ..left_line(item) }
        }
        _ => left_line(item),
    }
}

/// What became of a resource's move, and what it was like then.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    pub outcome: crate::apply::Outcome,
    pub now: Option<Glimpse>,
    pub remarks: Vec<String>,
}

/// What an operation says of a resource whose move it carried out, or did not bring to its end.
pub fn move_line(item: &Item, change: &Move, direction: Direction, fate: Option<&Fate>) -> Line {
    use crate::apply::Outcome as Ending;
    let (result, detail) = match (fate.map(|fate| &fate.outcome), direction) {
        (Some(Ending::Done), Direction::Stop) => (Result::Stopped, change.note.detail.clone()),
        (Some(Ending::Done), Direction::Start) => (Result::Started, change.note.detail.clone()),
        (Some(Ending::Failed(why)), _) => (Result::Failed, why.clone()),
        (Some(Ending::Unfinished(what)), _) => (Result::Pending, format!("waiting for {what}")),
        (None, _) => (Result::Pending, "waiting for what comes before it".to_owned()),
    };
    let mut line = moved(item, change, result, &detail);
    if matches!(result, Result::Failed | Result::Pending) {
        // Not what was planned, but what was seen last.
        let now = fate.and_then(|fate| fate.now.clone()).unwrap_or_else(|| item.now.clone());
        line.after = now.summary;
        line.cost_per_day.after = now.rate.per_day();
    }
    line.warnings.extend(fate.iter().flat_map(|fate| fate.remarks.iter().cloned()));
    line
}

fn moved(item: &Item, change: &Move, result: Result, detail: &str) -> Line {
    let mut line = Line::new(&item.id, result, &change.note.before, &change.note.after, detail);
    line.warnings.clone_from(&change.note.warnings);
    line.warnings.extend(item.description.notes.iter().cloned());
    line
}

/// What an operation says of a resource that it left alone.
pub fn left_line(item: &Item) -> Line {
    let now = item.now.clone();
    let (result, why) = match &item.outlook {
        Outlook::Blocked(why) => (Result::Failed, why.as_str()),
        Outlook::Change(_) => (Result::Pending, ""),
        Outlook::Leave { verdict, why } => {
            let result = match verdict {
                Verdict::AlreadyStopped => Result::AlreadyStopped,
                Verdict::AlreadyRunning | Verdict::Released => Result::AlreadyRunning,
                Verdict::Skipped | Verdict::Later => Result::Skipped,
                Verdict::Unmanaged => Result::Unmanaged,
            };
            (result, why.as_str())
        }
    };
    let mut line = Line::new(&item.id, result, &now, &now, why);
    line.warnings.clone_from(&item.description.notes);
    line
}

/// What an earlier invocation of this operation did with a resource.
pub fn settled_line(
    item: &Item,
    journal: &Journal,
    operation_id: &str,
    direction: Direction,
) -> Option<Line> {
    let record = journal
        .record(&item.id)
        .filter(|_| settled_by(journal, &item.id, operation_id, direction))?;
    let released = direction == Direction::Start && record.before == record.after;
    let result = match direction {
        _ if released => Result::AlreadyRunning,
        Direction::Stop => Result::Stopped,
        Direction::Start => Result::Started,
    };
    let mut line = Line::new(&item.id, result, &record.before, &record.after, &record.detail);
    line.warnings.clone_from(&record.warnings);
    Some(line)
}

/// US dollars for people: `$2.76`, or `unknown`.
pub fn money(usd: Option<f64>) -> String {
    usd.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.2}"))
}

/// The report as it is kept: with the originals that the operation owed at its end, so that a start
/// can be given them when the state is lost.
#[derive(Debug, Serialize)]
pub struct Kept<'a> {
    #[serde(flatten)]
    pub report: &'a Report,
    pub originals: BTreeMap<String, KeptOriginal>,
}

/// What a start needs of a kept report.
#[derive(Debug, Deserialize)]
pub struct KeptOriginals {
    pub project: String,
    pub environment: String,
    pub originals: BTreeMap<String, KeptOriginal>,
}

/// How the error begins that tells of a newer event which took over.
const TAKEN_OVER: &str = "a newer ";

impl Report {
    /// Whether a newer event took over: what this one left undone is that one's to decide.
    pub fn was_taken_over(&self) -> bool {
        self.errors.iter().any(|error| error.starts_with(TAKEN_OVER))
    }

    /// How many resources came to a result.
    pub fn count(&self, result: Result) -> usize {
        self.resources.iter().filter(|line| line.result == result).count()
    }

    /// Where its page is kept, below the state's prefix.
    pub fn page_key(&self) -> String {
        self.key().replace(".json", ".html")
    }

    /// Where it is kept, below the state's prefix.
    pub fn key(&self) -> String {
        format!("operations/{}/{}.json", self.started_at.strftime("%Y/%m/%d"), self.operation_id)
    }
}

#[cfg(test)]
pub(crate) mod tests;
