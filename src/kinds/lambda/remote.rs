//! The remote of functions asks the Lambda API as little as possible.
//!
//! AWS takes 15 requests a second over all operations of the API
//! (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). So a look asks only for what
//! the last step can have changed, and takes the rest from what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum;

use super::convert::{function_name, is_missing, mapping_in, mapping_of, size};
use super::scaling::{find_scaled, resource_id};
use super::{
    Allocation, AsyncEvents, Call, Functions, Mapping, MappingsSettled, Provisioned, Reserved,
    STOPPED, Seen, Size, Step,
};
use crate::failure::{Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
use crate::kinds::scaling::api::ScalingApi;
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

/// Fewer mappings than this are asked about one by one.
const WORTH_A_LISTING: usize = 4;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    Kind::managed(Functions, lazy(setup.aws, Api::new))
}

pub struct Api {
    pub(super) client: Client,
    scaling: ScalingApi,
    /// Each function was last seen like this.
    known: Mutex<BTreeMap<String, Seen>>,
    /// A listing of all event source mappings takes so many calls.
    mapping_pages: AtomicUsize,
}

/// A scope is what the look after a step asks for: what the step can have changed.
#[derive(Debug, Default)]
struct LookScope {
    reserved: bool,
    provisioned: bool,
    mappings: BTreeSet<String>,
}

impl LookScope {
    fn of(step: &Step) -> Self {
        match step {
            Step::Call(Call::Reserve { .. } | Call::Unreserve) => {
                LookScope { reserved: true, ..LookScope::default() }
            }
            Step::Call(Call::RemoveProvisioned(_) | Call::PutProvisioned { .. }) => {
                LookScope { provisioned: true, ..LookScope::default() }
            }
            Step::Call(Call::DisableMappings(ids) | Call::EnableMappings(ids))
            | Step::Wait(MappingsSettled(ids)) => {
                LookScope { mappings: ids.clone(), ..LookScope::default() }
            }
            Step::GiveUp(_) => LookScope::default(),
        }
    }
}

/// Holds what the account's listings say of a function.
#[derive(Debug, Clone, Default)]
struct Listed {
    dead_letter: bool,
    replica_of: Option<String>,
    size: Option<Size>,
    mappings: BTreeMap<String, Mapping>,
}

