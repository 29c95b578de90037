//! A stopped SageMaker endpoint is deleted. A start creates it again from its config.
//!
//! The deletion of an endpoint leaves its config and its models
//! (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html). All else that the
//! endpoint had is in its [`Original`].

mod alarms;
pub mod autoscaling;
pub mod bills;
mod convert;
pub mod deployment;
pub mod endpoint;
mod facts;
mod original;
mod progress;
pub mod remote;
mod scaling_api;
mod scaling_convert;
mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use self::autoscaling::Target;
pub use self::endpoint::{Seen, Serverless, Status, Variant};
pub use self::original::Original;
pub use self::steps::{Call, Setting, Step, Wait};
use crate::failure::Failure;
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::{
    Case, Decision, DecisionOf, Describe, Effect, Held, Progress, Rules, Verdict,
};
use crate::kinds::scaling;
use crate::model::{Description, KindName, Phase, RequestRate, Requests, State};
use crate::select::spelling::Characters;
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("sagemaker"),
    title: "SageMaker endpoints",
    tagging_type: "sagemaker:endpoint",
    arn_prefix: "endpoint/",
    tier: Tier::Capacity,
    // docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
    name_characters: Characters::LettersDigitsAnd("-"),
    ignores_case: true,
    in_clusters: false,
    has_this_function: false,
    permissions: &[
        "sagemaker:ListEndpoints",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:DescribeModel",
        "sagemaker:ListInferenceComponents",
        "sagemaker:ListTags",
        "sagemaker:DeleteEndpoint",
        "sagemaker:CreateEndpoint",
        "sagemaker:AddTags",
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:ListTagsForResource",
        "application-autoscaling:RegisterScalableTarget",
        // AWS makes this call in the function's name when an endpoint with scaling is deleted
        // (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:TagResource",
        // This call asks whether the alarms exist that roll a deployment back.
        "cloudwatch:DescribeAlarms",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

/// AWS publishes no rates for these services. These are estimates on the safe side.
const REQUEST_RATES: &[RequestRate] = &[
    RequestRate {
        service: "sagemaker",
        requests: Requests::AllBut(&[]),
        per_second: 10,
        // Several callers that asked DescribeEndpoint every 5 seconds were throttled.
        source: "an estimate: github.com/aws/sagemaker-python-sdk/issues/1204",
    },
    scaling::REQUEST_RATE,
];

/// A deletion of a moment ago shows after so many looks.
///
/// At the usual interval of 15 seconds they take a minute.
const LOOKS_FOR_A_SIGN: usize = 4;

type Decided = DecisionOf<Endpoints>;

/// Decides about SageMaker endpoints.
pub struct Endpoints {
    /// Endpoints in transition are looked at again after this time.
    pub poll: Duration,
}

impl Describe for Endpoints {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        let (state, summary) = match &seen.status {
            Status::InService => (State::Running, seen.summary()),
            status @ (Status::Creating | Status::Deleting | Status::Changing(_)) => {
                (State::Pending, status.to_string())
            }
            Status::Failed => (State::Stopped, "Failed".to_owned()),
            Status::Other(status) => (State::Running, status.clone()),
        };
        let usage = match seen.status {
            // A failed endpoint got no instances, and one that is being deleted has none any more.
            Status::Failed | Status::Deleting => Usage::none(),
            // An endpoint that is being created does not tell what it will run.
            _ if seen.variants.is_empty() => Usage::unpriced("variants that are not known"),
            _ => seen.usage(),
        };
        let mut description = Description::new(state, summary, usage);
        description.notes.extend(seen.failure_reason.clone());
        if state == State::Running {
            description.running_since =
                seen.created_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        }
        seen.advise(&mut description);
        description
    }

    fn tags(seen: &Seen) -> Option<&BTreeMap<String, String>> {
        Some(&seen.tags)
    }
}

impl Rules for Endpoints {
    type Original = Original;
    type Call = Call;
    type Wait = Wait;

