//! SageMaker endpoints: deleted in the evening, created again from their config in the morning.
//!
//! Deleting an endpoint leaves its config and its models
//! (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html); everything else
//! that it had is in [`Original`].

pub mod remote;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Case, Decision, Held, Info, Progress, Rules, Tier, Verdict};
use crate::journal::Phase;
use crate::model::{KindName, Rate, Standing, State, count};
use crate::pricing::PriceBook;

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
        "sagemaker:ListTags",
        "sagemaker:DeleteEndpoint",
        "sagemaker:CreateEndpoint",
        "sagemaker:AddTags",
    ],
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub status: Status,
    pub failure_reason: Option<String>,
    /// Seconds since 1970. Tells an endpoint from a later one of the same name.
    pub created_at: Option<i64>,
    pub config_name: String,
    pub variants: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
    /// Why the endpoint could not be created again.
    pub obstacle: Option<String>,
}

/// A production variant as it runs, which need not be as its config says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub name: String,
    /// `None`: serverless.
    pub instance_type: Option<String>,
    pub instances: u32,
    pub weight: f32,
}

/// `EndpointStatus` (docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    InService,
    Creating,
    Deleting,
    Failed,
    /// Updating, SystemUpdating, RollingBack: changes until it is in service again.
    Changing(String),
    /// OutOfService, UpdateRollbackFailed, or one that did not exist when this was written.
    Other(String),
}

/// What deleting the endpoint loses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub config_name: String,
    pub created_at: Option<i64>,
    pub variants: Vec<Variant>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    Delete,
    AwaitDeleted,
    /// Out of a state in which AWS lets nobody delete it.
    AwaitSettled,
    Create {
        config_name: String,
        tags: BTreeMap<String, String>,
    },
    AwaitInService {
        config_name: String,
        tags: BTreeMap<String, String>,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Delete => f.write_str("delete the endpoint"),
            Step::AwaitDeleted => f.write_str("wait until it is deleted"),
            Step::AwaitSettled => f.write_str("wait until it can be deleted"),
            Step::Create { config_name, .. } => write!(f, "create the endpoint from {config_name}"),
            Step::AwaitInService { .. } => f.write_str("wait until it is in service"),
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

    fn standing(seen: Option<&Seen>, prices: &PriceBook) -> Standing {
        let Some(seen) = seen else {
            return Standing::new(State::Stopped, "deleted", Rate::ZERO);
        };
        let variants = seen.variants.iter().map(Variant::to_string).collect::<Vec<_>>().join(", ");
        let (state, summary) = match &seen.status {
            Status::InService => (State::Running, variants),
            status @ (Status::Creating | Status::Deleting | Status::Changing(_)) => {
                (State::Pending, status.to_string())
            }
            Status::Failed => (State::Stopped, "Failed".to_owned()),
            Status::Other(status) => (State::Running, status.clone()),
        };
        let rate = match seen.status {
            // Nothing was provisioned, or nothing is any more.
            Status::Failed | Status::Deleting => Rate::ZERO,
            // An endpoint that is being created does not tell what it will run.
            _ if seen.variants.is_empty() => Rate::UNKNOWN,
            _ => seen.variants.iter().fold(Rate::ZERO, |sum, variant| sum + variant.rate(prices)),
        };
        let mut standing = Standing::new(state, summary, rate);
        standing.notes.extend(seen.failure_reason.clone());
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
                Verdict::Skipped,
                format!("it is {}: AWS lets nobody delete it until that is over", seen.status),
            ),
            Status::Failed => Decision::leave(Verdict::Skipped, "it is Failed: there is nothing to bring back"),
            Status::Other(status) => Decision::leave(Verdict::Skipped, format!("it is {status}: look at it by hand")),
            Status::InService => match &seen.obstacle {
                Some(obstacle) => {
                    Decision::leave(Verdict::Skipped, format!("it could not be created again: {obstacle}"))
                }
                None if seen.variants.iter().all(|variant| variant.instances == 0) => {
                    Decision::leave(Verdict::Skipped, "it has no instances: there is nothing to gain")
                }
                None if ours => Decision::keep(vec![Step::Delete], None),
                None => Decision::take(Original::of(seen), vec![Step::Delete], None).because(match held {
                    Some(_) => "a person had changed it or created it again since the last stop",
                    None => "",
                }),
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
            Status::InService if ours => Decision::keep(Vec::new(), after),
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
            Step::Create { config_name, tags } | Step::AwaitInService { config_name, tags } => match status {
                None | Some(Status::Deleting) => Progress::NotBegun,
                Some(Status::InService) => Progress::Done,
                Some(Status::Failed | Status::Other(_)) => {
                    let reason = seen.and_then(|seen| seen.failure_reason.as_deref()).unwrap_or("no reason given");
                    if reason.contains("InsufficientInstanceCapacity") {
                        let create = Step::Create { config_name: config_name.clone(), tags: tags.clone() };
                        Progress::Instead {
                            steps: vec![Step::Delete, create],
                            why: reason.to_owned(),
                            pause: CAPACITY_PAUSE,
                        }
                    } else {
                        Progress::Failed(reason.to_owned())
                    }
                }
                Some(status) => Progress::Waiting(status.to_string()),
            },
        }
    }
}

