//! One stop or start: the lease, the claims, the moves tier by tier, the end.
//!
//! What is durable when: before the first call that changes anything, one conditional write holds
//! the lease and every original. The outcomes are written with the end of the invocation: until
//! then, a look at the account tells them again. Dying between any two calls leaves a state from
//! which the same action and the opposite one both go on.

mod tiers;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use crate::apply::Outcome;
use crate::event::{Continuation, MAX_DEPTH, Request};
use crate::failure::{Class, Failure};
use crate::handler::{Invocation, Program, Refusal};
use crate::journal::{Challenger, Journal, Lease, Operation as Entry};
use crate::kinds::info::Tier;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Direction, ResourceId};
use crate::pace::{Halt, Pace};
use crate::plan::{self, Item, Outlook, Plan};
use crate::pricing::PriceBook;
use crate::pricing::desk::Desk;
use crate::report::{self, Report, Row, RowResult};
use crate::trouble::{AfterBusy, Rival, Trouble};

/// A lease outlives its invocation by no more than this: clocks differ a little.
const LEASE_GRACE: SignedDuration = SignedDuration::from_secs(3);
/// How often an invocation that waits for the lease looks whether it is free.
const LONGEST_LEASE_POLL: Duration = Duration::from_secs(5);
pub struct Operation<'a> {
    pub program: &'a Program,
    pub request: &'a Request,
    pub direction: Direction,
    pub id: String,
    pub invocation: &'a Invocation,
    pub deadline: Timestamp,
    pub pace: Pace,
}

/// What became of the call to the next invocation.
enum HandOn {
    Taken,
    /// It will be refused again: the operation ends here.
    Refused(Failure),
    /// It may have been taken or not. Lambda tries a failed asynchronous event again, and any event
    /// goes on with an operation that was left open.
    Unknown(String),
}

/// Whether an operation may begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Admission {
    Free,
    /// Somebody holds the lease. `opposed`: and works in the other direction.
    Busy {
        holder: String,
        until: Timestamp,
        opposed: bool,
    },
    /// It has been dealt with, or something newer has taken its place.
    Over(Trouble),
}

/// How the moves ended, with what was seen of each resource last.
type Fates = BTreeMap<ResourceId, report::Fate>;

