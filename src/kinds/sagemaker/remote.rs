//! The SageMaker API.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{EndpointStatus, Tag};

use super::deployment::Deployment;
use super::form::{desired, seen};
use super::scaling_api::Scaling;
use super::{Endpoints, Original, Seen, Status, Step, Target};
use crate::clock::{Clock, SystemClock};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::cloudwatch;
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Observe, Remote, Setup, Sighting};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

/// The most endpoints in a page of ListEndpoints
/// (docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html).
pub const PAGE: i32 = 100;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    Kind::managed(Endpoints { poll: setup.poll }, lazy(setup.aws, Api::new))
}

pub struct Api {
    pub(super) client: Client,
    scaling: Scaling,
    pub(super) alarms: cloudwatch::remote::Api,
    known: Mutex<Known>,
}

/// What spares calls while endpoints are waited for.
#[derive(Default)]
struct Known {
    /// As each was described last.
    seen: HashMap<String, Seen>,
    /// What the last step of each was about.
    concern: HashMap<String, Concern>,
    /// The pages of the last list.
    pages: usize,
}

/// What a look after a step has to show beside the endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concern {
    Endpoint,
    Scaling { tags: bool },
}

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api {
            client: Client::new(aws),
            scaling: Scaling::new(aws),
            alarms: cloudwatch::remote::Api::new(aws),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All endpoints with their status, or those whose names contain this.
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

    /// As it is, or as it was described last where a list says that it is still in transition.
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
                seen.take_types_of(last);
            }
            known.seen.insert(name.to_owned(), seen.clone());
        }
        Ok(seen)
    }

    /// The status of many endpoints by a list, where that takes fewer calls than to describe each.
    async fn statuses(&self, names: &[String]) -> HashMap<String, Status> {
        if names.len() <= self.known().pages.max(1) {
            return HashMap::new();
        }
        let part = common_beginning(names).filter(|part| !part.is_empty()).map(str::to_owned);
        let listed = self.list(part).await.unwrap_or_default();
        listed.into_iter().map(|(name, status)| (name.to_lowercase(), status)).collect()
    }

    async fn take(&self, name: &str, step: &Step) -> Result<Option<Seen>, Failure> {
        self.known().concern.insert(name.to_owned(), Concern::of(step));
        match step {
            Step::Delete { .. } => {
                let call = self.client.delete_endpoint().endpoint_name(name).send();
                call.await
                    .map_err(|e| passing(Failure::from_sdk("sagemaker:DeleteEndpoint", &e)))?;
            }
            Step::Create { original } => self.create(name, original).await?,
            Step::Set { settings, .. } => {
                let desired = settings.first().map(desired);
                let call = self.client.update_endpoint_weights_and_capacities().endpoint_name(name);
                let call = call.set_desired_weights_and_capacities(desired).send();
                if let Err(error) = call.await {
                    let failure =
                        Failure::from_sdk("sagemaker:UpdateEndpointWeightsAndCapacities", &error);
                    return self.refused(name, passing(failure)).await;
                }
            }
            Step::Scale { targets, .. } => {
                let mut failures = Vec::new();
                for target in targets {
                    failures.extend(self.scaling.put(name, target, now()).await);
                }
                if let Some(failure) = together(failures) {
                    return self.refused(name, failure).await;
                }
            }
            Step::AwaitDeleted
            | Step::AwaitSettled { .. }
            | Step::AwaitSign { .. }
            | Step::AwaitInService { .. }
            | Step::GiveUp(_) => {}
        }
        Ok(None)
    }

    /// What is refused for good is for the rules to say what follows from it.
    async fn refused(&self, name: &str, failure: Failure) -> Result<Option<Seen>, Failure> {
        if matches!(failure.class, Class::Transient | Class::Halted) {
            return Err(failure);
        }
        let Some(mut seen) = self.look_at(name, &HashMap::new()).await? else {
            return Err(failure);
        };
        seen.refusal = Some(failure.message);
        Ok(Some(seen))
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
            .map_err(|e| passing(Failure::from_sdk("sagemaker:CreateEndpoint", &e)))?;
        Ok(())
    }
}

