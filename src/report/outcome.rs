//! An outcome sums up what an operation came to.

use serde::Serialize;

use super::rows::{Row, RowResult};
use crate::model::Action;
use crate::trouble::Trouble;

/// An outcome tells a reader first whether something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    /// Another invocation goes on with the operation.
    InProgress,
    /// Something went wrong, and something was done.
    Partial,
    /// Something went wrong, and nothing could be done.
    Failed,
    /// There was nothing for this operation to do.
    Skipped,
}

impl Outcome {
    pub const ALL: [Outcome; 5] = [
        Outcome::Succeeded,
        Outcome::InProgress,
        Outcome::Partial,
        Outcome::Failed,
        Outcome::Skipped,
    ];

    /// Says what the outcome means, in the words of docs/reference.md, which is made from them.
    pub fn meaning(self) -> &'static str {
        match self {
            Outcome::Succeeded => "everything is as asked, or was so already",
            Outcome::InProgress => "the rest follows in another invocation; no message yet",
            Outcome::Partial => {
                "something failed, is still pending, or is in `only` and was not found; send the event again, it \
                 goes on from there"
            }
            Outcome::Failed => "nothing could be done",
            Outcome::Skipped => {
                "there was nothing to do: a duplicate, a newer event, another operation at work, no state to start \
                 from, or an `only` that selects nothing"
            }
        }
    }

    /// Judges an operation that is over.
    ///
    /// For a status or a dry run, a resource in transition is no failure.
    pub(super) fn of(action: Action, dry_run: bool, rows: &[Row], errors: &[Trouble]) -> Self {
        let is_wrong = |row: &Row| match row.result {
            RowResult::Failed => true,
            RowResult::Pending => action != Action::Status && !dry_run,
            _ => false,
        };
        let went_wrong = !errors.is_empty() || rows.iter().any(is_wrong);
        // A pending change was begun, or will be.
        let did_something = rows.iter().any(|row| {
            !matches!(row.result, RowResult::Failed | RowResult::Skipped | RowResult::Unmanaged)
        });
        let selects_nothing = |error: &Trouble| matches!(error, Trouble::SelectsNothing(_));
        if went_wrong && rows.is_empty() && errors.iter().all(selects_nothing) {
            return Outcome::Skipped;
        }
        match (went_wrong, did_something) {
            (false, _) => Outcome::Succeeded,
            (true, true) => Outcome::Partial,
            (true, false) => Outcome::Failed,
        }
    }
}
