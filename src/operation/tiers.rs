//! An operation carries out its moves tier by tier, and writes down each outcome.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tracing::{info, warn};

use super::lookout::Lookout;
use super::{Fates, Run, claims, is_unfinished};
use crate::apply::{self, Finished, Job, LastLook, MoveOutcome, Rhythm};
use crate::failure::Class;
use crate::journal::{Snapshot, Transition};
use crate::kinds::info::Tier;
use crate::kinds::kit::Managed;
use crate::ledger::LedgerError;
use crate::model::{Direction, KindName, ResourceId};
use crate::pace::{Halt, Pace};
use crate::plan::{Move, Plan};
use crate::program::Program;
use crate::report;
use crate::select::{Only, Selector};
use crate::session::Session;

/// A tier keeps the next one waiting so long for what is in transition.
///
/// An event source mapping takes a minute, and what is stuck must not keep the rest from its turn.
const TIER_PATIENCE: Duration = Duration::from_secs(300);

impl<'a> Run<'a> {
    /// Carries out the moves, tier by tier.
    ///
    /// Nothing is written between the tiers: no call that follows rests on an outcome that is
    /// stored, and whoever comes after a crash sees it in the account.
    pub(super) async fn carry_out(
        &mut self,
        plan: &mut Plan,
        begun_at: Timestamp,
    ) -> Result<Fates, LedgerError> {
        let mut fates = Fates::new();
        let tiers = Tier::in_order(self.direction);
        for tier in tiers {
            let mut is_done = self.move_tier(plan, tier, begun_at, &mut fates).await?;
            if is_done {
                let until = Instant::now() + self.patience();
                self.follow_transitions(plan, &[tier], until, &mut fates).await?;
                is_done =
                    plan.items.iter().all(|item| item.tier != tier || !is_unfinished(item, &fates))
                        && (self.session.request.wait || plan.later(&[tier]).is_empty());
            }
            if !is_done || self.session.pace.halted().is_some() {
                break;
            }
        }
        self.record_none_made(plan, begun_at, &fates);
        // What took too long to hold the other tiers up is waited for as long as there is time.
        let until = Instant::now() + Duration::from_secs(24 * 3600);
        self.follow_transitions(plan, &tiers, until, &mut fates).await?;
        Ok(fates)
    }

    /// Carries out the moves of one tier.
    ///
    /// What is to be decided about anew is in the plan as what passes. `Ok(false)`: the tier is not
    /// done.
    async fn move_tier(
        &mut self,
        plan: &mut Plan,
        tier: Tier,
        begun_at: Timestamp,
        fates: &mut Fates,
    ) -> Result<bool, LedgerError> {
        let program = self.session.program;
        let moves: HashMap<&ResourceId, &Move> = plan.moves(tier).collect();
        let jobs: Vec<Job> = plan
            .moves(tier)
            .filter_map(|(id, change)| {
                Some(Job::new(id, managed(program, id.kind)?, change.steps.clone()))
            })
            .collect();
        if jobs.is_empty() {
            return Ok(true);
        }
        info!(?tier, count = jobs.len(), "tier");
        let rhythm = self.rhythm();
        let (pace, mut lookout) = self.lookout();
        let finished = apply::run(jobs, pace, rhythm, &mut lookout).await;
        self.still_holds_the_lease()?;
        let is_unfinished = |job: &Finished| matches!(job.outcome, MoveOutcome::Unfinished(_));
        let is_done = !finished.iter().any(is_unfinished);
        let mut undecided = Vec::new();
        for mut job in finished {
            self.write_down(moves[job.id], &mut job, begun_at);
            match job.outcome {
                MoveOutcome::Undecided(why) => undecided.push((job.id.clone(), why)),
                _ => drop(fates.insert(job.id.clone(), self.fate(job))),
            }
        }
        for (id, why) in undecided {
            plan.leave_for_later(&id, why);
        }
        Ok(is_done)
    }

    fn rhythm(&self) -> Rhythm {
        Rhythm { poll: self.session.program.config.poll, wait: self.session.request.wait }
    }

    fn still_holds_the_lease(&self) -> Result<(), LedgerError> {
        match self.session.pace.halted() {
            Some(Halt::Fenced) => Err(LedgerError::Fenced),
            _ => Ok(()),
        }
    }

