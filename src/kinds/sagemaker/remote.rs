//! The remote of endpoints makes as few calls as it can.
//!
//! A look asks only for what a step can have changed. A listing tells the states of many endpoints.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{EndpointStatus, Tag};

use super::convert::{PAGE, desired, is_missing, seen};
use super::deployment::Deployment;
use super::facts::FactsApi;
use super::scaling_api::Scaling;
use super::{Call, Endpoints, Original, Seen, Status, Step, Target, Wait};
use crate::clock::{Clock, SystemClock};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    Kind::managed(Endpoints { poll: setup.poll }, lazy(setup.aws, Api::new))
}

pub struct Api {
    client: Client,
    scaling: Scaling,
    facts: FactsApi,
    known: Mutex<Known>,
}

/// Remembers what spares calls while endpoints are waited for.
#[derive(Default)]
struct Known {
    /// Each endpoint was last described like this.
    seen: HashMap<String, Seen>,
    /// The last listing took so many calls.
    pages: usize,
}

/// A scope is what the look after a step asks for: what the step can have changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookScope {
    Endpoint,
    Scaling { tags: bool },
}

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api {
            client: Client::new(aws),
            scaling: Scaling::new(aws),
            facts: FactsApi::new(aws),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists all endpoints with their status, or those whose names contain `part`.
    async fn list(&self, part: Option<String>) -> Result<Vec<(String, Status)>, Failure> {
        let request = self.client.list_endpoints().set_name_contains(part).max_results(PAGE);
        let mut pages = request.into_paginator().send();
        let (mut found, mut count) = (Vec::new(), 0);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("sagemaker:ListEndpoints", &e))?;
            count += 1;
            found.extend(page.endpoints.unwrap_or_default().into_iter().filter_map(|endpoint| {
                let status =
                    Status::parse(endpoint.endpoint_status().map_or("", EndpointStatus::as_str));
                Some((endpoint.endpoint_name?, status))
            }));
        }
        self.known().pages = count;
        Ok(found)
    }

    async fn describe(&self, name: &str) -> Result<Option<DescribeEndpointOutput>, Failure> {
        let answer = self.client.describe_endpoint().endpoint_name(name).send().await;
        unless_missing("sagemaker:DescribeEndpoint", answer, |code, message| {
            is_missing(code, message, "Could not find endpoint \"")
        })
    }

    async fn tags(&self, arn: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
        let Some(arn) = arn else { return Ok(BTreeMap::new()) };
        let mut pages = self.client.list_tags().resource_arn(arn).into_paginator().items().send();
        let mut tags = BTreeMap::new();
        while let Some(tag) = pages.next().await {
            let tag = tag.map_err(|e| Failure::from_sdk("sagemaker:ListTags", &e))?;
            tags.extend(tag.key.zip(tag.value));
        }
        Ok(tags)
    }

    /// Asks for the scaling of all these endpoints at once.
    async fn add_scaling(&self, looks: Vec<(&str, &mut Seen)>, tags: bool, pace: &Pace) {
        if looks.is_empty() {
            return;
        }
        let asked: Vec<&str> = looks.iter().map(|(name, _)| *name).collect();
        let mut answer = self.scaling.targets(&asked, tags, pace).await;
        for (name, seen) in looks {
            seen.scaling = Some(match &mut answer {
                Ok(targets) => Ok(targets.remove(&name.to_lowercase()).unwrap_or_default()),
                Err(failure) => Err(failure.clone()),
            });
        }
    }

    /// Describes an endpoint, unless the listing says that it is still in transition.
    ///
    /// Then its last description holds, with the status of the listing.
    async fn look_at(
        &self,
        name: &str,
        listed: &HashMap<String, Status>,
    ) -> Result<Option<Seen>, Failure> {
        if let Some(status) = listed.get(&name.to_lowercase()).filter(|status| status.passes())
            && let Some(last) = self.known().seen.get(name)
        {
            return Ok(Some(Seen {
                status: status.clone(),
                scaling: None,
                looked_at: now(),
                ..last.clone()
            }));
        }
        let mut seen = self.describe(name).await?.map(|endpoint| seen(&endpoint, now()));
        if let Some(seen) = &mut seen {
            let mut known = self.known();
            if let Some(last) = known.seen.get(name) {
                seen.copy_instance_types(last);
            }
            known.seen.insert(name.to_owned(), seen.clone());
        }
        Ok(seen)
    }

    /// Lists the endpoints' states, where that takes fewer calls than to describe each.
    ///
    /// Otherwise, or where the listing failed, the answer is empty.
    async fn statuses(&self, names: &[String]) -> HashMap<String, Status> {
        if names.len() <= self.known().pages.max(1) {
            return HashMap::new();
        }
        let part = common_prefix(names).filter(|part| !part.is_empty()).map(str::to_owned);
        let listed = self.list(part).await.unwrap_or_default();
        listed.into_iter().map(|(name, status)| (name.to_lowercase(), status)).collect()
    }

    async fn send(&self, name: &str, call: &Call) -> AnswerOf<Endpoints> {
        match call {
            Call::Delete { .. } => {
                let call = self.client.delete_endpoint().endpoint_name(name).send().await;
                call.map(drop)
                    .map_err(|e| classify(Failure::from_sdk("sagemaker:DeleteEndpoint", &e)))
                    .into()
            }
            Call::Create { original } => self.create(name, original).await.into(),
            Call::Set { settings, .. } => {
                let desired = settings.first().map(desired);
                let call = self.client.update_endpoint_weights_and_capacities().endpoint_name(name);
                let call = call.set_desired_weights_and_capacities(desired).send().await;
                let permission = "sagemaker:UpdateEndpointWeightsAndCapacities";
                answer_of(call.err().map(|e| classify(Failure::from_sdk(permission, &e))))
            }
            Call::Scale { targets, .. } => {
                let mut failures = Vec::new();
                for target in targets {
                    failures.extend(self.scaling.put(name, target, now()).await);
                }
                answer_of(merged(failures))
            }
        }
    }

    async fn create(&self, name: &str, original: &Original) -> Result<(), Failure> {
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        self.client
            .create_endpoint()
            .endpoint_name(name)
            .endpoint_config_name(&original.config_name)
            .set_deployment_config(original.deployment.as_ref().map(Deployment::write))
            .set_tags(Some(original.tags.iter().map(tag).collect()))
            .send()
            .await
            .map_err(|e| classify(Failure::from_sdk("sagemaker:CreateEndpoint", &e)))?;
        Ok(())
    }
}