/// Each function has its event source mappings here, by their UUIDs.
type Mappings = BTreeMap<String, BTreeMap<String, Mapping>>;

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api {
            client: Client::new(aws),
            scaling: ScalingApi::new(aws, ServiceNamespace::Lambda),
            known: Mutex::default(),
            mapping_pages: AtomicUsize::default(),
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn list(&self) -> Result<BTreeMap<String, Listed>, Failure> {
        let mut pages = self.client.list_functions().into_paginator().items().send();
        let mut functions = BTreeMap::new();
        while let Some(function) = pages.next().await {
            let function = function.map_err(|e| Failure::from_sdk("lambda:ListFunctions", &e))?;
            let dead_letter = function.dead_letter_config().and_then(|config| config.target_arn());
            let listed = Listed {
                dead_letter: dead_letter.is_some_and(|arn| !arn.is_empty()),
                replica_of: function.master_arn().map(str::to_owned),
                size: size(function.memory_size(), function.architectures()),
                mappings: BTreeMap::new(),
            };
            functions.extend(function.function_name.map(|name| (name, listed)));
        }
        Ok(functions)
    }

    async fn list_mappings(&self) -> Result<Mappings, Failure> {
        let mut pages = self.client.list_event_source_mappings().into_paginator().send();
        let (mut by_function, mut count) = (Mappings::new(), 0);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::from_sdk("lambda:ListEventSourceMappings", &e))?;
            count += 1;
            for found in page.event_source_mappings() {
                let Some(name) = found.function_arn().and_then(function_name) else { continue };
                let mappings = by_function.entry(name.to_owned()).or_default();
                mappings.extend(
                    found
                        .uuid()
                        .zip(mapping_of(found))
                        .map(|(id, mapping)| (id.to_owned(), mapping)),
                );
            }
        }
        self.mapping_pages.store(count, Ordering::Relaxed);
        Ok(by_function)
    }

    /// Finds out all that a decision needs to know of a function.
    async fn observe_one(&self, name: &str, listed: &Listed) -> Result<Option<Seen>, Failure> {
        let Listed { dead_letter, replica_of, size, mappings } = listed.clone();
        if replica_of.is_some() {
            return Ok(Some(Seen { replica_of, ..Seen::default() }));
        }
        let Some(reserved) = self.reserved(name).await? else { return Ok(None) };
        // AWS lets no function at 0 have provisioned concurrency.
        let mut provisioned = BTreeMap::new();
        if reserved != STOPPED {
            let Some(configs) = self.provisioned(name).await? else { return Ok(None) };
            provisioned = configs;
        }
        for (qualifier, config) in &mut provisioned {
            // Only a price depends on the size. Where it is not known, the newest code's is used.
            config.size = self.size(name, qualifier).await.unwrap_or_default();
        }
        let async_events = if dead_letter || reserved == STOPPED {
            AsyncEvents::Safe
        } else {
            self.async_events(name)
                .await
                .unwrap_or_else(|failure| AsyncEvents::Unknown(failure.to_string()))
        };
        Ok(Some(Seen { reserved, provisioned, mappings, async_events, size, ..Seen::default() }))
    }

    /// Asks for the size of a version or an alias. Each has a configuration of its own.
    async fn size(&self, name: &str, qualifier: &str) -> Result<Option<Size>, Failure> {
        let answer = self
            .client
            .get_function_configuration()
            .function_name(name)
            .qualifier(qualifier)
            .send()
            .await;
        let answer = unless_missing("lambda:GetFunctionConfiguration", answer, is_missing)?;
        Ok(answer.and_then(|answer| size(answer.memory_size(), answer.architectures())))
    }

    /// Finds the functions whose provisioned concurrency Application Auto Scaling manages.
    ///
    /// They are not stopped: it would put provisioned concurrency back during the stop, and its
    /// settings are not saved.
    async fn find_obstacles(&self, sightings: &mut [Sighting<Seen>]) {
        let of = |sighting: &Sighting<Seen>| -> Vec<(String, String)> {
            let seen = sighting.seen.as_ref().ok().and_then(Option::as_ref);
            let qualifiers = seen.into_iter().flat_map(|seen| seen.provisioned.keys());
            qualifiers
                .map(|qualifier| (resource_id(&sighting.name, qualifier), qualifier.clone()))
                .collect()
        };
        let resources: Vec<String> =
            sightings.iter().flat_map(of).map(|(resource, _)| resource).collect();
        if resources.is_empty() {
            return;
        }
        let scaled = find_scaled(&self.scaling, &resources).await;
        for sighting in sightings {
            let obstacle = match &scaled {
                Err(_) if of(sighting).is_empty() => None,
                Err(failure) => Some(format!("whether its provisioned concurrency is scaled is not known: {failure}")),
                Ok(scaled) => of(sighting).into_iter().find(|(resource, _)| scaled.contains(resource)).map(|(_, q)| {
                    format!(
                        "Application Auto Scaling manages the provisioned concurrency of {q}, and would put it back \
                         during the stop: deregister it there, or exclude the function"
                    )
                }),
            };
            if let Ok(Some(seen)) = &mut sighting.seen {
                seen.obstacle = obstacle;
            }
        }
    }

    /// Asks for a function's reserved concurrency. `None`: there is no such function.
    async fn reserved(&self, name: &str) -> Result<Option<Reserved>, Failure> {
        let answer = self.client.get_function_concurrency().function_name(name).send().await;
        let answer = unless_missing("lambda:GetFunctionConcurrency", answer, is_missing)?;
        Ok(answer
            .map(|answer| answer.reserved_concurrent_executions.and_then(|n| n.try_into().ok())))
    }

    /// Asks for a function's provisioned concurrency. `None`: there is no such function.
    async fn provisioned(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, Provisioned>>, Failure> {
        const PERMISSION: &str = "lambda:ListProvisionedConcurrencyConfigs";
        let request = self.client.list_provisioned_concurrency_configs().function_name(name);
        let mut pages = request.into_paginator().items().send();
        let mut configs = BTreeMap::new();
        while let Some(config) = pages.next().await {
            let Some(config) = unless_missing(PERMISSION, config, is_missing)? else {
                return Ok(None);
            };
            let qualifier =
                config.function_arn().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
            let status = match config.status() {
                Some(ProvisionedConcurrencyStatusEnum::Ready) => Allocation::Ready,
                Some(ProvisionedConcurrencyStatusEnum::Failed) => Allocation::Failed(
                    config.status_reason().unwrap_or("no reason given").to_owned(),
                ),
                _ => Allocation::InProgress,
            };
            let count = config.requested_provisioned_concurrent_executions().unwrap_or_default();
            let count = count.try_into().unwrap_or_default();
            configs.insert(qualifier.to_owned(), Provisioned { count, status, size: None });
        }
        Ok(Some(configs))
    }

    async fn async_events(&self, name: &str) -> Result<AsyncEvents, Failure> {
        const PERMISSION: &str = "lambda:ListFunctionEventInvokeConfigs";
        let request = self.client.list_function_event_invoke_configs().function_name(name);
        let mut pages = request.into_paginator().items().send();
        while let Some(config) = pages.next().await {
            let Some(config) = unless_missing(PERMISSION, config, is_missing)? else { break };
            let on_failure = config.destination_config().and_then(|config| config.on_failure());
            if on_failure.and_then(|target| target.destination()).is_some_and(|arn| !arn.is_empty())
            {
                return Ok(AsyncEvents::Safe);
            }
        }
        Ok(AsyncEvents::Lost)
    }

    async fn mapping(&self, id: &str) -> Result<Option<Mapping>, Failure> {
        let answer = self.client.get_event_source_mapping().uuid(id).send().await;
        let answer = unless_missing("lambda:GetEventSourceMapping", answer, is_missing)?;
        Ok(answer.and_then(|answer| mapping_in(answer.state(), answer.event_source_arn())))
    }

    /// Asks for what is in the scope, and takes the rest from what is known.
    async fn look_at(
        &self,
        name: &str,
        scope: &LookScope,
        listed: Option<&Mappings>,
    ) -> Result<Option<Seen>, Failure> {
        let mut seen = self.known().get(name).cloned().unwrap_or_default();
        if scope.reserved {
            let Some(reserved) = self.reserved(name).await? else { return Ok(None) };
            seen.reserved = reserved;
        }
        if scope.provisioned {
            let Some(mut configs) = self.provisioned(name).await? else { return Ok(None) };
            for (qualifier, config) in &mut configs {
                config.size = seen.provisioned.get(qualifier).and_then(|known| known.size);
            }
            seen.provisioned = configs;
        }
        for id in &scope.mappings {
            let mapping = match listed {
                Some(listed) => listed.get(name).and_then(|mappings| mappings.get(id)).cloned(),
                None => self.mapping(id).await?,
            };
            match mapping {
                Some(mapping) => seen.mappings.insert(id.clone(), mapping),
                None => seen.mappings.remove(id),
            };
        }
        self.known().insert(name.to_owned(), seen.clone());
        Ok(Some(seen))
    }
}

