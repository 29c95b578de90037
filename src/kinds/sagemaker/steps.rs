//! The steps of an endpoint's way down and up.

use std::fmt;

use super::autoscaling::{Suspended, Target};
use super::endpoint::{Seen, Variant};
use super::original::Original;
use crate::kinds::rules;

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Delete {
        config_name: String,
        /// What is created in its place.
        anew: Option<Box<Original>>,
    },
    /// What else it takes to be as it was is planned when it is in service.
    Create {
        original: Box<Original>,
    },
    /// The first of the settings. What does not come keeps neither the others nor the scaling from
    /// being set.
    Set {
        settings: Vec<Setting>,
        then: Vec<Target>,
        missed: Vec<String>,
    },
    Scale {
        targets: Vec<Target>,
        missed: Vec<String>,
    },
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    Deleted,
    /// That it comes out of a state in which AWS lets nobody delete it.
    Settled {
        config_name: String,
    },
    /// A sign of a deletion that does not show yet.
    Sign {
        original: Box<Original>,
    },
    InService {
        original: Box<Original>,
    },
}

pub type Step = rules::Step<Call, Wait>;

/// "Updates variant weight of one or more variants associated with an existing endpoint, or
/// capacity of one variant"
/// (docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html).
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    Weights(Vec<(String, f32)>),
    Capacity(Variant),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Delete { .. } => f.write_str("delete the endpoint"),
            Call::Create { original } => {
                write!(f, "create the endpoint from {}", original.config_name)
            }
            Call::Set { settings, .. } => write!(f, "set {}", listed(settings)),
            Call::Scale { targets, .. } => write!(f, "set {}", listed(targets)),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wait::Deleted => "wait until it is deleted",
            Wait::Settled { .. } => "wait until it can be deleted",
            Wait::Sign { .. } => "see whether it is being deleted",
            Wait::InService { .. } => "wait until it is in service",
        })
    }
}

pub fn listed(things: &[impl fmt::Display]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ")
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Weights(weights) => {
                let list: Vec<String> =
                    weights.iter().map(|(name, weight)| format!("{name} {weight}")).collect();
                write!(f, "weights: {}", list.join(", "))
            }
            Setting::Capacity(variant) => write!(f, "the capacity of {}: {variant}", variant.name),
        }
    }
}

impl Setting {
    pub fn shows_in(&self, seen: &Seen) -> bool {
        match self {
            Setting::Weights(weights) => weights.iter().all(|(name, weight)| {
                seen.variant(name).is_some_and(|now| (now.weight - weight).abs() <= f32::EPSILON)
            }),
            Setting::Capacity(wanted) => {
                seen.variant(&wanted.name).is_some_and(|now| now.is_sized_as(wanted))
            }
        }
    }
}

/// The ways of what was saved.
impl Original {
    pub fn delete(&self) -> Step {
        self.delete_for(None)
    }

    /// In the place of one whose creation has failed.
    pub fn delete_and_create(&self) -> Vec<Step> {
        vec![self.delete_for(Some(Box::new(self.clone()))), self.create()]
    }

    fn delete_for(&self, anew: Option<Box<Original>>) -> Step {
        Step::Call(Call::Delete { config_name: self.config_name.clone(), anew })
    }

    pub fn create(&self) -> Step {
        Step::Call(Call::Create { original: Box::new(self.clone()) })
    }

    pub fn await_in_service(&self) -> Step {
        Step::Wait(Wait::InService { original: Box::new(self.clone()) })
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
        way(weights.into_iter().chain(capacities).collect(), targets, Vec::new())
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

/// The steps that make these settings, and then this scaling. With what was `missed`, they end in a
/// failure.
pub fn way(settings: Vec<Setting>, then: Vec<Target>, missed: Vec<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    if !then.is_empty() {
        steps.push(Step::Call(Call::Scale { targets: then.clone(), missed: missed.clone() }));
    }
    if !settings.is_empty() {
        steps.insert(0, Step::Call(Call::Set { settings, then, missed }));
    } else if steps.is_empty() && !missed.is_empty() {
        steps.push(Step::GiveUp(missed.join("; ")));
    }
    steps
}
