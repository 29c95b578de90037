//! The steps of an endpoint's way down and up, and how far each has come by what is seen.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::autoscaling::Target;
use super::endpoint::{Seen, Status, Variant};
use super::original::Original;
use crate::failure::Class;
use crate::kinds::rules::Progress;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    Delete {
        config_name: String,
        /// What is created in its place.
        anew: Option<Box<Original>>,
    },
    AwaitDeleted,
    /// Out of a state in which AWS lets nobody delete it.
    AwaitSettled {
        config_name: String,
    },
    /// Of a deletion that does not show yet.
    AwaitSign {
        original: Box<Original>,
        pause: Duration,
    },
    /// What else it takes to be as it was is planned when it is in service.
    Create {
        original: Box<Original>,
    },
    AwaitInService {
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
    GiveUp(String),
}

/// "Updates variant weight of one or more variants associated with an existing endpoint, or
/// capacity of one variant"
/// (docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Setting {
    Weights(Vec<(String, f32)>),
    Capacity(Variant),
}

/// Between two tries to get an instance that AWS has none of at the moment.
pub const CAPACITY_PAUSE: Duration = Duration::from_secs(60);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Delete { .. } => f.write_str("delete the endpoint"),
            Step::AwaitDeleted => f.write_str("wait until it is deleted"),
            Step::AwaitSettled { .. } => f.write_str("wait until it can be deleted"),
            Step::AwaitSign { .. } => f.write_str("see whether it is being deleted"),
            Step::Create { original } => {
                write!(f, "create the endpoint from {}", original.config_name)
            }
            Step::AwaitInService { .. } => f.write_str("wait until it is in service"),
            Step::Set { settings, .. } => write!(f, "set {}", listed(settings)),
            Step::Scale { targets, .. } => write!(f, "set {}", listed(targets)),
            Step::GiveUp(_) => f.write_str("give up what could not be set"),
        }
    }
}