#[async_trait]
impl Observe<Functions> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let mut listed = self.list().await?;
        let mut functions: Vec<(String, Listed)> = wanted
            .among(listed.keys().cloned())
            .into_iter()
            .map(|name| {
                let listed = listed.remove(&name).unwrap_or_default();
                (name, listed)
            })
            .collect();
        if functions.is_empty() {
            return Ok(Vec::new());
        }
        let mut mappings = self.list_mappings().await?;
        for (name, listed) in &mut functions {
            listed.mappings = mappings.remove(name).unwrap_or_default();
        }
        let looks =
            pace.ask_each(&functions, |(name, listed)| self.observe_one(name, listed)).await;
        let mut sightings: Vec<Sighting<Seen>> = functions
            .into_iter()
            .zip(looks)
            .map(|((name, _), seen)| Sighting { name, seen })
            .collect();
        self.find_obstacles(&mut sightings).await;
        let mut known = self.known();
        for Sighting { name, seen } in &sightings {
            if let Ok(Some(seen)) = seen {
                known.insert(name.clone(), seen.clone());
            }
        }
        drop(known);
        Ok(sightings)
    }
}

#[async_trait]
impl Remote<Functions> for Api {
    async fn look(
        &self,
        tasks: &[(String, Step)],
        pace: &Pace,
    ) -> Vec<Result<Option<Seen>, Failure>> {
        let scopes: Vec<(&String, LookScope)> =
            tasks.iter().map(|(name, step)| (name, LookScope::of(step))).collect();
        let waiting: usize = scopes.iter().map(|(_, scope)| scope.mappings.len()).sum();
        let is_listing_cheaper =
            waiting >= WORTH_A_LISTING && waiting > self.mapping_pages.load(Ordering::Relaxed);
        // Without a listing, the mappings are asked about one by one.
        let listed = if is_listing_cheaper { self.list_mappings().await.ok() } else { None };
        pace.ask_each(&scopes, |(name, scope)| self.look_at(name, scope, listed.as_ref())).await
    }

    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<AnswerOf<Functions>> {
        pace.change_each(tasks, |(name, call)| self.send(name, call), Answer::halted).await
    }
}
