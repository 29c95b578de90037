//! A report tells, as data, what an operation did. This module is pure.
//!
//! The same report is the invocation's answer, the audit trail and the notification. [`text`] and
//! [`html`] write it for people.

pub mod advice;
mod cost;
pub mod html;
mod outcome;
mod remedy;
mod rows;
mod saved;
pub mod text;
mod usd;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::cost::Cost;
pub use self::outcome::Outcome;
pub use self::rows::{
    Fate, Row, RowResult, dry_row, left_row, move_row, row_done_earlier, status_row,
};
pub use self::saved::Saved;
pub use self::usd::{BeforeAfter, money};
use crate::journal::{Journal, KeptOriginal};
use crate::model::Action;
use crate::trouble::Trouble;

/// A reader of the JSON tells forms of a report apart by this number.
pub const SCHEMA: u32 = 1;

/// A report tells what one operation found, did and cost.
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
    /// A selective operation was about these selectors. Empty: about everything that is managed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    pub resources: Vec<Row>,
    pub cost: Cost,
    pub saved: Saved,
    pub recommendations: Vec<String>,
    pub errors: Vec<Trouble>,
}

/// A heading says whose operation a report is about, and when the operation began.
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
    /// Every managed resource could be looked for. If not, the sums are incomplete.
    pub all_seen: bool,
}

impl Heading {
    /// Reports an operation that dealt with no resource, and why.
    pub fn bare(self, outcome: Outcome, why: Trouble, journal: &Journal, now: Timestamp) -> Report {
        let mut report =
            Heading { all_seen: false, ..self }.report(Vec::new(), Vec::new(), journal, now);
        report.outcome = outcome;
        report.errors.push(why);
        report
    }

    /// Makes a report of these rows, with the outcome of an operation that is over.
    pub fn report(
        self,
        resources: Vec<Row>,
        errors: Vec<Trouble>,
        journal: &Journal,
        now: Timestamp,
    ) -> Report {
        let cost = Cost::of(&resources, self.price_source);
        Report {
            schema: SCHEMA,
            outcome: Outcome::of(self.action, self.dry_run, &resources, &errors),
            cost: Cost { complete: self.all_seen && cost.complete, ..cost },
            saved: Saved::at(now, &resources, journal),
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

impl Report {
    /// Tells whether a newer event took over, which decides about what is left undone.
    pub fn was_taken_over(&self) -> bool {
        self.errors.iter().any(|error| matches!(error, Trouble::TakenOver { .. }))
    }

    /// Counts the resources that came to a result.
    pub fn count(&self, result: RowResult) -> usize {
        self.resources.iter().filter(|row| row.result == result).count()
    }

    /// Writes each error as its sentence.
    pub fn error_texts(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).collect()
    }

    /// Names the object in which the report is kept, below the state's prefix.
    pub fn key(&self) -> String {
        self.key_of("json")
    }

    /// Names the object in which the report's page is kept, below the state's prefix.
    pub fn page_key(&self) -> String {
        self.key_of("html")
    }

    fn key_of(&self, extension: &str) -> String {
        let day = self.started_at.strftime("%Y/%m/%d");
        format!("operations/{day}/{}.{extension}", self.operation_id)
    }
}

/// A kept report also has the originals that the operation owed at its end.
///
/// A start can bring resources back from them when the state is lost.
#[derive(Debug, Serialize)]
pub struct Kept<'a> {
    #[serde(flatten)]
    pub report: &'a Report,
    pub originals: BTreeMap<String, KeptOriginal>,
}

/// A start needs only this much of a kept report.
#[derive(Debug, Deserialize)]
pub struct KeptOriginals {
    pub project: String,
    pub environment: String,
    pub originals: BTreeMap<String, KeptOriginal>,
}

#[cfg(test)]
pub(crate) mod tests;
