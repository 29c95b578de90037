//! What a kind asks of AWS: the traits that make its calls, and what a look answers.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;

use super::rules::{Describe, Rules};
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
    /// Looks again at resources in transition: all that [`Rules::progress`] needs.
    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<K::Seen>, Failure>>;

    /// Takes one step for each resource. Answers what AWS showed of it, where it did.
    async fn perform(
        &self,
        tasks: &[(String, K::Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<K::Seen>, Failure>>;
}

/// One resource by name, as it was found: `Ok(None)` is one that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<S> {
    pub name: String,
    pub seen: Result<Option<S>, Failure>,
}
