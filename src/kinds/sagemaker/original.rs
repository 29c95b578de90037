//! An original holds what the deletion of an endpoint loses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::autoscaling::Target;
use super::deployment::Deployment;
use super::endpoint::{Seen, Status, Variant};

/// Holds all that a start needs to bring an endpoint back as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub config_name: String,
    /// The endpoint was created at this second since 1970.
    pub created_at: Option<i64>,
    pub variants: Vec<Variant>,
    /// Shadow variants are saved for their price only: they come back as the config says.
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
            targets: seen
                .targets()
                .iter()
                .map(|target| target.without_passed(seen.looked_at))
                .collect(),
        }
    }

    /// Returns what a look will show of the endpoint once it is back.
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
            looked_at: 0,
        }
    }

    /// Tells whether the original was saved of this very endpoint, unchanged since.
    pub fn is_of(&self, seen: &Seen) -> bool {
        let mut now = Original::of(seen);
        // AWS deregisters the targets with the deletion, and some may be gone before the deletion
        // shows. So targets that are missing are no change.
        let is_held = |target: &Target| self.targets.iter().any(|own| own.includes(target, 0));
        if now.targets.iter().all(is_held) {
            now.targets.clone_from(&self.targets);
        }
        now == *self
    }
}

fn own_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
