//! Application Auto Scaling can manage provisioned concurrency. These calls find out where it does.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::kinds::scaling::api::ScalingApi;

/// Returns the name that Application Auto Scaling has for a qualifier: `function:work:live`.
pub fn resource_id(function: &str, qualifier: &str) -> String {
    format!("function:{function}:{qualifier}")
}

/// Finds those of the resources that Application Auto Scaling manages.
pub async fn find_scaled(
    api: &ScalingApi,
    resources: &[String],
) -> Result<BTreeSet<String>, Failure> {
    let targets = api.targets_of(resources).await?.into_iter();
    Ok(targets.map(|target| target.resource_id).collect())
}
