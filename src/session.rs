//! A session is what a preview and an operation share.
//!
//! Both read the state, look at the account, make a plan, put prices to it and write a report.
//! A preview leaves it at the plan; an operation carries it out before the report.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::event::Request;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Direction, ResourceId};
use crate::observe::observe;
use crate::pace::{Pace, Until};
use crate::plan::{Circumstances, Plan, plan};
use crate::pricing::desk::Desk;
use crate::program::Program;
use crate::refusal::Refusal;
use crate::report::{self, Heading, KeptOriginals, Outcome, Report, Row};
use crate::select::Only;
use crate::trouble::Trouble;
use crate::usage::Billable;

/// A turn says who asks, and how long the answer may take.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The operation's id is the same in each of its invocations.
    pub id: String,
    /// Lambda's id of the invocation is the same in a retry.
    pub request_id: String,
    /// The state is written under this name, which no other attempt of the invocation has.
    pub holder: String,
    /// The operation was asked for at this moment.
    pub asked_at: Timestamp,
    /// Lambda ends the process at this moment.
    pub deadline: Timestamp,
}

/// A session is one request, with the state and the prices at hand.
pub struct Session<'a> {
    pub program: &'a Program,
    pub request: &'a Request,
    pub turn: Turn,
    pub pace: Pace,
    pub ledger: Ledger<'a>,
    pub desk: Desk,
}

impl<'a> Session<'a> {
    /// Reads the state and the kept prices, at the same time.
    pub async fn open(
        program: &'a Program,
        request: &'a Request,
        turn: Turn,
        pace: Pace,
    ) -> Result<Self, LedgerError> {
        let ledger = program.open_ledger(turn.holder.clone());
        let (ledger, desk) = futures::join!(ledger, program.open_desk());
        Ok(Session { program, request, turn, pace, ledger: ledger?, desk })
    }

    /// Adopts the originals of a kept report, where the request names one.
    pub async fn adopt_originals(&mut self) -> Result<(), Refusal> {
        let Some(key) = &self.request.originals_from else { return Ok(()) };
        let unusable = |why: String| Refusal::Originals { key: key.clone(), why };
        let found = self.program.store.archived(key).await;
        let found = found.map_err(|failure| unusable(failure.to_string()))?;
        let body = found.ok_or_else(|| unusable("there is no such report".to_owned()))?;
        let kept: KeptOriginals =
            serde_json::from_slice(&body).map_err(|error| unusable(error.to_string()))?;
        let config = &self.program.config;
        if (&kept.project, &kept.environment) != (&config.project, &config.environment) {
            let (project, environment) = (&kept.project, &kept.environment);
            let why = format!("it is of project `{project}`, environment `{environment}`");
            return Err(unusable(why));
        }
        let known = self.program.kind_names();
        let is_known = |id: &&String| {
            id.split_once(':').is_some_and(|(kind, _)| known.iter().any(|k| k.as_str() == kind))
        };
        if let Some(id) = kept.originals.keys().find(|id| !is_known(id)) {
            return Err(unusable(format!("`{id}` is of no kind that this program knows")));
        }
        let now = self.program.clock.now();
        self.ledger.journal.adopt_originals(&kept.originals, &self.turn.id, now);
        Ok(())
    }

    /// Looks at the account and makes every choice.
    ///
    /// The resources in `done_earlier` are not looked at: an earlier invocation of this operation
    /// dealt with them. `None`: there was not enough time to look.
    pub async fn plan(
        &self,
        direction: Direction,
        only: &Only,
        done_earlier: BTreeSet<ResourceId>,
    ) -> Option<Plan> {
        let Program { registry, tags, config, clock, .. } = self.program;
        let journal = &self.ledger.journal;
        let done = done_earlier.into_iter().filter(|id| only.includes(id)).collect();
        let planning = async {
            let look = observe(registry, tags.as_ref(), config, only, journal, done, &self.pace);
            let inventory = look.await;
            let circumstances = Circumstances {
                prices: &self.desk.book,
                now: clock.now(),
                time_left: self.pace.time_left(),
            };
            let mut plan = plan(direction, registry, &inventory, journal, &circumstances);
            plan.errors.extend(plan.unmatched_selectors(only));
            plan
        };
        self.pace.until(Until::LastAnswer, planning).await
    }

    /// Asks for the prices of what is planned and remembered, and waits for none.
    pub fn ask_prices(&mut self, plan: &Plan, advice: Advice) {
        self.desk.ask(used(plan, &self.ledger, advice), self.program.clock.now());
    }

    /// Puts the prices that have come into plan and journal.
    ///
    /// Returns whether any of them is new.
    pub async fn take_prices(&mut self, plan: &mut Plan, advice: Advice) -> bool {
        let is_new = self.desk.collect(used(plan, &self.ledger, advice), &self.pace).await;
        plan.price(&self.desk.book);
        self.ledger.journal.price(&self.desk.book, self.program.clock.now());
        is_new
    }

    /// Keeps the prices for the next invocations.
    pub async fn save_prices(&self) {
        self.desk.save_prices(self.program.store.as_ref()).await;
    }

    /// Reports a plan and these rows, as if this were the operation's end.
    pub fn report(
        &self,
        plan: &Plan,
        rows: Vec<Row>,
        trouble: Option<Trouble>,
        heading: Heading,
    ) -> Report {
        let heading = Heading {
            price_source: self.desk.book.source(plan.usages()),
            all_seen: plan.errors.is_empty(),
            ..heading
        };
        let now = self.program.clock.now();
        let errors = plan.errors.iter().cloned().chain(trouble).collect();
        let mut report = heading.report(rows, errors, &self.ledger.journal, now);
        report.recommendations = report::advice::unmatched_patterns(plan);
        report
    }

    /// Reports that the request was not carried out, and why.
    pub fn skipped(&self, why: Trouble) -> Report {
        let heading = self.heading(self.turn.asked_at, false);
        let now = self.program.clock.now();
        heading.bare(Outcome::Skipped, why, &self.ledger.journal, now)
    }

    /// Turns a report into that of a start which finds nothing to bring back.
    pub fn without_state(report: &mut Report) {
        report.outcome = Outcome::Skipped;
        report.errors.push(Trouble::NoState);
    }

    /// Makes the heading of every report of this request.
    pub fn heading(&self, started_at: Timestamp, dry_run: bool) -> Heading {
        let config = &self.program.config;
        Heading {
            operation_id: self.turn.id.clone(),
            action: self.request.action,
            dry_run,
            project: config.project.clone(),
            environment: config.environment.clone(),
            region: config.region.clone(),
            started_at,
            reason: self.request.reason.clone(),
            only: self.request.only.0.iter().map(ToString::to_string).collect(),
            price_source: self.desk.book.source([]),
            all_seen: true,
        }
    }
}

/// `Advice` says whether the prices that advice compares with are wanted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    Wanted,
    Unwanted,
}

/// Lists what a report needs the prices of.
fn used<'p>(
    plan: &'p Plan,
    ledger: &'p Ledger<'_>,
    advice: Advice,
) -> impl Iterator<Item = &'p Billable> {
    let advised = (advice == Advice::Wanted).then(|| plan.advised()).into_iter().flatten();
    plan.usages().chain(advised).chain(ledger.journal.usages())
}
