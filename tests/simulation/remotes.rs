//! The kinds' calls, made to the account in memory. The rules are the program's own.

use std::sync::Arc;

use async_trait::async_trait;
use aws_resource_manager::failure::Failure;
use aws_resource_manager::kinds::remote::{Observe, Remote, Sighting};
use aws_resource_manager::pace::Pace;
use aws_resource_manager::select::Wanted;

use super::simulated::{Resources, Simulated};
use super::world::{Process, Shared};

#[derive(Clone)]
pub struct Calls {
    pub world: Shared,
    pub process: Arc<Process>,
}

#[async_trait]
impl<R: Simulated> Observe<R> for Calls {
    async fn observe(
        &self,
        wanted: &Wanted,
        pace: &Pace,
    ) -> Result<Vec<Sighting<R::Seen>>, Failure> {
        let listed = self.world.call(&self.process, false, |state| state.of::<R>().names()).await?;
        let names = wanted.among(listed);
        let seen = Remote::<R>::look(self, &names, pace).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl<R: Simulated> Remote<R> for Calls {
    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<R::Seen>, Failure>> {
        pace.ask_each(names, |name| {
            self.world.call(&self.process, false, |state| R::see(state.of::<R>(), name))
        })
        .await
    }

    async fn perform(
        &self,
        tasks: &[(String, R::Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<R::Seen>, Failure>> {
        let kind = R::INFO.name;
        let take = |(name, step): &(String, R::Step)| {
            let (calls, name, step) = (self.clone(), name.clone(), step.clone());
            async move {
                if R::only_waits(&step) {
                    return Ok(None);
                }
                let now = calls.world.now();
                let taken = calls.world.call(&calls.process, true, |state| {
                    state.change(&calls.process, now, &format!("{kind}:{name}"));
                    R::take(state.of::<R>(), &name, &step)
                });
                taken.await?.map(|()| None).map_err(refused)
            }
        };
        pace.change_each(tasks, take, || Err(Failure::halted())).await
    }
}

fn refused(words: &str) -> Failure {
    Failure { code: Some("ValidationException".into()), ..Failure::refused(words) }
}
