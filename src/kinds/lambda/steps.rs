//! A function is stopped and started in these steps. Their progress is told here, too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::data::{
    Allocation, Call, MappingState, MappingsSettled, Original, Reserved, STOPPED, Seen, Step,
};
use crate::failure::Failure;
use crate::kinds::rules::Progress;

/// Returns the steps that stop a function.
///
/// Event sources come first, so that nothing arrives at a function that cannot run.
pub(super) fn stop_steps(seen: &Seen, original: &Original) -> Vec<Step> {
    let mut steps = Vec::new();
    let to_disable = |state: &MappingState| *state != MappingState::Disabled;
    let ids = saved_mappings(seen, original, to_disable);
    if !ids.is_empty() {
        steps.extend(await_transition(seen, &ids));
        steps.push(Step::Call(Call::DisableMappings(ids)));
    }
    if !seen.provisioned.is_empty() {
        steps.push(Step::Call(Call::RemoveProvisioned(seen.provisioned.keys().cloned().collect())));
    }
    if seen.reserved != STOPPED {
        steps.push(Step::Call(Call::Reserve { n: 0, otherwise: Vec::new() }));
    }
    steps
}

/// Returns the steps that bring a function back, in the opposite order of a stop.
///
/// Only what is missing is brought back.
pub(super) fn start_steps(seen: &Seen, original: &Original, reserved: Reserved) -> Vec<Step> {
    let mut sources = Vec::new();
    let ids = saved_mappings(seen, original, |state| *state != MappingState::Enabled);
    if !ids.is_empty() {
        sources.extend(await_transition(seen, &ids));
        let to_enable: BTreeSet<String> = ids
            .into_iter()
            .filter(|id| seen.mappings[id].state != MappingState::Enabling)
            .collect();
        if !to_enable.is_empty() {
            sources.push(Step::Call(Call::EnableMappings(to_enable)));
        }
    }
    let mut rest = Vec::new();
    let configs: BTreeMap<String, u32> = original
        .provisioned
        .iter()
        .filter(|(qualifier, n)| match seen.provisioned.get(*qualifier) {
            Some(config) => config.count == **n && config.status != Allocation::Ready,
            None => true,
        })
        .map(|(qualifier, n)| (qualifier.clone(), *n))
        .collect();
    if !configs.is_empty() {
        rest.push(Step::Call(Call::PutProvisioned { configs, otherwise: sources.clone() }));
    }
    rest.extend(sources);
    match reserved {
        _ if seen.reserved == reserved => {}
        Some(n) => {
            let otherwise = [vec![Step::Call(Call::Unreserve)], rest.clone()].concat();
            rest.insert(0, Step::Call(Call::Reserve { n, otherwise }));
        }
        None => rest.insert(0, Step::Call(Call::Unreserve)),
    }
    rest
}

/// Returns the UUIDs of the original's mappings that still exist, in the wanted states.
pub(super) fn saved_mappings(
    seen: &Seen,
    original: &Original,
    wanted: fn(&MappingState) -> bool,
) -> BTreeSet<String> {
    let is_wanted =
        |id: &&String| seen.mappings.get(*id).is_some_and(|mapping| wanted(&mapping.state));
    original.mappings.keys().filter(is_wanted).cloned().collect()
}

fn await_transition(seen: &Seen, ids: &BTreeSet<String>) -> Option<Step> {
    transition(seen, ids).map(|_| Step::Wait(MappingsSettled(ids.clone())))
}

/// Tells in words which transition one of these mappings is in, if one is.
pub(super) fn transition(seen: &Seen, ids: &BTreeSet<String>) -> Option<String> {
    let mut mappings = ids.iter().filter_map(|id| seen.mappings.get(id));
    let mapping = mappings.find(|mapping| !mapping.state.is_settled())?;
    Some(format!("event source mapping of {}: {}", mapping.source, mapping.state))
}

/// Tells whether these mappings have come to the state `goal`.
///
/// A mapping that was deleted since does not count: there is nothing to change.
pub(super) fn mappings_progress(
    seen: &Seen,
    ids: &BTreeSet<String>,
    goal: &MappingState,
) -> Progress<Step> {
    match transition(seen, ids) {
        Some(transition) => Progress::Waiting(transition),
        None if ids
            .iter()
            .filter_map(|id| seen.mappings.get(id))
            .all(|mapping| mapping.state == *goal) =>
        {
            Progress::Done
        }
        None => Progress::NotBegun,
    }
}

pub(super) fn provision_progress(
    seen: &Seen,
    configs: &BTreeMap<String, u32>,
    otherwise: &[Step],
    refused: Option<&Failure>,
) -> Progress<Step> {
    let mut in_progress = None;
    for (qualifier, n) in configs {
        let config = seen.provisioned.get(qualifier).filter(|config| config.count == *n);
        match (config.map(|config| &config.status), refused) {
            (Some(Allocation::Ready), _) => {}
            (Some(Allocation::InProgress), _) => {
                in_progress = Some(format!("provisioned concurrency of {qualifier}"));
            }
            (Some(Allocation::Failed(reason)), _) => {
                return finish_and_give_up(
                    otherwise,
                    format!("the provisioned concurrency of {qualifier} failed: {reason}"),
                );
            }
            (None, Some(why)) => return finish_and_give_up(otherwise, why.to_string()),
            (None, None) => return Progress::NotBegun,
        }
    }
    in_progress.map_or(Progress::Done, Progress::Waiting)
}

/// Goes on with other steps, and gives up after the last.
///
/// So all else comes back, the resource counts as failed, and what did not come back is still owed.
pub(super) fn finish_and_give_up(otherwise: &[Step], why: String) -> Progress<Step> {
    Progress::Instead { steps: giving_up_at_the_end(otherwise, &why), why, pause: Duration::ZERO }
}

fn giving_up_at_the_end(steps: &[Step], why: &str) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for step in &mut steps {
        if let Step::Call(Call::PutProvisioned { otherwise, .. }) = step {
            *otherwise = giving_up_at_the_end(otherwise, why);
        }
    }
    match steps.last_mut() {
        Some(Step::GiveUp(before)) => *before = format!("{before}; {why}"),
        _ => steps.push(Step::GiveUp(why.to_owned())),
    }
    steps
}
