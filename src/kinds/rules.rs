//! What a kind decides: the words of its decisions, and the trait that makes them. Pure.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::info::Info;
use crate::model::{Calls, Description, Phase};

/// What a kind says of its resources. Pure.
pub trait Describe: Send + Sync + 'static {
    /// One resource as it is now.
    type Seen: Serialize + DeserializeOwned + Clone + Debug + Send + Sync;

    const INFO: &'static Info;

    /// Describes a resource as it was seen. `None`: it is not there.
    fn describe(&self, seen: Option<&Self::Seen>) -> Description;

    /// A resource's tags, where looking at it shows them.
    fn tags(_: &Self::Seen) -> Option<&BTreeMap<String, String>> {
        None
    }
}

/// What a kind decides. Pure: everything it knows comes in, everything it wants goes out.
///
/// A kind's own settings are its fields.
pub trait Rules: Describe {
    /// What a stop would lose.
    type Original: Serialize + DeserializeOwned + Clone + Debug + Send + Sync;
    /// One call that changes something.
    type Step: Serialize + DeserializeOwned + Clone + Debug + Display + Send + Sync;

    fn stop(
        &self,
        case: &Case<Self::Seen, Self::Original>,
    ) -> Decision<Self::Seen, Self::Original, Self::Step>;

    /// Decides about a start. Without an original there is nothing to start, whatever the reason.
    fn start(
        &self,
        case: &Case<Self::Seen, Self::Original>,
    ) -> Decision<Self::Seen, Self::Original, Self::Step>;

    /// Tells how far a step has come, by what is seen.
    fn progress(&self, step: &Self::Step, seen: Option<&Self::Seen>) -> Progress<Self::Step>;

    /// Whether AWS takes only so many of these steps a day, so that they are to be remembered.
    fn is_counted(&self, _: &Self::Step) -> bool {
        false
    }

    /// When a step shows that it was taken.
    fn effect(&self, _: &Self::Step) -> Effect {
        Effect::AtOnce
    }
}

/// When a step shows that it was taken, and so when it is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// With its answer, or with the next look.
    AtOnce,
    /// It begins a transition, which takes minutes.
    Slow,
    /// It sends nothing: it is there when a look shows what it waits for. That may be the look that
    /// showed the step before it.
    Awaited,
}

/// What a decision is made from.
#[derive(Debug, Clone)]
pub struct Case<'a, S, O> {
    pub name: &'a str,
    pub seen: Option<&'a S>,
    pub held: Option<Held<O>>,
    pub calls: Calls,
    pub now: Timestamp,
}

impl<S, O> Case<'_, S, O> {
    /// For a resource that is not there, of a kind that only a person deletes.
    pub fn gone<T>(&self) -> Decision<S, O, T> {
        match self.held {
            Some(_) => Decision::leave(
                Verdict::Released,
                "it was deleted since: there is nothing to bring back",
            ),
            None => Decision::leave(
                Verdict::Skipped,
                "it was deleted while this operation looked at it",
            ),
        }
    }
}

/// An original that we owe, and how far its record says we came.
#[derive(Debug, Clone)]
pub struct Held<O> {
    pub original: O,
    pub phase: Phase,
}

/// What to do with one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<S, O, T> {
    /// Nothing, and why.
    Leave { verdict: Verdict, why: String },
    /// These steps, in this order.
    Change(Change<S, O, T>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change<S, O, T> {
    pub claim: Claim<O>,
    pub steps: Vec<T>,
    /// What it will be. `None`: gone.
    pub after: Option<S>,
    pub detail: String,
    pub warnings: Vec<String>,
}

impl<S, O, T> Decision<S, O, T> {
    pub fn leave(verdict: Verdict, why: impl Into<String>) -> Self {
        Decision::Leave { verdict, why: why.into() }
    }

    /// A change that rests on the original that is held.
    pub fn resume(steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Resume, steps, after)
    }

    /// A change whose original has to be saved first.
    pub fn save_and(original: O, steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Save(original), steps, after)
    }

    /// A change that rests on the original that is held, and remembers more with it.
    pub fn amend_and(original: O, steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Amend(original), steps, after)
    }

    fn change(claim: Claim<O>, steps: Vec<T>, after: Option<S>) -> Self {
        Decision::Change(Change {
            claim,
            steps,
            after,
            detail: String::new(),
            warnings: Vec::new(),
        })
    }

    /// The same, with its reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        match &mut self {
            Decision::Leave { why, .. } => *why = reason.into(),
            Decision::Change(change) => change.detail = reason.into(),
        }
        self
    }

    #[must_use]
    pub fn warn(mut self, lines: Vec<String>) -> Self {
        if let Decision::Change(change) = &mut self {
            change.warnings.extend(lines);
        }
        self
    }
}

/// Which original a change rests on.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim<O> {
    /// Save this one: there is none, or a person changed the resource since.
    Save(O),
    /// The one that is held, with what this change has to remember beside it.
    Amend(O),
    /// The one that is held.
    Resume,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    AlreadyStopped,
    AlreadyRunning,
    /// It could be changed, but must not be now.
    Skipped,
    /// It cannot be changed in the state that it is in, and that will pass: worth another look.
    Later,
    /// It is not this program's to change.
    Unmanaged,
    /// A person's doing stands: what we held is not owed any more.
    Released,
}

/// How far a step has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<T> {
    /// The account shows no sign of it.
    NotBegun,
    /// On its way: `Creating`.
    Waiting(String),
    Done,
    /// The same, and the report has to say something of it.
    DoneBut(String),
    /// It will not come.
    Failed(String),
    /// Done, but what follows has to wait a while.
    DoneFor {
        why: String,
        pause: Duration,
    },
    /// The way goes on differently from here: after a pause, these steps instead of it.
    Instead {
        steps: Vec<T>,
        why: String,
        pause: Duration,
    },
}

/// For the tests of the kinds' rules.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub fn change<S, O, T>(decision: Decision<S, O, T>) -> Change<S, O, T> {
        match decision {
            Decision::Change(change) => change,
            Decision::Leave { verdict, why } => panic!("left alone: {verdict:?}, {why}"),
        }
    }

    pub fn left<S: Debug, O: Debug, T: Debug>(decision: Decision<S, O, T>) -> (Verdict, String) {
        match decision {
            Decision::Leave { verdict, why } => (verdict, why),
            Decision::Change(change) => panic!("not left alone: {change:?}"),
        }
    }

    pub fn verdict<S: Clone + Debug, O: Clone + Debug, T: Clone + Debug>(
        decision: &Decision<S, O, T>,
    ) -> Verdict {
        left(decision.clone()).0
    }
}
