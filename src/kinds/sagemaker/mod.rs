//! SageMaker endpoints: deleted in the evening, created again from their config in the morning.
//!
//! Deleting an endpoint leaves its config and its models
//! (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html); everything else
//! that it had is in [`Original`].

mod alarms;
pub mod autoscaling;
pub mod bills;
pub mod deployment;
pub mod endpoint;
mod facts;
mod form;
mod original;
mod progress;
pub mod remote;
mod scaling_api;
mod scaling_form;
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
use crate::model::{Description, KindName, Phase, RequestRate, Requests, State};
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("sagemaker"),
    title: "SageMaker endpoints",
    variable: "SAGEMAKER_ENDPOINTS",
    tagging_type: "sagemaker:endpoint",
    arn_prefix: "endpoint/",
    tier: Tier::Capacity,
    ignores_case: true,
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
        // Made by SageMaker in the function's name: it deletes no endpoint with scaling otherwise
        // (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:TagResource",
        // Of the alarms that roll a deployment back.
        "cloudwatch:DescribeAlarms",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

/// AWS publishes none for these services: they are estimates, on the safe side.
const REQUEST_RATES: &[RequestRate] = &[
    RequestRate {
        service: "sagemaker",
        requests: Requests::AllBut(&[]),
        per_second: 10,
        // DescribeEndpoint was seen throttled when several asked every 5 seconds.
        source: "an estimate: github.com/aws/sagemaker-python-sdk/issues/1204",
    },
    RequestRate {
        service: "application-autoscaling",
        requests: Requests::AllBut(&[]),
        per_second: 10,
        source: "an estimate",
    },
];

/// What a stop has done a moment before shows after so many looks: after a minute, as they usually
/// come.
const LOOKS_FOR_A_SIGN: usize = 4;

type Decided = DecisionOf<Endpoints>;

pub struct Endpoints {
    /// How often what is on its way is looked at.
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
            // Nothing was provisioned, or nothing is any more.
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
            // What a start of ours has half made can be taken down again: its original is held. The
            // very endpoint that was to be stopped shows only then whether a person has changed it.
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
        let missed = || {
            original.targets.iter().flat_map(|target| target.missed(case.now.as_second())).collect()
        };
        let Some(seen) = case.seen else {
            return Decision::resume(vec![original.create()], after).warn(missed());
        };
        if *phase == Phase::Stopping
            && seen.created_at == original.created_at
            && seen.status != Status::Deleting
        {
            // AWS's answers are eventually consistent, and what is let go is not brought back.
            let sign = Step::Wait(Wait::Sign { original: Box::new(original.clone()) });
            return Decision::resume(vec![sign; LOOKS_FOR_A_SIGN], Some(seen.clone()))
                .because("it had not been stopped");
        }
        let ours = *phase != Phase::Stopped && seen.config_name == original.config_name;
        match &seen.status {
            Status::Deleting => {
                Decision::resume(vec![Step::Wait(Wait::Deleted), original.create()], after)
                    .warn(missed())
            }
            Status::Failed if ours => Decision::resume(original.delete_and_create(), after)
                .because("its creation had failed")
                .warn(missed()),
            Status::Creating | Status::Changing(_) if ours => {
                Decision::resume(vec![original.await_in_service()], after).warn(missed())
            }
            Status::InService if ours => match original.rest(seen) {
                rest if rest.is_empty() => Decision::resume(rest, after),
                rest => Decision::resume(rest, after).warn(missed()),
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

/// Why the endpoint could not be created again as it is.
fn obstacle(seen: &Seen) -> Option<String> {
    seen.obstacle.clone().or_else(|| match &seen.scaling {
        Some(Ok(targets)) => targets.iter().find_map(Target::obstacle),
        Some(Err(failure)) => Some(format!("its auto scaling cannot be seen: {failure}")),
        None => Some("its auto scaling was not looked at".to_owned()),
    })
}

/// Whether the endpoint that is there is the very one the original was saved of, or one that
/// a start of ours has made from it. (A stop that takes over from a start finds the latter.)
fn is_ours(held: &Held<Original>, seen: &Seen) -> bool {
    match held.phase {
        Phase::Stopped | Phase::Running => false,
        // The very one: a person may have changed it since it was saved.
        _ if held.original.created_at == seen.created_at => held.original.is_of(seen),
        _ => held.original.config_name == seen.config_name,
    }
}

#[cfg(test)]
mod tests;