    /// Looks again at what was in transition in these tiers.
    ///
    /// As soon as a resource can be decided about, what is decided is carried out.
    async fn follow_transitions(
        &mut self,
        plan: &mut Plan,
        tiers: &[Tier],
        until: Instant,
        fates: &mut Fates,
    ) -> Result<(), LedgerError> {
        let rhythm = self.rhythm();
        let mut wait = rhythm.poll;
        while rhythm.wait
            && self.session.pace.halted().is_none()
            && Instant::now() < until
            && !plan.later(tiers).is_empty()
        {
            let (pace, mut lookout) = self.lookout();
            apply::pause(Instant::now() + wait, pace, &mut lookout, rhythm).await;
            wait = rhythm.longer(wait);
            self.still_holds_the_lease()?;
            let Some(mut again) = self.look_again(&plan.later(tiers)).await else { break };
            let Session { program, ledger, turn, .. } = &mut self.session;
            let begun_at = program.clock.now();
            claims::claim(&mut again, &mut ledger.journal, &turn.id, begun_at);
            if tiers.iter().any(|tier| again.moves(*tier).next().is_some()) {
                self.save().await?;
                for tier in tiers {
                    if !self.move_tier(&mut again, *tier, begun_at, fates).await? {
                        break;
                    }
                }
                self.record_none_made(&again, begun_at, fates);
                wait = rhythm.poll;
            }
            plan.merge(again);
        }
        Ok(())
    }

    /// Records that moves which an unfinished tier kept from their turn made no rationed call.
    fn record_none_made(&mut self, plan: &Plan, begun_at: Timestamp, fates: &Fates) {
        let journal = &mut self.session.ledger.journal;
        let moves = Tier::in_order(self.direction).into_iter().flat_map(|tier| plan.moves(tier));
        for (id, _) in moves.filter(|(id, change)| change.rationed > 0 && !fates.contains_key(*id))
        {
            journal.rationed.record_made(id, begun_at, []);
        }
    }

    async fn look_again(&self, ids: &[ResourceId]) -> Option<Plan> {
        let only = Only(ids.iter().map(Selector::of).collect());
        self.session.plan(self.direction, &only, BTreeSet::new()).await
    }

    /// Posts a lookout for a challenge, beside the pace that it may halt.
    fn lookout(&mut self) -> (&Pace, Lookout<'a, '_>) {
        let Session { program, ledger, pace, .. } = &mut self.session;
        let (clock, pace) = (program.clock.as_ref(), &*pace);
        (pace, Lookout { ledger, clock, pace, direction: self.direction })
    }

    fn fate(&self, job: Finished<'_>) -> report::Fate {
        let now = job.last.as_ref().and_then(|LastLook(seen)| {
            let kind = managed(self.session.program, job.id.kind)?;
            Some(Snapshot::of(&kind.describe(seen.as_ref()), &self.session.desk.book))
        });
        report::Fate { outcome: job.outcome, now, remarks: job.remarks }
    }

    /// Writes down what became of a move, in the journal in hand.
    fn write_down(&mut self, change: &Move, job: &mut Finished<'_>, begun_at: Timestamp) {
        let Session { program, ledger, turn, .. } = &mut self.session;
        let (id, journal) = (job.id, &mut ledger.journal);
        if !job.rationed.is_empty() || change.rationed > 0 {
            let now = program.clock.now();
            let ago = |at: &Instant| SignedDuration::try_from(at.elapsed()).unwrap_or_default();
            journal.rationed.record_made(id, begun_at, job.rationed.iter().map(|at| now - ago(at)));
        }
        if let MoveOutcome::Failed(failure) = &mut job.outcome
            && failure.class == Class::Spent
        {
            let frees = journal.rationed.record_refused(id, program.clock.now());
            let frees = frees.to_zoned_datetime(journal.zone.clone());
            let frees = frees.strftime("; the next is free at %Y-%m-%d %H:%M %Z at the latest");
            failure.message.push_str(&frees.to_string());
        }
        match &job.outcome {
            MoveOutcome::Done => {
                let transition = match self.direction {
                    Direction::Stop => Transition::Stopped,
                    Direction::Start => Transition::Restored,
                };
                let mut note = change.note.clone();
                note.warnings.extend(job.remarks.iter().cloned());
                let now = program.clock.now();
                let recorded = journal.record_transition(id, &transition, note, &turn.id, now);
                if let Err(illegal) = recorded {
                    warn!(%illegal, "an outcome does not fit its record");
                }
            }
            MoveOutcome::Failed(failure) => journal.record_error(id, &failure.message),
            MoveOutcome::Unfinished(_) | MoveOutcome::Undecided(_) => {}
        }
    }

    /// Says how long a tier may keep the others waiting for what is in transition.
    ///
    /// A continuation has been patient before. (One that goes on for an event that did not wait has
    /// not.)
    fn patience(&self) -> Duration {
        match self.depth() {
            0 | 1 => TIER_PATIENCE,
            _ => Duration::ZERO,
        }
    }
}

fn managed(program: &Program, kind: KindName) -> Option<&dyn Managed> {
    program.registry.iter().find(|known| known.info().name == kind)?.as_managed()
}
