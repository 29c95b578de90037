//! Application Auto Scaling can manage provisioned concurrency. These calls find out where it does.

use std::collections::BTreeSet;

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::ServiceNamespace;

use crate::failure::Failure;

/// A call can name at most so many resources
/// (docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html).
const RESOURCES_A_CALL: usize = 50;

/// Returns the name that Application Auto Scaling has for a qualifier: `function:work:live`.
pub fn resource_id(function: &str, qualifier: &str) -> String {
    format!("function:{function}:{qualifier}")
}

/// Finds those of the resources that Application Auto Scaling manages.
pub async fn find_scaled(
    client: &Client,
    resources: &[String],
) -> Result<BTreeSet<String>, Failure> {
    let mut scaled = BTreeSet::new();
    for some in resources.chunks(RESOURCES_A_CALL) {
        let request =
            client.describe_scalable_targets().service_namespace(ServiceNamespace::Lambda);
        let mut targets =
            request.set_resource_ids(Some(some.to_vec())).into_paginator().items().send();
        while let Some(target) = targets.next().await {
            let target = target.map_err(|e| {
                Failure::from_sdk("application-autoscaling:DescribeScalableTargets", &e)
            })?;
            scaled.insert(target.resource_id);
        }
    }
    Ok(scaled)
}
