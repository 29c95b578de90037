//! SageMaker endpoints: deleted in the evening, created again from their config in the morning.
//!
//! Deleting an endpoint leaves its config and its models
//! (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html); everything else
//! that it had is in [`Original`].

pub mod autoscaling;
pub mod deployment;
pub mod endpoint;
pub mod remote;
mod scaling_api;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::autoscaling::Target;
use self::deployment::Deployment;
pub use self::endpoint::{Seen, Serverless, Status, Variant};
use super::{Case, Decision, Effect, Held, Info, Progress, Rules, Tier, Verdict};
use crate::failure::Class;
use crate::journal::Phase;
use crate::model::{KindName, Standing, State};
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("sagemaker"),
    title: "SageMaker endpoints",
    variable: "SAGEMAKER_ENDPOINTS",
    tagging_type: "sagemaker:endpoint",
    arn_prefix: "endpoint/",
    tier: Tier::Capacity,
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
        "application-autoscaling:RegisterScalableTarget",
        // Made by SageMaker in the function's name: it deletes no endpoint with scaling otherwise
        // (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
    ],
};

/// What deleting the endpoint loses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub config_name: String,
    pub created_at: Option<i64>,
    pub variants: Vec<Variant>,
    /// For its price: they come back as the config says.
    #[serde(default)]
    pub shadows: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub deployment: Option<Deployment>,
    #[serde(default)]
    pub targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    Delete,
    AwaitDeleted,
    /// Out of a state in which AWS lets nobody delete it.
    AwaitSettled,
    /// What else it takes to be as it was is planned when it is in service.
    Create {
        original: Box<Original>,
    },
    AwaitInService {
        original: Box<Original>,
    },
    SetCapacities {
        variants: Vec<Variant>,
    },
    Scale {
        target: Target,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Delete => f.write_str("delete the endpoint"),
            Step::AwaitDeleted => f.write_str("wait until it is deleted"),
            Step::AwaitSettled => f.write_str("wait until it can be deleted"),
            Step::Create { original } => write!(f, "create the endpoint from {}", original.config_name),
            Step::AwaitInService { .. } => f.write_str("wait until it is in service"),
            Step::SetCapacities { variants } => {
                let list: Vec<String> = variants
                    .iter()
                    .map(|variant| format!("{}: {variant}, weight {}", variant.name, variant.weight))
                    .collect();
                write!(f, "set weights and capacities: {}", list.join("; "))
            }
            Step::Scale { target } => write!(f, "set {target}"),
        }
    }
}

/// Between two tries to get an instance that AWS has none of at the moment.
const CAPACITY_PAUSE: Duration = Duration::from_secs(60);

type Decided = Decision<Seen, Original, Step>;

pub struct Endpoints;

impl Rules for Endpoints {
    type Seen = Seen;
    type Original = Original;
    type Step = Step;

    const INFO: &'static Info = &INFO;

