//! A function's way down and up, and how far each step has come by what is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::data::{
    Allocation, Call, MappingState, Original, Reserved, STOPPED, Seen, Settled, Step,
};
use crate::failure::Failure;
use crate::kinds::rules::Progress;

/// Event sources first, so that nothing arrives at a function that cannot run.
pub(super) fn way_down(seen: &Seen, original: &Original) -> Vec<Step> {
    let mut steps = Vec::new();
    let to_disable = |state: &MappingState| *state != MappingState::Disabled;
    let ids = saved_mappings(seen, original, to_disable);
    if !ids.is_empty() {
        steps.extend(settle(seen, &ids));
        steps.push(Step::Call(Call::Disable(ids)));
    }
    if !seen.provisioned.is_empty() {
        steps.push(Step::Call(Call::Withdraw(seen.provisioned.keys().cloned().collect())));
    }
    if seen.reserved != STOPPED {
        steps.push(Step::Call(Call::Reserve { n: 0, otherwise: Vec::new() }));
    }
    steps
}

/// The way down, backwards: of what is missing only.
pub(super) fn way_up(seen: &Seen, original: &Original, reserved: Reserved) -> Vec<Step> {
    let mut sources = Vec::new();
    let ids = saved_mappings(seen, original, |state| *state != MappingState::Enabled);
    if !ids.is_empty() {
        sources.extend(settle(seen, &ids));
        let to_enable: BTreeSet<String> = ids
            .into_iter()
            .filter(|id| seen.mappings[id].state != MappingState::Enabling)
            .collect();
        if !to_enable.is_empty() {
            sources.push(Step::Call(Call::Enable(to_enable)));
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
        rest.push(Step::Call(Call::Provide { configs, otherwise: sources.clone() }));
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

/// The original's mappings that are there, in these states.
pub(super) fn saved_mappings(
    seen: &Seen,
    original: &Original,
    wanted: fn(&MappingState) -> bool,
) -> BTreeSet<String> {
    let is_wanted =
        |id: &&String| seen.mappings.get(*id).is_some_and(|mapping| wanted(&mapping.state));
    original.mappings.keys().filter(is_wanted).cloned().collect()
}

fn settle(seen: &Seen, ids: &BTreeSet<String>) -> Option<Step> {
    transition(seen, ids).map(|_| Step::Wait(Settled(ids.clone())))
}

/// The transition that one of these mappings is in.
pub(super) fn transition(seen: &Seen, ids: &BTreeSet<String>) -> Option<String> {
    let mut mappings = ids.iter().filter_map(|id| seen.mappings.get(id));
    let mapping = mappings.find(|mapping| !mapping.state.is_settled())?;
    Some(format!("event source mapping of {}: {}", mapping.source, mapping.state))
}

/// A mapping that was deleted is nobody's to change.
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

pub(super) fn provided(
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
                return go_on(
                    otherwise,
                    format!("the provisioned concurrency of {qualifier} failed: {reason}"),
                );
            }
            (None, Some(why)) => return go_on(otherwise, why.to_string()),
            (None, None) => return Progress::NotBegun,
        }
    }
    in_progress.map_or(Progress::Done, Progress::Waiting)
}

/// The rest of the way, which ends in a failure whose record is kept.
pub(super) fn go_on(otherwise: &[Step], why: String) -> Progress<Step> {
    Progress::Instead { steps: incomplete(otherwise, &why), why, pause: Duration::ZERO }
}

fn incomplete(steps: &[Step], why: &str) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for step in &mut steps {
        if let Step::Call(Call::Provide { otherwise, .. }) = step {
            *otherwise = incomplete(otherwise, why);
        }
    }
    match steps.last_mut() {
        Some(Step::GiveUp(before)) => *before = format!("{before}; {why}"),
        _ => steps.push(Step::GiveUp(why.to_owned())),
    }
    steps
}
