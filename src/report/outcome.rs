//! What an operation amounts to.

use serde::Serialize;

use super::rows::{Row, RowResult};
use crate::model::Action;
use crate::trouble::Trouble;

/// What a reader has to know first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    /// Another invocation goes on with it.
    InProgress,
    /// Something went wrong, and something was done.
    Partial,
    /// Something went wrong, and nothing could be done.
    Failed,
    /// It was not begun, and need not be.
    Skipped,
}

impl Outcome {
    /// Judges an operation that is over. To a status or a dry run, something in transition is no
    /// failure.
    pub(super) fn of(action: Action, dry_run: bool, rows: &[Row], errors: &[Trouble]) -> Self {
        let is_wrong = |row: &Row| match row.result {
            RowResult::Failed => true,
            RowResult::Pending => action != Action::Status && !dry_run,
            _ => false,
        };
        let went_wrong = !errors.is_empty() || rows.iter().any(is_wrong);
        // What is pending was begun, or will be.
        let did_something = rows.iter().any(|row| {
            !matches!(row.result, RowResult::Failed | RowResult::Skipped | RowResult::Unmanaged)
        });
        match (went_wrong, did_something) {
            (false, _) => Outcome::Succeeded,
            (true, true) => Outcome::Partial,
            (true, false) => Outcome::Failed,
        }
    }
}