#[async_trait]
impl Observe<Endpoints> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        // To SageMaker, names that differ only in case are the same. The record's spelling stays,
        // so that the endpoint is found in the state.
        let own = |name: String| {
            wanted
                .recorded
                .iter()
                .find(|own| own.eq_ignore_ascii_case(&name))
                .cloned()
                .unwrap_or(name)
        };
        let names = wanted.among(self.list(None).await?.into_iter().map(|(name, _)| own(name)));
        let described = pace.ask_each(&names, |name| self.describe(name)).await;
        let looked_at = now();
        let found: Vec<(&str, Seen)> = names
            .iter()
            .zip(&described)
            .filter_map(|(name, answer)| {
                Some((name.as_str(), seen(answer.as_ref().ok()?.as_ref()?, looked_at)))
            })
            .collect();
        let arns: Vec<Option<&str>> = described
            .iter()
            .map(|answer| {
                answer
                    .as_ref()
                    .ok()
                    .and_then(Option::as_ref)
                    .and_then(|endpoint| endpoint.endpoint_arn())
            })
            .collect();
        let (facts, tags) = futures::join!(
            self.facts.gather(&found, pace),
            pace.ask_each(&arns, |arn| self.tags(*arn))
        );
        let mut looks: Vec<Result<Option<Seen>, Failure>> = described
            .iter()
            .zip(names.iter().zip(tags))
            .map(|(answer, (name, tags))| {
                let Some(endpoint) = answer.as_ref().map_err(Clone::clone)? else {
                    return Ok(None);
                };
                facts.complete(name, Seen { tags: tags?, ..seen(endpoint, looked_at) }).map(Some)
            })
            .collect();
        let complete = names
            .iter()
            .zip(&looks)
            .filter_map(|(name, look)| Some((name, look.as_ref().ok()?.as_ref()?)));
        self.known().seen = complete.map(|(name, seen)| (name.clone(), seen.clone())).collect();
        let running = names.iter().zip(&mut looks);
        let running = running.filter_map(|(name, look)| in_service(name, look)).collect();
        self.add_scaling(running, true, pace).await;
        Ok(names.into_iter().zip(looks).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl Remote<Endpoints> for Api {
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let names: Vec<String> = tasks.iter().map(|(name, _)| name.clone()).collect();
        let scopes: Vec<LookScope> = tasks.iter().map(|(_, step)| LookScope::of(step)).collect();
        let listed = self.statuses(&names).await;
        let mut looks = pace.ask_each(&names, |name| self.look_at(name, &listed)).await;
        let scaled = names.iter().zip(&mut looks).zip(&scopes);
        let scaled = scaled.filter(|(_, scope)| **scope != LookScope::Endpoint);
        let scaled = scaled.filter_map(|((name, look), _)| in_service(name, look)).collect();
        let tags = scopes.contains(&LookScope::Scaling { tags: true });
        self.add_scaling(scaled, tags, pace).await;
        looks
    }

    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<AnswerOf<Endpoints>> {
        pace.change_each(tasks, |(name, call)| self.send(name, call), Answer::halted).await
    }
}

