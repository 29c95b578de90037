//! A kind's rules decide what a stop and a start do to its resources. They are pure.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::info::Info;
use crate::failure::Failure;
use crate::model::{Description, Phase, Ration};

/// A kind's own types are plain data: they can be compared and printed.
pub trait Data: Any + Clone + Debug + PartialEq + Send + Sync {}

impl<T: Any + Clone + Debug + PartialEq + Send + Sync> Data for T {}

/// Describes a kind's resources. Its functions are pure.
pub trait Describe: Send + Sync + 'static {
    /// A `Seen` holds what was seen of one resource at one moment.
    type Seen: Data;

    const INFO: &'static Info;

    /// Describes a resource as it was seen. `None`: the resource is not there.
    fn describe(&self, seen: Option<&Self::Seen>) -> Description;

    /// Returns a resource's tags, where a look at the resource shows them.
    fn tags(_: &Self::Seen) -> Option<&BTreeMap<String, String>> {
        None
    }
}

/// Decides what a stop and a start do to a kind's resources. Its functions are pure.
///
/// All that a decision needs comes in, all that is to be done goes out. A kind's own settings are
/// fields of the type that has these rules.
pub trait Rules: Describe {
    /// An `Original` holds what a stop would lose. States and reports have it as JSON.
    type Original: Data + Serialize + DeserializeOwned;
    /// A `Call` says what is sent to AWS to change a resource.
    type Call: Data + Display;
    /// A `Wait` says which change is waited for that needs no call.
    ///
    /// A kind without such waits has `Infallible` here.
    type Wait: Data + Display;

    /// Decides what a stop does.
    fn stop(&self, case: &Case<Self::Seen, Self::Original>) -> DecisionOf<Self>;

    /// Decides what a start does. Without an original it changes nothing.
    fn start(&self, case: &Case<Self::Seen, Self::Original>) -> DecisionOf<Self>;

    /// Tells how far a call has come, by what a look after it shows.
    ///
    /// `refused` is set where AWS refused the call for good ([`Answer::Refused`]). Its effect may
    /// show all the same.
    ///
    /// [`Answer::Refused`]: super::remote::Answer::Refused
    fn progress(
        &self,
        call: &Self::Call,
        seen: Option<&Self::Seen>,
        refused: Option<&Failure>,
    ) -> Progress<StepOf<Self>>;

    /// Tells how far a wait has come, by what a look shows.
    fn waited(&self, wait: &Self::Wait, seen: Option<&Self::Seen>) -> Progress<StepOf<Self>>;

    /// Tells whether AWS takes only so many of these calls a day. The state remembers such calls.
    fn is_rationed(&self, _: &Self::Call) -> bool {
        false
    }

    /// Tells how soon a look can show what a step does.
    fn effect(&self, step: &StepOf<Self>) -> Effect {
        match step {
            Step::Call(_) => Effect::AtOnce,
            Step::Wait(_) | Step::GiveUp(_) => Effect::Awaited,
        }
    }
}

/// `StepOf<K>` is the step type of the kind `K`.
pub type StepOf<K> = Step<<K as Rules>::Call, <K as Rules>::Wait>;

/// `DecisionOf<K>` is the decision type of the kind `K`.
pub type DecisionOf<K> = Decision<<K as Describe>::Seen, <K as Rules>::Original, StepOf<K>>;

/// A step is one call, or one wait, of a resource's stop or start.
///
/// The next step begins when this one is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<C, W> {
    /// The step sends a call, and waits for its effect.
    Call(C),
    /// The step sends nothing, and waits.
    Wait(W),
    /// The step sends nothing, and ends all steps short of their goal, for this reason.
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

/// An effect says how soon a look can show what a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The call shows with its answer, or at the next look.
    AtOnce,
    /// The call begins a transition, which takes minutes.
    Slow,
    /// The wait is over after a while.
    ///
    /// The look that ended the step before may show it already.
    Awaited,
}

/// A case holds all that a decision is made from.
#[derive(Debug, Clone)]
pub struct Case<'a, S, O> {
    pub name: &'a str,
    /// `None`: the resource is not there.
    pub seen: Option<&'a S>,
    /// `None`: nothing is owed.
    pub held: Option<Held<O>>,
    pub ration: Ration,
    pub now: Timestamp,
}

impl<S, O> Case<'_, S, O> {
    /// Decides about a resource that a person has deleted.
    ///
    /// Only a kind whose stop deletes nothing may use it.
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

/// A held original is owed: the resource is not back yet.
#[derive(Debug, Clone)]
pub struct Held<O> {
    pub original: O,
    /// The record says that the stop or the start came so far.
    pub phase: Phase,
}

/// A decision says what is done with one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<S, O, T> {
    /// The resource is left as it is, for this reason.
    Leave { verdict: Verdict, why: String },
    /// The change is carried out.
    Change(Change<S, O, T>),
}

/// A change is the steps of one resource, and the original that they rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<S, O, T> {
    pub claim: Claim<O>,
    /// The steps are carried out in this order.
    pub steps: Vec<T>,
    /// The resource will be like this. `None`: it will be gone.
    pub after: Option<S>,
    /// The report gives this reason. It may be empty.
    pub detail: String,
    pub warnings: Vec<String>,
}

impl<S, O, T> Decision<S, O, T> {
    /// Translates the values that are of a kind's own types.
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

    /// Decides a change that rests on the held original.
    pub fn resume(steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Resume, steps, after)
    }

    /// Decides a change whose original has to be saved first.
    pub fn save_and(original: O, steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Save(original), steps, after)
    }

    /// Decides a change that replaces the held original by one that says more.
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

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        match &mut self {
            Decision::Leave { why, .. } => *why = reason.into(),
            Decision::Change(change) => change.detail = reason.into(),
        }
        self
    }

    /// Adds warnings to a change. A resource that is left as it is needs none.
    #[must_use]
    pub fn warn(mut self, lines: Vec<String>) -> Self {
        if let Decision::Change(change) = &mut self {
            change.warnings.extend(lines);
        }
        self
    }
}

/// A claim says which original a change rests on.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim<O> {
    /// The change saves this original: none is held, or a person has changed the resource since.
    Save(O),
    /// The change replaces the held original by this one, which says more about the stop.
    Amend(O),
    /// The held original stands.
    Resume,
}

/// A verdict says why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    AlreadyStopped,
    AlreadyRunning,
    /// The resource could be changed, but must not be now.
    Skipped,
    /// The resource cannot be changed in its present state, which will pass: it is looked at again.
    Later,
    /// The resource is not this program's to change.
    Unmanaged,
    /// Nothing is owed any more: the held original is let go.
    Released,
}

/// Progress says how far a step has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<T> {
    /// The account shows no sign of the step.
    NotBegun,
    /// AWS is at work on the step. The text says how far it is: `Creating`.
    Waiting(String),
    Done,
    /// The step will never be done, for this reason.
    Failed(String),
    /// The step is done, and shows that what is saved is out of date.
    ///
    /// The resource is looked at and decided about once more, by the operation that is at work.
    Anew(String),
    /// The step is done. The next one has to wait this long.
    DoneFor {
        why: String,
        pause: Duration,
    },
    /// These steps replace this one and all that were to follow, after a pause.
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
            Progress::Anew(why) => Progress::Anew(why),
            Progress::DoneFor { why, pause } => Progress::DoneFor { why, pause },
            Progress::Instead { steps, why, pause } => {
                Progress::Instead { steps: steps.into_iter().map(step).collect(), why, pause }
            }
        }
    }
}

/// The tests of the kinds' rules share these functions.
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
