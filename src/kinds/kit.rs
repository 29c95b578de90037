//! The object behind which a kind's own types are erased. No author of a kind opens this file.

use std::fmt::Display;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::info::Info;
use super::remote::{Observe, Remote, Sighting};
use super::rules::{Case, Change, Claim, Decision, Describe, Effect, Held, Progress, Rules};
use crate::failure::Failure;
use crate::lazy::Lazy;
use crate::model::{Description, Direction, Plain, Step};
use crate::pace::Pace;
use crate::select::Wanted;

/// One kind with its client. A kind that is only reported cannot be applied, by its type.
pub enum Kind {
    Managed(Box<dyn Managed>),
    Reported(Box<dyn Reported>),
}

impl Kind {
    /// A kind that can be stopped and started.
    pub fn managed<R: Rules, A: Remote<R> + 'static>(rules: R, remote: Lazy<A>) -> Self {
        Kind::Managed(Box::new(Kit { rules, remote }))
    }

    /// A kind of which nothing is changed.
    pub fn reported<D: Describe, A: Observe<D> + 'static>(rules: D, remote: Lazy<A>) -> Self {
        Kind::Reported(Box::new(Kit { rules, remote }))
    }

    pub fn as_managed(&self) -> Option<&dyn Managed> {
        match self {
            Kind::Managed(kind) => Some(kind.as_ref()),
            Kind::Reported(_) => None,
        }
    }

    pub fn as_reported(&self) -> &dyn Reported {
        match self {
            Kind::Managed(kind) => kind.as_reported(),
            Kind::Reported(kind) => kind.as_ref(),
        }
    }

    pub fn info(&self) -> &'static Info {
        self.as_reported().info()
    }
}

/// A kind that can be observed and told about.
#[async_trait]
pub trait Reported: Send + Sync {
    fn info(&self) -> &'static Info;
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Plain>>, Failure>;
    fn describe(&self, seen: Option<&Plain>) -> Description;
    /// Whether it carries all of these tags. `None`: looking at it does not show.
    fn carries(&self, _seen: &Plain, _tags: &[(String, String)]) -> Option<bool> {
        None
    }
}

/// A kind that can be stopped and started.
#[async_trait]
pub trait Managed: Reported {
    fn as_reported(&self) -> &dyn Reported;
    fn decide(
        &self,
        direction: Direction,
        case: &Case<Plain, Plain>,
    ) -> Result<Decision<Plain, Plain, Step>, UnreadableOriginal>;
    fn progress(&self, step: &Step, seen: Option<&Plain>) -> Progress<Step>;
    fn is_counted(&self, step: &Step) -> bool;
    fn effect(&self, step: &Step) -> Effect;
    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Plain>, Failure>>;
    async fn perform(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Plain>, Failure>>;
}

/// The state holds an original that its kind cannot read. It stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the saved original cannot be read: {0}")]
pub struct UnreadableOriginal(String);

/// Rules and their remote, as one kind. The remote is made when it is first called: never, for a
/// kind without patterns and records.
struct Kit<R, A> {
    rules: R,
    remote: Lazy<A>,
}

/// The kinds' data are structs of strings and numbers: JSON can hold every one of them.
fn plain<T: Serialize>(value: &T) -> Plain {
    Plain(serde_json::to_value(value).expect("a kind's data is plain"))
}

/// What a kind made in this process, it can read back.
fn own<T: DeserializeOwned>(plain: &Plain) -> T {
    T::deserialize(&plain.0).expect("a kind reads what it wrote")
}

fn step<T: Serialize + Display>(step: &T) -> Step {
    Step { text: step.to_string(), data: plain(step) }
}

fn steps<T: Serialize + Display>(typed: &[T]) -> Vec<Step> {
    typed.iter().map(step).collect()
}

fn erased<S: Serialize>(
    looks: Vec<Result<Option<S>, Failure>>,
) -> Vec<Result<Option<Plain>, Failure>> {
    looks.into_iter().map(|look| look.map(|seen| seen.as_ref().map(plain))).collect()
}

#[async_trait]
impl<D: Describe, A: Observe<D> + 'static> Reported for Kit<D, A> {
    fn info(&self) -> &'static Info {
        D::INFO
    }

    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Plain>>, Failure> {
        let sightings = self.remote.observe(wanted, pace).await?;
        Ok(sightings
            .into_iter()
            .map(|Sighting { name, seen }| Sighting {
                name,
                seen: seen.map(|seen| seen.as_ref().map(plain)),
            })
            .collect())
    }

    fn describe(&self, seen: Option<&Plain>) -> Description {
        self.rules.describe(seen.map(own).as_ref())
    }

    fn carries(&self, seen: &Plain, tags: &[(String, String)]) -> Option<bool> {
        let seen: D::Seen = own(seen);
        let own_tags = D::tags(&seen)?;
        // AWS's own are not among what a kind sees.
        let mut asked = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
        Some(asked.all(|(key, value)| own_tags.get(key) == Some(value)))
    }
}

