//! Every choice of an operation, made before its first call. Pure.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::failure::Failure;
use crate::journal::{Journal, Note, Record, Snapshot, Transition};
use crate::kinds::info::Tier;
use crate::kinds::kit::{Kind, Managed, Step};
use crate::kinds::rules::{Case, Change, Claim, Decision, Held, Verdict};
use crate::model::{Description, Direction, Phase, ResourceId, State};
use crate::observe::{Candidate, Inventory, KEEP_TAG};
use crate::pricing::PriceBook;
use crate::trouble::Trouble;
use crate::usage::{Billable, Usage};

/// What an operation will do, and what it will leave alone, with the reason of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub items: Vec<Item>,
    /// What could not be seen, and so was not decided.
    pub errors: Vec<Trouble>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: ResourceId,
    pub tier: Tier,
    pub description: Description,
    /// As it was seen, with its price.
    pub now: Snapshot,
    pub outlook: Outlook,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outlook {
    Leave {
        verdict: Verdict,
        why: String,
    },
    Change(Box<Move>),
    /// It could not be looked at, or not decided about.
    Blocked(Failure),
}

/// One resource's way, and what has to be durable before its first step.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    pub claim: Transition,
    pub steps: Vec<Step>,
    /// How many of them AWS takes only so many of a day.
    pub counted: usize,
    pub note: Note,
}

/// What a plan is made from, beside the account and the state.
pub struct Circumstances<'a> {
    pub prices: &'a PriceBook,
    pub now: Timestamp,
    /// How long the operation can go on, in all its invocations.
    pub time_left: Duration,
}

/// Plans an operation in one direction. `status` is the plan of a stop that nobody carries out.
pub fn plan(
    direction: Direction,
    registry: &[Kind],
    inventory: &Inventory,
    journal: &Journal,
    circumstances: &Circumstances,
) -> Plan {
    let unseen = inventory.unseen_kinds.iter().cloned();
    let mut errors: Vec<Trouble> =
        unseen.map(|(kind, failure)| Trouble::KindUnseen { kind, failure }).collect();
    errors.extend(inventory.unseen_tags.clone().map(Trouble::TagsUnseen));
    let mut items = Vec::new();
    for kind in registry {
        let info = kind.info();
        let first = items.len();
        for candidate in
            inventory.candidates.iter().filter(|candidate| candidate.id.kind == info.name)
        {
            let seen = candidate.seen.as_ref().ok().and_then(Option::as_ref);
            let description = match &candidate.seen {
                Ok(_) => kind.as_reported().describe(seen),
                Err(_) => not_seen(),
            };
            let now = Snapshot::of(&description, circumstances.prices);
            let outlook = match kind {
                Kind::Reported(_) => {
                    Outlook::Leave { verdict: Verdict::Unmanaged, why: String::new() }
                }
                Kind::Managed(kind) => {
                    let subject = Subject { candidate, inventory, journal };
                    subject.outlook(direction, kind.as_ref(), &now, circumstances)
                }
            };
            items.push(Item {
                id: candidate.id.clone(),
                tier: info.tier,
                description,
                now,
                outlook,
            });
        }
        let done = inventory.done_earlier.iter().filter(|id| id.kind == info.name);
        items.extend(done.filter_map(|id| {
            Some(item_done_earlier(id, info.tier, direction, journal.record(id)?))
        }));
        items[first..].sort_by(|a, b| a.id.cmp(&b.id));
        // What cannot be seen and yet is owed must not drop out of sight.
        if let Some((_, failure)) =
            inventory.unseen_kinds.iter().find(|(kind, _)| *kind == info.name)
        {
            items.extend(
                journal.recorded(info.name).filter(|(_, record)| record.held().is_some()).map(
                    |(id, _)| Item {
                        id,
                        tier: info.tier,
                        description: not_seen(),
                        now: Snapshot::of(&not_seen(), circumstances.prices),
                        outlook: Outlook::Blocked(failure.clone()),
                    },
                ),
            );
        }
    }
    Plan { items, errors }
}

/// As its record says: it was not looked at again.
fn item_done_earlier(id: &ResourceId, tier: Tier, direction: Direction, record: &Record) -> Item {
    let (state, verdict) = match direction {
        Direction::Stop => (State::Stopped, Verdict::AlreadyStopped),
        Direction::Start => (State::Running, Verdict::AlreadyRunning),
    };
    let now = record.after.clone();
    let description = Description::new(state, now.summary.clone(), now.usage.clone());
    Item {
        id: id.clone(),
        tier,
        description,
        now,
        outlook: Outlook::Leave { verdict, why: String::new() },
    }
}

struct Subject<'a> {
    candidate: &'a Candidate,
    inventory: &'a Inventory,
    journal: &'a Journal,
}