impl Operation<'_> {
    pub async fn run(self) -> Result<Report, Refusal> {
        let started_at = match &self.request.continuation {
            Some(continuation) => continuation.asked_at,
            None => self.program.clock.now(),
        };
        let (ledger, mut desk) =
            futures::join!(self.program.open(self.invocation), self.program.desk());
        let mut ledger = ledger?;
        let had_state = ledger.exists();
        let mut waited = false;
        let (mut plan, begun_at) = loop {
            match self.admission(&ledger, started_at) {
                Admission::Over(why) => return Ok(self.skipped(&ledger, why, started_at)),
                Admission::Busy { holder, until, opposed } => {
                    if self.pace.halted().is_some() {
                        return self.wait_longer(&ledger, &holder, until, started_at).await;
                    }
                    waited = true;
                    self.wait_for_lease(&mut ledger, until, opposed, started_at).await?;
                }
                Admission::Free => {
                    // Once only: what this operation has restored since is not owed again.
                    if ledger.journal.operation.as_ref().is_none_or(|current| current.id != self.id)
                    {
                        self.program.take_over(self.request, &mut ledger.journal, &self.id).await?;
                    }
                    // In a continuation: what the invocations before it have settled is not looked
                    // at again.
                    let settled = plan::settled(
                        &self.program.registry,
                        &ledger.journal,
                        &self.id,
                        self.direction,
                    );
                    let only = &self.request.only;
                    let looked = self.program.plan(
                        only,
                        self.direction,
                        &ledger,
                        settled,
                        &self.pace,
                        &desk.book,
                    );
                    let Some(mut plan) = self.pace.bounded(looked).await else {
                        // With all of the time for it, it would fare no better the next time.
                        let had_less_time = waited || self.request.continuation.is_some();
                        return Err(if had_less_time {
                            Refusal::NotHandedOn(
                                "looking at the account took all the time that was left".to_owned(),
                            )
                        } else {
                            Refusal::TooMuch
                        });
                    };
                    let begun_at = self.begin_operation(&mut ledger, started_at);
                    // What is about to be booked is booked at a price, if there is one by now.
                    ledger.journal.price(&desk.book, begun_at);
                    plan.claim(&mut ledger.journal, &self.id, begun_at);
                    if ledger.save().await? {
                        break (plan, begun_at);
                    }
                    ledger.reload().await?;
                }
            }
        };
        desk.ask(plan.usages().chain(ledger.journal.usages()), begun_at);
        let fates = self.carry_out(&mut ledger, &mut plan, begun_at, &desk.book).await?;
        self.conclude(ledger, plan, fates, desk, had_state).await
    }

    fn admission(&self, ledger: &Ledger<'_>, asked_at: Timestamp) -> Admission {
        let (journal, now) = (&ledger.journal, self.program.clock.now());
        if journal.has_ended(&self.id) {
            return Admission::Over(Trouble::AlreadyOver { operation_id: self.id.clone() });
        }
        let current = journal.operation.as_ref();
        if let (Some(continuation), Some(current)) = (&self.request.continuation, current)
            && current.id == self.id
            && current.depth > continuation.depth
            // Lambda's retry of the very invocation that could not hand on.
            && current.request_id != self.invocation.request_id
        {
            return Admission::Over(Trouble::GoesOnElsewhere);
        }
        if let Some(newer) = current.filter(|current| {
            current.id != self.id
                && current.direction != self.direction
                && current.started_at > asked_at
        }) {
            let (direction, operation_id) = (newer.direction, newer.id.clone());
            return Admission::Over(Trouble::Replaced(Rival { direction, operation_id }));
        }
        if let Some(newer) = journal.challenger.as_ref().filter(|challenger| {
            challenger.operation_id != self.id
                && challenger.direction != self.direction
                && challenger.asked_at > asked_at
                && challenger.until > now
        }) {
            return Admission::Over(Trouble::Outrun(newer.into()));
        }
        match &journal.lease {
            Some(lease) if lease.until > now && lease.holder != ledger.holder() => {
                Admission::Busy {
                    holder: current
                        .map_or_else(|| lease.holder.clone(), |current| current.id.clone()),
                    until: lease.until,
                    opposed: current.is_some_and(|current| current.direction != self.direction),
                }
            }
            _ => Admission::Free,
        }
    }

    /// Waits a while; asks a holder that works in the other direction to yield.
    async fn wait_for_lease(
        &self,
        ledger: &mut Ledger<'_>,
        until: Timestamp,
        opposed: bool,
        asked_at: Timestamp,
    ) -> Result<(), LedgerError> {
        let valid_until = self.deadline + LEASE_GRACE;
        if opposed && !self.is_asked_for(&ledger.journal, valid_until, asked_at) {
            info!("asking the operation at work to yield");
            ledger.journal.challenger = Some(Challenger {
                operation_id: self.id.clone(),
                direction: self.direction,
                asked_at,
                until: valid_until,
            });
            // Where somebody else wrote meanwhile, the next turn of the loop asks again.
            ledger.save().await?;
        } else {
            let left = Duration::try_from(until.duration_since(self.program.clock.now()))
                .unwrap_or_default();
            let poll = self.program.config.poll.min(LONGEST_LEASE_POLL);
            self.pace.sleep(poll.min(left + Duration::from_millis(10))).await;
        }
        ledger.reload().await
    }

    /// Whether the holder has been asked to yield, by this operation or by a newer one of the same
    /// direction. Two that put their own challenge in the place of the other's would write without
    /// a pause, and the holder could not write any more.
    fn is_asked_for(&self, journal: &Journal, valid_until: Timestamp, asked_at: Timestamp) -> bool {
        journal.challenger.as_ref().is_some_and(|challenger| {
            if challenger.operation_id == self.id {
                // An earlier invocation may have asked, for as long as it lived.
                challenger.until >= valid_until
            } else {
                challenger.direction == self.direction
                    && challenger.asked_at >= asked_at
                    && challenger.until > self.program.clock.now()
            }
        })
    }

    /// The lease did not become free in this invocation's time: the next one waits on.
    async fn wait_longer(
        &self,
        ledger: &Ledger<'_>,
        holder: &str,
        until: Timestamp,
        asked_at: Timestamp,
    ) -> Result<Report, Refusal> {
        let depth = self.request.continuation.as_ref().map_or(0, |continuation| continuation.depth);
        let busy = |then| Trouble::Busy { holder: holder.to_owned(), until, then };
        if depth >= MAX_DEPTH {
            return Ok(self.skipped(ledger, busy(AfterBusy::GivesUp), asked_at));
        }
        match self.call_again(depth + 1, asked_at).await {
            HandOn::Taken => {
                let mut report = self.skipped(ledger, busy(AfterBusy::WaitsOn), asked_at);
                report.outcome = report::Outcome::InProgress;
                report.finished_at = None;
                Ok(report)
            }
            HandOn::Refused(failure) => {
                Ok(self.skipped(ledger, busy(AfterBusy::NotHandedOn(failure)), asked_at))
            }
            HandOn::Unknown(why) => Err(Refusal::NotHandedOn(why)),
        }
    }

    async fn call_again(&self, depth: u32, asked_at: Timestamp) -> HandOn {
        let continuation = Continuation { operation_id: self.id.clone(), depth, asked_at };
        info!(depth, "handing on");
        let event = self.request.continue_as(&continuation);
        match self.pace.bounded(self.program.successor.call(&event)).await {
            Some(Ok(())) => HandOn::Taken,
            Some(Err(failure)) if failure.class == Class::Transient => {
                HandOn::Unknown(failure.to_string())
            }
            Some(Err(failure)) => HandOn::Refused(failure),
            None => HandOn::Unknown("the time ran out".to_owned()),
        }
    }

    /// Writes the operation and its lease into the journal in hand.
    fn begin_operation(&self, ledger: &mut Ledger<'_>, started_at: Timestamp) -> Timestamp {
        let now = self.program.clock.now();
        let depth = self.request.continuation.as_ref().map_or(0, |continuation| continuation.depth);
        let entry = Entry {
            id: self.id.clone(),
            direction: self.direction,
            only: self.request.only.0.iter().map(ToString::to_string).collect(),
            reason: self.request.reason.clone(),
            request_id: self.invocation.request_id.clone(),
            schedule: self.request.schedule.clone(),
            started_at,
            depth,
            finished_at: None,
        };
        let lease =
            Lease { holder: ledger.holder().to_owned(), until: self.deadline + LEASE_GRACE };
        ledger.journal.begin(entry, lease, self.request.only.everything(), now);
        now
    }

    /// Writes the state while there is time.
    async fn save(&self, ledger: &mut Ledger<'_>) -> Result<(), LedgerError> {
        let location = ledger.location();
        match self.pace.to_the_end(ledger.save_as_holder()).await {
            Some(saved) => saved,
            None => Err(LedgerError::Unwritable {
                location,
                failure: Failure::refused("the time ran out"),
            }),
        }
    }

    /// Ends the operation or hands it on, and reports.
    async fn conclude(
        &self,
        mut ledger: Ledger<'_>,
        mut plan: Plan,
        mut fates: Fates,
        mut desk: Desk,
        had_state: bool,
    ) -> Result<Report, Refusal> {
        let halted = self.pace.halted();
        let later = plan.later(&Tier::in_order(self.direction));
        let unfinished = plan.items.iter().any(|item| is_unfinished(item, &fates))
            // Without waiting there was no second look: the next invocation takes it.
            || (!self.request.wait && !later.is_empty())
            || later.iter().any(|id| is_owed(&ledger.journal, id));
        let depth = ledger.journal.operation.as_ref().map_or(0, |operation| operation.depth);
        let mut errors = plan.errors.clone();
        if unfinished && halted != Some(Halt::Yield) {
            if depth >= MAX_DEPTH {
                errors.push(Trouble::GivenUp { continuations: MAX_DEPTH });
            } else {
                match self.hand_on(&mut ledger, depth + 1).await? {
                    HandOn::Taken => {
                        let mut report = self.report(&ledger, &plan, &fates, errors, &desk.book);
                        report.outcome = report::Outcome::InProgress;
                        report.finished_at = None;
                        return Ok(report);
                    }
                    HandOn::Refused(failure) => errors.push(Trouble::NotHandedOn(failure)),
                    HandOn::Unknown(why) => return Err(Refusal::NotHandedOn(why)),
                }
            }
        }
        if halted == Some(Halt::Yield) {
            let by = ledger.journal.challenger.as_ref().map(Rival::from);
            errors.push(Trouble::TakenOver { by });
        }
        // Everything is done: now there is time for what it cost.
        let has_new_prices =
            desk.settle(plan.usages().chain(ledger.journal.usages()), &self.pace).await;
        plan.price(&desk.book);
        fates
            .values_mut()
            .filter_map(|fate| fate.now.as_mut())
            .for_each(|now| now.price(&desk.book));
        ledger.journal.price(&desk.book, self.program.clock.now());
        let mut report = self.report(&ledger, &plan, &fates, errors, &desk.book);
        if !had_state && self.direction == Direction::Start && self.request.originals_from.is_none()
        {
            report.outcome = report::Outcome::Skipped;
            report.errors.push(Trouble::NoState);
        }
        let kept =
            self.pace.nearly_to_the_end(self.program.archive(&mut report, &ledger.journal)).await;
        let whereabouts = kept.unwrap_or_else(|| {
            report.errors.push(Trouble::NotKept(Failure::refused("the time ran out")));
            self.program.whereabouts()
        });
        ledger.journal.end(self.program.clock.now());
        self.save(&mut ledger).await?;
        // What others wait for is done. Prices that are not kept are asked for again.
        if has_new_prices {
            desk.keep(self.program.store.as_ref()).await;
        }
        self.program.notify(&mut report, &whereabouts).await;
        Ok(report)
    }

    /// The state first, then the call: a continuation that is lost is found by the next event.
    async fn hand_on(&self, ledger: &mut Ledger<'_>, depth: u32) -> Result<HandOn, LedgerError> {
        ledger.journal.hand_over(depth);
        self.save(ledger).await?;
        let asked_at = ledger
            .journal
            .operation
            .as_ref()
            .map_or_else(|| self.program.clock.now(), |op| op.started_at);
        Ok(self.call_again(depth, asked_at).await)
    }

    fn report(
        &self,
        ledger: &Ledger<'_>,
        plan: &Plan,
        fates: &Fates,
        errors: Vec<Trouble>,
        prices: &PriceBook,
    ) -> Report {
        let journal = &ledger.journal;
        let rows: Vec<Row> =
            plan.items
                .iter()
                .map(|item| match &item.outlook {
                    Outlook::Change(change) => {
                        report::move_row(item, change, self.direction, fates.get(&item.id))
                    }
                    _ => report::settled_row(item, journal, &self.id, self.direction)
                        .unwrap_or_else(|| {
                            let mut row = report::left_row(item);
                            // What is half done is not skipped: whoever comes next goes on with it.
                            if item.is_later() && is_owed(journal, &item.id) {
                                row.result = RowResult::Pending;
                            }
                            row
                        }),
                })
                .collect();
        let now = self.program.clock.now();
        let started_at = journal.operation.as_ref().map_or(now, |operation| operation.started_at);
        let mut heading = self.program.heading(self.request, self.id.clone(), started_at, false);
        heading.price_source = prices.source(plan.usages());
        heading.all_seen = plan.errors.is_empty();
        heading.report(rows, errors, journal, now)
    }

    fn skipped(&self, ledger: &Ledger<'_>, why: Trouble, started_at: Timestamp) -> Report {
        let heading = self.program.heading(self.request, self.id.clone(), started_at, false);
        heading.bare(report::Outcome::Skipped, why, &ledger.journal, self.program.clock.now())
    }
}

/// Whether it is to be changed and that has not come to an end.
fn is_unfinished(item: &Item, fates: &Fates) -> bool {
    let is_over = |fate: &report::Fate| !matches!(fate.outcome, Outcome::Unfinished(_));
    matches!(item.outlook, Outlook::Change(_)) && !fates.get(&item.id).is_some_and(is_over)
}

fn is_owed(journal: &Journal, id: &ResourceId) -> bool {
    journal.record(id).is_some_and(|record| record.held().is_some())
}
