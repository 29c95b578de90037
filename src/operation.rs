//! An operation is one stop or start: lease, claims, moves tier by tier, end.
//!
//! What is durable when: before the first call that changes anything, one conditional write holds
//! the lease and every original. The outcomes are written with the end of the invocation: until
//! then, a look at the account tells them again. Dying between any two calls leaves a state from
//! which the same action and the opposite one both go on.

mod admission;
pub mod claims;
mod ending;
mod lookout;
mod tiers;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use self::ending::{Ending, ending};
use crate::apply::MoveOutcome;
use crate::event::{Continuation, MAX_DEPTH};
use crate::failure::{Class, Failure};
use crate::journal::{Journal, Lease, Operation};
use crate::kinds::info::Tier;
use crate::ledger::LedgerError;
use crate::model::{Direction, ResourceId};
use crate::pace::Until;
use crate::plan::{self, Item, Outlook, Plan};
use crate::refusal::Refusal;
use crate::report::{self, Report, Row, RowResult};
use crate::session::{Advice, Session};
use crate::trouble::Trouble;

/// A lease outlives an invocation by so much, because clocks differ a little.
const LEASE_GRACE: SignedDuration = SignedDuration::from_secs(3);

/// Fates tell how the moves ended, and what was seen of each resource last.
type Fates = BTreeMap<ResourceId, report::Fate>;

/// Carries out a stop or a start, as far as this invocation gets.
pub async fn run(session: Session<'_>, direction: Direction) -> Result<Report, Refusal> {
    let had_state = session.ledger.exists();
    let mut run = Run { session, direction };
    let (mut plan, begun_at) = match run.begin().await? {
        ControlFlow::Continue(begun) => begun,
        ControlFlow::Break(report) => return Ok(report),
    };
    run.session.ask_prices(&plan, Advice::Unwanted);
    let fates = run.carry_out(&mut plan, begun_at).await?;
    run.conclude(plan, fates, had_state).await
}

/// A run is the part of an operation that one invocation does.
struct Run<'a> {
    session: Session<'a>,
    direction: Direction,
}

/// A hand-on says what became of the call to the next invocation.
enum HandOn {
    Taken,
    /// Lambda would refuse the call again: the operation ends here.
    Refused(Failure),
    /// Lambda may have taken the call or not.
    ///
    /// It tries a failed asynchronous event again, and any event goes on with an operation that was
    /// left open.
    Unknown(String),
}