fn listed(things: &[impl fmt::Display]) -> String {
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
    fn shows_in(&self, seen: &Seen) -> bool {
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

/// The steps that make these settings, and then this scaling. With what was `missed`, they end in a
/// failure.
pub fn way(settings: Vec<Setting>, then: Vec<Target>, missed: Vec<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    if !then.is_empty() {
        steps.push(Step::Scale { targets: then.clone(), missed: missed.clone() });
    }
    if !settings.is_empty() {
        steps.insert(0, Step::Set { settings, then, missed });
    } else if steps.is_empty() && !missed.is_empty() {
        steps.push(Step::GiveUp(missed.join("; ")));
    }
    steps
}

pub fn progress(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
    let status = seen.map(|seen| &seen.status);
    match step {
        Step::Delete { config_name, anew } => match status {
            None => Progress::Done,
            Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
            // It has begun to change since it was looked at: scaling does that, and so do people.
            Some(status @ (Status::Creating | Status::Changing(_))) => {
                let steps = match anew {
                    Some(original) => vec![original.await_in_service()],
                    None => {
                        vec![Step::AwaitSettled { config_name: config_name.clone() }, step.clone()]
                    }
                };
                Progress::Instead { steps, why: status.to_string(), pause: Duration::ZERO }
            }
            Some(_) => Progress::NotBegun,
        },
        Step::AwaitDeleted => match status {
            None => Progress::Done,
            Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
            Some(_) => Progress::NotBegun,
        },
        Step::AwaitSettled { config_name } => match seen {
            Some(Seen {
                status: status @ (Status::Creating | Status::Changing(_) | Status::Deleting),
                ..
            }) => Progress::Waiting(status.to_string()),
            Some(seen) if seen.config_name != *config_name => {
                Progress::Failed(another_config(seen))
            }
            _ => Progress::Done,
        },
        Step::AwaitSign { original, pause } => match seen {
            Some(seen) if seen.status == Status::Deleting => go_on(
                vec![Step::AwaitDeleted, original.create()],
                "Deleting".to_owned(),
                Duration::ZERO,
            ),
            Some(seen) if seen.created_at == original.created_at => Progress::DoneFor {
                why: "a deletion to show, if there was one".to_owned(),
                pause: *pause,
            },
            Some(seen) => {
                go_on(vec![original.await_in_service()], seen.status.to_string(), Duration::ZERO)
            }
            None => go_on(vec![original.create()], "it was deleted".to_owned(), Duration::ZERO),
        },
        Step::Create { original } | Step::AwaitInService { original } => created(original, seen),
        Step::Set { settings, then, missed } => set(settings, then, missed, seen),
        Step::Scale { targets, missed } => scaled(targets, missed, seen),
        Step::GiveUp(why) => Progress::Failed(why.clone()),
    }
}

fn created(original: &Original, seen: Option<&Seen>) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    match &seen.status {
        Status::Deleting => Progress::NotBegun,
        Status::InService if seen.config_name != original.config_name => {
            Progress::Failed(another_config(seen))
        }
        Status::InService => match original.rest(seen) {
            rest if rest.is_empty() => Progress::Done,
            rest => Progress::Instead { why: listed(&rest), steps: rest, pause: Duration::ZERO },
        },
        Status::Failed | Status::Other(_) => {
            let reason = seen.reason();
            if lacks_capacity(reason) {
                let steps = original.delete_and_create();
                Progress::Instead { steps, why: reason.to_owned(), pause: CAPACITY_PAUSE }
            } else {
                Progress::Failed(reason.to_owned())
            }
        }
        status => Progress::Waiting(status.to_string()),
    }
}

fn another_config(seen: &Seen) -> String {
    format!("a person has updated it to {} in the meantime: it stays as it is", seen.config_name)
}

fn lacks_capacity(reason: &str) -> bool {
    reason.contains("InsufficientInstanceCapacity")
}

fn set(
    settings: &[Setting],
    then: &[Target],
    missed: &[String],
    seen: Option<&Seen>,
) -> Progress<Step> {
    let (Some(seen), [setting, rest @ ..]) = (seen, settings) else { return Progress::NotBegun };
    match &seen.status {
        Status::InService if setting.shows_in(seen) => {
            // The scaling is the step after the last of them.
            if rest.is_empty() && missed.is_empty() {
                return Progress::Done;
            }
            go_on(
                way(rest.to_vec(), then.to_vec(), missed.to_vec()),
                "the next setting".to_owned(),
                Duration::ZERO,
            )
        }
        // What AWS refused, or an update that failed and was rolled back.
        Status::InService => match seen.refusal.as_ref().or(seen.failure_reason.as_ref()) {
            Some(why) if lacks_capacity(why) => {
                let again: Vec<Setting> = rest.iter().chain([setting]).cloned().collect();
                let first = way(Vec::new(), then.to_vec(), missed.to_vec());
                let pause = if first.is_empty() { CAPACITY_PAUSE } else { Duration::ZERO };
                let again =
                    Step::Set { settings: again, then: Vec::new(), missed: missed.to_vec() };
                go_on(first.into_iter().chain([again]).collect(), why.clone(), pause)
            }
            Some(why) => {
                let missed = missed.iter().cloned().chain([format!("{setting}: {why}")]).collect();
                go_on(way(rest.to_vec(), then.to_vec(), missed), why.clone(), Duration::ZERO)
            }
            None => Progress::NotBegun,
        },
        Status::Deleting => Progress::NotBegun,
        Status::Failed | Status::Other(_) => Progress::Failed(seen.reason().to_owned()),
        status => Progress::Waiting(status.to_string()),
    }
}

fn go_on(steps: Vec<Step>, why: String, pause: Duration) -> Progress<Step> {
    Progress::Instead { steps, why, pause }
}

fn scaled(targets: &[Target], missed: &[String], seen: Option<&Seen>) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    let failed = |why: &str| {
        Progress::Failed(
            missed.iter().map(String::as_str).chain([why]).collect::<Vec<_>>().join("; "),
        )
    };
    match &seen.scaling {
        Some(Ok(_)) if targets.iter().all(|target| seen.scales_as(target)) => {
            if missed.is_empty() {
                Progress::Done
            } else {
                Progress::Failed(missed.join("; "))
            }
        }
        Some(Err(failure)) if failure.class == Class::Transient => {
            Progress::Waiting(failure.to_string())
        }
        Some(Err(failure)) => failed(&failure.to_string()),
        _ => seen.refusal.as_deref().map_or(Progress::NotBegun, failed),
    }
}
