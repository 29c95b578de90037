//! These types hold what is seen of an endpoint and its variants.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::autoscaling::Target;
use super::bills;
use super::deployment::Deployment;
use crate::failure::Failure;
use crate::model::Description;
use crate::usage::Usage;

/// Holds what was seen of an endpoint at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub status: Status,
    pub failure_reason: Option<String>,
    /// The endpoint was created at this second since 1970.
    ///
    /// A later endpoint of the same name has another one.
    pub created_at: Option<i64>,
    pub config_name: String,
    pub variants: Vec<Variant>,
    /// Shadow variants get copies of the requests, and cost as much as the others.
    pub shadows: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
    pub deployment: Option<Deployment>,
    /// `None`: nobody asked, because the endpoint is not in service.
    pub scaling: Option<Result<Vec<Target>, Failure>>,
    /// The endpoint could not be created again, for this reason.
    pub obstacle: Option<String>,
    /// The endpoint was looked at in this second since 1970.
    pub looked_at: i64,
}

/// A variant is told as it runs, which need not be as its config says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    /// `None`: the variant is serverless, or nobody asked for the type.
    pub instance_type: Option<String>,
    pub instances: u32,
    pub weight: f32,
    #[serde(default)]
    pub serverless: Option<Serverless>,
}

/// Holds the concurrency of a serverless variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    pub max_concurrency: u32,
    /// Provisioned concurrency bills all the time, as instances do.
    pub provisioned: u32,
    /// The memory size decides the price. `None`: an earlier version saved none.
    #[serde(default)]
    pub memory_mb: Option<u32>,
}

/// An endpoint has one of these states of AWS
/// (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    InService,
    Creating,
    Deleting,
    Failed,
    /// The endpoint changes until it is in service again.
    ///
    /// The state is Updating, SystemUpdating or RollingBack.
    Changing(String),
    /// The endpoint needs a person.
    ///
    /// The state is OutOfService, UpdateRollbackFailed, or one that did not exist when this was
    /// written.
    Other(String),
}

impl Seen {
    /// Returns what all variants and shadow variants bill.
    pub fn usage(&self) -> Usage {
        self.variants
            .iter()
            .chain(&self.shadows)
            .fold(Usage::none(), |sum, variant| sum.plus(variant.usage()))
    }

    /// Copies the instance types from an earlier look, if the config is still the same.
    ///
    /// A look does not tell them, and an endpoint changes them only with its config.
    pub fn copy_instance_types(&mut self, other: &Seen) {
        if self.config_name != other.config_name {
            return;
        }
        for (variants, known) in
            [(&mut self.variants, &other.variants), (&mut self.shadows, &other.shadows)]
        {
            for variant in variants.iter_mut().filter(|variant| variant.instance_type.is_none()) {
                let same = known.iter().find(|known| known.name == variant.name);
                variant.instance_type = same.and_then(|known| known.instance_type.clone());
            }
        }
    }

    pub fn advise(&self, description: &mut Description) {
        for variant in self.variants.iter().filter(|_| self.status == Status::InService) {
            if variant.serverless.as_ref().is_some_and(|serverless| serverless.provisioned > 0) {
                description.advise(
                    format!(
                        "has provisioned concurrency on {}, which bills while nobody calls it",
                        variant.name
                    ),
                    variant.usage(),
                    Usage::none(),
                );
            }
            // Auto scaling decides the number of instances where it is at work: no advice, then.
            let scales = self
                .targets()
                .iter()
                .any(|target| target.variant.eq_ignore_ascii_case(&variant.name));
            if variant.instances > 1 && !scales {
                description.advise(
                    format!(
                        "runs {} instances of {}; one does where an outage of its availability zone can be waited out",
                        variant.instances, variant.name
                    ),
                    variant.usage(),
                    Variant { instances: 1, ..variant.clone() }.usage(),
                );
            }
        }
    }

