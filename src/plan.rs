//! A plan makes every choice of an operation before its first call. This module is pure.

mod display;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::failure::Failure;
use crate::journal::{Journal, Note, Snapshot, Transition};
use crate::kinds::info::Tier;
use crate::kinds::kit::{Kind, Managed, Original, Seen, Step};
use crate::kinds::rules::{self, Case, Claim, Decision, Held, Verdict};
use crate::model::{Description, Direction, Phase, ResourceId, State};
use crate::observe::{Candidate, Inventory, KEEP_TAG};
use crate::pricing::PriceBook;
use crate::select::{Only, Selector};
use crate::trouble::Trouble;
use crate::usage::{Billable, Usage};

/// A plan says what an operation will do, what it leaves alone, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub direction: Direction,
    /// The items stand in the order of the kinds in reports, and then of names.
    pub items: Vec<Item>,
    /// The errors say what could not be seen, and so was not decided about.
    pub errors: Vec<Trouble>,
    /// The patterns of the configuration that match nothing today, each as `kind:pattern`.
    pub unmatched_patterns: Vec<String>,
}

/// An item says what the plan means for one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: ResourceId,
    pub tier: Tier,
    pub description: Description,
    /// The snapshot shows the resource as it was seen, with its price.
    pub now: Snapshot,
    pub outlook: Outlook,
}

/// An outlook is the choice that was made for one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    Leave {
        verdict: Verdict,
        why: String,
    },
    Change(Box<Move>),
    /// The resource could not be looked at, or nothing could be decided about it.
    Blocked(Failure),
}

/// A move is one resource's way, with its claim, which has to be durable first.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    pub claim: Transition,
    pub steps: Vec<Step>,
    /// So many of the steps are rationed calls, which AWS counts by the day.
    pub rationed: usize,
    /// The resource's state at the end of the way.
    pub leads_to: State,
    pub note: Note,
}

/// Circumstances are what a plan rests on beside the account and the state.
pub struct Circumstances<'a> {
    pub prices: &'a PriceBook,
    pub now: Timestamp,
    /// The operation can go on for so long, in all its invocations together.
    pub time_left: Duration,
}

/// Plans an operation in one direction. A `status` is the plan of a stop that nobody carries out.
pub fn plan(
    direction: Direction,
    registry: &[Kind],
    inventory: &Inventory,
    journal: &Journal,
    circumstances: &Circumstances,
) -> Plan {
    let planner = Planner { direction, inventory, journal, circumstances };
    let unseen = inventory.unseen_kinds.iter().cloned();
    let mut errors: Vec<Trouble> =
        unseen.map(|(kind, failure)| Trouble::KindUnseen { kind, failure }).collect();
    errors.extend(inventory.unseen_tags.clone().map(Trouble::TagsUnseen));
    let items = registry.iter().flat_map(|kind| planner.items(kind)).collect();
    Plan { direction, items, errors, unmatched_patterns: inventory.unmatched_patterns.clone() }
}

/// A change is a kind's decision to change a resource.
type Change = rules::Change<Seen, Original, Step>;

/// A planner makes the choices, resource by resource.
struct Planner<'a> {
    direction: Direction,
    inventory: &'a Inventory,
    journal: &'a Journal,
    circumstances: &'a Circumstances<'a>,
}

