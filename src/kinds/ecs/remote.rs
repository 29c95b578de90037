//! The remote of services asks the ECS API about ten services a call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types as sdk;

use super::{Call, Launch, Scheduling, Seen, Services, Size, Status, Step};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
use crate::kinds::scaling::Suspended;
use crate::kinds::scaling::api::{Registration, ScalingApi};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

const PAGE: i32 = 100;
const NO_CLUSTER: &str = "ClusterNotFoundException";
/// A call describes at most so many services
/// (docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html).
const SERVICES_A_CALL: usize = 10;
/// Each task on Fargate has so much storage for nothing (aws.amazon.com/fargate/pricing).
const FREE_STORAGE_GB: i32 = 20;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    let rules = Services { longest_stop_hours: setup.longest_stop_hours };
    Kind::managed(rules, lazy(setup.aws, Api::new))
}

pub struct Api {
    client: Client,
    scaling: ScalingApi,
    /// Each task definition was read once, and never changes. The keys are ARNs.
    definitions: Mutex<HashMap<String, sdk::TaskDefinition>>,
}

/// Each service was described like this. The keys are names.
type Described = HashMap<String, Result<Option<sdk::Service>, Failure>>;

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api {
            client: Client::new(aws),
            scaling: ScalingApi::new(aws, ServiceNamespace::Ecs),
            definitions: Mutex::default(),
        }
    }

    fn definitions(&self) -> MutexGuard<'_, HashMap<String, sdk::TaskDefinition>> {
        self.definitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the names of all services in all clusters.
    async fn list(&self, pace: &Pace) -> Result<Vec<String>, Failure> {
        let clusters: Vec<String> = self
            .client
            .list_clusters()
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("ecs:ListClusters", &e))?;
        let listed = pace.ask_each(&clusters, |cluster| self.list_in(cluster)).await;
        Ok(listed.into_iter().collect::<Result<Vec<Vec<String>>, Failure>>()?.concat())
    }

    async fn list_in(&self, cluster: &str) -> Result<Vec<String>, Failure> {
        let request = self.client.list_services().cluster(cluster).max_results(PAGE);
        let arns: Result<Vec<String>, _> =
            request.into_paginator().items().send().try_collect().await;
        // A cluster that was deleted since has none.
        let arns = unless_missing("ecs:ListServices", arns, |code, _| code == NO_CLUSTER)?
            .unwrap_or_default();
        // ARNs of the old form do not have the cluster.
        Ok(arns.iter().map(|arn| format!("{}/{}", last_part(cluster), last_part(arn))).collect())
    }

    /// Describes services, ten a call.
    async fn describe(&self, names: &[String], pace: &Pace) -> Described {
        let mut by_cluster: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (cluster, service) in names.iter().filter_map(|name| name.split_once('/')) {
            by_cluster.entry(cluster).or_default().push(service);
        }
        let chunks: Vec<(&str, &[&str])> = by_cluster
            .iter()
            .flat_map(|(cluster, services)| {
                services.chunks(SERVICES_A_CALL).map(|some| (*cluster, some))
            })
            .collect();
        let described =
            pace.ask_each(&chunks, |(cluster, some)| self.describe_each(cluster, some)).await;
        described.into_iter().flatten().collect()
    }

    /// Describes services together, or each alone where IAM refuses one of them.
    async fn describe_each(&self, cluster: &str, services: &[&str]) -> Described {
        let together = self.describe_some(cluster, services).await;
        let is_denied = matches!(&together, Err(failure) if failure.class == Class::Denied);
        let mut described = Described::new();
        for service in services {
            let alone;
            let mut answer = &together;
            if is_denied && services.len() > 1 {
                alone = self.describe_some(cluster, &[*service]).await;
                answer = &alone;
            }
            let found = answer.as_ref().map_err(Clone::clone);
            let look = found.and_then(|found| found.get(*service).cloned().unwrap_or(Ok(None)));
            described.insert(format!("{cluster}/{service}"), look);
        }
        described
    }

    async fn describe_some(&self, cluster: &str, services: &[&str]) -> Result<Described, Failure> {
        let answer = self
            .client
            .describe_services()
            .cluster(cluster)
            .set_services(Some(services.iter().map(|name| (*name).to_owned()).collect()))
            .include(sdk::ServiceField::Tags)
            .send()
            .await;
        let answer = unless_missing("ecs:DescribeServices", answer, |code, _| code == NO_CLUSTER)?;
        let Some(answer) = answer else { return Ok(HashMap::new()) };
        let missing = answer.failures.unwrap_or_default().into_iter().filter_map(|failure| {
            let reason = failure.reason.filter(|reason| reason != "MISSING")?;
            let why = format!("ecs:DescribeServices answered {reason}");
            Some((last_part(&failure.arn?).to_owned(), Err(Failure::transient(why))))
        });
        let found = answer.services.unwrap_or_default().into_iter();
        let found =
            found.filter_map(|service| Some((service.service_name.clone()?, Ok(Some(service)))));
        Ok(missing.chain(found).collect())
    }

    /// Sees services, without their scaling.
    async fn see(
        &self,
        names: &[String],
        pace: &Pace,
    ) -> HashMap<String, Result<Option<Seen>, Failure>> {
        let described = self.describe(names, pace).await;
        let wanted: BTreeSet<&str> = described
            .values()
            .filter_map(|one| one.as_ref().ok()?.as_ref())
            .filter(|service| !is_on_instances(service))
            .filter_map(sdk::Service::task_definition)
            .collect();
        self.learn_definitions(wanted, pace).await;
        let definitions = self.definitions();
        let seen = |service: &sdk::Service| {
            seen(service, service.task_definition().and_then(|arn| definitions.get(arn)))
        };
        described
            .iter()
            .map(|(name, one)| {
                let one = one.as_ref().map_err(Clone::clone);
                (name.clone(), one.map(|service| service.as_ref().and_then(seen)))
            })
            .collect()
    }

    /// Reads these task definitions. One that cannot be read has no known price.
    async fn learn_definitions(&self, wanted: BTreeSet<&str>, pace: &Pace) {
        let unknown: Vec<&str> = {
            let known = self.definitions();
            wanted.into_iter().filter(|arn| !known.contains_key(*arn)).collect()
        };
        let answers = pace.ask_each(&unknown, |arn| self.definition(arn)).await;
        let learned = unknown.into_iter().zip(answers);
        let learned = learned.filter_map(|(arn, answer)| Some((arn.to_owned(), answer.ok()??)));
        self.definitions().extend(learned);
    }

    async fn definition(&self, arn: &str) -> Result<Option<sdk::TaskDefinition>, Failure> {
        let answer = self.client.describe_task_definition().task_definition(arn).send().await;
        let answer = answer.map_err(|e| Failure::from_sdk("ecs:DescribeTaskDefinition", &e))?;
        Ok(answer.task_definition)
    }

    /// Adds what scales these services.
    async fn add_scaling(&self, looks: Vec<(&str, &mut Seen)>, with_actions: bool) {
        if looks.is_empty() {
            return;
        }
        let resources: Vec<String> = looks.iter().map(|(name, _)| resource_id(name)).collect();
        let dimension = ScalableDimension::EcsServiceDesiredCount;
        let mut found = self.scaling.scalings(&resources, &dimension, with_actions).await;
        for (name, seen) in looks {
            seen.scaling = Some(match &mut found {
                Ok(found) => Ok(found.remove(&resource_id(name))),
                Err(failure) => Err(failure.clone()),
            });
        }
    }

    async fn send(&self, name: &str, call: &Call) -> AnswerOf<Services> {
        match call {
            Call::Count { to, .. } => match self.set_count(name, *to).await {
                Ok(()) => Answer::Accepted,
                Err(failure) if failure.class == Class::Transient => Answer::Failed(failure),
                // What follows from that is for the rules to say.
                Err(failure) => Answer::Refused(failure),
            },
            Call::Suspend { .. } => self.suspend(name, Suspended::ALL).await.into(),
            Call::Resume { suspended } => self.suspend(name, *suspended).await.into(),
        }
    }

    /// Sets nothing but the count: with more, AWS would ask for permission to pass roles.
    async fn set_count(&self, name: &str, to: u32) -> Result<(), Failure> {
        let (cluster, service) = name.split_once('/').unwrap_or(("default", name));
        self.client
            .update_service()
            .cluster(cluster)
            .service(service)
            .desired_count(i32::try_from(to).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|e| Failure::from_sdk("ecs:UpdateService", &e))?;
        Ok(())
    }

    /// Sets which scaling is suspended, and nothing else of the target.
    async fn suspend(&self, name: &str, suspended: Suspended) -> Result<(), Failure> {
        let resource = resource_id(name);
        let dimension = ScalableDimension::EcsServiceDesiredCount;
        let registration = Registration { resource: &resource, dimension, range: None, suspended };
        self.scaling.register(registration).await.map(drop)
    }
}