#[async_trait]
impl Observe<Endpoints> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        // To SageMaker, names that differ in case only are one: a record keeps its own.
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
        let (facts, tags) =
            futures::join!(self.facts(&found, pace), pace.ask_each(&arns, |arn| self.tags(*arn)));
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
        let in_service = in_service(&names, &mut looks).collect();
        self.add_scaling(in_service, true, pace).await;
        Ok(names.into_iter().zip(looks).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl Remote<Endpoints> for Api {
    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        let listed = self.statuses(names).await;
        let mut looks = pace.ask_each(names, |name| self.look_at(name, &listed)).await;
        let concern = self.known().concern.clone();
        let concern =
            |name: &str| concern.get(name).copied().unwrap_or(Concern::Scaling { tags: true });
        let tags = names.iter().any(|name| concern(name) == Concern::Scaling { tags: true });
        let in_service = in_service(names, &mut looks)
            .filter(|(name, _)| concern(name) != Concern::Endpoint)
            .collect();
        self.add_scaling(in_service, tags, pace).await;
        looks
    }

    async fn perform(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let mut answers = pace
            .change_each(tasks, |(name, step)| self.take(name, step), || Err(Failure::halted()))
            .await;
        // Where something was refused, what shows of the rest.
        let scales = |(name, step): &(String, Step)| {
            matches!(step, Step::Scale { .. }).then(|| name.clone())
        };
        let names: Vec<String> =
            tasks.iter().map(|task| scales(task).unwrap_or_default()).collect();
        let refused =
            in_service(&names, &mut answers).filter(|(name, _)| !name.is_empty()).collect();
        self.add_scaling(refused, true, pace).await;
        answers
    }
}

/// The endpoints among these looks that are in service.
fn in_service<'a>(
    names: &'a [String],
    looks: &'a mut [Result<Option<Seen>, Failure>],
) -> impl Iterator<Item = (&'a str, &'a mut Seen)> {
    names
        .iter()
        .zip(looks)
        .filter_map(|(name, look)| Some((name.as_str(), look.as_mut().ok()?.as_mut()?)))
        .filter(|(_, seen)| seen.status == Status::InService)
}

impl Concern {
    fn of(step: &Step) -> Self {
        let scaling = |targets: &[Target]| Concern::Scaling {
            tags: targets.iter().any(|target| !target.tags.is_empty()),
        };
        match step {
            Step::Create { original } | Step::AwaitInService { original }
                if !original.targets.is_empty() =>
            {
                scaling(&original.targets)
            }
            Step::Scale { targets, .. } => scaling(targets),
            _ => Concern::Endpoint,
        }
    }
}

/// Refusals of what is in transition, or was a moment ago: AWS's answers are eventually consistent.
/// Neither is modelled: only the beginning of the message tells.
fn passing(failure: Failure) -> Failure {
    let passes = failure.code.as_deref() == Some("ValidationException")
        && ["Cannot create already existing endpoint", "Cannot update in-progress endpoint"]
            .iter()
            .any(|words| failure.message.contains(words));
    if passes { Failure { class: Class::Transient, ..failure } } else { failure }
}

/// Several failures as one. It passes only if all of them do.
fn together(failures: Vec<Failure>) -> Option<Failure> {
    let message = failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let worst = failures.into_iter().min_by_key(|failure| failure.class == Class::Transient)?;
    Some(Failure { message, ..worst })
}

/// What all names begin with.
fn common_beginning(names: &[String]) -> Option<&str> {
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

/// SageMaker answers with a `ValidationException` for what is missing as for much else:
/// only the beginning of the message tells.
pub fn is_missing(code: &str, message: &str, beginning: &str) -> bool {
    code == "ValidationException" && message.starts_with(beginning)
}
