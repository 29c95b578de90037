//! These calls read and write endpoints' scaling, through the Application Auto Scaling API.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_applicationautoscaling::error::BuildError;
use aws_sdk_applicationautoscaling::types as sdk;
use aws_smithy_types::DateTime;

use super::autoscaling::{Action, Capacity, Policy, Rule, Target, parse_resource_id, resource_id};
use super::scaling_convert::{read_policy, read_target, write_stepping, write_tracking};
use crate::failure::{Failure, unless_missing};
use crate::kinds::scaling::api::{Registration, ScalingApi, read_action};
use crate::pace::Pace;

pub struct Scaling {
    api: ScalingApi,
}

/// Each endpoint, by its name in lower case, has its scalable targets here.
pub type Targets = HashMap<String, Vec<Target>>;

/// Holds a target while its policies, actions and tags are collected.
struct Found {
    endpoint: String,
    arn: Option<String>,
    target: Target,
}

/// A key is a target's endpoint, variant and dimension.
///
/// The names are in lower case: to AWS, names that differ only in case are the same.
type Key = (String, String, String);

fn key(resource: &str, dimension: &str) -> Option<Key> {
    let (endpoint, variant) = parse_resource_id(resource)?;
    Some((endpoint.to_lowercase(), variant.to_lowercase(), dimension.to_owned()))
}