/// Whether the endpoint that is there is the very one the original was saved of, or one that
/// a start of ours has made from it. (A stop that takes over from a start finds the latter.)
fn is_ours(held: &Held<Original>, seen: &Seen) -> bool {
    match held.phase {
        Phase::Stopped | Phase::Running => false,
        // The very one: a person may have changed it since it was saved.
        _ if seen.created_at == held.original.created_at => Original::of(seen) == held.original,
        _ => seen.config_name == held.original.config_name,
    }
}

impl Original {
    fn of(seen: &Seen) -> Self {
        Original {
            config_name: seen.config_name.clone(),
            created_at: seen.created_at,
            variants: seen.variants.clone(),
            // Tags that AWS set cannot be written back
            // (docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
            tags: seen.tags.iter().filter(|(key, _)| !key.starts_with("aws:")).map(own_pair).collect(),
        }
    }

    fn as_seen(&self) -> Seen {
        Seen {
            status: Status::InService,
            failure_reason: None,
            created_at: None,
            config_name: self.config_name.clone(),
            variants: self.variants.clone(),
            tags: self.tags.clone(),
            obstacle: None,
        }
    }

    fn create(&self) -> Step {
        Step::Create { config_name: self.config_name.clone(), tags: self.tags.clone() }
    }

    fn await_in_service(&self) -> Step {
        Step::AwaitInService { config_name: self.config_name.clone(), tags: self.tags.clone() }
    }
}

fn own_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

impl Variant {
    fn rate(&self, prices: &PriceBook) -> Rate {
        match &self.instance_type {
            Some(instance_type) => prices.hosting(instance_type).times(f64::from(self.instances)),
            // Billed by the request. Provisioned concurrency, which is not, counts as instances.
            None if self.instances == 0 => Rate::ZERO,
            None => Rate::UNKNOWN,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instance_type {
            Some(instance_type) => write!(f, "{} × {instance_type}", self.instances),
            None if self.instances > 0 => f.write_str(&count(self.instances, "instance")),
            None => f.write_str("serverless"),
        }
    }
}

impl Status {
    pub fn parse(text: &str) -> Self {
        match text {
            "InService" => Status::InService,
            "Creating" => Status::Creating,
            "Deleting" => Status::Deleting,
            "Failed" => Status::Failed,
            "Updating" | "SystemUpdating" | "RollingBack" => Status::Changing(text.to_owned()),
            other => Status::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::InService => "InService",
            Status::Creating => "Creating",
            Status::Deleting => "Deleting",
            Status::Failed => "Failed",
            Status::Changing(status) | Status::Other(status) => status,
        })
    }
}

#[cfg(test)]
#[path = "sagemaker_tests.rs"]
mod tests;
