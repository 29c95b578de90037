//! These functions read from a look how far a step has come.

use std::time::Duration;

use super::autoscaling::Target;
use super::endpoint::{Seen, Status};
use super::original::Original;
use super::steps::{Call, Setting, Step, Wait, listed, set_and_scale};
use crate::failure::{Class, Failure};
use crate::kinds::rules::Progress;

/// The next try to get capacity that AWS lacks comes after this pause.
pub const CAPACITY_PAUSE: Duration = Duration::from_secs(60);

/// Tells how far a call has come.
pub fn progress(call: &Call, seen: Option<&Seen>, refused: Option<&Failure>) -> Progress<Step> {
    match call {
        Call::Delete { config_name, replacement } => {
            delete_progress(config_name, replacement.as_deref(), seen)
        }
        Call::Create { original } => create_progress(original, seen),
        Call::Set { settings, targets, unmet } => {
            set_progress(settings, targets, unmet, seen, refused)
        }
        Call::Scale { targets, unmet } => scale_progress(targets, unmet, seen, refused),
    }
}

/// Tells how far a wait has come. Two looks for a sign of a deletion are `poll` apart.
pub fn waited(wait: &Wait, seen: Option<&Seen>, poll: Duration) -> Progress<Step> {
    match wait {
        Wait::Deleted => match seen.map(|seen| &seen.status) {
            None => Progress::Done,
            Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
            Some(_) => Progress::NotBegun,
        },
        Wait::Settled { config_name } => match seen {
            Some(Seen {
                status: status @ (Status::Creating | Status::Changing(_) | Status::Deleting),
                ..
            }) => Progress::Waiting(status.to_string()),
            Some(seen) if seen.config_name != *config_name => {
                Progress::Failed(another_config(seen))
            }
            _ => Progress::Done,
        },
        Wait::Sign { original } => match seen {
            Some(seen) if seen.status == Status::Deleting => instead(
                vec![Step::Wait(Wait::Deleted), original.create()],
                "Deleting".to_owned(),
                Duration::ZERO,
            ),
            Some(seen) if seen.created_at == original.created_at => Progress::DoneFor {
                why: "a deletion to show, if there was one".to_owned(),
                pause: poll,
            },
            Some(seen) => {
                instead(vec![original.await_in_service()], seen.status.to_string(), Duration::ZERO)
            }
            None => instead(vec![original.create()], "it was deleted".to_owned(), Duration::ZERO),
        },
        Wait::InService { original } => create_progress(original, seen),
    }
}

fn delete_progress(
    config_name: &str,
    replacement: Option<&Original>,
    seen: Option<&Seen>,
) -> Progress<Step> {
    match seen.map(|seen| &seen.status) {
        None => Progress::Done,
        Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
        // The endpoint began to change after its deletion was planned: scaling or a person did it.
        Some(status @ (Status::Creating | Status::Changing(_))) => {
            let steps = if let Some(original) = replacement {
                vec![original.await_in_service()]
            } else {
                let config_name = config_name.to_owned();
                let settled = Wait::Settled { config_name: config_name.clone() };
                let delete = Call::Delete { config_name, replacement: None };
                vec![Step::Wait(settled), Step::Call(delete)]
            };
            Progress::Instead { steps, why: status.to_string(), pause: Duration::ZERO }
        }
        Some(_) => Progress::NotBegun,
    }
}

fn create_progress(original: &Original, seen: Option<&Seen>) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    match &seen.status {
        Status::Deleting => Progress::NotBegun,
        Status::InService if seen.config_name != original.config_name => {
            Progress::Failed(another_config(seen))
        }
        Status::InService => match original.missing_steps(seen) {
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

fn set_progress(
    settings: &[Setting],
    targets: &[Target],
    unmet: &[String],
    seen: Option<&Seen>,
    refused: Option<&Failure>,
) -> Progress<Step> {
    let (Some(seen), [setting, rest @ ..]) = (seen, settings) else { return Progress::NotBegun };
    match &seen.status {
        Status::InService if setting.shows_in(seen) => {
            // The last setting shows. The next step sets the scaling.
            if rest.is_empty() && unmet.is_empty() {
                return Progress::Done;
            }
            instead(
                set_and_scale(rest.to_vec(), targets.to_vec(), unmet.to_vec()),
                "the next setting".to_owned(),
                Duration::ZERO,
            )
        }
        // The setting does not show. Either AWS refused it, or its update failed and was rolled
        // back, or its call has not been made yet.
        Status::InService => match refused.map(ToString::to_string).or(seen.failure_reason.clone())
        {
            Some(why) if lacks_capacity(&why) => {
                let again: Vec<Setting> = rest.iter().chain([setting]).cloned().collect();
                let first = set_and_scale(Vec::new(), targets.to_vec(), unmet.to_vec());
                let pause = if first.is_empty() { CAPACITY_PAUSE } else { Duration::ZERO };
                let again = set_and_scale(again, Vec::new(), unmet.to_vec());
                instead(first.into_iter().chain(again).collect(), why, pause)
            }
            Some(why) => {
                let unmet = unmet.iter().cloned().chain([format!("{setting}: {why}")]).collect();
                instead(set_and_scale(rest.to_vec(), targets.to_vec(), unmet), why, Duration::ZERO)
            }
            None => Progress::NotBegun,
        },
        Status::Deleting => Progress::NotBegun,
        Status::Failed | Status::Other(_) => Progress::Failed(seen.reason().to_owned()),
        status => Progress::Waiting(status.to_string()),
    }
}

fn instead(steps: Vec<Step>, why: String, pause: Duration) -> Progress<Step> {
    Progress::Instead { steps, why, pause }
}

fn scale_progress(
    targets: &[Target],
    unmet: &[String],
    seen: Option<&Seen>,
    refused: Option<&Failure>,
) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    let failed = |why: &Failure| {
        let all: Vec<String> = unmet.iter().cloned().chain([why.to_string()]).collect();
        Progress::Failed(all.join("; "))
    };
    match &seen.scaling {
        Some(Ok(_)) if targets.iter().all(|target| seen.scales_as(target)) => {
            if unmet.is_empty() {
                Progress::Done
            } else {
                Progress::Failed(unmet.join("; "))
            }
        }
        Some(Err(failure)) if failure.class == Class::Transient => {
            Progress::Waiting(failure.to_string())
        }
        Some(Err(failure)) => failed(failure),
        _ => refused.map_or(Progress::NotBegun, failed),
    }
}
