//! These functions translate between the SageMaker API and this kind's words.

use std::collections::BTreeMap;

use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{
    DesiredWeightAndCapacity, EndpointStatus, ProductionVariant,
    ProductionVariantServerlessUpdateConfig, ProductionVariantSummary,
};

use super::deployment::Deployment;
use super::endpoint::{Seen, Serverless, Status, Variant};
use super::steps::Setting;

/// A page of a listing has at most so many endpoints, or inference components
/// (docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html).
pub const PAGE: i32 = 100;

/// Tells by the beginning of AWS's message whether something does not exist.
///
/// The code does not tell: SageMaker answers with a `ValidationException` for much else, too.
pub fn is_missing(code: &str, message: &str, beginning: &str) -> bool {
    code == "ValidationException" && message.starts_with(beginning)
}

pub fn seen(endpoint: &DescribeEndpointOutput, looked_at: i64) -> Seen {
    Seen {
        status: Status::parse(endpoint.endpoint_status().map_or("", EndpointStatus::as_str)),
        failure_reason: endpoint.failure_reason().map(str::to_owned),
        created_at: endpoint.creation_time().map(aws_smithy_types::DateTime::secs),
        config_name: endpoint.endpoint_config_name().unwrap_or_default().to_owned(),
        variants: endpoint.production_variants().iter().map(running).collect(),
        shadows: endpoint.shadow_production_variants().iter().map(running).collect(),
        tags: BTreeMap::new(),
        deployment: endpoint.last_deployment_config().map(Deployment::read),
        scaling: None,
        obstacle: None,
        looked_at,
    }
}

fn number(n: Option<i32>) -> u32 {
    n.and_then(|n| n.try_into().ok()).unwrap_or(0)
}

fn running(variant: &ProductionVariantSummary) -> Variant {
    Variant {
        name: variant.variant_name().unwrap_or_default().to_owned(),
        instance_type: None,
        instances: number(variant.current_instance_count()),
        weight: variant.current_weight().unwrap_or(1.0),
        serverless: variant.current_serverless_config().map(|serverless| Serverless {
            max_concurrency: number(serverless.max_concurrency()),
            provisioned: number(serverless.provisioned_concurrency()),
            memory_mb: Some(number(serverless.memory_size_in_mb())),
        }),
    }
}

/// Adds what only the config tells: instance types, and variants that do not run yet.
pub fn add_from_config(variants: &mut Vec<Variant>, config: &[ProductionVariant]) {
    for planned in config {
        let name = planned.variant_name().unwrap_or_default();
        let instance_type =
            planned.instance_type().map(|instance_type| instance_type.as_str().to_owned());
        match variants.iter_mut().find(|variant| variant.name == name) {
            Some(variant) => variant.instance_type = instance_type,
            // The endpoint is being created: this variant does not run yet.
            None => variants.push(Variant {
                name: name.to_owned(),
                instance_type,
                instances: number(planned.initial_instance_count()),
                weight: planned.initial_variant_weight().unwrap_or(1.0),
                serverless: planned.serverless_config().map(|serverless| Serverless {
                    max_concurrency: number(serverless.max_concurrency()),
                    provisioned: number(serverless.provisioned_concurrency()),
                    memory_mb: Some(number(serverless.memory_size_in_mb())),
                }),
            }),
        }
    }
}

pub fn desired(setting: &Setting) -> Vec<DesiredWeightAndCapacity> {
    let of = |name: &str| DesiredWeightAndCapacity::builder().variant_name(name);
    match setting {
        Setting::Weights(weights) => {
            weights.iter().map(|(name, weight)| of(name).desired_weight(*weight).build()).collect()
        }
        Setting::Capacity(variant) => {
            let desired = of(&variant.name);
            vec![match &variant.serverless {
                None => desired.desired_instance_count(signed(variant.instances)).build(),
                Some(serverless) => {
                    desired.serverless_update_config(concurrency(serverless)).build()
                }
            }]
        }
    }
}

fn concurrency(
    Serverless { max_concurrency, provisioned, .. }: &Serverless,
) -> ProductionVariantServerlessUpdateConfig {
    ProductionVariantServerlessUpdateConfig::builder()
        .max_concurrency(signed(*max_concurrency))
        .set_provisioned_concurrency(Some(signed(*provisioned)).filter(|number| *number > 0))
        .build()
}

fn signed(number: u32) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