    fn stop(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else {
            return match &case.held {
                Some(Held { phase: Phase::Stopped, .. }) => {
                    Decision::leave(Verdict::AlreadyStopped, "")
                }
                Some(_) => Decision::resume(Vec::new(), None),
                None => Decision::leave(
                    Verdict::Skipped,
                    "it was deleted while this operation looked at it",
                ),
            };
        };
        let held = case.held.as_ref();
        let ours = held.filter(|held| is_ours(held, seen)).map(|held| &held.original);
        match (&seen.status, ours) {
            (Status::Deleting, _) if held.is_some() => {
                Decision::resume(vec![Step::Wait(Wait::Deleted)], None)
            }
            (Status::Deleting, _) => {
                Decision::leave(Verdict::Skipped, "it is being deleted, and not by this function")
            }
            // A start of ours has created this endpoint: its original is held, so that it can be
            // taken down again. The very endpoint of the original has to settle first: only then it
            // shows whether a person has changed it.
            (Status::Creating | Status::Changing(_), Some(original))
                if seen.created_at != original.created_at =>
            {
                let settled = Wait::Settled { config_name: original.config_name.clone() };
                Decision::resume(vec![Step::Wait(settled), original.delete()], None)
            }
            (Status::Failed, Some(original)) => {
                Decision::resume(vec![original.delete()], None).because("its creation had failed")
            }
            (Status::Creating | Status::Changing(_), _) => Decision::leave(
                Verdict::Later,
                format!("it is {}: AWS lets nobody delete it until that is over", seen.status),
            ),
            (Status::Failed, None) => Decision::leave(
                Verdict::Skipped,
                format!("it is Failed, there is nothing to bring back: {}", seen.reason()),
            ),
            (Status::Other(status), _) => {
                Decision::leave(Verdict::Skipped, format!("it is {status}: look at it by hand"))
            }
            (Status::InService, ours) => match (seen.nothing_to_gain(), obstacle(seen), ours) {
                (Some(why), _, None) => Decision::leave(Verdict::Skipped, why),
                (_, Some(obstacle), _) => Decision::leave(
                    Verdict::Skipped,
                    format!("it could not be created again: {obstacle}"),
                ),
                (_, None, Some(original)) => Decision::resume(vec![original.delete()], None),
                (None, None, None) => {
                    let original = Original::of(seen);
                    let delete = original.delete();
                    Decision::save_and(original, vec![delete], None).because(match held {
                        Some(_) => {
                            "a person had changed it or created it again since the last stop"
                        }
                        None => "",
                    })
                }
            },
        }
    }

    fn start(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(Held { original, phase }) = &case.held else {
            return Decision::leave(Verdict::AlreadyRunning, "");
        };
        let after = Some(original.as_seen());
        let missed_actions = || {
            original
                .targets
                .iter()
                .flat_map(|target| target.missed_actions(case.now.as_second()))
                .collect()
        };
        let Some(seen) = case.seen else {
            return Decision::resume(vec![original.create()], after).warn(missed_actions());
        };
        if *phase == Phase::Stopping
            && seen.created_at == original.created_at
            && seen.status != Status::Deleting
        {
            // A deletion may show late, because AWS's answers are eventually consistent. Without
            // its original, the endpoint would not come back then.
            let sign = Step::Wait(Wait::Sign { original: Box::new(original.clone()) });
            return Decision::resume(vec![sign; LOOKS_FOR_A_SIGN], Some(seen.clone()))
                .because("it had not been stopped");
        }
        let ours = *phase != Phase::Stopped && seen.config_name == original.config_name;
        match &seen.status {
            Status::Deleting => {
                Decision::resume(vec![Step::Wait(Wait::Deleted), original.create()], after)
                    .warn(missed_actions())
            }
            Status::Failed if ours => Decision::resume(original.delete_and_create(), after)
                .because("its creation had failed")
                .warn(missed_actions()),
            Status::Creating | Status::Changing(_) if ours => {
                Decision::resume(vec![original.await_in_service()], after).warn(missed_actions())
            }
            Status::InService if ours => match original.missing_steps(seen) {
                rest if rest.is_empty() => Decision::resume(rest, after),
                rest => Decision::resume(rest, after).warn(missed_actions()),
            },
            Status::Other(status) if ours => {
                Decision::leave(Verdict::Skipped, format!("it is {status}: look at it by hand"))
            }
            Status::Failed => Decision::leave(
                Verdict::Skipped,
                "an endpoint of this name that a person created is Failed: delete it, then start again",
            ),
            _ => Decision::leave(
                Verdict::Released,
                format!("a person created it again from {}: it stays as it is", seen.config_name),
            ),
        }
    }

    fn effect(&self, step: &Step) -> Effect {
        match step {
            Step::Call(Call::Scale { .. }) | Step::Wait(Wait::Sign { .. }) => Effect::AtOnce,
            Step::Call(_) => Effect::Slow,
            Step::Wait(_) | Step::GiveUp(_) => Effect::Awaited,
        }
    }

    fn progress(
        &self,
        call: &Call,
        seen: Option<&Seen>,
        refused: Option<&Failure>,
    ) -> Progress<Step> {
        progress::progress(call, seen, refused)
    }

    fn waited(&self, wait: &Wait, seen: Option<&Seen>) -> Progress<Step> {
        progress::waited(wait, seen, self.poll)
    }
}

/// Tells why an endpoint could not be created again as it is, if so.
fn obstacle(seen: &Seen) -> Option<String> {
    seen.obstacle.clone().or_else(|| match &seen.scaling {
        Some(Ok(targets)) => targets.iter().find_map(Target::obstacle),
        Some(Err(failure)) => Some(format!("its auto scaling cannot be seen: {failure}")),
        None => Some("its auto scaling was not looked at".to_owned()),
    })
}

/// Tells whether the held original describes the endpoint that was seen.
///
/// The endpoint may be the one of which the original was saved, unchanged since. Or a start has
/// made it from the original: a stop that takes over from a start finds such an endpoint.
fn is_ours(held: &Held<Original>, seen: &Seen) -> bool {
    match held.phase {
        Phase::Stopped | Phase::Running => false,
        // The original was saved of this endpoint. A person may have changed it since.
        _ if held.original.created_at == seen.created_at => held.original.is_of(seen),
        _ => held.original.config_name == seen.config_name,
    }
}

#[cfg(test)]
mod tests;
