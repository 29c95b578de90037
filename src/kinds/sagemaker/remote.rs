//! The SageMaker API.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::operation::describe_endpoint_config::DescribeEndpointConfigOutput;
use aws_sdk_sagemaker::types::{EndpointStatus, Tag};

use super::{Endpoints, Seen, Status, Step, Variant};
use crate::failure::{Failure, unless_missing};
use crate::kinds::{Remote, Sighting};
use crate::pace::Pace;
use crate::select::Wanted;

pub struct Api {
    client: Client,
}

impl Api {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws) }
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut pages = self.client.list_endpoints().max_results(100).into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(endpoint) = pages.next().await {
            let endpoint = endpoint.map_err(|e| Failure::from_sdk("sagemaker:ListEndpoints", &e))?;
            names.extend(endpoint.endpoint_name);
        }
        Ok(names)
    }

    async fn describe(&self, name: &str) -> Result<Option<DescribeEndpointOutput>, Failure> {
        let answer = self.client.describe_endpoint().endpoint_name(name).send().await;
        unless_missing("sagemaker:DescribeEndpoint", answer, |code, message| {
            is_missing(code, message, "Could not find endpoint \"")
        })
    }

    async fn describe_config(&self, name: &str) -> Result<Option<DescribeEndpointConfigOutput>, Failure> {
        let answer = self.client.describe_endpoint_config().endpoint_config_name(name).send().await;
        unless_missing("sagemaker:DescribeEndpointConfig", answer, |code, message| {
            is_missing(code, message, "Could not find endpoint configuration ")
        })
    }

    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Failure> {
        let mut pages = self.client.list_tags().resource_arn(arn).into_paginator().items().send();
        let mut tags = BTreeMap::new();
        while let Some(tag) = pages.next().await {
            let tag = tag.map_err(|e| Failure::from_sdk("sagemaker:ListTags", &e))?;
            tags.extend(tag.key.zip(tag.value));
        }
        Ok(tags)
    }

    async fn observe_one(&self, name: &str) -> Result<Option<Seen>, Failure> {
        let Some(endpoint) = self.describe(name).await? else { return Ok(None) };
        let mut seen = seen(&endpoint);
        if let Some(config) = self.describe_config(&seen.config_name).await? {
            complete(&mut seen.variants, &config);
        } else {
            seen.obstacle = Some(format!("its config {} does not exist", seen.config_name));
        }
        if let Some(arn) = endpoint.endpoint_arn() {
            seen.tags = self.tags(arn).await?;
        }
        Ok(Some(seen))
    }

    async fn take(&self, name: &str, step: &Step) -> Result<Option<Seen>, Failure> {
        match step {
            Step::Delete => {
                self.client
                    .delete_endpoint()
                    .endpoint_name(name)
                    .send()
                    .await
                    .map_err(|e| Failure::from_sdk("sagemaker:DeleteEndpoint", &e))?;
            }
            Step::Create { config_name, tags } => {
                self.client
                    .create_endpoint()
                    .endpoint_name(name)
                    .endpoint_config_name(config_name)
                    .set_tags(Some(
                        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect(),
                    ))
                    .send()
                    .await
                    .map_err(|e| Failure::from_sdk("sagemaker:CreateEndpoint", &e))?;
            }
            Step::AwaitDeleted | Step::AwaitSettled | Step::AwaitInService { .. } => {}
        }
        Ok(None)
    }
}

#[async_trait]
impl Remote<Endpoints> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let names = wanted.among(self.list().await?);
        let seen = pace.ask_each(&names, |name| self.observe_one(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.ask_each(names, |name| async move { Ok(self.describe(name).await?.as_ref().map(seen)) }).await
    }

    async fn perform(&self, tasks: &[(String, Step)], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.change_each(tasks, |(name, step)| self.take(name, step), || Err(Failure::halted())).await
    }
}

/// SageMaker answers with a `ValidationException` for what is missing as for much else:
/// only the beginning of the message tells.
fn is_missing(code: &str, message: &str, beginning: &str) -> bool {
    code == "ValidationException" && message.starts_with(beginning)
}

fn seen(endpoint: &DescribeEndpointOutput) -> Seen {
    Seen {
        status: Status::parse(endpoint.endpoint_status().map_or("", EndpointStatus::as_str)),
        failure_reason: endpoint.failure_reason().map(str::to_owned),
        created_at: endpoint.creation_time().map(aws_smithy_types::DateTime::secs),
        config_name: endpoint.endpoint_config_name().unwrap_or_default().to_owned(),
        variants: endpoint
            .production_variants()
            .iter()
            .map(|variant| Variant {
                name: variant.variant_name().unwrap_or_default().to_owned(),
                instance_type: None,
                instances: variant.current_instance_count().and_then(|n| n.try_into().ok()).unwrap_or(0),
                weight: variant.current_weight().unwrap_or(1.0),
            })
            .collect(),
        tags: BTreeMap::new(),
        obstacle: None,
    }
}

/// The endpoint does not tell its instance types: its config does.
fn complete(variants: &mut Vec<Variant>, config: &DescribeEndpointConfigOutput) {
    for planned in config.production_variants() {
        let name = planned.variant_name().unwrap_or_default();
        let instance_type = planned.instance_type().map(|instance_type| instance_type.as_str().to_owned());
        match variants.iter_mut().find(|variant| variant.name == name) {
            Some(variant) => variant.instance_type = instance_type,
            // Not there yet: the endpoint is being created.
            None => variants.push(Variant {
                name: name.to_owned(),
                instance_type,
                instances: planned.initial_instance_count().and_then(|n| n.try_into().ok()).unwrap_or(0),
                weight: planned.initial_variant_weight().unwrap_or(1.0),
            }),
        }
    }
}
