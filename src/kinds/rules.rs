//! What a kind decides: the words of its decisions, and the traits that make them. Pure.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::info::Info;
use crate::failure::Failure;
use crate::model::{Description, Phase, RationedCalls};

/// What a kind's own types are: plain data, which can be compared and printed.
pub trait Data: Any + Clone + Debug + PartialEq + Send + Sync {}

impl<T: Any + Clone + Debug + PartialEq + Send + Sync> Data for T {}

/// What a kind says of its resources. Pure.
pub trait Describe: Send + Sync + 'static {
    /// One resource as it is now.
    type Seen: Data;

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
    /// What a stop would lose. It stands as JSON in states and reports.
    type Original: Data + Serialize + DeserializeOwned;
    /// What is sent to change a resource.
    type Call: Data + Display;
    /// What is waited for without sending anything. `Infallible`, for a kind that never does.
    type Wait: Data + Display;

    fn stop(&self, case: &Case<Self::Seen, Self::Original>) -> DecisionOf<Self>;

    /// Decides about a start. Without an original there is nothing to start, whatever the reason.
    fn start(&self, case: &Case<Self::Seen, Self::Original>) -> DecisionOf<Self>;

    /// Tells how far a call has come, by what a look shows after it.
    ///
    /// `refused`: AWS refused it, and said so for good ([`Answer::Refused`]). Its effect may show
    /// all the same.
    ///
    /// [`Answer::Refused`]: super::remote::Answer::Refused
    fn progress(
        &self,
        call: &Self::Call,
        seen: Option<&Self::Seen>,
        refused: Option<&Failure>,
    ) -> Progress<StepOf<Self>>;

    /// Tells how far that has come which is waited for.
    fn waited(&self, wait: &Self::Wait, seen: Option<&Self::Seen>) -> Progress<StepOf<Self>>;

    /// Whether AWS takes only so many of these calls a day, so that they are to be remembered.
    fn is_counted(&self, _: &Self::Call) -> bool {
        false
    }

    /// When a step is worth its first look.
    fn effect(&self, step: &StepOf<Self>) -> Effect {
        match step {
            Step::Call(_) => Effect::AtOnce,
            Step::Wait(_) | Step::GiveUp(_) => Effect::Awaited,
        }
    }
}

/// A kind's steps.
pub type StepOf<K> = Step<<K as Rules>::Call, <K as Rules>::Wait>;

/// A kind's decisions.
pub type DecisionOf<K> = Decision<<K as Describe>::Seen, <K as Rules>::Original, StepOf<K>>;

/// One step of a resource's way down or up. The next begins when it has come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<C, W> {
    /// Sends a call, and waits for its effect.
    Call(C),
    /// Sends nothing, and waits.
    Wait(W),
    /// Ends a way that cannot be gone to its end, with the reason. Sends nothing.
    GiveUp(String),
}

impl<C, W> Step<C, W> {
    /// Translates what a step sends and what it waits for.
    pub fn map<D, X>(self, call: impl FnOnce(C) -> D, wait: impl FnOnce(W) -> X) -> Step<D, X> {
        match self {
            Step::Call(sent) => Step::Call(call(sent)),
            Step::Wait(what) => Step::Wait(wait(what)),
            Step::GiveUp(why) => Step::GiveUp(why),
        }
    }
}

impl<C: Display, W: Display> Display for Step<C, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Call(call) => call.fmt(f),
            Step::Wait(wait) => wait.fmt(f),
            Step::GiveUp(why) => write!(f, "give up: {why}"),
        }
    }
}

/// When a step is worth its first look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// At once: a call shows with its answer, or with the next look.
    AtOnce,
    /// After a while: a call begins a transition, which takes minutes.
    Slow,
    /// After a while, unless the look that ended the step before shows already what is waited for.
    Awaited,
}

/// What a decision is made from.
#[derive(Debug, Clone)]
pub struct Case<'a, S, O> {
    pub name: &'a str,
    pub seen: Option<&'a S>,
    pub held: Option<Held<O>>,
    pub calls: RationedCalls,
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
    /// Translates everything that is a kind's own.
    pub fn map<A, P, U>(
        self,
        seen: impl FnOnce(S) -> A,
        original: impl FnOnce(O) -> P,
        step: impl FnMut(T) -> U,
    ) -> Decision<A, P, U> {
        match self {
            Decision::Leave { verdict, why } => Decision::Leave { verdict, why },
            Decision::Change(Change { claim, steps, after, detail, warnings }) => {
                let claim = match claim {
                    Claim::Save(saved) => Claim::Save(original(saved)),
                    Claim::Amend(amended) => Claim::Amend(original(amended)),
                    Claim::Resume => Claim::Resume,
                };
                let steps = steps.into_iter().map(step).collect();
                Decision::Change(Change { claim, steps, after: after.map(seen), detail, warnings })
            }
        }
    }

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

impl<T> Progress<T> {
    /// Translates the steps.
    pub fn map<U>(self, step: impl FnMut(T) -> U) -> Progress<U> {
        match self {
            Progress::NotBegun => Progress::NotBegun,
            Progress::Waiting(what) => Progress::Waiting(what),
            Progress::Done => Progress::Done,
            Progress::Failed(why) => Progress::Failed(why),
            Progress::DoneFor { why, pause } => Progress::DoneFor { why, pause },
            Progress::Instead { steps, why, pause } => {
                Progress::Instead { steps: steps.into_iter().map(step).collect(), why, pause }
            }
        }
    }
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
