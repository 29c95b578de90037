//! A report tells each resource in one row.

use serde::Serialize;

use super::usd::BeforeAfter;
use crate::apply::MoveOutcome;
use crate::failure::Failure;
use crate::journal::{Journal, Snapshot};
use crate::kinds::rules::Verdict;
use crate::model::{Direction, KindName, ResourceId, State};
use crate::plan::{Item, Move, Outlook, was_done_earlier};

/// A row tells what one resource was like, what became of it and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub kind: KindName,
    pub name: String,
    pub result: RowResult,
    pub before: String,
    pub after: String,
    pub detail: String,
    pub warnings: Vec<String>,
    pub cost_per_day: BeforeAfter,
    /// The failure gave the detail its words. `None`: the resource did not fail.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

/// A row's result says what became of the resource, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
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

impl RowResult {
    pub const ALL: [RowResult; 11] = [
        RowResult::Stopped,
        RowResult::Started,
        RowResult::AlreadyStopped,
        RowResult::AlreadyRunning,
        RowResult::WouldStop,
        RowResult::WouldStart,
        RowResult::Running,
        RowResult::Pending,
        RowResult::Skipped,
        RowResult::Unmanaged,
        RowResult::Failed,
    ];

    /// Writes the result as people read it: `would be stopped`.
    pub fn words(self) -> &'static str {
        match self {
            RowResult::Failed => "FAILED",
            RowResult::Pending => "pending",
            RowResult::Stopped => "stopped",
            RowResult::Started => "started",
            RowResult::WouldStop => "would be stopped",
            RowResult::WouldStart => "would be started",
            RowResult::Running => "running",
            RowResult::AlreadyStopped => "already stopped",
            RowResult::AlreadyRunning => "already running",
            RowResult::Skipped => "skipped",
            RowResult::Unmanaged => "not managed",
        }
    }

    /// Says what the result means, in the words of docs/reference.md, which is made from them.
    pub fn meaning(self) -> &'static str {
        match self {
            RowResult::Stopped => {
                "stopped by this operation, and seen to be so; in a `status`, that it is stopped"
            }
            RowResult::Started => "started by this operation, and seen to be so",
            RowResult::AlreadyStopped => "nothing to do: it was stopped before",
            RowResult::AlreadyRunning => {
                "nothing to do. A resource that a person changed or deleted since the stop is `already_running` in a \
                 start, too: nothing is owed any more, and `detail` says why"
            }
            RowResult::WouldStop => "a dry run of a stop: it would be stopped",
            RowResult::WouldStart => "a dry run of a start: it would be started",
            RowResult::Running => "a `status`: it runs",
            RowResult::Pending => {
                "a stop or start has not finished with it, `detail` says what it waits for; in a `status` or a dry run, \
                 it is in transition"
            }
            RowResult::Skipped => "it must not be changed now, `detail` says why",
            RowResult::Unmanaged => {
                "it is not to be changed: tagged `keep`, report only, or part of auto scaling"
            }
            RowResult::Failed => {
                "it could not be done, or not be looked at; `detail` has the cause"
            }
        }
    }
}

impl Row {
    pub(super) fn new(
        id: &ResourceId,
        result: RowResult,
        before: &Snapshot,
        after: &Snapshot,
        detail: &str,
    ) -> Self {
        Row {
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
            failure: None,
        }
    }

    /// Turns the row into the row of a resource that failed like this.
    #[must_use]
    pub(super) fn failed(self, failure: &Failure) -> Self {
        Row {
            result: RowResult::Failed,
            detail: failure.message.clone(),
            failure: Some(failure.clone()),
            ..self
        }
    }
}

/// Tells what `status` found, and what the resource costs running and now.
pub fn status_row(item: &Item, journal: &Journal) -> Row {
    let now = &item.now;
    let record = journal.record(&item.id).filter(|record| record.held().is_some());
    let running = record.map_or(now, |record| &record.running);
    let row = |result, why: &str| Row::new(&item.id, result, running, now, why);
    let result = match (&item.outlook, item.description.state) {
        (_, State::Pending) => RowResult::Pending,
        (_, State::Stopped) | (Outlook::Leave { verdict: Verdict::AlreadyStopped, .. }, _) => {
            RowResult::Stopped
        }
        (_, State::Running) => RowResult::Running,
    };
    let mut row = match &item.outlook {
        Outlook::Blocked(failure) => row(RowResult::Failed, "").failed(failure),
        Outlook::Leave { why, .. } => row(result, why),
        Outlook::Change(_) => row(result, ""),
    };
    row.warnings.clone_from(&item.description.notes);
    row.warnings.extend(
        record.and_then(|record| Some(format!("at the last try: {}", record.last_error.as_ref()?))),
    );
    row
}