impl Planner<'_> {
    /// Plans one kind's resources, in the order of their names.
    fn items(&self, kind: &Kind) -> Vec<Item> {
        let (kind_name, tier) = (kind.info().name, kind.info().tier);
        let Inventory { candidates, done_earlier, unseen_kinds, .. } = self.inventory;
        let candidates = candidates.iter().filter(|candidate| candidate.id.kind == kind_name);
        let done = done_earlier.iter().filter(|id| id.kind == kind_name);
        let mut items: Vec<Item> = candidates
            .map(|candidate| self.item(kind, candidate))
            .chain(done.filter_map(|id| self.item_done_earlier(id, tier)))
            .collect();
        items.sort_by(|a, b| a.id.cmp(&b.id));
        // A resource that cannot be seen and yet is owed must not drop out of sight.
        if let Some((_, failure)) = unseen_kinds.iter().find(|(unseen, _)| *unseen == kind_name) {
            let owed = self
                .journal
                .recorded(kind_name)
                .filter(|(id, record)| record.held().is_some() && !done_earlier.contains(id));
            items.extend(owed.map(|(id, _)| self.item_unseen(id, tier, failure)));
        }
        items
    }

    /// Plans one resource.
    fn item(&self, kind: &Kind, candidate: &Candidate) -> Item {
        let description = match &candidate.seen {
            Ok(seen) => kind.as_reported().describe(seen.as_ref()),
            Err(_) => not_seen(),
        };
        let now = Snapshot::of(&description, self.circumstances.prices);
        let outlook = match kind {
            Kind::Reported(_) => Outlook::Leave { verdict: Verdict::Unmanaged, why: String::new() },
            Kind::Managed(kind) => self.outlook(kind.as_ref(), candidate, &now),
        };
        Item { id: candidate.id.clone(), tier: kind.info().tier, description, now, outlook }
    }

    /// Goes by the record of a resource that was not looked at again.
    fn item_done_earlier(&self, id: &ResourceId, tier: Tier) -> Option<Item> {
        let (state, verdict) = match self.direction {
            Direction::Stop => (State::Stopped, Verdict::AlreadyStopped),
            Direction::Start => (State::Running, Verdict::AlreadyRunning),
        };
        let now = self.journal.record(id)?.after.clone();
        let description = Description::new(state, now.summary.clone(), now.usage.clone());
        let outlook = Outlook::Leave { verdict, why: String::new() };
        Some(Item { id: id.clone(), tier, description, now, outlook })
    }

    fn item_unseen(&self, id: ResourceId, tier: Tier, failure: &Failure) -> Item {
        let description = not_seen();
        let now = Snapshot::of(&description, self.circumstances.prices);
        Item { id, tier, description, now, outlook: Outlook::Blocked(failure.clone()) }
    }

    fn outlook(&self, kind: &dyn Managed, candidate: &Candidate, now: &Snapshot) -> Outlook {
        let seen = match &candidate.seen {
            Ok(seen) => seen.as_ref(),
            Err(failure) => return Outlook::Blocked(failure.clone()),
        };
        let held = self.journal.record(&candidate.id).and_then(|record| {
            record.held().map(|original| Held { original: original.clone(), phase: record.phase })
        });
        let is_owed = held.is_some();
        // The tag keeps a resource from being stopped. A resource that was stopped before it was
        // tagged comes back all the same: the tag asks for just that.
        if candidate.keep && (self.direction == Direction::Stop || !is_owed) {
            let why = format!("tagged {}={}", KEEP_TAG.0, KEEP_TAG.1);
            return Outlook::Leave { verdict: Verdict::Unmanaged, why };
        }
        let Circumstances { now: time, time_left, .. } = *self.circumstances;
        let local_time = time.to_zoned_datetime(self.journal.zone.clone());
        let ration = self.journal.rationed.ration(&candidate.id, local_time, time_left);
        let case = Case { name: &candidate.id.name, seen, held, ration, now: time };
        match kind.decide(self.direction, &case) {
            Err(unreadable) => Outlook::Blocked(Failure::refused(unreadable.to_string())),
            Ok(Decision::Leave { verdict, why }) => Outlook::Leave { verdict, why },
            Ok(Decision::Change(change)) => self
                .prevented(candidate, &change.claim)
                .unwrap_or_else(|| self.change(kind, change, now, is_owed)),
        }
    }

    /// Says what keeps a change from being made, whatever its kind has decided.
    fn prevented(&self, candidate: &Candidate, claim: &Claim<Original>) -> Option<Outlook> {
        if self.direction == Direction::Start {
            return None;
        }
        if matches!(claim, Claim::Save(_)) && !candidate.selected {
            let why = "no pattern and no tag selects it any more".to_owned();
            return Some(Outlook::Leave { verdict: Verdict::Skipped, why });
        }
        let failure = self.inventory.unseen_tags.clone()?;
        let what = "whether it is to be kept could not be found out";
        Some(Outlook::Blocked(failure.about(what)))
    }

    fn change(&self, kind: &dyn Managed, change: Change, now: &Snapshot, is_owed: bool) -> Outlook {
        let Change { claim, steps, after, detail, warnings } = change;
        let claim = match (claim, self.direction) {
            (Claim::Save(original), _) if is_owed => Transition::Adopt(original),
            (Claim::Save(original), _) => Transition::Save(original),
            (Claim::Amend(original), _) => Transition::Amend(original),
            (Claim::Resume, Direction::Stop) => Transition::Resume,
            (Claim::Resume, Direction::Start) => Transition::Start,
        };
        let rationed = steps.iter().filter(|step| kind.is_rationed(step)).count();
        let after = kind.describe(after.as_ref());
        let note = Note {
            before: now.clone(),
            after: Snapshot::of(&after, self.circumstances.prices),
            detail,
            warnings,
        };
        Outlook::Change(Box::new(Move { claim, steps, rationed, leads_to: after.state, note }))
    }
}

impl Snapshot {
    /// Puts today's price to what a resource is.
    pub fn of(description: &Description, prices: &PriceBook) -> Self {
        Snapshot {
            summary: description.summary.clone(),
            rate: prices.rate(&description.usage),
            usage: description.usage.clone(),
        }
    }
}

