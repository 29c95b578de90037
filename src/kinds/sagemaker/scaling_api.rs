//! The Application Auto Scaling API, as far as it is about endpoints.

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::error::BuildError;
use aws_sdk_applicationautoscaling::types as sdk;
use aws_smithy_types::DateTime;

use super::autoscaling::{
    Action, Adjustment, Capacity, Customized, Policy, Predefined, Query, Rule, Stat, Stepping, Suspended, Target,
    Tracking, parse_resource_id, resource_id,
};
use crate::failure::Failure;

pub struct Scaling {
    client: Client,
}

impl Scaling {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Scaling { client: Client::new(aws) }
    }

    /// The targets of these endpoints, each with its endpoint's name. Three calls for all of them.
    pub async fn targets(&self, endpoints: &[&str]) -> Result<Vec<(String, Target)>, Failure> {
        let mut found = self.registered(endpoints).await?;
        if found.is_empty() {
            return Ok(found);
        }
        let (policies, actions) = futures::try_join!(self.policies(), self.actions())?;
        let of = |resource: &str, dimension: &str, (endpoint, target): &(String, Target)| {
            target.dimension == dimension
                && parse_resource_id(resource).is_some_and(|(name, variant)| {
                    name.eq_ignore_ascii_case(endpoint) && variant.eq_ignore_ascii_case(&target.variant)
                })
        };
        for policy in policies {
            if let Some((_, target)) =
                found.iter_mut().find(|one| of(&policy.resource_id, policy.scalable_dimension.as_str(), one))
            {
                target.policies.push(read_policy(&policy));
            }
        }
        for action in actions {
            let dimension = action.scalable_dimension().map_or("", sdk::ScalableDimension::as_str);
            if let Some((_, target)) = found.iter_mut().find(|one| of(&action.resource_id, dimension, one)) {
                target.actions.push(read_action(&action));
            }
        }
        for (_, target) in &mut found {
            target.policies.sort_by(|one, two| one.name.cmp(&two.name));
            target.actions.sort_by(|one, two| one.name.cmp(&two.name));
        }
        found.sort_by(|(_, one), (_, two)| (&one.variant, &one.dimension).cmp(&(&two.variant, &two.dimension)));
        Ok(found)
    }

    async fn registered(&self, endpoints: &[&str]) -> Result<Vec<(String, Target)>, Failure> {
        let mut items = self
            .client
            .describe_scalable_targets()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(target) = items.next().await {
            let target =
                target.map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScalableTargets", &e))?;
            let Some((name, variant)) = parse_resource_id(&target.resource_id) else { continue };
            if endpoints.iter().any(|endpoint| endpoint.eq_ignore_ascii_case(name)) {
                found.push((name.to_owned(), read_target(variant, &target)));
            }
        }
        Ok(found)
    }

    async fn policies(&self) -> Result<Vec<sdk::ScalingPolicy>, Failure> {
        self.client
            .describe_scaling_policies()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScalingPolicies", &e))
    }

    async fn actions(&self) -> Result<Vec<sdk::ScheduledAction>, Failure> {
        self.client
            .describe_scheduled_actions()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:DescribeScheduledActions", &e))
    }

    /// Registers a target and all that belongs to it. Every call may be made twice.
    pub async fn put(&self, endpoint: &str, target: &Target, now: i64) -> Result<(), Failure> {
        let resource = resource_id(endpoint, &target.variant);
        let dimension = sdk::ScalableDimension::from(target.dimension.as_str());
        self.client
            .register_scalable_target()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .resource_id(&resource)
            .scalable_dimension(dimension.clone())
            .min_capacity(target.min)
            .max_capacity(target.max)
            .set_role_arn(target.role_arn.clone())
            .suspended_state(
                sdk::SuspendedState::builder()
                    .dynamic_scaling_in_suspended(target.suspended.scaling_in)
                    .dynamic_scaling_out_suspended(target.suspended.scaling_out)
                    .scheduled_scaling_suspended(target.suspended.scheduled)
                    .build(),
            )
            .send()
            .await
            .map_err(|e| Failure::from_sdk("application-autoscaling:RegisterScalableTarget", &e))?;
        for policy in &target.policies {
            self.put_policy(&resource, &dimension, policy).await.map_err(|failure| about(&policy.name, failure))?;
        }
        for action in target.actions.iter().filter(|action| !action.has_passed(now)) {
            self.put_action(&resource, &dimension, action).await.map_err(|failure| about(&action.name, failure))?;
        }
        Ok(())
    }

    async fn put_policy(
        &self,
        resource: &str,
        dimension: &sdk::ScalableDimension,
        policy: &Policy,
    ) -> Result<(), Failure> {
        let call = self
            .client
            .put_scaling_policy()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(dimension.clone())
            .policy_name(&policy.name);
        let call = match &policy.rule {
            Rule::Tracking(tracking) => call
                .policy_type(sdk::PolicyType::TargetTrackingScaling)
                .target_tracking_scaling_policy_configuration(write_tracking(tracking).map_err(unbuilt)?),
            Rule::Step(stepping) => call
                .policy_type(sdk::PolicyType::StepScaling)
                .step_scaling_policy_configuration(write_stepping(stepping).map_err(unbuilt)?),
            Rule::Other(kind) => return Err(Failure::refused(format!("a policy of the type {kind} is not known"))),
        };
        call.send().await.map_err(|e| Failure::from_sdk("application-autoscaling:PutScalingPolicy", &e))?;
        Ok(())
    }

    async fn put_action(
        &self,
        resource: &str,
        dimension: &sdk::ScalableDimension,
        action: &Action,
    ) -> Result<(), Failure> {
        self.client
            .put_scheduled_action()
            .service_namespace(sdk::ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(dimension.clone())
            .scheduled_action_name(&action.name)
            .schedule(&action.schedule)
            .set_timezone(action.timezone.clone())
            .set_start_time(action.starts_at.map(DateTime::from_millis))
            .set_end_time(action.ends_at.map(DateTime::from_millis))
            .set_scalable_target_action(action.capacity.map(|Capacity { min, max }| {
                sdk::ScalableTargetAction::builder().set_min_capacity(min).set_max_capacity(max).build()
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

fn read_target(variant: &str, target: &sdk::ScalableTarget) -> Target {
    let suspended = target.suspended_state();
    let is = |flag: fn(&sdk::SuspendedState) -> Option<bool>| suspended.and_then(flag).unwrap_or(false);
    Target {
        variant: variant.to_owned(),
        dimension: target.scalable_dimension().as_str().to_owned(),
        min: target.min_capacity(),
        max: target.max_capacity(),
        role_arn: Some(target.role_arn()).filter(|arn| !arn.contains("/aws-service-role/")).map(str::to_owned),
        suspended: Suspended {
            scaling_in: is(sdk::SuspendedState::dynamic_scaling_in_suspended),
            scaling_out: is(sdk::SuspendedState::dynamic_scaling_out_suspended),
            scheduled: is(sdk::SuspendedState::scheduled_scaling_suspended),
        },
        policies: Vec::new(),
        actions: Vec::new(),
    }
}

fn read_action(action: &sdk::ScheduledAction) -> Action {
    let millis = |time: &DateTime| time.to_millis().ok();
    Action {
        name: action.scheduled_action_name().to_owned(),
        schedule: action.schedule().to_owned(),
        timezone: action.timezone().map(str::to_owned),
        starts_at: action.start_time().and_then(millis),
        ends_at: action.end_time().and_then(millis),
        capacity: action
            .scalable_target_action()
            .map(|capacity| Capacity { min: capacity.min_capacity(), max: capacity.max_capacity() }),
    }
}

fn read_policy(policy: &sdk::ScalingPolicy) -> Policy {
    let rule = match (
        policy.target_tracking_scaling_policy_configuration(),
        policy.step_scaling_policy_configuration(),
        policy.policy_type(),
    ) {
        (Some(tracking), _, sdk::PolicyType::TargetTrackingScaling) => Rule::Tracking(read_tracking(tracking)),
        (_, Some(stepping), sdk::PolicyType::StepScaling) => {
            let alarms = policy.alarms().iter().map(|alarm| alarm.alarm_name().to_owned()).collect();
            Rule::Step(Stepping { alarms, ..read_stepping(stepping) })
        }
        (.., other) => Rule::Other(other.as_str().to_owned()),
    };
    Policy { name: policy.policy_name().to_owned(), rule }
}

fn read_tracking(config: &sdk::TargetTrackingScalingPolicyConfiguration) -> Tracking {
    Tracking {
        value: config.target_value(),
        predefined: config.predefined_metric_specification().map(|metric| Predefined {
            metric: metric.predefined_metric_type().as_str().to_owned(),
            resource_label: metric.resource_label().map(str::to_owned),
        }),
        customized: config.customized_metric_specification().map(|metric| Customized {
            metric: metric.metric_name().map(str::to_owned),
            namespace: metric.namespace().map(str::to_owned),
            dimensions: metric
                .dimensions
                .as_ref()
                .map(|all| sorted(all.iter().map(|one| (one.name.clone(), one.value.clone())).collect())),
            statistic: metric.statistic().map(|statistic| statistic.as_str().to_owned()),
            unit: metric.unit().map(str::to_owned),
            queries: metric.metrics.as_ref().map(|queries| queries.iter().map(read_query).collect()),
        }),
        scale_in_cooldown: config.scale_in_cooldown(),
        scale_out_cooldown: config.scale_out_cooldown(),
        disable_scale_in: config.disable_scale_in(),
    }
}

fn read_query(query: &sdk::TargetTrackingMetricDataQuery) -> Query {
    Query {
        id: query.id().to_owned(),
        expression: query.expression().map(str::to_owned),
        label: query.label().map(str::to_owned),
        return_data: query.return_data(),
        stat: query.metric_stat().map(|stat| Stat {
            stat: stat.stat().to_owned(),
            unit: stat.unit().map(str::to_owned),
            metric: stat.metric().and_then(|metric| metric.metric_name()).map(str::to_owned),
            namespace: stat.metric().and_then(|metric| metric.namespace()).map(str::to_owned),
            dimensions: stat
                .metric()
                .and_then(|metric| metric.dimensions.as_ref())
                .map(|all| sorted(all.iter().map(|one| (one.name.clone(), one.value.clone())).collect())),
        }),
    }
}

/// AWS promises no order of dimensions.
fn sorted(mut dimensions: Vec<(String, String)>) -> Vec<(String, String)> {
    dimensions.sort();
    dimensions
}

fn write_tracking(tracking: &Tracking) -> Result<sdk::TargetTrackingScalingPolicyConfiguration, BuildError> {
    let predefined = tracking.predefined.as_ref().map(|Predefined { metric, resource_label }| {
        sdk::PredefinedMetricSpecification::builder()
            .predefined_metric_type(metric.as_str().into())
            .set_resource_label(resource_label.clone())
            .build()
    });
    sdk::TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(tracking.value)
        .set_predefined_metric_specification(predefined.transpose()?)
        .set_customized_metric_specification(tracking.customized.as_ref().map(write_customized).transpose()?)
        .set_scale_in_cooldown(tracking.scale_in_cooldown)
        .set_scale_out_cooldown(tracking.scale_out_cooldown)
        .set_disable_scale_in(tracking.disable_scale_in)
        .build()
}

fn write_customized(metric: &Customized) -> Result<sdk::CustomizedMetricSpecification, BuildError> {
    let dimension = |(name, value): &(String, String)| sdk::MetricDimension::builder().name(name).value(value).build();
    Ok(sdk::CustomizedMetricSpecification::builder()
        .set_metric_name(metric.metric.clone())
        .set_namespace(metric.namespace.clone())
        .set_dimensions(all(metric.dimensions.as_deref(), dimension)?)
        .set_statistic(metric.statistic.as_deref().map(sdk::MetricStatistic::from))
        .set_unit(metric.unit.clone())
        .set_metrics(all(metric.queries.as_deref(), write_query)?)
        .build())
}

fn write_query(query: &Query) -> Result<sdk::TargetTrackingMetricDataQuery, BuildError> {
    sdk::TargetTrackingMetricDataQuery::builder()
        .id(&query.id)
        .set_expression(query.expression.clone())
        .set_label(query.label.clone())
        .set_return_data(query.return_data)
        .set_metric_stat(query.stat.as_ref().map(write_stat).transpose()?)
        .build()
}

fn write_stat(stat: &Stat) -> Result<sdk::TargetTrackingMetricStat, BuildError> {
    let dimension = |(name, value): &(String, String)| {
        sdk::TargetTrackingMetricDimension::builder().name(name).value(value).build()
    };
    sdk::TargetTrackingMetricStat::builder()
        .stat(&stat.stat)
        .set_unit(stat.unit.clone())
        .metric(
            sdk::TargetTrackingMetric::builder()
                .set_metric_name(stat.metric.clone())
                .set_namespace(stat.namespace.clone())
                .set_dimensions(all(stat.dimensions.as_deref(), dimension)?)
                .build(),
        )
        .build()
}

fn read_stepping(config: &sdk::StepScalingPolicyConfiguration) -> Stepping {
    Stepping {
        adjustment_type: config.adjustment_type().map(|kind| kind.as_str().to_owned()),
        adjustments: config
            .step_adjustments()
            .iter()
            .map(|step| Adjustment {
                lower: step.metric_interval_lower_bound(),
                upper: step.metric_interval_upper_bound(),
                by: step.scaling_adjustment(),
            })
            .collect(),
        min_magnitude: config.min_adjustment_magnitude(),
        cooldown: config.cooldown(),
        aggregation: config.metric_aggregation_type().map(|kind| kind.as_str().to_owned()),
        alarms: Vec::new(),
    }
}

fn write_stepping(stepping: &Stepping) -> Result<sdk::StepScalingPolicyConfiguration, BuildError> {
    let step = |adjustment: &Adjustment| {
        sdk::StepAdjustment::builder()
            .set_metric_interval_lower_bound(adjustment.lower)
            .set_metric_interval_upper_bound(adjustment.upper)
            .scaling_adjustment(adjustment.by)
            .build()
    };
    Ok(sdk::StepScalingPolicyConfiguration::builder()
        .set_adjustment_type(stepping.adjustment_type.as_deref().map(sdk::AdjustmentType::from))
        .set_step_adjustments(all(Some(&stepping.adjustments), step)?)
        .set_min_adjustment_magnitude(stepping.min_magnitude)
        .set_cooldown(stepping.cooldown)
        .set_metric_aggregation_type(stepping.aggregation.as_deref().map(sdk::MetricAggregationType::from))
        .build())
}

fn all<T, S>(items: Option<&[T]>, write: impl Fn(&T) -> Result<S, BuildError>) -> Result<Option<Vec<S>>, BuildError> {
    items.map(|items| items.iter().map(write).collect()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_tracking_policy_is_written_as_it_was_read() {
        let dimensions = Some(vec![("EndpointName".to_owned(), "risk".to_owned())]);
        let tracking = Tracking {
            value: 70.5,
            predefined: Some(Predefined {
                metric: "SageMakerVariantInvocationsPerInstance".to_owned(),
                resource_label: Some("label".to_owned()),
            }),
            customized: Some(Customized {
                metric: Some("CPUUtilization".to_owned()),
                namespace: Some("/aws/sagemaker/Endpoints".to_owned()),
                dimensions: dimensions.clone(),
                statistic: Some("Average".to_owned()),
                unit: Some("Percent".to_owned()),
                queries: Some(vec![Query {
                    id: "m1".to_owned(),
                    expression: Some("m1 / 2".to_owned()),
                    label: Some("half".to_owned()),
                    return_data: Some(true),
                    stat: Some(Stat {
                        stat: "Sum".to_owned(),
                        unit: Some("Count".to_owned()),
                        metric: Some("Invocations".to_owned()),
                        namespace: Some("AWS/SageMaker".to_owned()),
                        dimensions,
                    }),
                }]),
            }),
            scale_in_cooldown: Some(1),
            scale_out_cooldown: Some(2),
            disable_scale_in: Some(true),
        };
        assert_eq!(read_tracking(&write_tracking(&tracking).unwrap()), tracking);
    }

    #[test]
    fn every_field_of_a_step_policy_is_written_as_it_was_read() {
        let stepping = Stepping {
            adjustment_type: Some("PercentChangeInCapacity".to_owned()),
            adjustments: vec![
                Adjustment { lower: Some(0.0), upper: Some(10.0), by: 10 },
                Adjustment { lower: Some(10.0), upper: None, by: 30 },
            ],
            min_magnitude: Some(2),
            cooldown: Some(90),
            aggregation: Some("Maximum".to_owned()),
            alarms: Vec::new(),
        };
        assert_eq!(read_stepping(&write_stepping(&stepping).unwrap()), stepping);
    }
}