impl Scaling {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Scaling { api: ScalingApi::new(aws, sdk::ServiceNamespace::Sagemaker) }
    }

    /// Finds the targets of these endpoints, with their policies, actions and tags.
    ///
    /// That takes three listings for all endpoints, and one call for each target's tags.
    pub async fn targets(
        &self,
        endpoints: &[&str],
        with_tags: bool,
        pace: &Pace,
    ) -> Result<Targets, Failure> {
        let mut found = self.registered(endpoints).await?;
        if found.is_empty() {
            return Ok(Targets::new());
        }
        let keys: Vec<(Key, Option<String>)> =
            found.iter().map(|(key, one)| (key.clone(), one.arn.clone())).collect();
        let tags = async {
            if with_tags {
                pace.ask_each(&keys, |(_, arn)| self.tags(arn.as_deref())).await
            } else {
                Vec::new()
            }
        };
        let (policies, actions, tags) = futures::join!(self.policies(), self.api.actions(), tags);
        for (policy, key) in policies?.iter().filter_map(|policy| {
            Some((policy, key(&policy.resource_id, policy.scalable_dimension.as_str())?))
        }) {
            if let Some(one) = found.get_mut(&key) {
                one.target.policies.push(read_policy(policy));
            }
        }
        for (action, key) in actions?.iter().filter_map(|action| {
            Some((action, key(&action.resource_id, action.scalable_dimension()?.as_str())?))
        }) {
            if let Some(one) = found.get_mut(&key) {
                one.target.actions.push(read_action(action));
            }
        }
        for ((key, _), tags) in keys.iter().zip(tags) {
            if let Some(one) = found.get_mut(key) {
                one.target.tags = tags?;
            }
        }
        let mut by_endpoint = Targets::new();
        // The keys put an endpoint's targets in the order of their variants and dimensions.
        for Found { endpoint, mut target, .. } in found.into_values() {
            target.policies.sort_by(|one, two| one.name.cmp(&two.name));
            target.actions.sort_by(|one, two| one.name.cmp(&two.name));
            by_endpoint.entry(endpoint).or_default().push(target);
        }
        Ok(by_endpoint)
    }

    async fn registered(&self, endpoints: &[&str]) -> Result<BTreeMap<Key, Found>, Failure> {
        let wanted: HashSet<String> =
            endpoints.iter().map(|endpoint| endpoint.to_lowercase()).collect();
        let mut found = BTreeMap::new();
        for target in self.api.targets().await? {
            let Some((endpoint, variant)) = parse_resource_id(&target.resource_id) else {
                continue;
            };
            let endpoint = endpoint.to_lowercase();
            if wanted.contains(&endpoint)
                && let Some(key) = key(&target.resource_id, target.scalable_dimension.as_str())
            {
                let arn = target.scalable_target_arn().map(str::to_owned);
                found.insert(key, Found { endpoint, arn, target: read_target(variant, &target) });
            }
        }
        Ok(found)
    }

    /// Asks for a target's tags, without those that AWS set: nobody else can write them.
    async fn tags(&self, arn: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
        let Some(arn) = arn else { return Ok(BTreeMap::new()) };
        let answer = self.api.client.list_tags_for_resource().resource_arn(arn).send().await;
        let answer =
            unless_missing("application-autoscaling:ListTagsForResource", answer, |code, _| {
                code == "ResourceNotFoundException"
            })?;
        let tags = answer.and_then(|answer| answer.tags).unwrap_or_default();
        Ok(tags.into_iter().filter(|(key, _)| !key.starts_with("aws:")).collect())
    }

    async fn policies(&self) -> Result<Vec<sdk::ScalingPolicy>, Failure> {
        self.api
            .client
            .describe_scaling_policies()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScalingPolicies", &e))
    }

    /// Registers a target, puts all that belongs to it, and returns what failed.
    ///
    /// Every call may be made twice. After one that failed, the others are still made.
    pub async fn put(&self, endpoint: &str, target: &Target, now: i64) -> Vec<Failure> {
        let resource = resource_id(endpoint, &target.variant);
        let dimension = sdk::ScalableDimension::from(target.dimension.as_str());
        let registration = Registration {
            resource: &resource,
            dimension: dimension.clone(),
            range: Some((target.min, target.max)),
            suspended: target.suspended,
        };
        let arn = match self.api.register(registration).await {
            Ok(arn) => arn,
            Err(failure) => return vec![about(&target.to_string(), failure)],
        };
        let mut failures = Vec::new();
        if !target.tags.is_empty() {
            failures.extend(self.tag(arn, &target.tags).await.err());
        }
        for policy in &target.policies {
            let put = self.put_policy(&resource, &dimension, policy).await;
            failures.extend(put.err().map(|failure| about(&policy.name, failure)));
        }
        for action in target.actions.iter().filter(|action| !action.has_passed(now)) {
            let put = self.put_action(&resource, &dimension, action, now).await;
            failures.extend(put.err().map(|failure| about(&action.name, failure)));
        }
        failures
    }

    /// Tags a target in a call of its own.
    ///
    /// A target that is registered already takes no tags with another registration
    /// (docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html).
    async fn tag(
        &self,
        arn: Option<String>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let call = self.api.client.tag_resource().set_resource_arn(arn).set_tags(Some(tags)).send();
        call.await.map_err(|e| Failure::from_sdk("application-autoscaling:TagResource", &e))?;
        Ok(())
    }

    async fn put_policy(
        &self,
        resource: &str,
        dimension: &sdk::ScalableDimension,
        policy: &Policy,
    ) -> Result<(), Failure> {
        let call = self
            .api
            .client
            .put_scaling_policy()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(dimension.clone())
            .policy_name(&policy.name);
        let call = match &policy.rule {
            Rule::Tracking(tracking) => call
                .policy_type(sdk::PolicyType::TargetTrackingScaling)
                .target_tracking_scaling_policy_configuration(
                    write_tracking(tracking).map_err(unbuilt)?,
                ),
            Rule::Step(stepping) => call
                .policy_type(sdk::PolicyType::StepScaling)
                .step_scaling_policy_configuration(write_stepping(stepping).map_err(unbuilt)?),
            Rule::Other(kind) => {
                return Err(Failure::refused(format!("a policy of the type {kind} is not known")));
            }
        };
        call.send()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:PutScalingPolicy", &e))?;
        Ok(())
    }

    async fn put_action(
        &self,
        resource: &str,
        dimension: &sdk::ScalableDimension,
        action: &Action,
        now: i64,
    ) -> Result<(), Failure> {
        self.api
            .client
            .put_scheduled_action()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(dimension.clone())
            .scheduled_action_name(&action.name)
            .schedule(&action.schedule)
            .set_timezone(action.timezone.clone())
            .set_start_time(action.future_start(now).map(DateTime::from_millis))
            .set_end_time(action.ends_at.map(DateTime::from_millis))
            .set_scalable_target_action(action.capacity.map(|Capacity { min, max }| {
                sdk::ScalableTargetAction::builder()
                    .set_min_capacity(min)
                    .set_max_capacity(max)
                    .build()
            }))
            .send()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:PutScheduledAction", &e))?;
        Ok(())
    }
}

fn about(name: &str, failure: Failure) -> Failure {
    Failure { message: format!("{name}: {}", failure.message), ..failure }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unbuilt(error: BuildError) -> Failure {
    Failure::refused(error.to_string())
}
