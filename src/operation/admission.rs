//! Admission says whether an operation may begin, and waits until it may.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;
use tracing::info;

use super::{HandOn, LEASE_GRACE, Run, in_progress};
use crate::event::MAX_DEPTH;
use crate::journal::Challenger;
use crate::ledger::LedgerError;
use crate::refusal::Refusal;
use crate::report::Report;
use crate::session::Session;
use crate::trouble::{AfterBusy, Rival, Trouble};

/// An invocation that waits for the lease looks for it at least so often.
const LONGEST_LEASE_POLL: Duration = Duration::from_secs(5);

/// An admission says whether an operation may begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Admission {
    Free,
    Busy(Busy),
    /// The operation has been dealt with, or something newer has taken its place.
    Over(Trouble),
}

/// `Busy` says who holds the lease, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Busy {
    /// The id of the operation at work.
    operation_id: String,
    until: Timestamp,
    /// The operation at work goes in the other direction.
    is_opposed: bool,
}

impl Run<'_> {
    /// Waits until the operation may begin.
    ///
    /// `Break`: it never will, and this is its report. `Continue` says whether it had to wait.
    pub(super) async fn admit(
        &mut self,
        has_waited: bool,
    ) -> Result<ControlFlow<Report, bool>, Refusal> {
        let mut has_waited = has_waited;
        loop {
            match self.admission() {
                Admission::Free => return Ok(ControlFlow::Continue(has_waited)),
                Admission::Over(why) => return Ok(ControlFlow::Break(self.session.skipped(why))),
                Admission::Busy(busy) if self.session.pace.halted().is_some() => {
                    return self.wait_longer(&busy).await.map(ControlFlow::Break);
                }
                Admission::Busy(busy) => {
                    has_waited = true;
                    self.wait_for_lease(&busy).await?;
                }
            }
        }
    }

    fn admission(&self) -> Admission {
        let Session { program, request, turn, ledger, .. } = &self.session;
        let (journal, now) = (&ledger.journal, program.clock.now());
        if journal.has_ended(&turn.id) {
            return Admission::Over(Trouble::AlreadyOver { operation_id: turn.id.clone() });
        }
        let current = journal.operation.as_ref();
        if let (Some(continuation), Some(current)) = (&request.continuation, current)
            && current.id == turn.id
            && current.depth > continuation.depth
            // Lambda's retry of the very invocation that could not hand on.
            && current.request_id != turn.request_id
        {
            return Admission::Over(Trouble::GoesOnElsewhere);
        }
        if let Some(newer) = current.filter(|current| {
            current.id != turn.id
                && current.direction != self.direction
                && current.started_at > turn.asked_at
        }) {
            let (direction, operation_id) = (newer.direction, newer.id.clone());
            return Admission::Over(Trouble::Replaced(Rival { direction, operation_id }));
        }
        if let Some(newer) = journal.challenger.as_ref().filter(|challenger| {
            challenger.operation_id != turn.id
                && challenger.direction != self.direction
                && challenger.asked_at > turn.asked_at
                && challenger.until > now
        }) {
            return Admission::Over(Trouble::Outrun(newer.into()));
        }
        match &journal.lease {
            Some(lease) if lease.until > now && lease.holder != ledger.holder() => {
                Admission::Busy(Busy {
                    operation_id: current
                        .map_or_else(|| lease.holder.clone(), |current| current.id.clone()),
                    until: lease.until,
                    is_opposed: current.is_some_and(|current| current.direction != self.direction),
                })
            }
            _ => Admission::Free,
        }
    }

    /// Waits a while, or asks a holder that works in the other direction to yield.
    async fn wait_for_lease(&mut self, busy: &Busy) -> Result<(), LedgerError> {
        let valid_until = self.session.turn.deadline + LEASE_GRACE;
        let is_to_be_asked = busy.is_opposed && !self.is_asked_for(valid_until);
        let Session { program, turn, pace, ledger, .. } = &mut self.session;
        if is_to_be_asked {
            info!("asking the operation at work to yield");
            ledger.journal.challenger = Some(Challenger {
                operation_id: turn.id.clone(),
                direction: self.direction,
                asked_at: turn.asked_at,
                until: valid_until,
            });
            // Where somebody else wrote meanwhile, the next turn of the loop asks again.
            ledger.save().await?;
        } else {
            let left = busy.until.duration_since(program.clock.now());
            let left = Duration::try_from(left).unwrap_or_default();
            let poll = program.config.poll.min(LONGEST_LEASE_POLL);
            pace.sleep(poll.min(left + Duration::from_millis(10))).await;
        }
        ledger.reload().await
    }

    /// Tells whether the holder has been asked to yield.
    ///
    /// This operation has asked, or a newer one of the same direction. Two that put their own
    /// challenge in the place of the other's would write without a pause, and the holder could not
    /// write any more.
    fn is_asked_for(&self, valid_until: Timestamp) -> bool {
        let Session { program, turn, ledger, .. } = &self.session;
        ledger.journal.challenger.as_ref().is_some_and(|challenger| {
            if challenger.operation_id == turn.id {
                // An earlier invocation may have asked, for as long as it lived.
                challenger.until >= valid_until
            } else {
                challenger.direction == self.direction
                    && challenger.asked_at >= turn.asked_at
                    && challenger.until > program.clock.now()
            }
        })
    }

    /// Leaves the wait for the lease to the next invocation, for want of time.
    async fn wait_longer(&self, busy: &Busy) -> Result<Report, Refusal> {
        let session = &self.session;
        let continuation = session.request.continuation.as_ref();
        let depth = continuation.map_or(0, |continuation| continuation.depth);
        let at_work = |then| {
            let (holder, until) = (busy.operation_id.clone(), busy.until);
            session.skipped(Trouble::Busy { holder, until, then })
        };
        if depth >= MAX_DEPTH {
            return Ok(at_work(AfterBusy::GivesUp));
        }
        match self.call_again(depth + 1, session.turn.asked_at).await {
            HandOn::Taken => Ok(in_progress(at_work(AfterBusy::WaitsOn))),
            HandOn::Refused(failure) => Ok(at_work(AfterBusy::NotHandedOn(failure))),
            HandOn::Unknown(why) => Err(Refusal::NotHandedOn(why)),
        }
    }
}