fn not_seen() -> Description {
    Description::new(State::Pending, "not seen", Usage::unpriced("what could not be seen"))
}

impl Item {
    /// Tells whether the resource is in a transition, and so is worth another look.
    pub fn is_later(&self) -> bool {
        matches!(self.outlook, Outlook::Leave { verdict: Verdict::Later, .. })
    }
}

impl Plan {
    /// Finds the selectors that mean none of the plan's resources.
    ///
    /// Of a kind that could not be listed, nobody knows; nor, without tags, of any.
    pub fn unmatched_selectors(&self, only: &Only) -> Vec<Trouble> {
        let is_unknown = |selector: &Selector| {
            self.errors.iter().any(|error| match error {
                Trouble::KindUnseen { kind, .. } => *kind == selector.kind,
                Trouble::TagsUnseen(_) => true,
                _ => false,
            })
        };
        let is_matched =
            |selector: &Selector| self.items.iter().any(|item| selector.matches(&item.id));
        let unmatched =
            only.0.iter().filter(|selector| !is_matched(selector) && !is_unknown(selector));
        unmatched.map(|selector| Trouble::SelectsNothing(selector.to_string())).collect()
    }

    /// Lists what the plan's resources use, before and after.
    pub fn usages(&self) -> impl Iterator<Item = &Billable> {
        self.items.iter().flat_map(|item| {
            let after = match &item.outlook {
                Outlook::Change(change) => Some(&change.note.after.usage),
                _ => None,
            };
            std::iter::once(&item.now.usage).chain(after).flat_map(Usage::billables)
        })
    }

    /// Lists what the advice on the resources is about.
    ///
    /// Advice needs these prices, and they are part of no sum.
    pub fn advised(&self) -> impl Iterator<Item = &Billable> {
        self.items.iter().flat_map(|item| &item.description.advice).flat_map(|advice| {
            let limits = advice.cheaper_below.iter().flat_map(|below| &below.limits);
            let limits = limits.flat_map(|limit| limit.pays.billables().chain([&limit.billable]));
            advice.pays.billables().chain(advice.would_pay.billables()).chain(limits)
        })
    }

    /// Puts the newest prices to a plan that was made with older ones.
    pub fn price(&mut self, prices: &PriceBook) {
        for item in &mut self.items {
            item.now.price(prices);
            if let Outlook::Change(change) = &mut item.outlook {
                change.note.before.price(prices);
                change.note.after.price(prices);
            }
        }
    }

    /// Lists the resources of these tiers that are worth another look.
    pub fn later(&self, tiers: &[Tier]) -> Vec<ResourceId> {
        let is_later = |item: &&Item| tiers.contains(&item.tier) && item.is_later();
        self.items.iter().filter(is_later).map(|item| item.id.clone()).collect()
    }

    /// Lets a resource be looked at again, as one that is in a transition.
    pub fn leave_for_later(&mut self, id: &ResourceId, why: String) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == *id) {
            item.outlook = Outlook::Leave { verdict: Verdict::Later, why };
        }
    }

    /// Puts the items of a newer plan in the place of the old ones.
    pub fn merge(&mut self, other: Plan) {
        let mut others: HashMap<ResourceId, Item> =
            other.items.into_iter().map(|item| (item.id.clone(), item)).collect();
        for old in &mut self.items {
            if let Some(new) = others.remove(&old.id) {
                *old = new;
            }
        }
    }

    /// Lists the moves of one tier.
    pub fn moves(&self, tier: Tier) -> impl Iterator<Item = (&ResourceId, &Move)> {
        self.items.iter().filter(move |item| item.tier == tier).filter_map(|item| {
            match &item.outlook {
                Outlook::Change(change) => Some((&item.id, change.as_ref())),
                _ => None,
            }
        })
    }
}

/// Lists the resources that an operation has dealt with in its earlier invocations.
///
/// Another operation has to look at all of them again.
pub fn done_earlier(
    registry: &[Kind],
    journal: &Journal,
    operation_id: &str,
    direction: Direction,
) -> BTreeSet<ResourceId> {
    let done = |id: &ResourceId| was_done_earlier(journal, id, operation_id, direction);
    registry
        .iter()
        .flat_map(|kind| journal.recorded(kind.info().name))
        .map(|(id, _)| id)
        .filter(done)
        .collect()
}

/// Tells whether an earlier invocation of this very operation has dealt with the resource.
pub fn was_done_earlier(
    journal: &Journal,
    id: &ResourceId,
    operation_id: &str,
    direction: Direction,
) -> bool {
    let done = match direction {
        Direction::Stop => Phase::Stopped,
        Direction::Start => Phase::Running,
    };
    journal
        .record(id)
        .is_some_and(|record| record.operation_id == operation_id && record.phase == done)
}

#[cfg(test)]
mod tests;
