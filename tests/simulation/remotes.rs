//! The kinds' calls, made to the account in memory. The rules are the program's own.

use std::sync::Arc;

use async_trait::async_trait;
use aws_resource_manager::failure::{Class, Failure};
use aws_resource_manager::kinds::kit::{Entry, Kit};
use aws_resource_manager::kinds::remote::{Remote, Sighting};
use aws_resource_manager::kinds::rules::Rules;
use aws_resource_manager::kinds::{cloudwatch, kinesis, lambda, sagemaker};
use aws_resource_manager::pace::Pace;
use aws_resource_manager::select::Wanted;

use super::world::{Doing, ENDPOINT, Process, Shared, State};

#[derive(Clone)]
pub struct Calls {
    pub world: Shared,
    pub process: Arc<Process>,
}

pub fn registry(calls: &Calls) -> Vec<Entry> {
    vec![
        Entry::Managed(Kit::boxed(sagemaker::Endpoints, calls.clone())),
        Entry::Managed(Kit::boxed(kinesis::Streams, calls.clone())),
        Entry::Managed(Kit::boxed(lambda::Functions, calls.clone())),
        Entry::Managed(Kit::boxed(cloudwatch::Alarms, calls.clone())),
    ]
}

/// What a kind's resources are in the account.
trait Simulated: Rules {
    fn names(state: &State) -> Vec<String>;
    fn see(state: &State, name: &str) -> Option<Self::Seen>;
    /// `Err`: AWS's refusal. A step that only waits does nothing.
    fn take(state: &mut State, name: &str, step: &Self::Step) -> Result<(), &'static str>;
    fn only_waits(step: &Self::Step) -> bool;
}

#[async_trait]
impl<R: Simulated> Remote<R> for Calls {
    async fn observe(
        &self,
        wanted: &Wanted,
        pace: &Pace,
    ) -> Result<Vec<Sighting<R::Seen>>, Failure> {
        let listed = self.world.call(&self.process, false, |state| R::names(state)).await?;
        let names = wanted.among(listed);
        let seen = Remote::<R>::look(self, &names, pace).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<R::Seen>, Failure>> {
        pace.ask_each(names, |name| {
            self.world.call(&self.process, false, |state| R::see(state, name))
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
                    R::take(state, &name, &step)
                });
                taken.await?.map(|()| None).map_err(refused)
            }
        };
        pace.change_each(tasks, take, || Err(Failure::halted())).await
    }
}

fn refused(words: &str) -> Failure {
    Failure {
        class: Class::Refused,
        code: Some("ValidationException".into()),
        message: words.to_owned(),
    }
}

impl Simulated for sagemaker::Endpoints {
    fn names(state: &State) -> Vec<String> {
        state.endpoint.iter().map(|_| ENDPOINT.to_owned()).collect()
    }

    fn see(state: &State, _: &str) -> Option<sagemaker::Seen> {
        state.seen_endpoint()
    }

    fn take(state: &mut State, _: &str, step: &sagemaker::Step) -> Result<(), &'static str> {
        let doing = state.endpoint.as_ref().map(|endpoint| endpoint.doing.clone());
        match (step, doing) {
            (sagemaker::Step::Delete { .. }, Some(Doing::InService | Doing::Failed)) => {
                state.start_deleting()
            }
            (sagemaker::Step::Delete { .. }, Some(_)) => {
                return Err("Cannot update in-progress endpoint");
            }
            (sagemaker::Step::Delete { .. }, None) => return Err("Could not find endpoint"),
            (sagemaker::Step::Create { original }, None) => {
                state.start_creating(&original.config_name)
            }
            (_, Some(_)) => return Err("Cannot create already existing endpoint"),
            (_, None) => {}
        }
        Ok(())
    }

    fn only_waits(step: &sagemaker::Step) -> bool {
        !matches!(step, sagemaker::Step::Delete { .. } | sagemaker::Step::Create { .. })
    }
}

impl Simulated for kinesis::Streams {
    fn names(state: &State) -> Vec<String> {
        state.streams.keys().cloned().collect()
    }

    fn see(state: &State, name: &str) -> Option<kinesis::Seen> {
        state.streams.get(name).map(|stream| kinesis::Seen {
            status: if stream.scaling.is_some() {
                kinesis::Status::Updating
            } else {
                kinesis::Status::Active
            },
            mode: kinesis::Mode::Provisioned,
            shards: stream.shards,
            retention_hours: 24,
            consumers: 0,
            consumer_names: Vec::new(),
        })
    }

    fn take(state: &mut State, name: &str, step: &kinesis::Step) -> Result<(), &'static str> {
        if state.streams[name].scaling.is_some() {
            return Err("Stream is not ACTIVE");
        }
        if let kinesis::Step::Scale { to } = step {
            state.start_scaling(name, *to);
        }
        Ok(())
    }

    fn only_waits(step: &kinesis::Step) -> bool {
        !matches!(step, kinesis::Step::Scale { .. })
    }
}

impl Simulated for lambda::Functions {
    fn names(state: &State) -> Vec<String> {
        state.functions.keys().cloned().collect()
    }

    fn see(state: &State, name: &str) -> Option<lambda::Seen> {
        state
            .functions
            .get(name)
            .map(|reserved| lambda::Seen { reserved: *reserved, ..lambda::Seen::default() })
    }

    fn take(state: &mut State, name: &str, step: &lambda::Step) -> Result<(), &'static str> {
        *state.functions.get_mut(name).unwrap() = match step {
            lambda::Step::Reserve { n, .. } => Some(*n),
            lambda::Step::Unreserve => None,
            // The functions here have neither provisioned concurrency nor event sources.
            other => unreachable!("{other}"),
        };
        Ok(())
    }

    fn only_waits(step: &lambda::Step) -> bool {
        step.only_looks()
    }
}

impl Simulated for cloudwatch::Alarms {
    fn names(state: &State) -> Vec<String> {
        state.alarms.keys().cloned().collect()
    }

    fn see(state: &State, name: &str) -> Option<cloudwatch::Seen> {
        let form = cloudwatch::Form::Metric { metrics: 1, high_resolution: false };
        state.alarms.get(name).map(|on| cloudwatch::Seen {
            actions_enabled: *on,
            form,
            drives_scaling: false,
        })
    }

    fn take(state: &mut State, name: &str, step: &cloudwatch::Step) -> Result<(), &'static str> {
        *state.alarms.get_mut(name).unwrap() = *step == cloudwatch::Step::Enable;
        Ok(())
    }

    fn only_waits(_: &cloudwatch::Step) -> bool {
        false
    }
}