#[async_trait]
impl Observe<Services> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let names = wanted.among(self.list(pace).await?);
        let mut seen = self.see(&names, pace).await;
        let scalable = seen
            .iter_mut()
            .filter_map(|(name, look)| Some((name.as_str(), look.as_mut().ok()?.as_mut()?)));
        self.add_scaling(scalable.collect(), true).await;
        let looks = names.iter().map(|name| seen.remove(name).unwrap_or(Ok(None)));
        let looks: Vec<_> = looks.collect();
        Ok(names.into_iter().zip(looks).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

#[async_trait]
impl Remote<Services> for Api {
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let names: Vec<String> = tasks.iter().map(|(name, _)| name.clone()).collect();
        let mut seen = self.see(&names, pace).await;
        let scaled: BTreeSet<&str> = tasks
            .iter()
            .filter(|(_, step)| {
                matches!(step, Step::Call(Call::Suspend { .. } | Call::Resume { .. }))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        let scalable = seen
            .iter_mut()
            .filter(|(name, _)| scaled.contains(name.as_str()))
            .filter_map(|(name, look)| Some((name.as_str(), look.as_mut().ok()?.as_mut()?)));
        self.add_scaling(scalable.collect(), false).await;
        names.iter().map(|name| seen.remove(name).unwrap_or(Ok(None))).collect()
    }

    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<AnswerOf<Services>> {
        pace.change_each(tasks, |(name, call)| self.send(name, call), Answer::halted).await
    }
}

/// Returns the name at the end of an ARN. A name alone is its own.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Returns the name that Application Auto Scaling has for a service.
fn resource_id(name: &str) -> String {
    format!("service/{name}")
}

/// Reads a service. `None`: it was deleted, and nothing of it runs.
fn seen(service: &sdk::Service, definition: Option<&sdk::TaskDefinition>) -> Option<Seen> {
    let status = match service.status() {
        Some("INACTIVE") => return None,
        Some("DRAINING") => Status::Draining,
        _ => Status::Active,
    };
    let scheduling = match service.scheduling_strategy() {
        Some(sdk::SchedulingStrategy::Daemon) => Scheduling::Daemon,
        _ => Scheduling::Replica,
    };
    let tags = service.tags().iter();
    let number = |count: i32| u32::try_from(count).unwrap_or(0);
    Some(Seen {
        status,
        created_at: service.created_at().map(aws_smithy_types::DateTime::secs),
        scheduling,
        desired: number(service.desired_count()),
        running: number(service.running_count()),
        pending: number(service.pending_count()),
        deployment: deployment(service),
        hindrance: service
            .events()
            .first()
            .and_then(|event| event.message())
            .filter(|words| words.contains("unable to"))
            .map(str::to_owned),
        launch: launch(service, definition),
        tags: tags.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone()?))).collect(),
        scaling: None,
    })
}

