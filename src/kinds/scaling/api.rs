//! These calls of Application Auto Scaling are made for several kinds.

use std::collections::HashMap;

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types as sdk;
use aws_smithy_types::DateTime;

use super::{Action, Capacity, Scaling, Suspended};
use crate::failure::Failure;

/// A call can name at most so many resources
/// (docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html).
const RESOURCES_A_CALL: usize = 50;

/// The API serves one kind, for the resources of its own namespace.
pub struct ScalingApi {
    pub client: Client,
    pub namespace: sdk::ServiceNamespace,
}

/// A registration sets what it names, and leaves the rest of a target alone.
pub struct Registration<'a> {
    pub resource: &'a str,
    pub dimension: sdk::ScalableDimension,
    /// `None`: the range stays as it is.
    pub range: Option<(i32, i32)>,
    pub suspended: Suspended,
}

impl ScalingApi {
    pub fn new(aws: &aws_config::SdkConfig, namespace: sdk::ServiceNamespace) -> Self {
        ScalingApi { client: Client::new(aws), namespace }
    }

    /// Lists all targets of the namespace.
    pub async fn targets(&self) -> Result<Vec<sdk::ScalableTarget>, Failure> {
        self.described(None).await
    }

    /// Finds the targets of these resources.
    pub async fn targets_of(
        &self,
        resources: &[String],
    ) -> Result<Vec<sdk::ScalableTarget>, Failure> {
        let mut found = Vec::new();
        for some in resources.chunks(RESOURCES_A_CALL) {
            found.extend(self.described(Some(some.to_vec())).await?);
        }
        Ok(found)
    }

    async fn described(
        &self,
        resources: Option<Vec<String>>,
    ) -> Result<Vec<sdk::ScalableTarget>, Failure> {
        self.client
            .describe_scalable_targets()
            .service_namespace(self.namespace.clone())
            .set_resource_ids(resources)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScalableTargets", &e))
    }

    /// Finds how resources are scaled in one dimension. The keys are resource ids.
    pub async fn scalings(
        &self,
        resources: &[String],
        dimension: &sdk::ScalableDimension,
        with_actions: bool,
    ) -> Result<HashMap<String, Scaling>, Failure> {
        let targets = self.targets_of(resources).await?;
        let mut found: HashMap<String, Scaling> = targets
            .iter()
            .filter(|target| target.scalable_dimension() == dimension)
            .map(|target| (target.resource_id().to_owned(), read_scaling(target)))
            .collect();
        if with_actions && !found.is_empty() {
            for action in self.actions().await? {
                if let Some(scaling) = found.get_mut(action.resource_id()) {
                    scaling.actions.push(read_action(&action));
                }
            }
            for scaling in found.values_mut() {
                scaling.actions.sort_by(|one, two| one.name.cmp(&two.name));
            }
        }
        Ok(found)
    }

    /// Lists all scheduled actions of the namespace.
    pub async fn actions(&self) -> Result<Vec<sdk::ScheduledAction>, Failure> {
        self.client
            .describe_scheduled_actions()
            .service_namespace(self.namespace.clone())
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScheduledActions", &e))
    }

    /// Registers a target, or changes one that is there. Returns its ARN.
    pub async fn register(&self, wanted: Registration<'_>) -> Result<Option<String>, Failure> {
        let Suspended { scaling_in, scaling_out, scheduled } = wanted.suspended;
        let answer = self
            .client
            .register_scalable_target()
            .service_namespace(self.namespace.clone())
            .resource_id(wanted.resource)
            .scalable_dimension(wanted.dimension)
            .set_min_capacity(wanted.range.map(|(min, _)| min))
            .set_max_capacity(wanted.range.map(|(_, max)| max))
            .suspended_state(
                sdk::SuspendedState::builder()
                    .dynamic_scaling_in_suspended(scaling_in)
                    .dynamic_scaling_out_suspended(scaling_out)
                    .scheduled_scaling_suspended(scheduled)
                    .build(),
            )
            .send()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:RegisterScalableTarget", &e))?;
        Ok(answer.scalable_target_arn)
    }
}

fn read_scaling(target: &sdk::ScalableTarget) -> Scaling {
    Scaling {
        min: target.min_capacity(),
        max: target.max_capacity(),
        suspended: read_suspended(target),
        actions: Vec::new(),
    }
}

/// Reads which scaling of a target is suspended.
pub fn read_suspended(target: &sdk::ScalableTarget) -> Suspended {
    let suspended = target.suspended_state();
    let is =
        |flag: fn(&sdk::SuspendedState) -> Option<bool>| suspended.and_then(flag).unwrap_or(false);
    Suspended {
        scaling_in: is(sdk::SuspendedState::dynamic_scaling_in_suspended),
        scaling_out: is(sdk::SuspendedState::dynamic_scaling_out_suspended),
        scheduled: is(sdk::SuspendedState::scheduled_scaling_suspended),
    }
}

/// Reads a scheduled action.
pub fn read_action(action: &sdk::ScheduledAction) -> Action {
    let millis = |time: &DateTime| time.to_millis().ok();
    Action {
        name: action.scheduled_action_name().to_owned(),
        schedule: action.schedule().to_owned(),
        timezone: action.timezone().map(str::to_owned),
        starts_at: action.start_time().and_then(millis),
        ends_at: action.end_time().and_then(millis),
        capacity: action.scalable_target_action().map(|capacity| Capacity {
            min: capacity.min_capacity(),
            max: capacity.max_capacity(),
        }),
    }
}
