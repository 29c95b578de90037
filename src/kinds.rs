//! What every resource kind is to this program, and the one list of them.
//!
//! A kind is two things in one file under `kinds/`: [`Rules`], which decide and are pure, and
//! a [`Remote`], which owns the kind's client and makes its calls. [`Kit`] joins them into a
//! [`Managed`] object, behind which the stages need not know what a kind's data looks like.

pub mod cloudwatch;
pub mod dynamodb;
pub mod kinesis;
pub mod lambda;
pub mod sagemaker;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::failure::Failure;
use crate::journal::Phase;
use crate::lazy::{Lazy, lazy};
use crate::model::{Calls, Direction, KindName, Plain, Standing, Step};
use crate::pace::Pace;
use crate::select::Wanted;

/// What is known of a kind before the account is asked anything.
#[derive(Debug, PartialEq, Eq)]
pub struct Info {
    pub name: KindName,
    /// For headings: `SageMaker endpoints`.
    pub title: &'static str,
    /// The variable with its name patterns.
    pub variable: &'static str,
    /// The type that the Resource Groups Tagging API knows it by: `kinesis:stream`.
    pub tagging_type: &'static str,
    /// What stands before the name in an ARN's last part: `stream/`.
    pub arn_prefix: &'static str,
    pub tier: Tier,
    /// The IAM actions its calls need.
    pub permissions: &'static [&'static str],
}

/// When a kind's turn comes. A stop goes down this list and a start goes up, so that nobody is
/// paged by a stop, and no function calls an endpoint that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Alarms,
    Functions,
    Capacity,
    ReportOnly,
}

impl Tier {
    pub fn in_order(direction: Direction) -> [Tier; 3] {
        let mut tiers = [Tier::Alarms, Tier::Functions, Tier::Capacity];
        if direction == Direction::Start {
            tiers.reverse();
        }
        tiers
    }
}

/// The kinds, in the order of reports. To add one: its file, its line here and in [`registry`].
pub const CATALOG: [&Info; 5] =
    [&sagemaker::INFO, &kinesis::INFO, &lambda::INFO, &cloudwatch::INFO, &dynamodb::INFO];

/// The catalog's names.
pub fn names() -> Vec<KindName> {
    CATALOG.iter().map(|info| info.name).collect()
}

/// The catalog's names with their variables.
pub fn variables() -> Vec<(KindName, &'static str)> {
    CATALOG.iter().map(|info| (info.name, info.variable)).collect()
}

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

/// The kinds with real clients, in the catalog's order. A client is made when its kind is first
/// looked at: never, for a kind without patterns and records.
pub fn registry(aws: &aws_config::SdkConfig) -> Vec<Entry> {
    vec![
        Entry::Managed(Kit::lazy(sagemaker::Endpoints, aws, sagemaker::remote::Api::new)),
        Entry::Managed(Kit::lazy(kinesis::Streams, aws, kinesis::remote::Api::new)),
        Entry::Managed(Kit::lazy(lambda::Functions, aws, lambda::remote::Api::new)),
        Entry::Managed(Kit::lazy(cloudwatch::Alarms, aws, cloudwatch::remote::Api::new)),
        Entry::Reported(Box::new(dynamodb::Tables::new(aws))),
    ]
}

