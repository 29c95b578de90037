//! A deployment says how an endpoint was last deployed. CreateEndpoint takes it again
//! (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html).

use aws_sdk_sagemaker::types as sdk;
use serde::{Deserialize, Serialize};

/// Holds AWS's `DeploymentConfig`, field by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    pub blue_green: Option<BlueGreen>,
    pub rolling: Option<Rolling>,
    /// `None`: no automatic rollback was configured.
    pub rollback_alarms: Option<Vec<String>>,
}

/// Holds AWS's `BlueGreenUpdatePolicy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlueGreen {
    pub routing: Option<Routing>,
    pub termination_wait_seconds: Option<i32>,
    pub timeout_seconds: Option<i32>,
}

/// Holds AWS's `TrafficRoutingConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    pub kind: Option<String>,
    pub wait_seconds: Option<i32>,
    pub canary: Option<Size>,
    pub linear_step: Option<Size>,
}

/// Holds AWS's `RollingUpdatePolicy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rolling {
    pub batch: Option<Size>,
    pub rollback_batch: Option<Size>,
    pub wait_seconds: Option<i32>,
    pub timeout_seconds: Option<i32>,
}

/// Holds AWS's `CapacitySize`: a number of instances, or a share in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub kind: Option<String>,
    pub value: Option<i32>,
}

impl Deployment {
    pub fn read(config: &sdk::DeploymentConfig) -> Self {
        Deployment {
            blue_green: config.blue_green_update_policy().map(|policy| BlueGreen {
                routing: policy.traffic_routing_configuration().map(|routing| Routing {
                    kind: routing.r#type().map(|kind| kind.as_str().to_owned()),
                    wait_seconds: routing.wait_interval_in_seconds(),
                    canary: routing.canary_size().map(Size::read),
                    linear_step: routing.linear_step_size().map(Size::read),
                }),
                termination_wait_seconds: policy.termination_wait_in_seconds(),
                timeout_seconds: policy.maximum_execution_timeout_in_seconds(),
            }),
            rolling: config.rolling_update_policy().map(|policy| Rolling {
                batch: policy.maximum_batch_size().map(Size::read),
                rollback_batch: policy.rollback_maximum_batch_size().map(Size::read),
                wait_seconds: policy.wait_interval_in_seconds(),
                timeout_seconds: policy.maximum_execution_timeout_in_seconds(),
            }),
            rollback_alarms: config.auto_rollback_configuration().map(|rollback| {
                rollback
                    .alarms()
                    .iter()
                    .filter_map(|alarm| alarm.alarm_name().map(str::to_owned))
                    .collect()
            }),
        }
    }

    pub fn write(&self) -> sdk::DeploymentConfig {
        sdk::DeploymentConfig::builder()
            .set_blue_green_update_policy(self.blue_green.as_ref().map(BlueGreen::write))
            .set_rolling_update_policy(self.rolling.as_ref().map(Rolling::write))
            .set_auto_rollback_configuration(self.rollback_alarms.as_ref().map(|names| {
                let alarms = names
                    .iter()
                    .map(|name| sdk::Alarm::builder().alarm_name(name).build())
                    .collect();
                sdk::AutoRollbackConfig::builder().set_alarms(Some(alarms)).build()
            }))
            .build()
    }
}

impl BlueGreen {
    fn write(&self) -> sdk::BlueGreenUpdatePolicy {
        sdk::BlueGreenUpdatePolicy::builder()
            .set_traffic_routing_configuration(self.routing.as_ref().map(|routing| {
                sdk::TrafficRoutingConfig::builder()
                    .set_type(routing.kind.as_deref().map(sdk::TrafficRoutingConfigType::from))
                    .set_wait_interval_in_seconds(routing.wait_seconds)
                    .set_canary_size(routing.canary.as_ref().map(Size::write))
                    .set_linear_step_size(routing.linear_step.as_ref().map(Size::write))
                    .build()
            }))
            .set_termination_wait_in_seconds(self.termination_wait_seconds)
            .set_maximum_execution_timeout_in_seconds(self.timeout_seconds)
            .build()
    }
}

impl Rolling {
    fn write(&self) -> sdk::RollingUpdatePolicy {
        sdk::RollingUpdatePolicy::builder()
            .set_maximum_batch_size(self.batch.as_ref().map(Size::write))
            .set_rollback_maximum_batch_size(self.rollback_batch.as_ref().map(Size::write))
            .set_wait_interval_in_seconds(self.wait_seconds)
            .set_maximum_execution_timeout_in_seconds(self.timeout_seconds)
            .build()
    }
}

impl Size {
    fn read(size: &sdk::CapacitySize) -> Self {
        Size { kind: size.r#type().map(|kind| kind.as_str().to_owned()), value: size.value() }
    }

    fn write(&self) -> sdk::CapacitySize {
        sdk::CapacitySize::builder()
            .set_type(self.kind.as_deref().map(sdk::CapacitySizeType::from))
            .set_value(self.value)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_deployment_is_written_as_it_was_read() {
        let size =
            |kind: &str, value| Some(Size { kind: Some(kind.to_owned()), value: Some(value) });
        let deployment = Deployment {
            blue_green: Some(BlueGreen {
                routing: Some(Routing {
                    kind: Some("CANARY".to_owned()),
                    wait_seconds: Some(1),
                    canary: size("INSTANCE_COUNT", 2),
                    linear_step: size("CAPACITY_PERCENT", 3),
                }),
                termination_wait_seconds: Some(4),
                timeout_seconds: Some(5),
            }),
            rolling: Some(Rolling {
                batch: size("INSTANCE_COUNT", 6),
                rollback_batch: size("CAPACITY_PERCENT", 7),
                wait_seconds: Some(8),
                timeout_seconds: Some(9),
            }),
            rollback_alarms: Some(vec!["errors".to_owned()]),
        };
        assert_eq!(Deployment::read(&deployment.write()), deployment);
    }
}
