//! The SageMaker API.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::operation::describe_endpoint_config::DescribeEndpointConfigOutput;
use aws_sdk_sagemaker::types::{
    DesiredWeightAndCapacity, EndpointStatus, ProductionVariant, ProductionVariantServerlessUpdateConfig,
    ProductionVariantSummary, Tag,
};

use super::deployment::Deployment;
use super::scaling_api::Scaling;
use super::{Endpoints, Original, Seen, Serverless, Status, Step, Variant};
use crate::clock::{Clock, SystemClock};
use crate::failure::{Failure, unless_missing};
use crate::kinds::{Remote, Sighting};
use crate::pace::Pace;
use crate::select::Wanted;

pub struct Api {
    client: Client,
    scaling: Scaling,
}

impl Api {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws), scaling: Scaling::new(aws) }
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

    /// Why the endpoint could not be created again from its config.
    async fn obstacle(&self, name: &str, config: &DescribeEndpointConfigOutput) -> Result<Option<String>, Failure> {
        let variants = config.production_variants().iter().chain(config.shadow_production_variants());
        let models: BTreeSet<&str> = variants.filter_map(ProductionVariant::model_name).collect();
        for model in models {
            let answer = self.client.describe_model().model_name(model).send().await;
            let found = unless_missing("sagemaker:DescribeModel", answer, |code, message| {
                is_missing(code, message, "Could not find model ")
            })?;
            if found.is_none() {
                return Ok(Some(format!("its model {model} does not exist")));
            }
        }
        let mut pages =
            self.client.list_inference_components().endpoint_name_equals(name).into_paginator().items().send();
        let mut components = Vec::new();
        while let Some(component) = pages.next().await {
            let component = component.map_err(|e| Failure::from_sdk("sagemaker:ListInferenceComponents", &e))?;
            components.extend(component.inference_component_name);
        }
        Ok((!components.is_empty()).then(|| format!("inference components are attached: {}", components.join(", "))))
    }

    async fn observe_one(&self, name: &str) -> Result<Option<Seen>, Failure> {
        let Some(endpoint) = self.describe(name).await? else { return Ok(None) };
        let mut seen = seen(&endpoint);
        if let Some(config) = self.describe_config(&seen.config_name).await? {
            complete(&mut seen.variants, config.production_variants());
            complete(&mut seen.shadows, config.shadow_production_variants());
            if seen.status == Status::InService {
                seen.obstacle = self.obstacle(name, &config).await?;
            }
        } else {
            seen.obstacle = Some(format!("its config {} does not exist", seen.config_name));
        }
        if let Some(arn) = endpoint.endpoint_arn() {
            seen.tags = self.tags(arn).await?;
        }
        Ok(Some(seen))
    }

    /// Asks for the scaling of all endpoints in service at once.
    async fn add_scaling(&self, names: &[String], looks: &mut [Result<Option<Seen>, Failure>]) {
        let mut in_service: Vec<(&str, &mut Seen)> = names
            .iter()
            .zip(looks)
            .filter_map(|(name, look)| Some((name.as_str(), look.as_mut().ok()?.as_mut()?)))
            .filter(|(_, seen)| seen.status == Status::InService)
            .collect();
        if in_service.is_empty() {
            return;
        }
        let asked: Vec<&str> = in_service.iter().map(|(name, _)| *name).collect();
        let answer = self.scaling.targets(&asked).await;
        for (name, seen) in &mut in_service {
            seen.scaling = Some(answer.clone().map(|all| {
                all.into_iter()
                    .filter(|(endpoint, _)| endpoint.eq_ignore_ascii_case(name))
                    .map(|(_, target)| target)
                    .collect()
            }));
        }
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
            Step::Create { original } => self.create(name, original).await?,
            Step::SetCapacities { variants } => {
                self.client
                    .update_endpoint_weights_and_capacities()
                    .endpoint_name(name)
                    .set_desired_weights_and_capacities(Some(variants.iter().map(desired).collect()))
                    .send()
                    .await
                    .map_err(|e| Failure::from_sdk("sagemaker:UpdateEndpointWeightsAndCapacities", &e))?;
            }
            Step::Scale { target } => self.scaling.put(name, target, now()).await?,
            Step::AwaitDeleted | Step::AwaitSettled | Step::AwaitInService { .. } => {}
        }
        Ok(None)
    }

    async fn create(&self, name: &str, original: &Original) -> Result<(), Failure> {
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        self.client
            .create_endpoint()
            .endpoint_name(name)
            .endpoint_config_name(&original.config_name)
            .set_deployment_config(original.deployment.as_ref().map(Deployment::write))
            .set_tags(Some(original.tags.iter().map(tag).collect()))
            .send()
            .await
            .map_err(|e| Failure::from_sdk("sagemaker:CreateEndpoint", &e))?;
        Ok(())
    }
}

#[async_trait]
impl Remote<Endpoints> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        // To SageMaker, names that differ in case only are one: a record keeps its own.
        let own =
            |name: String| wanted.recorded.iter().find(|own| own.eq_ignore_ascii_case(&name)).cloned().unwrap_or(name);
        let names = wanted.among(self.list().await?.into_iter().map(own));
        let mut looks = pace.ask_each(&names, |name| self.observe_one(name)).await;
        self.add_scaling(&names, &mut looks).await;
        Ok(names.into_iter().zip(looks).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        let mut looks =
            pace.ask_each(names, |name| async move { Ok(self.describe(name).await?.as_ref().map(seen)) }).await;
        self.add_scaling(names, &mut looks).await;
        looks
    }

    async fn perform(&self, tasks: &[(String, Step)], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.change_each(tasks, |(name, step)| self.take(name, step), || Err(Failure::halted())).await
    }
}

fn now() -> i64 {
    SystemClock.now().as_second()
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
        variants: endpoint.production_variants().iter().map(running).collect(),
        shadows: endpoint.shadow_production_variants().iter().map(running).collect(),
        tags: BTreeMap::new(),
        deployment: endpoint.last_deployment_config().map(Deployment::read),
        scaling: None,
        obstacle: None,
        looked_at: now(),
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

/// The endpoint does not tell its instance types: its config does.
fn complete(variants: &mut Vec<Variant>, config: &[ProductionVariant]) {
    for planned in config {
        let name = planned.variant_name().unwrap_or_default();
        let instance_type = planned.instance_type().map(|instance_type| instance_type.as_str().to_owned());
        match variants.iter_mut().find(|variant| variant.name == name) {
            Some(variant) => variant.instance_type = instance_type,
            // Not there yet: the endpoint is being created.
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

fn desired(variant: &Variant) -> DesiredWeightAndCapacity {
    let desired = DesiredWeightAndCapacity::builder().variant_name(&variant.name).desired_weight(variant.weight);
    match &variant.serverless {
        None => desired.desired_instance_count(signed(variant.instances)).build(),
        Some(Serverless { max_concurrency, provisioned, .. }) => desired
            .serverless_update_config(
                ProductionVariantServerlessUpdateConfig::builder()
                    .max_concurrency(signed(*max_concurrency))
                    .set_provisioned_concurrency(Some(signed(*provisioned)).filter(|number| *number > 0))
                    .build(),
            )
            .build(),
    }
}

fn signed(number: u32) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
