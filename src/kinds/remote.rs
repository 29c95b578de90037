//! What a kind asks of AWS: the traits that make its calls, and what a look answers.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;

use super::rules::{Describe, Rules, StepOf};
use crate::failure::Failure;
use crate::pace::Pace;
use crate::select::Wanted;

/// What a kind is opened with: the AWS clients' configuration, and the settings that kinds read.
pub struct Setup<'a> {
    pub aws: &'a SdkConfig,
    /// How often what is on its way is looked at.
    pub poll: Duration,
    /// How long a stop may last at most.
    pub longest_stop_hours: f64,
}

/// The calls by which a kind's resources are found.
#[async_trait]
pub trait Observe<K: Describe>: Send + Sync {
    /// Finds what is wanted and looks at it thoroughly: everything a decision needs.
    async fn observe(
        &self,
        wanted: &Wanted,
        pace: &Pace,
    ) -> Result<Vec<Sighting<K::Seen>>, Failure>;
}

/// The calls of a kind that can be stopped and started, each for many resources at once.
#[async_trait]
pub trait Remote<K: Rules>: Observe<K> {
    /// Looks again at resources by name, each for what its step can have changed.
    async fn look(
        &self,
        tasks: &[(String, StepOf<K>)],
        pace: &Pace,
    ) -> Vec<Result<Option<K::Seen>, Failure>>;

    /// Sends one call for each resource.
    async fn perform(&self, tasks: &[(String, K::Call)], pace: &Pace) -> Vec<AnswerOf<K>>;
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<S, C> {
    /// AWS took it. What it does, the next look shows.
    Accepted,
    /// AWS took it, and answered with the resource as it is now.
    Shown(S),
    /// AWS took this much of it. The rest has nothing left to change, which the report has to say.
    Partly { call: C, remark: String },
    /// AWS refused it for good, and the rules say how the way goes on.
    Refused(Failure),
    /// AWS refused it, or did not answer. Believed only if a look shows no effect.
    Failed(Failure),
}

/// A kind's answers.
pub type AnswerOf<K> = Answer<<K as Describe>::Seen, <K as Rules>::Call>;

impl<S, C> Answer<S, C> {
    /// A call that was not sent.
    pub fn halted() -> Self {
        Answer::Failed(Failure::halted())
    }

    /// Translates everything that is a kind's own.
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

/// One resource by name, as it was found: `Ok(None)` is one that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<S> {
    pub name: String,
    pub seen: Result<Option<S>, Failure>,
}