    fn standing(seen: Option<&Seen>) -> Standing {
        let Some(seen) = seen else {
            return Standing::new(State::Stopped, "deleted", Usage::none());
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
        let mut standing = Standing::new(state, summary, usage);
        standing.notes.extend(seen.failure_reason.clone());
        if state == State::Running {
            standing.running_since = seen.created_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        }
        seen.advise(&mut standing);
        standing
    }

    fn stop(case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else {
            return match &case.held {
                Some(Held { phase: Phase::Stopped, .. }) => Decision::leave(Verdict::AlreadyStopped, ""),
                Some(_) => Decision::keep(Vec::new(), None),
                None => Decision::leave(Verdict::Skipped, "it was deleted while this operation looked at it"),
            };
        };
        let held = case.held.as_ref();
        let ours = held.is_some_and(|held| is_ours(held, seen));
        match &seen.status {
            Status::Deleting if held.is_some() => Decision::keep(vec![Step::AwaitDeleted], None),
            Status::Deleting => Decision::leave(Verdict::Skipped, "it is being deleted, and not by this function"),
            // What a start of ours has half made can be taken down again: its original is held.
            Status::Creating | Status::Changing(_) if ours => {
                Decision::keep(vec![Step::AwaitSettled, Step::Delete], None)
            }
            Status::Failed if ours => Decision::keep(vec![Step::Delete], None).because("its creation had failed"),
            Status::Creating | Status::Changing(_) => Decision::leave(
                Verdict::Later,
                format!("it is {}: AWS lets nobody delete it until that is over", seen.status),
            ),
            Status::Failed => Decision::leave(
                Verdict::Skipped,
                format!("it is Failed, there is nothing to bring back: {}", reason_of(Some(seen))),
            ),
            Status::Other(status) => Decision::leave(Verdict::Skipped, format!("it is {status}: look at it by hand")),
            Status::InService => match (seen.nothing_to_gain(), obstacle(seen)) {
                (Some(why), _) if !ours => Decision::leave(Verdict::Skipped, why),
                (_, Some(obstacle)) => {
                    Decision::leave(Verdict::Skipped, format!("it could not be created again: {obstacle}"))
                }
                _ if ours => Decision::keep(vec![Step::Delete], None),
                _ => Decision::take(Original::of(seen), vec![Step::Delete], None)
                    .because(match held {
                        Some(_) => "a person had changed it or created it again since the last stop",
                        None => "",
                    })
                    .warn(seen.targets().iter().flat_map(Target::warnings).collect()),
            },
        }
    }

    fn start(case: &Case<Seen, Original>) -> Decided {
        let Some(Held { original, phase }) = &case.held else {
            return Decision::leave(Verdict::AlreadyRunning, "");
        };
        let after = Some(original.as_seen());
        let Some(seen) = case.seen else {
            return Decision::keep(vec![original.create()], after);
        };
        if *phase == Phase::Stopping && seen.created_at == original.created_at && seen.status != Status::Deleting {
            return Decision::leave(Verdict::Released, "it had not been stopped");
        }
        let ours = *phase != Phase::Stopped && seen.config_name == original.config_name;
        match &seen.status {
            Status::Deleting => Decision::keep(vec![Step::AwaitDeleted, original.create()], after),
            Status::Failed if ours => {
                Decision::keep(vec![Step::Delete, original.create()], after).because("its creation had failed")
            }
            Status::Creating | Status::Changing(_) if ours => Decision::keep(vec![original.await_in_service()], after),
            Status::InService if ours => Decision::keep(original.rest(seen), after),
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

    fn tags(seen: &Seen) -> Option<&BTreeMap<String, String>> {
        Some(&seen.tags)
    }

    fn effect(step: &Step) -> Effect {
        match step {
            Step::Delete | Step::Create { .. } | Step::SetCapacities { .. } => Effect::Slow,
            Step::Scale { .. } => Effect::AtOnce,
            Step::AwaitDeleted | Step::AwaitSettled | Step::AwaitInService { .. } => Effect::Awaited,
        }
    }

    fn progress(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
        let status = seen.map(|seen| &seen.status);
        match step {
            Step::Delete | Step::AwaitDeleted => match status {
                None => Progress::Done,
                Some(Status::Deleting) => Progress::Waiting("Deleting".to_owned()),
                Some(_) => Progress::NotBegun,
            },
            Step::AwaitSettled => match status {
                Some(status @ (Status::Creating | Status::Changing(_) | Status::Deleting)) => {
                    Progress::Waiting(status.to_string())
                }
                _ => Progress::Done,
            },
            Step::Create { original } | Step::AwaitInService { original } => created(original, seen),
            Step::SetCapacities { variants } => match seen {
                None => Progress::NotBegun,
                Some(seen) => capacities_set(variants, seen),
            },
            Step::Scale { target } => match seen {
                Some(seen) if seen.scales_as(target) => Progress::Done,
                Some(Seen { scaling: Some(Err(failure)), .. }) => match failure.class {
                    Class::Transient => Progress::Waiting(failure.to_string()),
                    _ => Progress::Failed(failure.to_string()),
                },
                _ => Progress::NotBegun,
            },
        }
    }
}

fn created(original: &Original, seen: Option<&Seen>) -> Progress<Step> {
    let Some(seen) = seen else { return Progress::NotBegun };
    match &seen.status {
        Status::Deleting => Progress::NotBegun,
        Status::InService => match original.rest(seen) {
            rest if rest.is_empty() => Progress::Done,
            rest => Progress::Instead {
                why: rest.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then "),
                steps: rest,
                pause: Duration::ZERO,
            },
        },
        Status::Failed | Status::Other(_) => {
            let reason = reason_of(Some(seen)).to_owned();
            if reason.contains("InsufficientInstanceCapacity") {
                Progress::Instead { steps: vec![Step::Delete, original.create()], why: reason, pause: CAPACITY_PAUSE }
            } else {
                Progress::Failed(reason)
            }
        }
        status => Progress::Waiting(status.to_string()),
    }
}

fn capacities_set(wanted: &[Variant], seen: &Seen) -> Progress<Step> {
    let runs = |wanted: &Variant| seen.variant(&wanted.name).is_some_and(|variant| variant.runs_as(wanted));
    match &seen.status {
        Status::InService if wanted.iter().all(runs) => Progress::Done,
        // An update that failed was rolled back.
        Status::InService => match &seen.failure_reason {
            Some(reason) => Progress::Failed(reason.clone()),
            None => Progress::NotBegun,
        },
        Status::Deleting => Progress::NotBegun,
        Status::Failed | Status::Other(_) => Progress::Failed(reason_of(Some(seen)).to_owned()),
        status => Progress::Waiting(status.to_string()),
    }
}

fn reason_of(seen: Option<&Seen>) -> &str {
    seen.and_then(|seen| seen.failure_reason.as_deref()).unwrap_or("no reason given")
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
        _ if seen.created_at == held.original.created_at => {
            let mut now = Original::of(seen);
            // AWS deregisters them with the deletion, and may show that, or a part of it, first.
            let is_held = |target: &Target| held.original.targets.iter().any(|own| own.includes(target, 0));
            if now.targets.iter().all(is_held) {
                now.targets.clone_from(&held.original.targets);
            }
            now == held.original
        }
        _ => seen.config_name == held.original.config_name,
    }
}

impl Original {
    fn of(seen: &Seen) -> Self {
        Original {
            config_name: seen.config_name.clone(),
            created_at: seen.created_at,
            variants: seen.variants.clone(),
            shadows: seen.shadows.clone(),
            // Tags that AWS set cannot be written back
            // (docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
            tags: seen.tags.iter().filter(|(key, _)| !key.starts_with("aws:")).map(own_pair).collect(),
            deployment: seen.deployment.clone(),
            targets: seen.targets().to_vec(),
        }
    }

    fn as_seen(&self) -> Seen {
        Seen {
            status: Status::InService,
            failure_reason: None,
            created_at: None,
            config_name: self.config_name.clone(),
            variants: self.variants.clone(),
            shadows: self.shadows.clone(),
            tags: self.tags.clone(),
            deployment: self.deployment.clone(),
            scaling: Some(Ok(self.targets.clone())),
            obstacle: None,
            looked_at: 0,
        }
    }

    fn create(&self) -> Step {
        Step::Create { original: Box::new(self.clone()) }
    }

    fn await_in_service(&self) -> Step {
        Step::AwaitInService { original: Box::new(self.clone()) }
    }

    /// What an endpoint in service still lacks. Scaling comes last: a target is registered for an
    /// endpoint in service only, and would change the instance counts.
    fn rest(&self, seen: &Seen) -> Vec<Step> {
        let variants: Vec<Variant> = self
            .variants
            .iter()
            .filter_map(|wanted| {
                let now = seen.variant(&wanted.name)?;
                let mut wanted = wanted.clone();
                // Scaling is at work already: the capacity is its business.
                if seen.targets().iter().any(|target| target.variant.eq_ignore_ascii_case(&wanted.name)) {
                    wanted.instances = now.instances;
                    wanted.serverless.clone_from(&now.serverless);
                }
                (!now.runs_as(&wanted)).then_some(wanted)
            })
            .collect();
        let capacities = (!variants.is_empty()).then_some(Step::SetCapacities { variants });
        let scaling = self.targets.iter().filter(|target| !seen.scales_as(target));
        capacities.into_iter().chain(scaling.map(|target| Step::Scale { target: target.clone() })).collect()
    }
}

fn own_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

#[cfg(test)]
#[path = "sagemaker_tests.rs"]
mod tests;
