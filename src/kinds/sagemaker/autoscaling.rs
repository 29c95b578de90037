//! These types hold what Application Auto Scaling knows of an endpoint's variants.
//!
//! AWS deregisters all of it, without notice, when the endpoint is deleted
//! (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kinds::scaling::listed;
pub use crate::kinds::scaling::{Action, Capacity, Suspended};
use crate::model::count;

/// A scalable target lets AWS scale one capacity of a variant between two bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub variant: String,
    /// The dimension says which capacity scales: `sagemaker:variant:DesiredInstanceCount` or
    /// `…DesiredProvisionedConcurrency`.
    pub dimension: String,
    pub min: i32,
    pub max: i32,
    /// An earlier version saved the role. It is read and dropped.
    ///
    /// Nobody can set it: AWS uses its service-linked role for every target of an endpoint
    /// (docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html).
    #[serde(default, skip_serializing)]
    pub role_arn: Option<String>,
    pub suspended: Suspended,
    pub policies: Vec<Policy>,
    pub actions: Vec<Action>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    pub rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    Tracking(Tracking),
    Step(Stepping),
    /// The policy is of a type that this program cannot put back.
    Other(String),
}

/// A target tracking policy holds a metric near a value. Its cooldowns are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracking {
    pub value: f64,
    pub predefined: Option<Predefined>,
    pub customized: Option<Customized>,
    pub scale_in_cooldown: Option<i32>,
    pub scale_out_cooldown: Option<i32>,
    pub disable_scale_in: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predefined {
    pub metric: String,
    pub resource_label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customized {
    pub metric: Option<String>,
    pub namespace: Option<String>,
    pub dimensions: Option<Vec<(String, String)>>,
    pub statistic: Option<String>,
    pub unit: Option<String>,
    pub queries: Option<Vec<Query>>,
}

/// A query is one part of a metric that AWS computes from others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub id: String,
    pub expression: Option<String>,
    pub label: Option<String>,
    pub return_data: Option<bool>,
    pub stat: Option<Stat>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat {
    pub stat: String,
    pub unit: Option<String>,
    pub metric: Option<String>,
    pub namespace: Option<String>,
    pub dimensions: Option<Vec<(String, String)>>,
}

/// A step scaling policy changes the capacity by steps, when an alarm goes off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stepping {
    pub adjustment_type: Option<String>,
    pub adjustments: Vec<Adjustment>,
    pub min_magnitude: Option<i32>,
    /// The cooldown is in seconds.
    pub cooldown: Option<i32>,
    pub aggregation: Option<String>,
    /// These alarms run the policy by its ARN. A policy that is put back gets another ARN.
    pub alarms: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub by: i32,
}

/// Every dimension of a variant begins with this.
const DIMENSION_PREFIX: &str = "sagemaker:variant:Desired";

/// Reads the endpoint and the variant in `endpoint/NAME/variant/VARIANT`.
pub fn parse_resource_id(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix("endpoint/")?.split_once("/variant/")
}

pub fn resource_id(endpoint: &str, variant: &str) -> String {
    format!("endpoint/{endpoint}/variant/{variant}")
}

impl Target {
    /// Tells whether a target has all that is wanted of it at this time.
    ///
    /// `now` is in seconds since 1970. An action that has passed by then is not wanted.
    pub fn includes(&self, wanted: &Target, now: i64) -> bool {
        let has = |policy: &Policy| self.policies.iter().any(|own| own.is_same(policy));
        self.is_same_target(wanted)
            && (self.min, self.max, self.suspended) == (wanted.min, wanted.max, wanted.suspended)
            && wanted.tags.iter().all(|(key, value)| self.tags.get(key) == Some(value))
            && wanted.policies.iter().all(has)
            && wanted.actions.iter().all(|action| {
                action.has_passed(now) || self.actions.iter().any(|own| own.is_same(action, now))
            })
    }

    /// Returns the target without the actions that have passed.
    #[must_use]
    pub fn without_passed(&self, now: i64) -> Target {
        let actions =
            self.actions.iter().filter(|action| !action.has_passed(now)).cloned().collect();
        Target { actions, ..self.clone() }
    }

    /// Tells whether both scale the same dimension of the same variant.
    pub fn is_same_target(&self, other: &Target) -> bool {
        self.variant == other.variant && self.dimension == other.dimension
    }

    /// Tells which policy this program could not put back as it was, if any.
    pub fn obstacle(&self) -> Option<String> {
        self.policies.iter().find_map(|policy| match &policy.rule {
            Rule::Other(kind) => Some(format!("its scaling policy {} is of the type {kind}", policy.name)),
            Rule::Step(Stepping { alarms, .. }) if !alarms.is_empty() => Some(format!(
                "its scaling policy {} would get another ARN, and these alarms would point to the old one: {}",
                policy.name,
                alarms.join(", ")
            )),
            Rule::Tracking(_) | Rule::Step(_) => None,
        })
    }

    /// Warns of scheduled actions that did not run during the stop.
    ///
    /// AWS deletes the scheduled actions of a target that is deregistered
    /// (docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html).
    pub fn missed_actions(&self, now: i64) -> Vec<String> {
        if self.suspended.scheduled {
            return Vec::new();
        }
        let (over, recurring): (Vec<&Action>, Vec<&Action>) =
            self.actions.iter().partition(|action| action.has_passed(now));
        let recurring: Vec<&Action> =
            recurring.into_iter().filter(|action| action.is_recurring()).collect();
        let mut lines = Vec::new();
        if !over.is_empty() {
            lines.push(format!(
                "scheduled actions of {} whose time passed while it was stopped did not run and are not put back: {}",
                self.variant,
                listed(over)
            ));
        }
        if !recurring.is_empty() {
            lines.push(format!(
                "scheduled actions of {} that fell due while it was stopped did not run, it scales from {} to {} as \
                 when it was stopped: {}",
                self.variant,
                self.min,
                self.max,
                listed(recurring)
            ));
        }
        lines
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dimension = self.dimension.strip_prefix(DIMENSION_PREFIX).unwrap_or(&self.dimension);
        write!(f, "scaling of {} ({dimension} {} to {})", self.variant, self.min, self.max)?;
        let mut extras = Vec::new();
        match self.policies.len() {
            0 => {}
            1 => extras.push("1 policy".to_owned()),
            number => extras.push(format!("{number} policies")),
        }
        if !self.actions.is_empty() {
            extras.push(count(self.actions.len() as u64, "scheduled action"));
        }
        if !extras.is_empty() {
            write!(f, " with {}", extras.join(" and "))?;
        }
        Ok(())
    }
}

impl Policy {
    /// Tells whether both policies are set alike.
    ///
    /// The alarms that run a policy are none of its settings.
    fn is_same(&self, other: &Policy) -> bool {
        match (&self.rule, &other.rule) {
            (Rule::Step(one), Rule::Step(two)) => {
                self.name == other.name
                    && Stepping { alarms: two.alarms.clone(), ..one.clone() } == *two
            }
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests;
