//! What a kind asks of AWS: the trait that makes its calls, and what a look answers.

use async_trait::async_trait;

use super::rules::Rules;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::select::Wanted;

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