/// Says what deployment is under way.
///
/// A change of the count alone is none. Deployments of another controller are sets of tasks.
fn deployment(service: &sdk::Service) -> Option<String> {
    if service.task_sets().len() > 1 {
        return Some(format!("{} task sets", service.task_sets().len()));
    }
    let deployments = service.deployments().iter();
    let live: Vec<_> = deployments.filter(|one| one.status() != Some("INACTIVE")).collect();
    if live.len() > 1 {
        return Some(format!("{} deployments", live.len()));
    }
    let state = live.first()?.rollout_state()?;
    (*state == sdk::DeploymentRolloutState::InProgress).then(|| state.as_str().to_owned())
}

/// Tells whether the service says by itself that its tasks run on instances.
fn is_on_instances(service: &sdk::Service) -> bool {
    matches!(service.launch_type(), Some(sdk::LaunchType::Ec2 | sdk::LaunchType::External))
}

/// Says on what the tasks run, as far as it decides their price.
fn launch(service: &sdk::Service, definition: Option<&sdk::TaskDefinition>) -> Launch {
    if is_on_instances(service) {
        return Launch::Instances;
    }
    let name = sdk::CapacityProviderStrategyItem::capacity_provider;
    let providers: BTreeSet<&str> = service.capacity_provider_strategy().iter().map(name).collect();
    let managed = sdk::Compatibility::ManagedInstances;
    let is_managed = service.launch_type() == Some(&sdk::LaunchType::ManagedInstances)
        || definition.is_some_and(|task| task.requires_compatibilities().contains(&managed));
    let providers: Vec<&str> = providers.into_iter().collect();
    match (&providers[..], service.launch_type()) {
        _ if is_managed => Launch::Unpriced("tasks on managed instances".to_owned()),
        (["FARGATE"], _) | ([], Some(sdk::LaunchType::Fargate)) => {
            let unread = || Launch::Unpriced("tasks whose definition could not be read".to_owned());
            definition.and_then(fargate).unwrap_or_else(unread)
        }
        (["FARGATE_SPOT"], _) => Launch::Unpriced("tasks on Fargate Spot".to_owned()),
        ([_, ..], _) if !providers.iter().any(|name| name.starts_with("FARGATE")) => {
            Launch::Instances
        }
        _ => Launch::Unpriced("tasks on a mix of capacity providers".to_owned()),
    }
}

/// Reads the size of a task on Fargate. `None`: it is not told.
fn fargate(task: &sdk::TaskDefinition) -> Option<Launch> {
    let platform = task.runtime_platform();
    let system = platform.and_then(sdk::RuntimePlatform::operating_system_family);
    if system.is_some_and(|system| *system != sdk::OsFamily::Linux) {
        return Some(Launch::Unpriced("tasks on Fargate with Windows".to_owned()));
    }
    let architecture = platform.and_then(sdk::RuntimePlatform::cpu_architecture);
    let storage = task.ephemeral_storage().map_or(0, sdk::EphemeralStorage::size_in_gib);
    Some(Launch::Fargate(Size {
        vcpus: task.cpu()?.parse::<f64>().ok()? / 1024.0,
        memory_gb: task.memory()?.parse::<f64>().ok()? / 1024.0,
        storage_gb: f64::from((storage - FREE_STORAGE_GB).max(0)),
        is_arm: architecture == Some(&sdk::CpuArchitecture::Arm64),
    }))
}
