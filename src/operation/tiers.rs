//! The moves of an operation, tier by tier, and what is written down of them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Fates, Operation, is_unfinished};
use crate::apply::{self, Ended, Job, LastLook, Outcome, Rhythm};
use crate::journal::{Glimpse, Transition};
use crate::kinds::info::Tier;
use crate::kinds::kit::Managed;
use crate::ledger::{Ledger, LedgerError, Lookout};
use crate::model::{Direction, KindName, ResourceId};
use crate::pace::Halt;
use crate::plan::{Move, Plan};
use crate::pricing::PriceBook;
use crate::report;
use crate::select::{Only, Selector};

/// How long a tier waits for what is in transition before the next tier begins without it: an event
/// source mapping takes a minute, and what is stuck must not keep the rest from its turn.
const LONGEST_SETTLING: Duration = Duration::from_secs(300);

impl Operation<'_> {
    /// The tiers in their order. Nothing is written between them: no call that follows rests on an
    /// outcome that is stored, and whoever comes after a crash sees it in the account.
    pub(super) async fn carry_out(
        &self,
        ledger: &mut Ledger<'_>,
        plan: &mut Plan,
        begun_at: Timestamp,
        prices: &PriceBook,
    ) -> Result<Fates, LedgerError> {
        let mut fates = Fates::new();
        let tiers = Tier::in_order(self.direction);
        for tier in tiers {
            let mut is_done =
                self.move_tier(ledger, plan, tier, begun_at, prices, &mut fates).await?;
            if is_done {
                let until = Instant::now() + patience(ledger);
                self.settle(ledger, plan, &[tier], until, prices, &mut fates).await?;
                is_done =
                    plan.items.iter().all(|item| item.tier != tier || !is_unfinished(item, &fates))
                        && (self.request.wait || plan.later(&[tier]).is_empty());
            }
            if !is_done || self.pace.halted().is_some() {
                break;
            }
        }
        self.take_back_unmade(ledger, plan, begun_at, &fates);
        // What took too long to hold the other tiers up is waited for as long as there is time.
        let until = Instant::now() + Duration::from_secs(24 * 3600);
        self.settle(ledger, plan, &tiers, until, prices, &mut fates).await?;
        Ok(fates)
    }

    /// Carries out the moves of one tier. `Ok(false)`: it is not done.
    async fn move_tier(
        &self,
        ledger: &mut Ledger<'_>,
        plan: &Plan,
        tier: Tier,
        begun_at: Timestamp,
        prices: &PriceBook,
        fates: &mut Fates,
    ) -> Result<bool, LedgerError> {
        let moves: HashMap<&ResourceId, &Move> = plan.moves(tier).collect();
        let jobs: Vec<Job> = plan
            .moves(tier)
            .filter_map(|(id, change)| {
                Some(Job::new(id, self.managed(id.kind)?, change.steps.clone()))
            })
            .collect();
        if jobs.is_empty() {
            return Ok(true);
        }
        info!(?tier, count = jobs.len(), "tier");
        let ended = apply::run(jobs, &self.pace, self.rhythm(), &mut self.lookout(ledger)).await;
        if self.pace.halted() == Some(Halt::Fenced) {
            return Err(LedgerError::Fenced);
        }
        let unfinished = ended.iter().any(|ended| matches!(ended.outcome, Outcome::Unfinished(_)));
        for mut ended in ended {
            self.write_down(ledger, moves[ended.id], &mut ended, begun_at);
            fates.insert(ended.id.clone(), self.fate(ended, prices));
        }
        Ok(!unfinished)
    }

    fn rhythm(&self) -> Rhythm {
        Rhythm { poll: self.program.config.poll, wait: self.request.wait }
    }

    /// Looks again at what was in transition in these tiers when it was looked at, until it can be
    /// decided about, and carries out what is decided then.
    async fn settle(
        &self,
        ledger: &mut Ledger<'_>,
        plan: &mut Plan,
        tiers: &[Tier],
        until: Instant,
        prices: &PriceBook,
        fates: &mut Fates,
    ) -> Result<(), LedgerError> {
        let rhythm = self.rhythm();
        let mut wait = rhythm.poll;
        while rhythm.wait
            && self.pace.halted().is_none()
            && Instant::now() < until
            && !plan.later(tiers).is_empty()
        {
            apply::pause(Instant::now() + wait, &self.pace, &mut self.lookout(ledger), rhythm)
                .await;
            wait = rhythm.longer(wait);
            if self.pace.halted() == Some(Halt::Fenced) {
                return Err(LedgerError::Fenced);
            }
            let Some(mut again) = self.look_again(&plan.later(tiers), ledger, prices).await else {
                break;
            };
            let begun_at = self.program.clock.now();
            again.claim(&mut ledger.journal, &self.id, begun_at);
            if tiers.iter().any(|tier| again.moves(*tier).next().is_some()) {
                self.save(ledger).await?;
                for tier in tiers {
                    if !self.move_tier(ledger, &again, *tier, begun_at, prices, fates).await? {
                        break;
                    }
                }
                self.take_back_unmade(ledger, &again, begun_at, fates);
                wait = rhythm.poll;
            }
            plan.take_in(again);
        }
        Ok(())
    }

    /// What an unfinished tier kept from its turn has made no calls. They are planned anew.
    fn take_back_unmade(
        &self,
        ledger: &mut Ledger<'_>,
        plan: &Plan,
        begun_at: Timestamp,
        fates: &Fates,
    ) {
        let moves = Tier::in_order(self.direction).into_iter().flat_map(|tier| plan.moves(tier));
        for (id, _) in moves.filter(|(id, change)| change.counted > 0 && !fates.contains_key(*id)) {
            ledger.journal.made_calls(id, begun_at, []);
        }
    }

    async fn look_again(
        &self,
        ids: &[ResourceId],
        ledger: &Ledger<'_>,
        prices: &PriceBook,
    ) -> Option<Plan> {
        let only = Only(ids.iter().map(Selector::of).collect());
        let nothing = BTreeSet::new();
        self.pace
            .bounded(self.program.plan(&only, self.direction, ledger, nothing, &self.pace, prices))
            .await
    }

    fn lookout<'o, 's>(&'o self, ledger: &'o mut Ledger<'s>) -> Lookout<'s, 'o> {
        Lookout {
            ledger,
            clock: self.program.clock.as_ref(),
            pace: &self.pace,
            direction: self.direction,
        }
    }

    fn managed(&self, kind: KindName) -> Option<&dyn Managed> {
        self.program.registry.iter().find(|known| known.info().name == kind)?.as_managed()
    }

    fn fate(&self, ended: Ended<'_>, prices: &PriceBook) -> report::Fate {
        let now = ended.last.as_ref().and_then(|LastLook(seen)| {
            let kind = self.managed(ended.id.kind)?;
            Some(Glimpse::of(&kind.describe(seen.as_ref()), prices))
        });
        report::Fate { outcome: ended.outcome, now, remarks: ended.remarks }
    }

    fn write_down(
        &self,
        ledger: &mut Ledger<'_>,
        change: &Move,
        ended: &mut Ended<'_>,
        begun_at: Timestamp,
    ) {
        let id = ended.id;
        if !ended.counted.is_empty() || change.counted > 0 {
            let now = self.program.clock.now();
            let ago = |at: &Instant| SignedDuration::try_from(at.elapsed()).unwrap_or_default();
            ledger.journal.made_calls(id, begun_at, ended.counted.iter().map(|at| now - ago(at)));
        }
        if let (true, Outcome::Failed(failure)) = (ended.is_spent, &mut ended.outcome) {
            let frees = ledger.journal.refused_call(id, self.program.clock.now());
            failure.message.push_str(
                &frees
                    .strftime("; the next is free at %Y-%m-%d %H:%M %Z at the latest")
                    .to_string(),
            );
        }
        match &ended.outcome {
            Outcome::Done => {
                let transition = match self.direction {
                    Direction::Stop => Transition::Stopped,
                    Direction::Start => Transition::Restored,
                };
                let mut note = change.note.clone();
                note.warnings.extend(ended.remarks.iter().cloned());
                let now = self.program.clock.now();
                if let Err(illegal) =
                    ledger.journal.record_transition(id, &transition, note, &self.id, now)
                {
                    warn!(%illegal, "an outcome does not fit its record");
                }
            }
            Outcome::Failed(failure) => ledger.journal.record_error(id, &failure.message),
            Outcome::Unfinished(_) => {}
        }
    }
}

/// How long a tier may keep the others waiting for what is in transition. A continuation has been
/// patient before. (One that goes on for an event that did not wait has not.)
fn patience(ledger: &Ledger<'_>) -> Duration {
    match ledger.journal.operation.as_ref().map_or(0, |operation| operation.depth) {
        0 | 1 => LONGEST_SETTLING,
        _ => Duration::ZERO,
    }
}