/// Returns what a look saw of an endpoint, if the endpoint is in service.
fn in_service<'a>(
    name: &'a str,
    look: &'a mut Result<Option<Seen>, Failure>,
) -> Option<(&'a str, &'a mut Seen)> {
    let seen = look.as_mut().ok()?.as_mut()?;
    (seen.status == Status::InService).then_some((name, seen))
}

/// Makes an answer of what failed, if anything did.
///
/// What is refused for good goes to the rules, which say what follows from it.
fn answer_of(failure: Option<Failure>) -> AnswerOf<Endpoints> {
    match failure {
        None => Answer::Accepted,
        Some(failure) if matches!(failure.class, Class::Transient | Class::Halted) => {
            Answer::Failed(failure)
        }
        Some(failure) => Answer::Refused(failure),
    }
}

impl LookScope {
    fn of(step: &Step) -> Self {
        let scaling = |targets: &[Target]| LookScope::Scaling {
            tags: targets.iter().any(|target| !target.tags.is_empty()),
        };
        match step {
            Step::Call(Call::Create { original }) | Step::Wait(Wait::InService { original })
                if !original.targets.is_empty() =>
            {
                scaling(&original.targets)
            }
            Step::Call(Call::Scale { targets, .. }) => scaling(targets),
            _ => LookScope::Endpoint,
        }
    }
}

/// Marks refusals that pass by themselves as transient.
///
/// AWS refuses to change an endpoint that is in transition, or was a moment ago: its answers are
/// eventually consistent. There is no code of their own for these refusals, so the words decide.
fn classify(failure: Failure) -> Failure {
    let passes = failure.code.as_deref() == Some("ValidationException")
        && ["Cannot create already existing endpoint", "Cannot update in-progress endpoint"]
            .iter()
            .any(|words| failure.message.contains(words));
    if passes { Failure { class: Class::Transient, ..failure } } else { failure }
}

/// Merges several failures into one, which is transient only if all of them are.
fn merged(failures: Vec<Failure>) -> Option<Failure> {
    let message = failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let worst = failures.into_iter().min_by_key(|failure| failure.class == Class::Transient)?;
    Some(Failure { message, ..worst })
}

/// Returns the longest beginning that all names have in common.
fn common_prefix(names: &[String]) -> Option<&str> {
    let first = names.first()?;
    let end = names
        .iter()
        .map(|name| first.bytes().zip(name.bytes()).take_while(|(one, two)| one == two).count())
        .min()?;
    first.get(..end)
}

fn now() -> i64 {
    SystemClock.now().as_second()
}
