//! An endpoint and its variants as they are seen.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::autoscaling::Target;
use super::bills;
use super::deployment::Deployment;
use crate::failure::Failure;
use crate::model::Description;
use crate::usage::Usage;

#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub status: Status,
    pub failure_reason: Option<String>,
    /// Seconds since 1970. Tells an endpoint from a later one of the same name.
    pub created_at: Option<i64>,
    pub config_name: String,
    pub variants: Vec<Variant>,
    /// They get copies of the requests, and cost as much as the others.
    pub shadows: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
    pub deployment: Option<Deployment>,
    /// `None`: not asked, because the endpoint is not in service.
    pub scaling: Option<Result<Vec<Target>, Failure>>,
    /// Why the endpoint could not be created again.
    pub obstacle: Option<String>,
    /// When, in seconds since 1970.
    pub looked_at: i64,
}

/// A variant as it runs, which need not be as its config says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    /// `None`: serverless, or not known.
    pub instance_type: Option<String>,
    pub instances: u32,
    pub weight: f32,
    #[serde(default)]
    pub serverless: Option<Serverless>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    pub max_concurrency: u32,
    /// Billed by the hour, as instances are.
    pub provisioned: u32,
    /// What its price goes by.
    #[serde(default)]
    pub memory_mb: Option<u32>,
}

/// `EndpointStatus` (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    InService,
    Creating,
    Deleting,
    Failed,
    /// Updating, SystemUpdating, RollingBack: changes until it is in service again.
    Changing(String),
    /// OutOfService, UpdateRollbackFailed, or one that did not exist when this was written.
    Other(String),
}

impl Seen {
    pub fn usage(&self) -> Usage {
        self.variants
            .iter()
            .chain(&self.shadows)
            .fold(Usage::none(), |sum, variant| sum.plus(variant.usage()))
    }

    /// A look does not tell instance types, and they do not change with the same config.
    pub fn take_types_of(&mut self, other: &Seen) {
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
            // Where scaling is at work, the number is its own.
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

    /// Why a stop would save nothing.
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

    /// The scalable targets, as far as they are known.
    pub fn targets(&self) -> &[Target] {
        match &self.scaling {
            Some(Ok(targets)) => targets,
            _ => &[],
        }
    }

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
            // Billed by the request.
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

    /// Whether it runs with the wanted capacity, as far as it can be set at run time.
    pub fn is_sized_as(&self, wanted: &Variant) -> bool {
        match (&self.serverless, &wanted.serverless) {
            (Some(now), Some(wanted)) => {
                // AWS takes no 0 for it.
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
    /// Whether it is in a transition, which ends in another status.
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