impl Run<'_> {
    /// Waits for the operation's turn, plans, and makes the claims durable.
    ///
    /// `Break`: the operation is over before it begins, and this is the report.
    async fn begin(&mut self) -> Result<ControlFlow<Report, (Plan, Timestamp)>, Refusal> {
        let mut has_waited = false;
        loop {
            match self.admit(has_waited).await? {
                ControlFlow::Break(report) => return Ok(ControlFlow::Break(report)),
                ControlFlow::Continue(waited) => has_waited = waited,
            }
            let journal = &self.session.ledger.journal;
            // Once only: what this operation has restored since is not owed again.
            if journal.operation.as_ref().is_none_or(|current| current.id != self.session.turn.id) {
                self.session.adopt_originals().await?;
            }
            let Some(mut plan) = self.look().await else {
                // With all of the time for it, it would fare no better the next time.
                let had_less_time = has_waited || self.session.request.continuation.is_some();
                return Err(if had_less_time {
                    Refusal::NotHandedOn(
                        "looking at the account took all the time that was left".to_owned(),
                    )
                } else {
                    Refusal::TooMuch
                });
            };
            let begun_at = self.enter();
            let Session { ledger, desk, turn, .. } = &mut self.session;
            // What is about to be booked is booked at a price, if there is one by now.
            ledger.journal.price(&desk.book, begun_at);
            claims::claim(&mut plan, &mut ledger.journal, &turn.id, begun_at);
            if ledger.save().await? {
                return Ok(ControlFlow::Continue((plan, begun_at)));
            }
            ledger.reload().await?;
        }
    }

    /// Plans what this operation has not dealt with in an earlier invocation.
    async fn look(&self) -> Option<Plan> {
        let Session { ledger, turn, request, program, .. } = &self.session;
        let done = plan::done_earlier(&program.registry, &ledger.journal, &turn.id, self.direction);
        self.session.plan(self.direction, &request.only, done).await
    }

    /// Enters the operation and its lease into the journal in hand.
    fn enter(&mut self) -> Timestamp {
        let Session { program, request, turn, ledger, .. } = &mut self.session;
        let now = program.clock.now();
        let operation = Operation {
            id: turn.id.clone(),
            direction: self.direction,
            only: request.only.0.iter().map(ToString::to_string).collect(),
            reason: request.reason.clone(),
            request_id: turn.request_id.clone(),
            schedule: request.schedule.clone(),
            started_at: turn.asked_at,
            depth: request.continuation.as_ref().map_or(0, |continuation| continuation.depth),
            finished_at: None,
        };
        let until = turn.deadline + LEASE_GRACE;
        let lease = Lease { holder: ledger.holder().to_owned(), until };
        ledger.journal.begin(operation, lease, request.only.everything(), now);
        now
    }

    /// Writes the state while there is time.
    async fn save(&mut self) -> Result<(), LedgerError> {
        let Session { pace, ledger, .. } = &mut self.session;
        let location = ledger.location();
        pace.until(Until::State, ledger.save_as_holder()).await.unwrap_or_else(|| {
            let failure = Failure::refused("the time ran out");
            Err(LedgerError::Unwritable { location, failure })
        })
    }

    /// Ends the operation or hands it on, and reports.
    async fn conclude(
        mut self,
        mut plan: Plan,
        mut fates: Fates,
        had_state: bool,
    ) -> Result<Report, Refusal> {
        let halted = self.session.pace.halted();
        let challenger = self.session.ledger.journal.challenger.as_ref();
        let is_unfinished = self.is_unfinished(&plan, &fates);
        let trouble = match ending(is_unfinished, halted, self.depth(), challenger) {
            Ending::Over => None,
            Ending::GivenUp => Some(Trouble::GivenUp { continuations: MAX_DEPTH }),
            Ending::TakenOver { by } => Some(Trouble::TakenOver { by }),
            Ending::GoesOn { depth } => match self.hand_on(depth).await? {
                HandOn::Taken => return Ok(in_progress(self.report(&plan, &fates, None))),
                HandOn::Refused(failure) => Some(Trouble::NotHandedOn(failure)),
                HandOn::Unknown(why) => return Err(Refusal::NotHandedOn(why)),
            },
        };
        // Everything is done: now there is time for what it cost.
        let has_new_prices = self.session.take_prices(&mut plan, Advice::Unwanted).await;
        let book = &self.session.desk.book;
        fates.values_mut().filter_map(|fate| fate.now.as_mut()).for_each(|now| now.price(book));
        let mut report = self.report(&plan, &fates, trouble);
        let request = self.session.request;
        if !had_state && self.direction == Direction::Start && request.originals_from.is_none() {
            Session::without_state(&mut report);
        }
        self.close(report, has_new_prices).await
    }

    /// Keeps the report, ends the operation in the state, and tells.
    async fn close(&mut self, mut report: Report, has_new_prices: bool) -> Result<Report, Refusal> {
        let program = self.session.program;
        let Session { pace, ledger, .. } = &self.session;
        let archived = program.archive(&mut report, &ledger.journal);
        let kept = pace.until(Until::Report, archived).await;
        let whereabouts = kept.unwrap_or_else(|| {
            report.errors.push(Trouble::NotKept(Failure::refused("the time ran out")));
            program.whereabouts()
        });
        self.session.ledger.journal.end(program.clock.now());
        self.save().await?;
        // What others wait for is done. Prices that are not kept are asked for again.
        if has_new_prices {
            self.session.save_prices().await;
        }
        program.notify(&mut report, &whereabouts).await;
        Ok(report)
    }

    fn is_unfinished(&self, plan: &Plan, fates: &Fates) -> bool {
        let journal = &self.session.ledger.journal;
        let later = plan.later(&Tier::in_order(self.direction));
        plan.items.iter().any(|item| is_unfinished(item, fates))
            // Without waiting there was no second look: the next invocation takes it.
            || (!self.session.request.wait && !later.is_empty())
            || later.iter().any(|id| is_owed(journal, id))
    }

    /// Counts the invocations of this operation that came before this one.
    fn depth(&self) -> u32 {
        let operation = &self.session.ledger.journal.operation;
        operation.as_ref().map_or(0, |operation| operation.depth)
    }

    /// Hands the operation on to another invocation.
    ///
    /// The state is written before the call: a continuation that is lost is found by the next event.
    async fn hand_on(&mut self, depth: u32) -> Result<HandOn, LedgerError> {
        self.session.ledger.journal.hand_over(depth);
        self.save().await?;
        let operation = &self.session.ledger.journal.operation;
        let clock = &self.session.program.clock;
        let asked_at = operation.as_ref().map_or_else(|| clock.now(), |op| op.started_at);
        Ok(self.call_again(depth, asked_at).await)
    }

    /// Calls this function again, to go on with this operation.
    async fn call_again(&self, depth: u32, asked_at: Timestamp) -> HandOn {
        let Session { program, request, turn, pace, .. } = &self.session;
        let continuation = Continuation { operation_id: turn.id.clone(), depth, asked_at };
        info!(depth, "handing on");
        let event = request.continue_as(&continuation);
        match pace.until(Until::LastAnswer, program.successor.call(&event)).await {
            Some(Ok(())) => HandOn::Taken,
            Some(Err(failure)) if failure.class == Class::Transient => {
                HandOn::Unknown(failure.to_string())
            }
            Some(Err(failure)) => HandOn::Refused(failure),
            None => HandOn::Unknown("the time ran out".to_owned()),
        }
    }

    /// Writes the report.
    ///
    /// What went wrong in the end comes after what could not be seen.
    fn report(&self, plan: &Plan, fates: &Fates, trouble: Option<Trouble>) -> Report {
        let journal = &self.session.ledger.journal;
        let rows = plan.items.iter().map(|item| self.row(item, fates)).collect();
        let now = self.session.program.clock.now();
        let operation = journal.operation.as_ref();
        let started_at = operation.map_or(now, |operation| operation.started_at);
        let heading = self.session.heading(started_at, false);
        self.session.report(plan, rows, trouble, heading)
    }

    fn row(&self, item: &Item, fates: &Fates) -> Row {
        let journal = &self.session.ledger.journal;
        if let Outlook::Change(change) = &item.outlook {
            return report::move_row(item, change, self.direction, fates.get(&item.id));
        }
        let id = &self.session.turn.id;
        report::row_done_earlier(item, journal, id, self.direction).unwrap_or_else(|| {
            let mut row = report::left_row(item);
            // What is half done is not skipped: whoever comes next goes on with it.
            if item.is_later() && is_owed(journal, &item.id) {
                row.result = RowResult::Pending;
            }
            row
        })
    }
}

/// Turns a report into that of an operation which goes on.
fn in_progress(report: Report) -> Report {
    Report { outcome: report::Outcome::InProgress, finished_at: None, ..report }
}

/// Tells whether a resource is to be changed, and the change has not ended.
fn is_unfinished(item: &Item, fates: &Fates) -> bool {
    let is_over = |fate: &report::Fate| !matches!(fate.outcome, MoveOutcome::Unfinished(_));
    matches!(item.outlook, Outlook::Change(_)) && !fates.get(&item.id).is_some_and(is_over)
}

fn is_owed(journal: &Journal, id: &ResourceId) -> bool {
    journal.record(id).is_some_and(|record| record.held().is_some())
}
