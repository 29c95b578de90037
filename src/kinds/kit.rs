//! The kit hides a kind's own types behind one object. No author of a kind opens this file.

use std::any::Any;
use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::info::Info;
use super::remote::{Answer, Observe, Remote, Sighting};
use super::rules::{self, Case, Data, Decision, Describe, Effect, Held, Progress, Rules, StepOf};
use crate::failure::Failure;
use crate::lazy::Lazy;
use crate::model::{Description, Direction};
use crate::pace::Pace;
use crate::select::Wanted;

/// Holds what a kind saw of a resource. Only that kind reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen(Erased);

/// Holds what a kind saved of a resource, as states and reports have it.
///
/// Only that kind reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Original(pub Value);

/// Holds a kind's call to AWS, with its words for plans and logs. Only that kind reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    words: String,
    call: Erased,
}

/// Holds what a kind waits for, with its words for plans and logs. Only that kind reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait(Call);

/// This is a step of any kind.
pub type Step = rules::Step<Call, Wait>;

impl Seen {
    pub fn of<T: Data>(seen: T) -> Self {
        Seen(Erased(Arc::new(seen)))
    }
}

impl Call {
    pub fn of<T: Data + Display>(call: T) -> Self {
        Call { words: call.to_string(), call: Erased(Arc::new(call)) }
    }
}

impl Wait {
    pub fn of<T: Data + Display>(wait: T) -> Self {
        Wait(Call::of(wait))
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

/// A value of a type that only its kind knows.
#[derive(Debug, Clone)]
struct Erased(Arc<dyn Opaque>);

trait Opaque: Any + Debug + Send + Sync {
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: Data> Opaque for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }
}

impl PartialEq for Erased {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.as_any())
    }
}

impl Erased {
    fn as_any(&self) -> &dyn Any {
        &*self.0
    }

    fn get<T: Data>(&self) -> &T {
        self.as_any().downcast_ref().expect("a kind is given what is its own")
    }
}

/// A kind with its client. The type of a kind that is only reported has nothing that changes one.
pub enum Kind {
    Managed(Box<dyn Managed>),
    Reported(Box<dyn Reported>),
}

impl Kind {
    /// Makes a kind whose resources can be stopped and started.
    pub fn managed<R: Rules, A: Remote<R> + 'static>(rules: R, remote: Lazy<A>) -> Self {
        Kind::Managed(Box::new(Kit { rules, remote }))
    }

    /// Makes a kind whose resources are only reported.
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

/// A reported kind can be observed and described.
#[async_trait]
pub trait Reported: Send + Sync {
    fn info(&self) -> &'static Info;
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure>;
    fn describe(&self, seen: Option<&Seen>) -> Description;
    /// Tells whether a resource has all of these tags. `None`: a look at it does not show tags.
    fn carries(&self, seen: &Seen, tags: &[(String, String)]) -> Option<bool>;
}

/// A managed kind can be stopped and started. [`Rules`] and [`Remote`] explain its methods.
#[async_trait]
pub trait Managed: Reported {
    fn as_reported(&self) -> &dyn Reported;
    fn decide(
        &self,
        direction: Direction,
        case: &Case<Seen, Original>,
    ) -> Result<Decision<Seen, Original, Step>, UnreadableOriginal>;
    fn progress(
        &self,
        step: &Step,
        seen: Option<&Seen>,
        refused: Option<&Failure>,
    ) -> Progress<Step>;
    fn is_rationed(&self, step: &Step) -> bool;
    fn effect(&self, step: &Step) -> Effect;
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>>;
    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<Answer<Seen, Call>>;
}

/// Says that the state holds an original which its kind cannot read. It stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the saved original cannot be read: {0}")]
pub struct UnreadableOriginal(String);

/// A kit joins a kind's rules and its remote.
///
/// The remote is made at its first call: never, for a kind without patterns and records.
struct Kit<R, A> {
    rules: R,
    remote: Lazy<A>,
}

/// Returns a step in the kind's own types.
fn step_of<R: Rules>(step: &Step) -> StepOf<R> {
    step.clone()
        .map(|call| call.call.get::<R::Call>().clone(), |wait| wait.0.call.get::<R::Wait>().clone())
}

/// Hides the kind's own types of a step.
fn erased<R: Rules>(step: StepOf<R>) -> Step {
    step.map(Call::of, Wait::of)
}

fn original_as_json<O: Serialize>(original: O) -> Original {
    Original(serde_json::to_value(original).expect("an original is plain data"))
}

#[async_trait]
impl<D: Describe, A: Observe<D> + 'static> Reported for Kit<D, A> {
    fn info(&self) -> &'static Info {
        D::INFO
    }

    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let sightings = self.remote.observe(wanted, pace).await?.into_iter();
        let erased = |look: Result<Option<D::Seen>, _>| look.map(|seen| seen.map(Seen::of));
        Ok(sightings.map(|found| Sighting { name: found.name, seen: erased(found.seen) }).collect())
    }

    fn describe(&self, seen: Option<&Seen>) -> Description {
        self.rules.describe(seen.map(|seen| seen.0.get()))
    }

    fn carries(&self, seen: &Seen, tags: &[(String, String)]) -> Option<bool> {
        let own = D::tags(seen.0.get())?;
        // A kind does not see the tags that AWS sets itself.
        let mut asked = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
        Some(asked.all(|(key, value)| own.get(key) == Some(value)))
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
        case: &Case<Seen, Original>,
    ) -> Result<Decision<Seen, Original, Step>, UnreadableOriginal> {
        let held = |held: &Held<Original>| {
            let original = R::Original::deserialize(&held.original.0)
                .map_err(|error| UnreadableOriginal(error.to_string()))?;
            Ok(Held { original, phase: held.phase })
        };
        let case = Case {
            name: case.name,
            seen: case.seen.map(|seen| seen.0.get()),
            held: case.held.as_ref().map(held).transpose()?,
            ration: case.ration.clone(),
            now: case.now,
        };
        let decision = match direction {
            Direction::Stop => self.rules.stop(&case),
            Direction::Start => self.rules.start(&case),
        };
        Ok(decision.map(Seen::of, original_as_json, erased::<R>))
    }

    fn progress(
        &self,
        step: &Step,
        seen: Option<&Seen>,
        refused: Option<&Failure>,
    ) -> Progress<Step> {
        let seen = seen.map(|seen| seen.0.get());
        let progress = match step {
            Step::Call(call) => self.rules.progress(call.call.get(), seen, refused),
            Step::Wait(wait) => self.rules.waited(wait.0.call.get(), seen),
            Step::GiveUp(why) => Progress::Failed(why.clone()),
        };
        progress.map(erased::<R>)
    }

    fn is_rationed(&self, step: &Step) -> bool {
        matches!(step, Step::Call(call) if self.rules.is_rationed(call.call.get()))
    }

    fn effect(&self, step: &Step) -> Effect {
        self.rules.effect(&step_of::<R>(step))
    }

    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let tasks: Vec<(String, StepOf<R>)> =
            tasks.iter().map(|(name, step)| (name.clone(), step_of::<R>(step))).collect();
        let looks = self.remote.look(&tasks, pace).await.into_iter();
        looks.map(|look| look.map(|seen| seen.map(Seen::of))).collect()
    }

    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<Answer<Seen, Call>> {
        let tasks: Vec<(String, R::Call)> = tasks
            .iter()
            .map(|(name, call)| (name.clone(), call.call.get::<R::Call>().clone()))
            .collect();
        let answers = self.remote.perform(&tasks, pace).await.into_iter();
        answers.map(|answer| answer.map(Seen::of, Call::of)).collect()
    }
}
