//! The journal knows which operation is at work, and which have ended.

use jiff::{SignedDuration, Timestamp};

use super::Journal;
use super::entries::{Ended, Lease, Operation, Scheduled};
use crate::model::Phase;

/// An ended operation is remembered so long, so that a late duplicate does nothing.
///
/// Lambda keeps an event for 6 hours at most, EventBridge Scheduler for 24.
const REMEMBER: SignedDuration = SignedDuration::from_hours(7 * 24);
const REMEMBER_AT_MOST: usize = 500;

impl Journal {
    pub fn has_ended(&self, operation_id: &str) -> bool {
        self.ended.iter().any(|ended| ended.operation_id == operation_id)
    }

    /// Begins an operation, or goes on with it.
    ///
    /// The operation that it supersedes has ended by that. What was asked for stays as it was at
    /// the beginning: an invocation that goes on is not told all of it.
    pub fn begin(
        &mut self,
        operation: Operation,
        lease: Lease,
        whole_project: bool,
        now: Timestamp,
    ) {
        let goes_on = self.operation.as_ref().is_some_and(|current| current.id == operation.id);
        if !goes_on {
            if let Some(old) = self.operation.take() {
                self.remember(old.id, now);
            }
            self.generation += 1;
            self.saved_before_usd = self.savings.total_usd;
            // Restored by an operation that is over: nothing is owed, and nobody will ask.
            self.resources.retain(|_, record| record.phase != Phase::Running);
            self.rationed.forget_old(now);
            if let Some(schedule) = operation.schedule.as_ref().filter(|_| whole_project) {
                let direction = operation.direction;
                self.scheduled =
                    Some(Scheduled { direction, planned: schedule.time, began_at: now });
            }
        }
        if whole_project {
            self.goal = Some(operation.direction.goal());
        }
        if self
            .challenger
            .as_ref()
            .is_some_and(|challenger| challenger.operation_id == operation.id)
        {
            self.challenger = None;
        }
        self.operation = Some(match self.operation.take() {
            Some(Operation { only, reason, schedule, started_at, .. }) => {
                Operation { only, reason, schedule, started_at, ..operation }
            }
            None => operation,
        });
        self.lease = Some(lease);
    }

    /// Ends the current operation: nobody goes on with it.
    pub fn end(&mut self, now: Timestamp) {
        if let Some(operation) = &mut self.operation {
            operation.finished_at = Some(now);
            let id = operation.id.clone();
            self.remember(id, now);
        }
        self.lease = None;
    }

    /// Leaves the current operation to its next invocation.
    pub fn hand_over(&mut self, depth: u32) {
        if let Some(operation) = &mut self.operation {
            operation.depth = depth;
        }
        self.lease = None;
    }

    fn remember(&mut self, operation_id: String, now: Timestamp) {
        self.ended.retain(|ended| now.duration_since(ended.at) < REMEMBER);
        if !self.has_ended(&operation_id) {
            self.ended.push(Ended { operation_id, at: now });
        }
        let surplus = self.ended.len().saturating_sub(REMEMBER_AT_MOST);
        self.ended.drain(..surplus);
    }
}