/// What a kind decides. Pure: everything it knows comes in, everything it wants goes out.
pub trait Rules: Send + Sync + 'static {
    /// One resource as it is now.
    type Seen: Serialize + DeserializeOwned + Clone + Debug + Send + Sync;
    /// What a stop would lose.
    type Original: Serialize + DeserializeOwned + Clone + Debug + Send + Sync;
    /// One call that changes something.
    type Step: Serialize + DeserializeOwned + Clone + Debug + Display + Send + Sync;

    const INFO: &'static Info;

    /// What to say of a resource. `None`: it is not there.
    fn standing(seen: Option<&Self::Seen>) -> Standing;
    fn stop(
        case: &Case<Self::Seen, Self::Original>,
    ) -> Decision<Self::Seen, Self::Original, Self::Step>;
    /// Where no original is held, there is nothing to start, whatever the reason.
    fn start(
        case: &Case<Self::Seen, Self::Original>,
    ) -> Decision<Self::Seen, Self::Original, Self::Step>;
    /// How far a step has come, by what is seen.
    fn progress(step: &Self::Step, seen: Option<&Self::Seen>) -> Progress<Self::Step>;
    /// Whether AWS takes only so many of these steps a day, so that they are to be remembered.
    fn is_counted(_: &Self::Step) -> bool {
        false
    }
    /// Its tags, where looking at it shows them.
    fn tags(_: &Self::Seen) -> Option<&BTreeMap<String, String>> {
        None
    }
    /// When a step shows that it was taken.
    fn effect(_: &Self::Step) -> Effect {
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
    pub longest_stop_hours: f64,
    pub calls: Calls,
    pub now: Timestamp,
    /// How often what is on its way is looked at.
    pub poll: Duration,
}

impl<S, O> Case<'_, S, O> {
    /// For a resource that is not there, of a kind that only a person deletes.
    fn gone<T>(&self) -> Decision<S, O, T> {
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
    pub fn keep(steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Keep, steps, after)
    }

    /// A change whose original has to be saved first.
    pub fn take(original: O, steps: Vec<T>, after: Option<S>) -> Self {
        Self::change(Claim::Take(original), steps, after)
    }

    /// A change that rests on the original that is held, and remembers more with it.
    pub fn amend(original: O, steps: Vec<T>, after: Option<S>) -> Self {
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
    Take(O),
    /// The one that is held, with what this change has to remember beside it.
    Amend(O),
    /// The one that is held.
    Keep,
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

/// The calls of one kind: three methods, each for many resources at once.
#[async_trait]
pub trait Remote<R: Rules>: Send + Sync {
    /// Finds what is wanted and looks at it thoroughly: everything a decision needs.
    async fn observe(
        &self,
        wanted: &Wanted,
        pace: &Pace,
    ) -> Result<Vec<Sighting<R::Seen>>, Failure>;
    /// Looks again at resources in transition: all that [`Rules::progress`] needs.
    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<R::Seen>, Failure>>;
    /// Takes one step for each resource. Answers what AWS showed of it, where it did.
    async fn perform(
        &self,
        tasks: &[(String, R::Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<R::Seen>, Failure>>;
}

/// One resource by name, as it was found: `Ok(None)` is one that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<S> {
    pub name: String,
    pub seen: Result<Option<S>, Failure>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const README: &str = include_str!("../README.md");

    #[test]
    fn every_kind_has_a_name_a_variable_and_a_type_of_its_own() {
        let different = |of: fn(&Info) -> &str| {
            CATALOG.iter().map(|info| of(info)).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(different(|info| info.name.as_str()), CATALOG.len());
        assert_eq!(different(|info| info.variable), CATALOG.len());
        assert_eq!(different(|info| info.tagging_type), CATALOG.len());
    }

    #[test]
    fn every_kind_has_its_rows_in_the_readme() {
        for info in CATALOG {
            assert_eq!(
                README.matches(&format!("| `{}` |", info.name)).count(),
                2,
                "kind and permissions: {}",
                info.name
            );
            assert!(README.contains(&format!("`{}`", info.variable)), "{}", info.variable);
            for permission in info.permissions {
                let (_, action) = permission.split_once(':').unwrap();
                assert!(README.contains(&format!("{action}`")), "{permission}");
            }
        }
    }

    #[test]
    fn the_registry_has_the_catalogs_kinds_in_their_order_and_only_report_only_ones_cannot_be_changed()
     {
        let aws = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        for (entry, info) in registry(&aws).iter().zip(CATALOG) {
            assert_eq!(entry.reported().info(), info);
            let managed = matches!(entry, Entry::Managed(_));
            assert_eq!(managed, info.tier != Tier::ReportOnly, "{}", info.name);
        }
        assert_eq!(registry(&aws).len(), CATALOG.len());
    }
}