    pub fn summary(&self) -> String {
        let shadows = self.shadows.iter().map(|shadow| format!("{shadow} (shadow)"));
        self.variants.iter().map(Variant::to_string).chain(shadows).collect::<Vec<_>>().join(", ")
    }

    /// Tells why a stop would save nothing, if so.
    pub fn nothing_to_gain(&self) -> Option<&'static str> {
        let mut all = self.variants.iter().chain(&self.shadows);
        if !all.clone().all(Variant::is_free) {
            None
        } else if all.any(|variant| variant.serverless.is_none()) || self.variants.is_empty() {
            Some("it has no instances: there is nothing to gain")
        } else {
            Some("it is serverless without provisioned concurrency: there is nothing to gain")
        }
    }

    /// Returns the scalable targets, as far as they are known.
    pub fn targets(&self) -> &[Target] {
        match &self.scaling {
            Some(Ok(targets)) => targets,
            _ => &[],
        }
    }

    /// Tells whether the endpoint has this scalable target, with all that belongs to it.
    pub fn scales_as(&self, wanted: &Target) -> bool {
        self.targets().iter().any(|target| target.includes(wanted, self.looked_at))
    }

    pub fn reason(&self) -> &str {
        self.failure_reason.as_deref().unwrap_or("no reason given")
    }

    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

impl Variant {
    fn usage(&self) -> Usage {
        match (&self.instance_type, &self.serverless) {
            // Such a variant bills its requests only.
            _ if self.is_free() => Usage::none(),
            (Some(instance_type), None) => {
                Usage::of(bills::INSTANCE.of(instance_type), self.instances)
            }
            (_, Some(Serverless { provisioned, memory_mb: Some(megabytes), .. })) => {
                Usage::of(bills::SERVERLESS_CONCURRENCY.of(megabytes), *provisioned)
            }
            (_, Some(_)) => Usage::unpriced("provisioned concurrency of an unknown memory size"),
            (None, None) => Usage::unpriced("instances of an unknown type"),
        }
    }

    fn is_free(&self) -> bool {
        self.instances == 0
            && self.serverless.as_ref().is_none_or(|serverless| serverless.provisioned == 0)
    }

    pub fn weighs_as(&self, wanted: &Variant) -> bool {
        (self.weight - wanted.weight).abs() <= f32::EPSILON
    }

    /// Tells whether a variant has the wanted capacity, where calls can set it.
    pub fn is_sized_as(&self, wanted: &Variant) -> bool {
        match (&self.serverless, &wanted.serverless) {
            (Some(now), Some(wanted)) => {
                // AWS lets nobody set provisioned concurrency to 0.
                now.max_concurrency == wanted.max_concurrency
                    && (wanted.provisioned == 0 || now.provisioned == wanted.provisioned)
            }
            _ => self.instances == wanted.instances,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.serverless, &self.instance_type) {
            (Some(Serverless { provisioned: 0, .. }), _) => f.write_str("serverless"),
            (Some(Serverless { provisioned, .. }), _) => {
                write!(f, "serverless, {provisioned} provisioned")
            }
            (None, Some(instance_type)) => write!(f, "{} × {instance_type}", self.instances),
            (None, None) => f.write_str(&crate::model::count(self.instances, "instance")),
        }
    }
}

impl Status {
    /// Tells whether the state passes by itself: AWS is at work on the endpoint.
    pub fn passes(&self) -> bool {
        matches!(self, Status::Creating | Status::Deleting | Status::Changing(_))
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "InService" => Status::InService,
            "Creating" => Status::Creating,
            "Deleting" => Status::Deleting,
            "Failed" => Status::Failed,
            "Updating" | "SystemUpdating" | "RollingBack" => Status::Changing(text.to_owned()),
            other => Status::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::InService => "InService",
            Status::Creating => "Creating",
            Status::Deleting => "Deleting",
            Status::Failed => "Failed",
            Status::Changing(status) | Status::Other(status) => status,
        })
    }
}
