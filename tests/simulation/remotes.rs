//! The kinds' calls go to the account in memory. The rules are the program's own.

use std::sync::Arc;

use async_trait::async_trait;
use aws_resource_manager::failure::Failure;
use aws_resource_manager::kinds::remote::{Answer, AnswerOf, Observe, Remote, Sighting};
use aws_resource_manager::kinds::rules::StepOf;
use aws_resource_manager::pace::Pace;
use aws_resource_manager::select::Wanted;

use super::simulated::{Resources, Simulated};
use super::world::{Process, Shared};

#[derive(Clone)]
pub struct Calls {
    pub world: Shared,
    pub process: Arc<Process>,
}

impl Calls {
    async fn see<R: Simulated>(&self, name: &str) -> Result<Option<R::Seen>, Failure> {
        self.world.call(&self.process, false, |state| R::see(state.of::<R>(), name)).await
    }
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
        let seen = pace.ask_each(&names, |name| self.see::<R>(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl<R: Simulated> Remote<R> for Calls {
    async fn look(
        &self,
        tasks: &[(String, StepOf<R>)],
        pace: &Pace,
    ) -> Vec<Result<Option<R::Seen>, Failure>> {
        pace.ask_each(tasks, |(name, _)| self.see::<R>(name)).await
    }

    async fn perform(&self, tasks: &[(String, R::Call)], pace: &Pace) -> Vec<AnswerOf<R>> {
        let kind = R::INFO.name;
        let take = |(name, call): &(String, R::Call)| {
            let (calls, name, call) = (self.clone(), name.clone(), call.clone());
            async move {
                let now = calls.world.now();
                let taken = calls.world.call(&calls.process, true, |state| {
                    state.change(&calls.process, now, &format!("{kind}:{name}"));
                    R::take(state.of::<R>(), &name, &call)
                });
                taken.await.and_then(|taken| taken.map_err(refused)).into()
            }
        };
        pace.change_each(tasks, take, Answer::halted).await
    }
}

fn refused(words: &str) -> Failure {
    Failure { code: Some("ValidationException".into()), ..Failure::refused(words) }
}
