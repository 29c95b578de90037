//! A stopped Lambda function has reserved concurrency 0, so that nothing may run.
//!
//! Reserved concurrency is unset, 0 or a number, and the three are different things: an unset one
//! shares the account's pool, 0 lets nothing run
//! (docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
//!
//! A stop first disables the event source mappings: one that polls for a function at 0 drives its
//! messages into their dead-letter queue. Then it removes the provisioned concurrency, which cannot
//! be more than what is reserved. A start brings all of that back.

pub mod bills;
mod calls;
mod convert;
mod data;
pub mod remote;
mod scaling;
mod steps;

use std::collections::BTreeMap;

pub use data::{
    Allocation, AsyncEvents, Call, Mapping, MappingState, MappingsSettled, Original, Provisioned,
    Reserved, STOPPED, Seen, Size, Step, deleted_qualifiers,
};

use crate::failure::Failure;
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::{Case, Decision, DecisionOf, Describe, Effect, Progress, Rules, Verdict};
use crate::model::{Description, KindName, Phase, RequestRate, Requests, State};
use crate::select::spelling::Characters;
use crate::usage::Usage;
use data::in_words;
use steps::{
    finish_and_give_up, mappings_progress, provision_progress, saved_mappings, start_steps,
    stop_steps, transition,
};

