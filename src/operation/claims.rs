//! Claims are what has to be durable before the first call.

use jiff::Timestamp;

use crate::failure::Failure;
use crate::journal::{Journal, Note, Transition};
use crate::kinds::rules::Verdict;
use crate::plan::{Item, Outlook, Plan};

/// Writes a plan's claims, and what is no longer owed, into the journal.
///
/// A move that its record does not allow is taken out of the plan.
pub fn claim(plan: &mut Plan, journal: &mut Journal, operation_id: &str, now: Timestamp) {
    for item in &mut plan.items {
        let Some((claim, note)) = claim_of(item, journal) else { continue };
        if let Err(illegal) = journal.record_transition(&item.id, &claim, note, operation_id, now) {
            item.outlook = Outlook::Blocked(Failure::refused(illegal.to_string()));
            continue;
        }
        let Outlook::Change(change) = &mut item.outlook else { continue };
        if change.rationed > 0 {
            journal.rationed.record_planned(&item.id, change.rationed, now);
        }
        // An earlier invocation of this operation may have found it otherwise.
        if let Some(record) = journal.record(&item.id) {
            change.note.before = record.before.clone();
        }
    }
}

fn claim_of(item: &Item, journal: &Journal) -> Option<(Transition, Note)> {
    match &item.outlook {
        Outlook::Change(change) => Some((change.claim.clone(), change.note.clone())),
        Outlook::Leave { verdict: Verdict::Released, why } => {
            journal.record(&item.id)?.held()?;
            let now = item.now.clone();
            let note =
                Note { before: now.clone(), after: now, detail: why.clone(), warnings: Vec::new() };
            Some((Transition::Release, note))
        }
        _ => None,
    }
}
