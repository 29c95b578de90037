//! These facts tell whether endpoints could be created again.
//!
//! Several endpoints may have a config, a model or an alarm in common. It is asked about once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_endpoint_config::DescribeEndpointConfigOutput;
use aws_sdk_sagemaker::types::ProductionVariant;

use super::alarms::Alarms;
use super::convert::{PAGE, add_from_config, is_missing};
use super::endpoint::{Seen, Status};
use crate::failure::{Failure, unless_missing};
use crate::pace::Pace;

/// Holds the answers about what the endpoints rest on.
pub struct Facts {
    /// Each config, by its name, is as described. `Ok(None)`: it does not exist.
    configs: BTreeMap<String, Result<Option<DescribeEndpointConfigOutput>, Failure>>,
    /// Each model, by its name, exists or does not.
    models: BTreeMap<String, Result<bool, Failure>>,
    /// Each endpoint, by its name in lower case, has these inference components.
    components: Result<HashMap<String, Vec<String>>, Failure>,
    /// These of the endpoints' rollback alarms exist.
    alarms: Result<BTreeSet<String>, Failure>,
}

/// Makes the calls that gather the facts.
pub struct FactsApi {
    client: Client,
    alarms: Alarms,
}

impl FactsApi {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        FactsApi { client: Client::new(aws), alarms: Alarms::new(aws) }
    }

    async fn describe_config(
        &self,
        name: &str,
    ) -> Result<Option<DescribeEndpointConfigOutput>, Failure> {
        let answer = self.client.describe_endpoint_config().endpoint_config_name(name).send().await;
        unless_missing("sagemaker:DescribeEndpointConfig", answer, |code, message| {
            is_missing(code, message, "Could not find endpoint configuration ")
        })
    }

    async fn has_model(&self, name: &str) -> Result<bool, Failure> {
        let answer = self.client.describe_model().model_name(name).send().await;
        let found = unless_missing("sagemaker:DescribeModel", answer, |code, message| {
            is_missing(code, message, "Could not find model ")
        })?;
        Ok(found.is_some())
    }

    /// Lists the inference components of one endpoint, or of all, by endpoint.
    async fn components(
        &self,
        endpoint: Option<String>,
    ) -> Result<HashMap<String, Vec<String>>, Failure> {
        let request = self
            .client
            .list_inference_components()
            .set_endpoint_name_equals(endpoint)
            .max_results(PAGE);
        let mut pages = request.into_paginator().items().send();
        let mut components: HashMap<String, Vec<String>> = HashMap::new();
        while let Some(component) = pages.next().await {
            let component = component
                .map_err(|e| Failure::from_sdk("sagemaker:ListInferenceComponents", &e))?;
            let endpoint = component.endpoint_name.unwrap_or_default().to_lowercase();
            components.entry(endpoint).or_default().extend(component.inference_component_name);
        }
        Ok(components)
    }

    /// Gathers the facts about the endpoints that were found.
    pub async fn gather(&self, found: &[(&str, Seen)], pace: &Pace) -> Facts {
        let in_service: Vec<&(&str, Seen)> =
            found.iter().filter(|(_, seen)| seen.status == Status::InService).collect();
        let components = async {
            match in_service[..] {
                [] => Ok(HashMap::new()),
                [(name, _)] => self.components(Some((*name).to_owned())).await,
                _ => self.components(None).await,
            }
        };
        let alarms: BTreeSet<String> =
            in_service.iter().flat_map(|(_, seen)| rollback_alarms(seen)).cloned().collect();
        let alarms = async {
            if alarms.is_empty() {
                Ok(BTreeSet::new())
            } else {
                self.alarms.existing(&alarms, pace).await
            }
        };
        let configs_and_models = async {
            let names: BTreeSet<String> =
                found.iter().map(|(_, seen)| seen.config_name.clone()).collect();
            let configs = each(&names, pace, |name| self.describe_config(name)).await;
            let models: BTreeSet<String> = in_service
                .iter()
                .filter_map(|(_, seen)| configs.get(&seen.config_name)?.as_ref().ok()?.as_ref())
                .flat_map(models_of)
                .map(str::to_owned)
                .collect();
            let models = each(&models, pace, |name| self.has_model(name)).await;
            (configs, models)
        };
        let ((configs, models), components, alarms) =
            futures::join!(configs_and_models, components, alarms);
        Facts { configs, models, components, alarms }
    }
}

impl Facts {
    /// Adds what the endpoint's own description leaves out.
    pub fn complete(&self, name: &str, mut seen: Seen) -> Result<Seen, Failure> {
        let config = self
            .configs
            .get(&seen.config_name)
            .map_or(Ok(None), |config| config.as_ref().map(Option::as_ref));
        let Some(config) = config.map_err(Clone::clone)? else {
            seen.obstacle = Some(format!("its config {} does not exist", seen.config_name));
            return Ok(seen);
        };
        add_from_config(&mut seen.variants, config.production_variants());
        add_from_config(&mut seen.shadows, config.shadow_production_variants());
        if seen.status == Status::InService {
            seen.obstacle = self.obstacle(name, &seen, config)?;
        }
        Ok(seen)
    }

    /// Tells why the endpoint could not be created again from its config, if so.
    fn obstacle(
        &self,
        name: &str,
        seen: &Seen,
        config: &DescribeEndpointConfigOutput,
    ) -> Result<Option<String>, Failure> {
        for model in models_of(config) {
            if !self.models.get(model).cloned().unwrap_or(Ok(false))? {
                return Ok(Some(format!("its model {model} does not exist")));
            }
        }
        let components = self.components.as_ref().map_err(Clone::clone)?;
        if let Some(components) = components.get(&name.to_lowercase()) {
            return Ok(Some(format!(
                "inference components are attached: {}",
                components.join(", ")
            )));
        }
        // AWS refuses a deployment config with an alarm that does not exist.
        Ok(match &self.alarms {
            Ok(existing) => {
                rollback_alarms(seen).find(|alarm| !existing.contains(*alarm)).map(|alarm| {
                    format!("the alarm {alarm}, which rolls its deployments back, does not exist")
                })
            }
            Err(failure) if rollback_alarms(seen).next().is_some() => Some(format!(
                "whether the alarms that roll its deployments back exist cannot be seen: {failure}"
            )),
            Err(_) => None,
        })
    }
}

fn rollback_alarms(seen: &Seen) -> impl Iterator<Item = &String> {
    seen.deployment.iter().flat_map(|deployment| &deployment.rollback_alarms).flatten()
}

fn models_of(config: &DescribeEndpointConfigOutput) -> impl Iterator<Item = &str> {
    let variants = config.production_variants().iter().chain(config.shadow_production_variants());
    variants.filter_map(ProductionVariant::model_name)
}

/// Asks about each of these names once.
async fn each<'a, T, F>(
    names: &'a BTreeSet<String>,
    pace: &Pace,
    ask: impl Fn(&'a str) -> F,
) -> BTreeMap<String, Result<T, Failure>>
where
    F: Future<Output = Result<T, Failure>>,
{
    let list: Vec<&'a String> = names.iter().collect();
    let answers = pace.ask_each(&list, |name| ask(name)).await;
    names.iter().cloned().zip(answers).collect()
}