pub const INFO: Info = Info {
    name: KindName::new("lambda"),
    title: "Lambda functions",
    tagging_type: "lambda:function",
    arn_prefix: "function:",
    tier: Tier::Functions,
    // docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    name_characters: Characters::LettersDigitsAnd("-_"),
    ignores_case: false,
    in_clusters: false,
    has_this_function: true,
    permissions: &[
        "lambda:ListFunctions",
        "lambda:GetFunctionConcurrency",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:ListProvisionedConcurrencyConfigs",
        "lambda:PutProvisionedConcurrencyConfig",
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:ListEventSourceMappings",
        "lambda:GetEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:ListFunctionEventInvokeConfigs",
        "lambda:GetAccountSettings",
        "application-autoscaling:DescribeScalableTargets",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

const REQUEST_RATES: &[RequestRate] = &[RequestRate {
    service: "lambda",
    // Invoke has no such limit: it belongs to the data plane.
    requests: Requests::AllBut(&["invocations"]),
    per_second: 15,
    source: "docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
}];

type Decided = DecisionOf<Functions>;

/// Decides about Lambda functions. There is nothing to configure.
pub struct Functions;

impl Describe for Functions {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    /// Describes a function. Only its provisioned concurrency costs by the hour, used or not.
    ///
    /// Reserved concurrency costs nothing: a function bills by its invocations.
    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        let state = if seen.reserved == STOPPED { State::Stopped } else { State::Running };
        if seen.replica_of.is_some() {
            return Description::new(State::Running, "Lambda@Edge replica", Usage::none());
        }
        let usage = seen.usage();
        let mut description = Description::new(state, seen.summary(), usage.clone());
        if !usage.is_none() {
            description.advise(
                "has provisioned concurrency, which bills while nobody calls it",
                usage,
                Usage::none(),
            );
        }
        if seen.async_events == AsyncEvents::Lost {
            description.advise(
                "loses the asynchronous events that arrive while it is stopped: give it a dead-letter queue or an \
                 on-failure destination",
                Usage::none(),
                Usage::none(),
            );
        }
        description
    }
}

impl Rules for Functions {
    type Original = Original;
    type Call = Call;
    type Wait = MappingsSettled;

    fn stop(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return case.gone() };
        if let Some(main) = &seen.replica_of {
            return replica(main);
        }
        let held = case.held.as_ref();
        if seen.reserved == STOPPED {
            return match held {
                None => Decision::leave(
                    Verdict::AlreadyStopped,
                    "a person had set it to 0: it stays so",
                ),
                Some(held) if held.phase == Phase::Stopped => still_stopped(seen, &held.original),
                Some(held) => {
                    Decision::resume(stop_steps(seen, &held.original), Some(stopped(seen)))
                }
            };
        }
        if let Some(obstacle) = &seen.obstacle {
            return Decision::leave(Verdict::Skipped, obstacle.clone());
        }
        let saved = |id: &String| held.is_some_and(|held| held.original.mappings.contains_key(id));
        if let Some((_, mapping)) = seen
            .mappings
            .iter()
            .find(|(id, mapping)| matches!(mapping.state, MappingState::Unclear(_)) && !saved(id))
        {
            let why = format!(
                "its event source mapping of {} is {}: whether it is enabled shows when that is over",
                mapping.source, mapping.state
            );
            return Decision::leave(Verdict::Later, why);
        }
        // The held original still holds where no person has changed the reservation since.
        let valid = held.filter(|held| {
            held.phase != Phase::Stopped
                && is_as_we_left_it(seen.reserved, &held.original, held.phase)
        });
        let reserved = valid.map_or(seen.reserved, |held| held.original.reserved);
        let original = Original::of(seen, reserved, held.map(|held| &held.original));
        let (steps, after) = (stop_steps(seen, &original), Some(stopped(seen)));
        let decision = match held {
            None => Decision::save_and(original, steps, after),
            Some(held) if valid.is_some() && held.original == original => Decision::resume(steps, after),
            Some(held) if held.phase != Phase::Stopped && held.original.reserved == seen.reserved => Decision::save_and(
                original, steps, after,
            )
            .because("a person had changed its provisioned concurrency or its event sources since the last stop"),
            Some(_) => Decision::save_and(original, steps, after)
                .because(format!("a person had set it to {} since the last stop", in_words(seen.reserved))),
        };
        decision.warn(lost_events(seen))
    }

    fn start(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return case.gone() };
        let Some(held) = &case.held else {
            return match (&seen.replica_of, seen.reserved) {
                (Some(main), _) => replica(main),
                (None, STOPPED) => {
                    Decision::leave(Verdict::Skipped, "a person had set it to 0: it stays so")
                }
                (None, _) => Decision::leave(Verdict::AlreadyRunning, ""),
            };
        };
        let (original, phase) = (&held.original, held.phase);
        let was_set_by_person =
            seen.reserved != STOPPED && !is_as_we_left_it(seen.reserved, original, phase);
        let reserved = if was_set_by_person { seen.reserved } else { original.reserved };
        let steps = start_steps(seen, original, reserved);
        let decision = match phase {
            _ if !steps.is_empty() || seen.reserved == STOPPED => {
                Decision::resume(steps, Some(started(seen, original, reserved)))
            }
            Phase::Starting if !was_set_by_person => {
                Decision::resume(steps, Some(started(seen, original, reserved)))
            }
            Phase::Stopping if !was_set_by_person => {
                return Decision::leave(Verdict::Released, "it had not been stopped");
            }
            _ => {
                let why = format!("a person set it to {}: it stays so", in_words(seen.reserved));
                return Decision::leave(Verdict::Released, why);
            }
        };
        let decision = decision.warn(persons_changes(seen, original));
        if was_set_by_person {
            let why = format!("a person set it to {}: that stays so", in_words(seen.reserved));
            return decision.because(why);
        }
        decision
    }

    fn effect(&self, step: &Step) -> Effect {
        match step {
            Step::Call(
                Call::DisableMappings(_) | Call::EnableMappings(_) | Call::PutProvisioned { .. },
            ) => Effect::Slow,
            _ => Effect::AtOnce,
        }
    }

    fn progress(
        &self,
        call: &Call,
        seen: Option<&Seen>,
        refused: Option<&Failure>,
    ) -> Progress<Step> {
        let Some(seen) = seen else { return deleted() };
        let done_if = |done| if done { Progress::Done } else { Progress::NotBegun };
        match call {
            Call::DisableMappings(ids) => mappings_progress(seen, ids, &MappingState::Disabled),
            Call::EnableMappings(ids) => mappings_progress(seen, ids, &MappingState::Enabled),
            Call::RemoveProvisioned(qualifiers) => {
                done_if(!qualifiers.iter().any(|q| seen.provisioned.contains_key(q)))
            }
            Call::Reserve { n, .. } if seen.reserved == Some(*n) => Progress::Done,
            Call::Reserve { otherwise, n } => match refused {
                Some(why) => finish_and_give_up(
                    otherwise,
                    format!(
                        "reserved {n} no longer fits, it is unreserved until a start finds room: {why}"
                    ),
                ),
                None => Progress::NotBegun,
            },
            Call::Unreserve => done_if(seen.reserved.is_none()),
            Call::PutProvisioned { configs, otherwise } => {
                provision_progress(seen, configs, otherwise, refused)
            }
        }
    }

    fn waited(
        &self,
        MappingsSettled(ids): &MappingsSettled,
        seen: Option<&Seen>,
    ) -> Progress<Step> {
        let Some(seen) = seen else { return deleted() };
        transition(seen, ids).map_or(Progress::Done, Progress::Waiting)
    }
}

