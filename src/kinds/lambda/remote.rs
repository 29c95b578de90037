//! The Lambda API.
//!
//! AWS takes 15 requests a second over all of its operations
//! (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), so nothing is asked that is
//! known: a look asks only for what the last step can have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{
    Architecture, EventSourceMappingConfiguration, ProvisionedConcurrencyStatusEnum,
};

use super::scaling::{resource_id, scaled};
use super::{
    Allocation, AsyncEvents, Call, Functions, Mapping, MappingState, Provisioned, Reserved,
    STOPPED, Seen, Settled, Size, Step, gone,
};
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Answer, AnswerOf, Observe, Remote, Setup, Sighting};
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
    client: Client,
    scaling: aws_sdk_applicationautoscaling::Client,
    /// What was last seen of each function.
    known: Mutex<BTreeMap<String, Seen>>,
    /// Calls that a listing of all event source mappings takes.
    mapping_pages: AtomicUsize,
}

/// What a step can have changed, and so what a look after it asks for.
#[derive(Debug, Default)]
struct Concern {
    reserved: bool,
    provisioned: bool,
    mappings: BTreeSet<String>,
}

impl Concern {
    fn of(step: &Step) -> Self {
        match step {
            Step::Call(Call::Reserve { .. } | Call::Unreserve) => {
                Concern { reserved: true, ..Concern::default() }
            }
            Step::Call(Call::Withdraw(_) | Call::Provide { .. }) => {
                Concern { provisioned: true, ..Concern::default() }
            }
            Step::Call(Call::Disable(ids) | Call::Enable(ids)) | Step::Wait(Settled(ids)) => {
                Concern { mappings: ids.clone(), ..Concern::default() }
            }
            Step::GiveUp(_) => Concern::default(),
        }
    }
}

/// What the listings of the account say of a function.
#[derive(Debug, Clone, Default)]
struct Listed {
    dead_letter: bool,
    replica_of: Option<String>,
    size: Option<Size>,
    mappings: BTreeMap<String, Mapping>,
}