#[async_trait]
impl<R: Rules, A: Remote<R> + 'static> Managed for Kit<R, A> {
    fn as_reported(&self) -> &dyn Reported {
        self
    }

    fn decide(
        &self,
        direction: Direction,
        case: &Case<Plain, Plain>,
    ) -> Result<Decision<Plain, Plain, Step>, UnreadableOriginal> {
        let seen: Option<R::Seen> = case.seen.map(own);
        let held = match &case.held {
            None => None,
            Some(held) => Some(Held {
                original: R::Original::deserialize(&held.original.0)
                    .map_err(|error| UnreadableOriginal(error.to_string()))?,
                phase: held.phase,
            }),
        };
        let case = Case {
            name: case.name,
            seen: seen.as_ref(),
            held,
            calls: case.calls.clone(),
            now: case.now,
        };
        let decision = match direction {
            Direction::Stop => self.rules.stop(&case),
            Direction::Start => self.rules.start(&case),
        };
        Ok(match decision {
            Decision::Leave { verdict, why } => Decision::Leave { verdict, why },
            Decision::Change(change) => Decision::Change(Change {
                claim: match change.claim {
                    Claim::Save(original) => Claim::Save(plain(&original)),
                    Claim::Amend(original) => Claim::Amend(plain(&original)),
                    Claim::Resume => Claim::Resume,
                },
                steps: steps(&change.steps),
                after: change.after.as_ref().map(plain),
                detail: change.detail,
                warnings: change.warnings,
            }),
        })
    }

    fn progress(&self, step: &Step, seen: Option<&Plain>) -> Progress<Step> {
        match self.rules.progress(&own(&step.data), seen.map(own).as_ref()) {
            Progress::NotBegun => Progress::NotBegun,
            Progress::Waiting(what) => Progress::Waiting(what),
            Progress::Done => Progress::Done,
            Progress::DoneBut(remark) => Progress::DoneBut(remark),
            Progress::Failed(why) => Progress::Failed(why),
            Progress::DoneFor { why, pause } => Progress::DoneFor { why, pause },
            Progress::Instead { steps: others, why, pause } => {
                Progress::Instead { steps: steps(&others), why, pause }
            }
        }
    }

    fn is_counted(&self, step: &Step) -> bool {
        self.rules.is_counted(&own(&step.data))
    }

    fn effect(&self, step: &Step) -> Effect {
        self.rules.effect(&own(&step.data))
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Plain>, Failure>> {
        erased(self.remote.look(names, pace).await)
    }

    async fn perform(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Plain>, Failure>> {
        let tasks: Vec<(String, R::Step)> =
            tasks.iter().map(|(name, step)| (name.clone(), own(&step.data))).collect();
        erased(self.remote.perform(&tasks, pace).await)
    }
}