/// Tells what a dry run would do with a resource.
pub fn dry_row(item: &Item, direction: Direction) -> Row {
    let would = match direction {
        Direction::Stop => RowResult::WouldStop,
        Direction::Start => RowResult::WouldStart,
    };
    match &item.outlook {
        Outlook::Change(change) => {
            let steps = change.steps_in_words();
            let detail = [change.note.detail.as_str(), steps.as_str()];
            let detail =
                detail.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
            moved(item, change, would, &detail)
        }
        // An operation would wait for the resource, and then decide.
        Outlook::Leave { verdict: Verdict::Later, .. } => {
            Row { result: RowResult::Pending, ..left_row(item) }
        }
        _ => left_row(item),
    }
}

/// A fate is what became of a resource's move, and what was seen then.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    pub outcome: MoveOutcome,
    pub now: Option<Snapshot>,
    pub remarks: Vec<String>,
}

/// Tells of a resource whose move an operation carried out, or only began.
pub fn move_row(item: &Item, change: &Move, direction: Direction, fate: Option<&Fate>) -> Row {
    let row = |result, detail: &str| moved(item, change, result, detail);
    let mut row = match (fate.map(|fate| &fate.outcome), direction) {
        (Some(MoveOutcome::Done), Direction::Stop) => row(RowResult::Stopped, &change.note.detail),
        (Some(MoveOutcome::Done), Direction::Start) => row(RowResult::Started, &change.note.detail),
        (Some(MoveOutcome::Failed(failure)), _) => row(RowResult::Failed, "").failed(failure),
        (Some(MoveOutcome::Unfinished(what) | MoveOutcome::Undecided(what)), _) => {
            row(RowResult::Pending, &format!("waiting for {what}"))
        }
        (None, _) => row(RowResult::Pending, "waiting for what comes before it"),
    };
    if matches!(row.result, RowResult::Failed | RowResult::Pending) {
        // The row shows what was seen last, not what was planned.
        let now = fate.and_then(|fate| fate.now.as_ref()).unwrap_or(&item.now);
        row.after.clone_from(&now.summary);
        row.cost_per_day.after = now.rate.per_day();
    }
    row.warnings.extend(fate.iter().flat_map(|fate| fate.remarks.iter().cloned()));
    row
}

fn moved(item: &Item, change: &Move, result: RowResult, detail: &str) -> Row {
    let mut row = Row::new(&item.id, result, &change.note.before, &change.note.after, detail);
    row.warnings.clone_from(&change.note.warnings);
    row.warnings.extend(item.description.notes.iter().cloned());
    row
}

/// Tells of a resource that an operation left alone.
pub fn left_row(item: &Item) -> Row {
    let row = |result, why: &str| Row::new(&item.id, result, &item.now, &item.now, why);
    let mut row = match &item.outlook {
        Outlook::Blocked(failure) => row(RowResult::Failed, "").failed(failure),
        Outlook::Change(_) => row(RowResult::Pending, ""),
        Outlook::Leave { verdict, why } => {
            let result = match verdict {
                Verdict::AlreadyStopped => RowResult::AlreadyStopped,
                Verdict::AlreadyRunning | Verdict::Released => RowResult::AlreadyRunning,
                Verdict::Skipped | Verdict::Later => RowResult::Skipped,
                Verdict::Unmanaged => RowResult::Unmanaged,
            };
            row(result, why)
        }
    };
    row.warnings.clone_from(&item.description.notes);
    row
}

/// Tells what an earlier invocation of this operation did with a resource.
pub fn row_done_earlier(
    item: &Item,
    journal: &Journal,
    operation_id: &str,
    direction: Direction,
) -> Option<Row> {
    let record = journal
        .record(&item.id)
        .filter(|_| was_done_earlier(journal, &item.id, operation_id, direction))?;
    let released = direction == Direction::Start && record.before == record.after;
    let result = match direction {
        _ if released => RowResult::AlreadyRunning,
        Direction::Stop => RowResult::Stopped,
        Direction::Start => RowResult::Started,
    };
    let mut row = Row::new(&item.id, result, &record.before, &record.after, &record.detail);
    row.warnings.clone_from(&record.warnings);
    Some(row)
}
