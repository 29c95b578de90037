//! A kind's remote makes its calls to AWS. These are its traits and its answers.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;

use super::rules::{Describe, Rules, StepOf};
use crate::failure::Failure;
use crate::pace::Pace;
use crate::select::Wanted;

/// A setup holds what a kind is opened with.
pub struct Setup<'a> {
    pub aws: &'a SdkConfig,
    /// Resources in transition are looked at again after this time.
    pub poll: Duration,
    /// A stop lasts no longer than this.
    pub longest_stop_hours: f64,
}

/// Makes the calls that find a kind's resources.
#[async_trait]
pub trait Observe<K: Describe>: Send + Sync {
    /// Finds the wanted resources, with all that a decision needs to know of them.
    async fn observe(
        &self,
        wanted: &Wanted,
        pace: &Pace,
    ) -> Result<Vec<Sighting<K::Seen>>, Failure>;
}

/// Makes the calls of a kind that can be stopped and started.
///
/// Each method is for many resources at once, so that a kind can put them into one call.
#[async_trait]
pub trait Remote<K: Rules>: Observe<K> {
    /// Looks again at resources by name, each for what its step can have changed.
    ///
    /// `Ok(None)` is a resource that is not there.
    async fn look(
        &self,
        tasks: &[(String, StepOf<K>)],
        pace: &Pace,
    ) -> Vec<Result<Option<K::Seen>, Failure>>;

    /// Sends one call for each resource.
    async fn perform(&self, tasks: &[(String, K::Call)], pace: &Pace) -> Vec<AnswerOf<K>>;
}

/// An answer says what came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<S, C> {
    /// AWS took the call. The next look shows what it did.
    Accepted,
    /// AWS took the call, and answered with the resource as it is now.
    Shown(S),
    /// AWS took this part of the call. The rest has nothing left to change: the remark says so in
    /// the report.
    Partly { call: C, remark: String },
    /// AWS refused the call for good. The rules say what follows from that.
    Refused(Failure),
    /// AWS refused the call, or did not answer. That counts only if a look shows no effect.
    Failed(Failure),
}

/// `AnswerOf<K>` is the answer type of the kind `K`.
pub type AnswerOf<K> = Answer<<K as Describe>::Seen, <K as Rules>::Call>;

impl<S, C> Answer<S, C> {
    /// Returns the answer of a call that was not sent, because the operation was halted.
    pub fn halted() -> Self {
        Answer::Failed(Failure::halted())
    }

    /// Translates the values that are of a kind's own types.
    pub fn map<T, D>(self, seen: impl FnOnce(S) -> T, call: impl FnOnce(C) -> D) -> Answer<T, D> {
        match self {
            Answer::Accepted => Answer::Accepted,
            Answer::Shown(shown) => Answer::Shown(seen(shown)),
            Answer::Partly { call: taken, remark } => Answer::Partly { call: call(taken), remark },
            Answer::Refused(failure) => Answer::Refused(failure),
            Answer::Failed(failure) => Answer::Failed(failure),
        }
    }
}

impl<S, C> From<Result<(), Failure>> for Answer<S, C> {
    fn from(answer: Result<(), Failure>) -> Self {
        answer.map_or_else(Answer::Failed, |()| Answer::Accepted)
    }
}

/// A sighting is one resource by name, as it was seen. `Ok(None)`: it is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<S> {
    pub name: String,
    pub seen: Result<Option<S>, Failure>,
}