fn deleted() -> Progress<Step> {
    Progress::Failed("the function was deleted".to_owned())
}

/// Tells whether a reservation other than 0 is as this program left it.
///
/// It then is the original one, or unset after a start: a start removes a reservation that no
/// longer fits, so that the function can be used, and still owes it.
fn is_as_we_left_it(reserved: Reserved, original: &Original, phase: Phase) -> bool {
    match phase {
        Phase::Starting => reserved == original.reserved || reserved.is_none(),
        Phase::Stopping => reserved == original.reserved,
        Phase::Stopped | Phase::Running => false,
    }
}

/// Decides about a function that is stopped already.
///
/// A mapping that was enabled again since is disabled once more: one that polls for a function at 0
/// drives its messages into their dead-letter queue.
fn still_stopped(seen: &Seen, original: &Original) -> Decided {
    let polls =
        |mapping: &Mapping| matches!(mapping.state, MappingState::Enabled | MappingState::Enabling);
    let steps = stop_steps(seen, original);
    if saved_mappings(seen, original, |state| *state != MappingState::Disabled).is_empty() {
        let new = seen
            .mappings
            .iter()
            .find(|(id, mapping)| !original.mappings.contains_key(*id) && polls(mapping));
        let why = new.map(|(_, mapping)| {
            format!(
                "its event source mapping of {} was enabled since, and polls for a function at 0",
                mapping.source
            )
        });
        return Decision::leave(Verdict::AlreadyStopped, why.unwrap_or_default());
    }
    Decision::resume(steps, Some(stopped(seen)))
        .because("an event source mapping had been enabled since the last stop")
}

/// Returns what the function will be like after a stop.
fn stopped(seen: &Seen) -> Seen {
    Seen { reserved: STOPPED, provisioned: BTreeMap::new(), ..seen.clone() }
}

/// Returns what the function will be like after a start.
fn started(seen: &Seen, original: &Original, reserved: Reserved) -> Seen {
    let mut provisioned = seen.provisioned.clone();
    for (qualifier, n) in &original.provisioned {
        provisioned
            .entry(qualifier.clone())
            .and_modify(|config| config.status = Allocation::Ready)
            .or_insert(Provisioned {
                count: *n,
                status: Allocation::Ready,
                size: original.sizes.get(qualifier).copied(),
            });
    }
    Seen { reserved, provisioned, ..seen.clone() }
}

/// Warns where a stop loses asynchronous events
/// (docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
fn lost_events(seen: &Seen) -> Vec<String> {
    match &seen.async_events {
        AsyncEvents::Safe => Vec::new(),
        AsyncEvents::Lost => vec![
            "asynchronous events that arrive while it is stopped are lost: \
             it has no dead-letter queue and no on-failure destination"
                .to_owned(),
        ],
        AsyncEvents::Unknown(why) => {
            vec![format!(
                "whether asynchronous events are lost while it is stopped could not be found out: {why}"
            )]
        }
    }
}

/// Warns of what does not come back as it was, because a person changed it.
fn persons_changes(seen: &Seen, original: &Original) -> Vec<String> {
    let vanished = original.mappings.iter().filter(|(id, _)| !seen.mappings.contains_key(*id)).map(
        |(_, source)| {
            format!("its event source mapping of {source} was deleted since: it does not come back")
        },
    );
    let changed = original.provisioned.iter().filter_map(|(qualifier, n)| {
        let now = seen.provisioned.get(qualifier).filter(|config| config.count != *n)?.count;
        Some(format!(
            "a person set the provisioned concurrency of {qualifier} to {now}: it stays so"
        ))
    });
    vanished.chain(changed).collect()
}

fn replica(main: &str) -> Decided {
    Decision::leave(
        Verdict::Unmanaged,
        format!("a Lambda@Edge replica of {main}: CloudFront manages it"),
    )
}

#[cfg(test)]
mod tests;