/// All of the account's event source mappings, by function and UUID.
type Mappings = BTreeMap<String, BTreeMap<String, Mapping>>;

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api {
            client: Client::new(aws),
            scaling: aws_sdk_applicationautoscaling::Client::new(aws),
            known: Mutex::default(),
            mapping_pages: AtomicUsize::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
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

    /// Everything that a decision needs.
    async fn observe_one(&self, name: &str, listed: &Listed) -> Result<Option<Seen>, Failure> {
        let Listed { dead_letter, replica_of, size, mappings } = listed.clone();
        if replica_of.is_some() {
            return Ok(Some(Seen { replica_of, ..Seen::default() }));
        }
        let Some(reserved) = self.reserved(name).await? else { return Ok(None) };
        // AWS does not let a function at 0 have any.
        let mut provisioned = BTreeMap::new();
        if reserved != STOPPED {
            let Some(configs) = self.provisioned(name).await? else { return Ok(None) };
            provisioned = configs;
        }
        for (qualifier, config) in &mut provisioned {
            // Only a price goes by it: without, that of the newest code is taken.
            config.size = self.size(name, qualifier).await.unwrap_or_default();
        }
        let async_events = if dead_letter || reserved == STOPPED {
            AsyncEvents::Kept
        } else {
            self.async_events(name)
                .await
                .unwrap_or_else(|failure| AsyncEvents::Unknown(failure.to_string()))
        };
        Ok(Some(Seen { reserved, provisioned, mappings, async_events, size, ..Seen::default() }))
    }

    /// What the provisioned concurrency of a version or an alias bills by: it has a configuration
    /// of its own.
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

    /// Application Auto Scaling would put provisioned concurrency back during a stop, and what it
    /// is set to is not saved: such a function is not stopped.
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
        let scaled = scaled(&self.scaling, &resources).await;
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

    /// `None`: there is no such function.
    async fn reserved(&self, name: &str) -> Result<Option<Reserved>, Failure> {
        let answer = self.client.get_function_concurrency().function_name(name).send().await;
        let answer = unless_missing("lambda:GetFunctionConcurrency", answer, is_missing)?;
        Ok(answer
            .map(|answer| answer.reserved_concurrent_executions.and_then(|n| n.try_into().ok())))
    }

    /// `None`: there is no such function.
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
                return Ok(AsyncEvents::Kept);
            }
        }
        Ok(AsyncEvents::Lost)
    }

    async fn mapping(&self, id: &str) -> Result<Option<Mapping>, Failure> {
        let answer = self.client.get_event_source_mapping().uuid(id).send().await;
        let answer = unless_missing("lambda:GetEventSourceMapping", answer, is_missing)?;
        Ok(answer.and_then(|answer| mapping_in(answer.state(), answer.event_source_arn())))
    }

    /// What a step can have changed, and the rest as it is known.
    async fn look_at(
        &self,
        name: &str,
        concern: &Concern,
        listed: Option<&Mappings>,
    ) -> Result<Option<Seen>, Failure> {
        let mut seen = self.known().get(name).cloned().unwrap_or_default();
        if concern.reserved {
            let Some(reserved) = self.reserved(name).await? else { return Ok(None) };
            seen.reserved = reserved;
        }
        if concern.provisioned {
            let Some(mut configs) = self.provisioned(name).await? else { return Ok(None) };
            for (qualifier, config) in &mut configs {
                config.size = seen.provisioned.get(qualifier).and_then(|known| known.size);
            }
            seen.provisioned = configs;
        }
        for id in &concern.mappings {
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

    async fn send(&self, name: &str, call: &Call) -> AnswerOf<Functions> {
        match call {
            Call::Disable(ids) => self.switch(ids, false).await.into(),
            Call::Enable(ids) => self.switch(ids, true).await.into(),
            Call::Withdraw(qualifiers) => self.withdraw(name, qualifiers).await.into(),
            Call::Reserve { n, otherwise } => match self.reserve(name, *n).await {
                Ok(seen) => Answer::Shown(seen),
                Err(failure) if !otherwise.is_empty() && is_too_much(&failure) => {
                    let message = format!("{}{}", failure.message, self.account_limits().await);
                    Answer::Refused(Failure { message, ..failure })
                }
                Err(failure) => Answer::Failed(failure),
            },
            Call::Unreserve => {
                let call = self.client.delete_function_concurrency().function_name(name).send();
                match call.await {
                    Ok(_) => Answer::Shown(self.is_reserved(name, None)),
                    Err(error) => Answer::Failed(Failure::from_sdk(
                        "lambda:DeleteFunctionConcurrency",
                        &error,
                    )),
                }
            }
            Call::Provide { configs, otherwise } => self.provide(name, configs, otherwise).await,
        }
    }

    async fn reserve(&self, name: &str, n: u32) -> Result<Seen, Failure> {
        let request = self.client.put_function_concurrency().function_name(name);
        let answer = request.reserved_concurrent_executions(number(n)).send().await;
        let answer =
            answer.map_err(|e| passing(Failure::from_sdk("lambda:PutFunctionConcurrency", &e)))?;
        Ok(self.is_reserved(
            name,
            answer.reserved_concurrent_executions.and_then(|n| n.try_into().ok()),
        ))
    }

    /// AWS's answer is the function's new setting: it need not be asked again.
    fn is_reserved(&self, name: &str, reserved: Reserved) -> Seen {
        let mut known = self.known();
        let seen = known.entry(name.to_owned()).or_default();
        seen.reserved = reserved;
        seen.clone()
    }

    /// The account's numbers, where they can be had.
    async fn account_limits(&self) -> String {
        let Ok(settings) = self.client.get_account_settings().send().await else {
            return String::new();
        };
        settings.account_limit().map_or_else(String::new, |limit| {
            let unreserved = limit.unreserved_concurrent_executions().unwrap_or_default();
            format!(
                " (the account has {}, of which {unreserved} are unreserved)",
                limit.concurrent_executions()
            )
        })
    }

    async fn withdraw(&self, name: &str, qualifiers: &BTreeSet<String>) -> Result<(), Failure> {
        for qualifier in qualifiers {
            let request = self
                .client
                .delete_provisioned_concurrency_config()
                .function_name(name)
                .qualifier(qualifier);
            unless_missing(
                "lambda:DeleteProvisionedConcurrencyConfig",
                request.send().await,
                is_missing,
            )
            .map_err(passing)?;
        }
        Ok(())
    }

    async fn provide(
        &self,
        name: &str,
        configs: &BTreeMap<String, u32>,
        otherwise: &[Step],
    ) -> AnswerOf<Functions> {
        let (mut taken, mut missing, mut refused) = (configs.clone(), Vec::new(), None);
        for (qualifier, n) in configs {
            match self.provide_one(name, qualifier, *n).await {
                Ok(()) => {}
                Err(failure) if failure.class == Class::Transient => {
                    return Answer::Failed(failure);
                }
                // An alias or a version that was deleted is nobody's to bring back. (If it is the
                // function, the look finds that.)
                Err(failure) if failure.code.as_deref() == Some("ResourceNotFoundException") => {
                    missing.extend(taken.remove_entry(qualifier).map(|(qualifier, _)| qualifier));
                }
                Err(failure) => {
                    let message = format!(
                        "the provisioned concurrency of {qualifier} did not come back: {failure}"
                    );
                    refused.get_or_insert(Failure { message, ..failure });
                }
            }
        }
        match refused {
            Some(failure) => Answer::Refused(failure),
            None if missing.is_empty() => Answer::Accepted,
            None => Answer::Partly {
                call: Call::Provide { configs: taken, otherwise: otherwise.to_vec() },
                remark: gone(&missing),
            },
        }
    }

    async fn provide_one(&self, name: &str, qualifier: &str, n: u32) -> Result<(), Failure> {
        self.client
            .put_provisioned_concurrency_config()
            .function_name(name)
            .qualifier(qualifier)
            .provisioned_concurrent_executions(number(n))
            .send()
            .await
            .map(drop)
            .map_err(|e| passing(Failure::from_sdk("lambda:PutProvisionedConcurrencyConfig", &e)))
    }

    /// One that is in transition, or cannot be changed, does not keep the others from being
    /// changed.
    async fn switch(&self, ids: &BTreeSet<String>, enabled: bool) -> Result<(), Failure> {
        let mut failures = Vec::new();
        for id in ids {
            let answer =
                self.client.update_event_source_mapping().uuid(id).enabled(enabled).send().await;
            failures.extend(
                unless_missing("lambda:UpdateEventSourceMapping", answer, is_missing)
                    .map_err(passing)
                    .err(),
            );
        }
        // What will not pass is worth more words than what will.
        failures.sort_by_key(|failure| failure.class == Class::Transient);
        failures.into_iter().next().map_or(Ok(()), Err)
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
        let concerns: Vec<(&String, Concern)> =
            tasks.iter().map(|(name, step)| (name, Concern::of(step))).collect();
        let waiting: usize = concerns.iter().map(|(_, concern)| concern.mappings.len()).sum();
        let is_worth_it =
            waiting >= WORTH_A_LISTING && waiting > self.mapping_pages.load(Ordering::Relaxed);
        // Where there is no listing, they are asked about one by one.
        let listed = if is_worth_it { self.list_mappings().await.ok() } else { None };
        pace.ask_each(&concerns, |(name, concern)| self.look_at(name, concern, listed.as_ref()))
            .await
    }

    async fn perform(&self, tasks: &[(String, Call)], pace: &Pace) -> Vec<AnswerOf<Functions>> {
        pace.change_each(tasks, |(name, call)| self.send(name, call), Answer::halted).await
    }
}

fn is_missing(code: &str, _: &str) -> bool {
    matches!(code, "ResourceNotFoundException" | "ProvisionedConcurrencyConfigNotFoundException")
}

/// Refusals of something that is in transition, or of a reservation below what is being withdrawn.
fn passing(failure: Failure) -> Failure {
    let passes = match failure.code.as_deref() {
        Some("ResourceInUseException" | "ResourceConflictException") => true,
        Some("InvalidParameterValueException") => {
            failure.message.contains("total provisioned concurrency")
        }
        _ => false,
    };
    if passes { Failure { class: Class::Transient, ..failure } } else { failure }
}

/// docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
fn is_too_much(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("InvalidParameterValueException")
        && failure.message.contains("UnreservedConcurrentExecution")
}

fn size(memory: Option<i32>, architectures: &[Architecture]) -> Option<Size> {
    let memory_mb = memory?.try_into().ok()?;
    Some(Size { memory_mb, is_arm: architectures.contains(&Architecture::Arm64) })
}

fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// The name in a function's ARN, which may end in a qualifier.
fn function_name(arn: &str) -> Option<&str> {
    arn.split(':').nth(6)
}

fn mapping_of(found: &EventSourceMappingConfiguration) -> Option<Mapping> {
    mapping_in(found.state(), found.event_source_arn())
}

/// `None`: it is being deleted.
fn mapping_in(state: Option<&str>, source_arn: Option<&str>) -> Option<Mapping> {
    let state = state.filter(|state| *state != "Deleting")?;
    Some(Mapping {
        source: source_arn.map_or_else(|| "self-managed Kafka".to_owned(), source),
        state: MappingState::parse(state),
    })
}

/// `sqs orders`, of the ARN of a queue.
fn source(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        [_, _, service, _, _, resource] => format!("{service} {resource}"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_its_arn_with_and_without_a_qualifier() {
        assert_eq!(
            function_name("arn:aws:lambda:us-east-1:123456789012:function:work"),
            Some("work")
        );
        assert_eq!(
            function_name("arn:aws:lambda:us-east-1:123456789012:function:work:live"),
            Some("work")
        );
    }

    #[test]
    fn a_source_is_told_by_its_service_and_name() {
        assert_eq!(source("arn:aws:sqs:us-east-1:123456789012:orders"), "sqs orders");
        assert_eq!(
            source("arn:aws:kinesis:us-east-1:123456789012:stream/events"),
            "kinesis stream/events"
        );
    }
}
