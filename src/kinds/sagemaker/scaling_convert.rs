//! These functions translate between the Application Auto Scaling API and this kind's words.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::error::BuildError;
use aws_sdk_applicationautoscaling::types as sdk;

use super::autoscaling::{
    Adjustment, Customized, Policy, Predefined, Query, Rule, Stat, Stepping, Target, Tracking,
};
use crate::kinds::scaling::api::read_suspended;

pub fn read_target(variant: &str, target: &sdk::ScalableTarget) -> Target {
    Target {
        variant: variant.to_owned(),
        dimension: target.scalable_dimension().as_str().to_owned(),
        min: target.min_capacity(),
        max: target.max_capacity(),
        role_arn: None,
        suspended: read_suspended(target),
        policies: Vec::new(),
        actions: Vec::new(),
        tags: BTreeMap::new(),
    }
}

pub fn read_policy(policy: &sdk::ScalingPolicy) -> Policy {
    let rule = match (
        policy.target_tracking_scaling_policy_configuration(),
        policy.step_scaling_policy_configuration(),
        policy.policy_type(),
    ) {
        (Some(tracking), _, sdk::PolicyType::TargetTrackingScaling) => {
            Rule::Tracking(read_tracking(tracking))
        }
        (_, Some(stepping), sdk::PolicyType::StepScaling) => {
            let alarms =
                policy.alarms().iter().map(|alarm| alarm.alarm_name().to_owned()).collect();
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
            dimensions: metric.dimensions.as_ref().map(|all| {
                sorted(all.iter().map(|one| (one.name.clone(), one.value.clone())).collect())
            }),
            statistic: metric.statistic().map(|statistic| statistic.as_str().to_owned()),
            unit: metric.unit().map(str::to_owned),
            queries: metric
                .metrics
                .as_ref()
                .map(|queries| queries.iter().map(read_query).collect()),
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
            dimensions: stat.metric().and_then(|metric| metric.dimensions.as_ref()).map(|all| {
                sorted(all.iter().map(|one| (one.name.clone(), one.value.clone())).collect())
            }),
        }),
    }
}

/// Sorts dimensions, because AWS promises no order of them.
fn sorted(mut dimensions: Vec<(String, String)>) -> Vec<(String, String)> {
    dimensions.sort();
    dimensions
}

pub fn write_tracking(
    tracking: &Tracking,
) -> Result<sdk::TargetTrackingScalingPolicyConfiguration, BuildError> {
    let predefined = tracking.predefined.as_ref().map(|Predefined { metric, resource_label }| {
        sdk::PredefinedMetricSpecification::builder()
            .predefined_metric_type(metric.as_str().into())
            .set_resource_label(resource_label.clone())
            .build()
    });
    sdk::TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(tracking.value)
        .set_predefined_metric_specification(predefined.transpose()?)
        .set_customized_metric_specification(
            tracking.customized.as_ref().map(write_customized).transpose()?,
        )
        .set_scale_in_cooldown(tracking.scale_in_cooldown)
        .set_scale_out_cooldown(tracking.scale_out_cooldown)
        .set_disable_scale_in(tracking.disable_scale_in)
        .build()
}

fn write_customized(metric: &Customized) -> Result<sdk::CustomizedMetricSpecification, BuildError> {
    let dimension = |(name, value): &(String, String)| {
        sdk::MetricDimension::builder().name(name).value(value).build()
    };
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

pub fn write_stepping(
    stepping: &Stepping,
) -> Result<sdk::StepScalingPolicyConfiguration, BuildError> {
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
        .set_metric_aggregation_type(
            stepping.aggregation.as_deref().map(sdk::MetricAggregationType::from),
        )
        .build())
}

fn all<T, S>(
    items: Option<&[T]>,
    write: impl Fn(&T) -> Result<S, BuildError>,
) -> Result<Option<Vec<S>>, BuildError> {
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
