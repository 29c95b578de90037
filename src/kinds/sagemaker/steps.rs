//! An endpoint is stopped and started in these steps.

use std::fmt;

use super::autoscaling::{Suspended, Target};
use super::endpoint::{Seen, Variant};
use super::original::Original;
use crate::kinds::rules;

/// A call is what is sent to change an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Delete {
        config_name: String,
        /// The next step creates the endpoint again from this original.
        replacement: Option<Box<Original>>,
    },
    /// Creates the endpoint from its config.
    ///
    /// Once it is in service, steps follow for what its config does not say.
    Create { original: Box<Original> },
    /// Sets the first of the settings. Then the other settings follow, and then the targets.
    ///
    /// A setting that fails holds up none of them: `unmet` tells of it, and the steps end in a
    /// failure.
    Set { settings: Vec<Setting>, targets: Vec<Target>, unmet: Vec<String> },
    /// Registers scalable targets, with all that belongs to them.
    Scale { targets: Vec<Target>, unmet: Vec<String> },
}

/// A wait ends when the endpoint has come to a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    Deleted,
    /// The wait ends when no transition keeps AWS from deleting the endpoint.
    Settled {
        config_name: String,
    },
    /// The wait is for a deletion that AWS may not show yet.
    Sign {
        original: Box<Original>,
    },
    InService {
        original: Box<Original>,
    },
}

pub type Step = rules::Step<Call, Wait>;

/// A setting is what one call can change of an endpoint in service.
///
/// A call changes the weights of several variants, or the capacity of one
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
    /// Tells whether the endpoint has this setting.
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

/// An original holds all that the steps of its endpoint need.
impl Original {
    pub fn delete(&self) -> Step {
        self.delete_for(None)
    }

    /// Returns the steps that replace an endpoint whose creation has failed.
    pub fn delete_and_create(&self) -> Vec<Step> {
        vec![self.delete_for(Some(Box::new(self.clone()))), self.create()]
    }

    fn delete_for(&self, replacement: Option<Box<Original>>) -> Step {
        Step::Call(Call::Delete { config_name: self.config_name.clone(), replacement })
    }

    pub fn create(&self) -> Step {
        Step::Call(Call::Create { original: Box::new(self.clone()) })
    }

    pub fn await_in_service(&self) -> Step {
        Step::Wait(Wait::InService { original: Box::new(self.clone()) })
    }

    /// Returns the steps for what an endpoint in service still lacks.
    ///
    /// Scaling comes last. Only an endpoint in service takes a scalable target, which could change
    /// the instance counts.
    pub fn missing_steps(&self, seen: &Seen) -> Vec<Step> {
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
        set_and_scale(weights.into_iter().chain(capacities).collect(), targets, Vec::new())
    }
}

/// Tells whether auto scaling decides a variant's capacity, so that no step sets it.
///
/// It does where a target is registered already, unless scaling is suspended in the direction that
/// leads to the wanted capacity.
fn is_left_to_scaling(now: &Variant, wanted: &Variant, targets: &[Target]) -> bool {
    let is_at_work = |target: &Target| {
        let Suspended { scaling_in, scaling_out, .. } = target.suspended;
        if now.instances < wanted.instances { !scaling_out } else { !scaling_in }
    };
    targets
        .iter()
        .any(|target| target.variant.eq_ignore_ascii_case(&wanted.name) && is_at_work(target))
}

/// Returns the steps that make these settings, and then register these targets.
///
/// Where something was `unmet` before, the steps end in a failure.
pub fn set_and_scale(
    settings: Vec<Setting>,
    targets: Vec<Target>,
    unmet: Vec<String>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    if !targets.is_empty() {
        steps.push(Step::Call(Call::Scale { targets: targets.clone(), unmet: unmet.clone() }));
    }
    if !settings.is_empty() {
        steps.insert(0, Step::Call(Call::Set { settings, targets, unmet }));
    } else if steps.is_empty() && !unmet.is_empty() {
        steps.push(Step::GiveUp(unmet.join("; ")));
    }
    steps
}
