//! What deleting an endpoint loses, and what it takes to have it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::autoscaling::{Suspended, Target};
use super::deployment::Deployment;
use super::endpoint::{Seen, Status, Variant};
use super::steps::{self, Setting, Step};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub config_name: String,
    pub created_at: Option<i64>,
    pub variants: Vec<Variant>,
    /// For its price: they come back as the config says.
    #[serde(default)]
    pub shadows: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub deployment: Option<Deployment>,
    #[serde(default)]
    pub targets: Vec<Target>,
}

impl Original {
    pub fn of(seen: &Seen) -> Self {
        Original {
            config_name: seen.config_name.clone(),
            created_at: seen.created_at,
            variants: seen.variants.clone(),
            shadows: seen.shadows.clone(),
            // Tags that AWS set cannot be written back
            // (docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
            tags: seen
                .tags
                .iter()
                .filter(|(key, _)| !key.starts_with("aws:"))
                .map(own_pair)
                .collect(),
            deployment: seen.deployment.clone(),
            targets: seen.targets().iter().map(|target| target.as_of(seen.looked_at)).collect(),
        }
    }

    pub fn as_seen(&self) -> Seen {
        Seen {
            status: Status::InService,
            failure_reason: None,
            created_at: None,
            config_name: self.config_name.clone(),
            variants: self.variants.clone(),
            shadows: self.shadows.clone(),
            tags: self.tags.clone(),
            deployment: self.deployment.clone(),
            scaling: Some(Ok(self.targets.clone())),
            obstacle: None,
            refusal: None,
            looked_at: 0,
        }
    }

    /// Whether this endpoint is the very one that this was saved of, unchanged since.
    pub fn is_of(&self, seen: &Seen) -> bool {
        let mut now = Original::of(seen);
        // AWS deregisters them with the deletion, and may show that, or a part of it, first.
        let is_held = |target: &Target| self.targets.iter().any(|own| own.includes(target, 0));
        if now.targets.iter().all(is_held) {
            now.targets.clone_from(&self.targets);
        }
        now == *self
    }

    pub fn delete(&self) -> Step {
        Step::Delete { config_name: self.config_name.clone(), anew: None }
    }

    /// In the place of one whose creation has failed.
    pub fn delete_and_create(&self) -> Vec<Step> {
        let anew = Some(Box::new(self.clone()));
        vec![Step::Delete { config_name: self.config_name.clone(), anew }, self.create()]
    }

    pub fn create(&self) -> Step {
        Step::Create { original: Box::new(self.clone()) }
    }

    pub fn await_in_service(&self) -> Step {
        Step::AwaitInService { original: Box::new(self.clone()) }
    }

    /// What an endpoint in service still lacks. Scaling comes last: a target is registered for an
    /// endpoint in service only, and would change the instance counts.
    pub fn rest(&self, seen: &Seen) -> Vec<Step> {
        let pairs = || {
            self.variants.iter().filter_map(|wanted| Some((seen.variant(&wanted.name)?, wanted)))
        };
        let weights: Vec<(String, f32)> = pairs()
            .filter(|(now, wanted)| !now.weighs_as(wanted))
            .map(|(_, wanted)| (wanted.name.clone(), wanted.weight))
            .collect();
        let capacities = pairs()
            .filter(|(now, wanted)| {
                !now.is_sized_as(wanted) && !is_left_to_scaling(now, wanted, seen.targets())
            })
            .map(|(_, wanted)| Setting::Capacity(wanted.clone()));
        let weights = (!weights.is_empty()).then_some(Setting::Weights(weights));
        let targets =
            self.targets.iter().filter(|target| !seen.scales_as(target)).cloned().collect();
        steps::way(weights.into_iter().chain(capacities).collect(), targets, Vec::new())
    }
}

/// Where scaling is at work already, the capacity is its business, unless it is suspended in that
/// direction.
fn is_left_to_scaling(now: &Variant, wanted: &Variant, targets: &[Target]) -> bool {
    let is_at_work = |target: &Target| {
        let Suspended { scaling_in, scaling_out, .. } = target.suspended;
        if now.instances < wanted.instances { !scaling_out } else { !scaling_in }
    };
    targets
        .iter()
        .any(|target| target.variant.eq_ignore_ascii_case(&wanted.name) && is_at_work(target))
}

fn own_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