impl Subject<'_> {
    fn outlook(
        &self,
        direction: Direction,
        kind: &dyn Managed,
        now: &Snapshot,
        circumstances: &Circumstances,
    ) -> Outlook {
        let seen = match &self.candidate.seen {
            Ok(seen) => seen.as_ref(),
            Err(failure) => return Outlook::Blocked(failure.clone()),
        };
        let record = self.journal.record(&self.candidate.id);
        let held = record.and_then(|record| {
            record.held().map(|original| Held { original: original.clone(), phase: record.phase })
        });
        let owed = held.is_some();
        // The tag keeps a resource from being stopped. One that we stopped before it was tagged
        // comes back all the same: it is what the tag asks for.
        if self.candidate.keep && (direction == Direction::Stop || !owed) {
            let why = format!("tagged {}={}", KEEP_TAG.0, KEEP_TAG.1);
            return Outlook::Leave { verdict: Verdict::Unmanaged, why };
        }
        let case = Case {
            name: &self.candidate.id.name,
            seen,
            held,
            calls: self.journal.calls(
                &self.candidate.id,
                circumstances.now,
                circumstances.time_left,
            ),
            now: circumstances.now,
        };
        let change = match kind.decide(direction, &case) {
            Err(unreadable) => return Outlook::Blocked(Failure::refused(unreadable.to_string())),
            Ok(Decision::Leave { verdict, why }) => return Outlook::Leave { verdict, why },
            Ok(Decision::Change(change)) => change,
        };
        if direction == Direction::Stop {
            if matches!(change.claim, Claim::Save(_)) && !self.candidate.selected {
                let why = "no pattern and no tag selects it any more".to_owned();
                return Outlook::Leave { verdict: Verdict::Skipped, why };
            }
            if let Some(failure) = &self.inventory.unseen_tags {
                let what = "whether it is to be kept could not be found out";
                return Outlook::Blocked(failure.clone().about(what));
            }
        }
        let Change { claim, steps, after, detail, warnings } = change;
        let claim = match (claim, direction) {
            (Claim::Save(original), _) if owed => Transition::Adopt(original),
            (Claim::Save(original), _) => Transition::Save(original),
            (Claim::Amend(original), _) => Transition::Amend(original),
            (Claim::Resume, Direction::Stop) => Transition::Resume,
            (Claim::Resume, Direction::Start) => Transition::Start,
        };
        let counted = steps.iter().filter(|step| kind.is_counted(step)).count();
        let after = kind.describe(after.as_ref());
        Outlook::Change(Box::new(Move {
            claim,
            steps,
            counted,
            note: Note {
                before: now.clone(),
                after: Snapshot::of(&after, circumstances.prices),
                detail,
                warnings,
            },
        }))
    }
}

impl Snapshot {
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
    /// Whether it is worth another look.
    pub fn is_later(&self) -> bool {
        matches!(self.outlook, Outlook::Leave { verdict: Verdict::Later, .. })
    }
}

impl Plan {
    /// What the plan's resources use, before and after.
    pub fn usages(&self) -> impl Iterator<Item = &Billable> {
        self.items.iter().flat_map(|item| {
            let after = match &item.outlook {
                Outlook::Change(change) => Some(&change.note.after.usage),
                _ => None,
            };
            std::iter::once(&item.now.usage).chain(after).flat_map(Usage::billables)
        })
    }

    /// What the advice on them is about: worth a price, and part of no sum.
    pub fn advised(&self) -> impl Iterator<Item = &Billable> {
        self.items.iter().flat_map(|item| &item.description.advice).flat_map(|advice| {
            let limits = advice.cheaper_below.iter().flat_map(|below| &below.limits);
            let limits = limits.flat_map(|limit| limit.pays.billables().chain([&limit.billable]));
            advice.pays.billables().chain(advice.would_pay.billables()).chain(limits)
        })
    }

    /// Takes the newest prices: the plan was made with those that were known then.
    pub fn price(&mut self, prices: &PriceBook) {
        for item in &mut self.items {
            item.now.price(prices);
            if let Outlook::Change(change) = &mut item.outlook {
                change.note.before.price(prices);
                change.note.after.price(prices);
            }
        }
    }

    /// The resources of these tiers that are worth another look.
    pub fn later(&self, tiers: &[Tier]) -> Vec<ResourceId> {
        let is_later = |item: &&Item| tiers.contains(&item.tier) && item.is_later();
        self.items.iter().filter(is_later).map(|item| item.id.clone()).collect()
    }

    /// Takes what another look at some resources has decided.
    pub fn merge(&mut self, other: Plan) {
        let mut others: HashMap<ResourceId, Item> =
            other.items.into_iter().map(|item| (item.id.clone(), item)).collect();
        for old in &mut self.items {
            if let Some(new) = others.remove(&old.id) {
                *old = new;
            }
        }
    }

    /// The moves of one tier.
    pub fn moves(&self, tier: Tier) -> impl Iterator<Item = (&ResourceId, &Move)> {
        self.items.iter().filter(move |item| item.tier == tier).filter_map(|item| {
            match &item.outlook {
                Outlook::Change(change) => Some((&item.id, change.as_ref())),
                _ => None,
            }
        })
    }
}

/// What an operation has dealt with in its earlier invocations. Another operation has to look.
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

/// Whether this very operation has dealt with the resource already, in an earlier invocation.
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
