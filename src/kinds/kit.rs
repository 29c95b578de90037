//! The object behind which a kind's own types are erased. No author of a kind opens this file.

use std::fmt::Display;
use std::marker::PhantomData;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::info::Info;
use super::remote::{Remote, Sighting};
use super::rules::{Case, Change, Claim, Decision, Effect, Held, Progress, Rules};
use crate::failure::Failure;
use crate::lazy::{Lazy, lazy};
use crate::model::{Direction, Plain, Standing, Step};
use crate::pace::Pace;
use crate::select::Wanted;

/// One kind with its client. A kind that is only reported cannot be applied, by its type.
pub enum Entry {
    Managed(Box<dyn Managed>),
    Reported(Box<dyn Reported>),
}

impl Entry {
    pub fn reported(&self) -> &dyn Reported {
        match self {
            Entry::Managed(kind) => kind.as_reported(),
            Entry::Reported(kind) => kind.as_ref(),
        }
    }
}

/// A kind that can be observed and told about.
#[async_trait]
pub trait Reported: Send + Sync {
    fn info(&self) -> &'static Info;
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Plain>>, Failure>;
    fn standing(&self, seen: Option<&Plain>) -> Standing;
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

/// Rules and their remote, as one [`Managed`] kind.
pub struct Kit<R, A> {
    remote: Lazy<A>,
    rules: PhantomData<R>,
}

impl<R: Rules, A: Remote<R> + 'static> Kit<R, A> {
    pub fn boxed(_: R, remote: A) -> Box<dyn Managed> {
        Box::new(Kit { remote: Lazy::new(Box::new(move || remote)), rules: PhantomData::<R> })
    }

    /// With a remote that is made when it is first called.
    pub fn lazy(
        _: R,
        aws: &aws_config::SdkConfig,
        new: fn(&aws_config::SdkConfig) -> A,
    ) -> Box<dyn Managed> {
        Box::new(Kit { remote: lazy(aws, new), rules: PhantomData::<R> })
    }
}

/// The kinds' data are structs of strings and numbers: JSON can hold every one of them.
pub(crate) fn plain<T: Serialize>(value: &T) -> Plain {
    Plain(serde_json::to_value(value).expect("a kind's data is plain"))
}

/// What a kind made in this process, it can read back.
pub(crate) fn own<T: DeserializeOwned>(plain: &Plain) -> T {
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
impl<R: Rules, A: Remote<R> + 'static> Reported for Kit<R, A> {
    fn info(&self) -> &'static Info {
        R::INFO
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

    fn standing(&self, seen: Option<&Plain>) -> Standing {
        R::standing(seen.map(own).as_ref())
    }

    fn carries(&self, seen: &Plain, tags: &[(String, String)]) -> Option<bool> {
        let seen: R::Seen = own(seen);
        let own_tags = R::tags(&seen)?;
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
            longest_stop_hours: case.longest_stop_hours,
            calls: case.calls.clone(),
            now: case.now,
            poll: case.poll,
        };
        let decision = match direction {
            Direction::Stop => R::stop(&case),
            Direction::Start => R::start(&case),
        };
        Ok(match decision {
            Decision::Leave { verdict, why } => Decision::Leave { verdict, why },
            Decision::Change(change) => Decision::Change(Change {
                claim: match change.claim {
                    Claim::Take(original) => Claim::Take(plain(&original)),
                    Claim::Amend(original) => Claim::Amend(plain(&original)),
                    Claim::Keep => Claim::Keep,
                },
                steps: steps(&change.steps),
                after: change.after.as_ref().map(plain),
                detail: change.detail,
                warnings: change.warnings,
            }),
        })
    }

    fn progress(&self, step: &Step, seen: Option<&Plain>) -> Progress<Step> {
        match R::progress(&own(&step.data), seen.map(own).as_ref()) {
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
        R::is_counted(&own(&step.data))
    }

    fn effect(&self, step: &Step) -> Effect {
        R::effect(&own(&step.data))
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
