//! How far each step of an endpoint's way has come, by what is seen.

use std::time::Duration;

use super::autoscaling::Target;
use super::endpoint::{Seen, Status};
use super::original::Original;
use super::steps::{Call, Setting, Step, Wait, listed, way};
use crate::failure::{Class, Failure};
use crate::kinds::rules::Progress;

/// Between two tries to get an instance that AWS has none of at the moment.
pub const CAPACITY_PAUSE: Duration = Duration::from_secs(60);

pub fn progress(call: &Call, seen: Option<&Seen>, refused: Option<&Failure>) -> Progress<Step> {
    match call {
        Call::Delete { config_name, anew } => deleted(config_name, anew.as_deref(), seen),
        Call::Create { original } => created(original, seen),
        Call::Set { settings, then, missed } => set(settings, then, missed, seen, refused),
        Call::Scale { targets, missed } => scaled(targets, missed, seen, refused),
    }
}

/// `poll`: from one look for a sign to the next.
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
            Some(seen) if seen.status == Status::Deleting => go_on(
                vec![Step::Wait(Wait::Deleted), original.create()],
                "Deleting".to_owned(),
                Duration::ZERO,
            ),
            Some(seen) if seen.created_at == original.created_at => Progress::DoneFor {
                why: "a deletion to show, if there was one".to_owned(),
                pause: poll,
            },
            Some(seen) => {
                go_on(vec![original.await_in_service()], seen.status.to_string(), Duration::ZERO)
            }
            None => go_on(vec![original.create()], "it was deleted".to_owned(), Duration::ZERO),
        },
        Wait::InService { original } => created(original, seen),
    }
}

fn deleted(config_name: &str, anew: Option<&Original>, seen: Option<&Seen>) -> Progress<Step> {
    match seen.map(|seen| &seen.status) {
        None => Progress::Done,
        Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
        // It has begun to change since it was looked at: scaling does that, and so do people.
        Some(status @ (Status::Creating | Status::Changing(_))) => {
            let steps = if let Some(original) = anew {
                vec![original.await_in_service()]
            } else {
                let config_name = config_name.to_owned();
                let settled = Wait::Settled { config_name: config_name.clone() };
                let delete = Call::Delete { config_name, anew: None };
                vec![Step::Wait(settled), Step::Call(delete)]
            };
            Progress::Instead { steps, why: status.to_string(), pause: Duration::ZERO }
        }
        Some(_) => Progress::NotBegun,
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
    refused: Option<&Failure>,
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
        Status::InService => match refused.map(ToString::to_string).or(seen.failure_reason.clone())
        {
            Some(why) if lacks_capacity(&why) => {
                let again: Vec<Setting> = rest.iter().chain([setting]).cloned().collect();
                let first = way(Vec::new(), then.to_vec(), missed.to_vec());
                let pause = if first.is_empty() { CAPACITY_PAUSE } else { Duration::ZERO };
                let again = way(again, Vec::new(), missed.to_vec());
                go_on(first.into_iter().chain(again).collect(), why, pause)
            }
            Some(why) => {
                let missed = missed.iter().cloned().chain([format!("{setting}: {why}")]).collect();
                go_on(way(rest.to_vec(), then.to_vec(), missed), why, Duration::ZERO)
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

fn scaled(
    targets: &[Target],
    missed: &[String],
    seen: Option<&Seen>,
    refused: Option<&Failure>,
) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    let failed = |why: &Failure| {
        let all: Vec<String> = missed.iter().cloned().chain([why.to_string()]).collect();
        Progress::Failed(all.join("; "))
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
        Some(Err(failure)) => failed(failure),
        _ => refused.map_or(Progress::NotBegun, failed),
    }
}
