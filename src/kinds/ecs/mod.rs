//! ECS services: desired count 0 in the evening, and the saved count in the morning.
//!
//! Application Auto Scaling would bring a service back in the night. So it is suspended before the
//! count is set, and put back after it
//! (docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html).

pub mod bills;
pub mod remote;
mod service;

use std::collections::BTreeMap;
use std::time::Duration;

pub use self::service::{Call, Deployed, Launch, Original, Scheduling, Seen, Size, Status, Step};
use crate::failure::{Class, Failure};
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::{
    Case, Decision, DecisionOf, Describe, Effect, Held, Progress, Rules, Verdict,
};
use crate::kinds::scaling::{self, Suspended};
use crate::model::{Description, KindName, Phase, RequestRate, Requests, State, count};
use crate::select::spelling::Characters;
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("ecs"),
    title: "ECS services",
    tagging_type: "ecs:service",
    arn_prefix: "service/",
    tier: Tier::Services,
    // docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    name_characters: Characters::LettersDigitsAnd("-_"),
    ignores_case: false,
    in_clusters: true,
    has_this_function: false,
    permissions: &[
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:UpdateService",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:RegisterScalableTarget",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

const fn rate(operation: &'static str, per_second: u32) -> RequestRate {
    RequestRate {
        service: "ecs",
        requests: Requests::Of(operation),
        per_second,
        source: "docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html",
    }
}

const REQUEST_RATES: &[RequestRate] = &[
    rate("ListClusters", 20),
    rate("ListServices", 20),
    rate("DescribeServices", 20),
    rate("DescribeTaskDefinition", 20),
    rate("UpdateService", 5),
    scaling::REQUEST_RATE,
];

/// The end of a deployment is looked for this long after AWS refused a count.
const DEPLOYMENT_PAUSE: Duration = Duration::from_secs(30);

type Decided = DecisionOf<Services>;

pub struct Services {
    /// A stop may last so long: what is scheduled meanwhile is not done.
    pub longest_stop_hours: f64,
}

impl Describe for Services {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        if seen.status == Status::Draining {
            return Description::new(State::Pending, "DRAINING", seen.usage());
        }
        let state = match (seen.scheduling, seen.desired, seen.running) {
            (Scheduling::Daemon, ..) => State::Running,
            (_, 0, 0) => State::Stopped,
            (_, desired, running) if running < desired || desired == 0 => State::Pending,
            _ => State::Running,
        };
        let mut description = Description::new(state, seen.summary(), seen.usage());
        if seen.launch == Launch::Instances && seen.desired > 0 {
            description.notes.push(
                "its tasks run on instances, which bill on unless their capacity provider scales them in"
                    .to_owned(),
            );
        }
        if let Some(scaling) = seen.scaling()
            && scaling.suspended != Suspended::ALL
            && scaling.min > 0
            && seen.desired == 0
        {
            description.notes.push(format!(
                "its desired count is 0, and its scaling has a minimum of {}: an alarm or a scheduled action may bring it \
                 back at any time",
                scaling.min
            ));
        }
        description
    }

    fn tags(seen: &Seen) -> Option<&BTreeMap<String, String>> {
        Some(&seen.tags)
    }
}

impl Rules for Services {
    type Original = Original;
    type Call = Call;
    type Wait = Deployed;

    fn stop(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen.filter(|seen| seen.status == Status::Active) else {
            return case.gone();
        };
        if seen.scheduling == Scheduling::Daemon {
            return Decision::leave(
                Verdict::Skipped,
                "its scheduling strategy is DAEMON: it has a task on each instance, and no desired count",
            );
        }
        let held = case.held.as_ref();
        if let Some(held) = held.filter(|held| is_ours(held, seen)) {
            return stop_on(seen, held);
        }
        if seen.desired == 0 {
            // Scaling that is owed to one of its name still comes back.
            let why = match held {
                Some(_) => "a person made it anew, and its desired count is 0",
                None => "its desired count is 0",
            };
            return Decision::leave(Verdict::AlreadyStopped, why);
        }
        if let Some(deployment) = &seen.deployment {
            return Decision::leave(
                Verdict::Later,
                format!("a deployment is under way ({deployment}): it is waited for"),
            );
        }
        if let Some(Err(failure)) = &seen.scaling {
            return Decision::leave(
                Verdict::Skipped,
                format!("it could come back in the night: its scaling cannot be seen: {failure}"),
            );
        }
        self.stop_anew(seen, held, case.now.as_second())
    }

    fn start(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(Held { original, phase }) = &case.held else {
            return Decision::leave(Verdict::AlreadyRunning, "");
        };
        let Some(seen) = case.seen.filter(|seen| seen.status == Status::Active) else {
            return case.gone();
        };
        let resume = original.to_resume(seen);
        let is_persons = !seen.is_of(original)
            || (seen.desired != 0
                && (*phase == Phase::Stopped || seen.desired != original.desired));
        if is_persons {
            let now = count(seen.desired, "task");
            let why = if seen.is_of(original) {
                format!("a person set its desired count to {}: it stays so", seen.desired)
            } else {
                format!("a person made it anew with {now}: it stays so")
            };
            return match resume {
                // What we suspended is given back, whoever set the count.
                Some(suspended) => {
                    let resume = Step::Call(Call::Resume { suspended });
                    Decision::resume(vec![resume], Some(seen.clone())).because(why)
                }
                None if *phase == Phase::Starting => {
                    Decision::resume(Vec::new(), Some(seen.clone())).because(why)
                }
                None => Decision::leave(Verdict::Released, why),
            };
        }
        // A count that is there already is set all the same: a call of a stop that died may show
        // only now.
        let missed = original.missed(case.now.as_second());
        let steps = way_up(original.desired, resume);
        Decision::resume(steps, Some(seen.at(original.desired))).warn(missed)
    }

    fn effect(&self, step: &Step) -> Effect {
        match step {
            Step::Call(Call::Count { .. }) => Effect::Slow,
            Step::Call(_) => Effect::AtOnce,
            Step::Wait(_) | Step::GiveUp(_) => Effect::Awaited,
        }
    }

    fn progress(
        &self,
        call: &Call,
        seen: Option<&Seen>,
        refused: Option<&Failure>,
    ) -> Progress<Step> {
        let Some(seen) = seen.filter(|seen| seen.status == Status::Active) else {
            return Progress::Failed("the service was deleted".to_owned());
        };
        match call {
            Call::Suspend { desired } => suspended(*desired, seen),
            Call::Count { to: 0, resume } => stopped(*resume, seen, refused),
            Call::Count { to, resume } => started(*to, *resume, seen, refused),
            Call::Resume { suspended } => resumed(*suspended, seen),
        }
    }

    fn waited(&self, Deployed: &Deployed, seen: Option<&Seen>) -> Progress<Step> {
        match seen.and_then(|seen| seen.deployment.as_ref()) {
            Some(deployment) => Progress::Waiting(format!("its deployment ({deployment})")),
            None => Progress::Done,
        }
    }
}

/// Tells whether our own calls have led to what is there, or will have.
///
/// A stopped service has the count 0: any other is a person's.
fn is_ours(held: &Held<Original>, seen: &Seen) -> bool {
    seen.is_of(&held.original)
        && match held.phase {
            Phase::Stopped => seen.desired == 0,
            _ => seen.desired == 0 || seen.desired == held.original.desired,
        }
}

/// Goes on with a stop where another stop, or a start, came to its end.
fn stop_on(seen: &Seen, held: &Held<Original>) -> Decided {
    if held.phase == Phase::Stopped {
        return Decision::leave(Verdict::AlreadyStopped, "");
    }
    Decision::resume(way_down(seen, &held.original), Some(seen.at(0)))
}

/// Leads down: the scaling first, so that nothing brings the service back.
fn way_down(seen: &Seen, original: &Original) -> Vec<Step> {
    let scaling = seen.scaling().filter(|scaling| scaling.suspended != Suspended::ALL);
    let suspend = scaling.map(|_| Step::Call(Call::Suspend { desired: seen.desired }));
    let resume = original.suspended.filter(|suspended| *suspended != Suspended::ALL);
    let count = Step::Call(Call::Count { to: 0, resume });
    suspend.into_iter().chain([count]).collect()
}

/// Leads up: the count first, and then the scaling, which would change it.
fn way_up(to: u32, resume: Option<Suspended>) -> Vec<Step> {
    let count = Step::Call(Call::Count { to, resume });
    let resume = resume.map(|suspended| Step::Call(Call::Resume { suspended }));
    [count].into_iter().chain(resume).collect()
}

impl Services {
    /// Begins a stop of a service whose count is its own, or a person's.
    fn stop_anew(&self, seen: &Seen, held: Option<&Held<Original>>, now: i64) -> Decided {
        let mut original = Original::of(seen, held.map(|held| &held.original));
        original.actions.retain(|action| !action.has_passed(now));
        let steps = way_down(seen, &original);
        let why = match held {
            Some(held) if !seen.is_of(&held.original) => {
                "a person had made it anew since the last stop".to_owned()
            }
            Some(Held { phase: Phase::Stopped, .. }) => {
                format!(
                    "a person had set its desired count to {} since the last stop",
                    seen.desired
                )
            }
            Some(_) => format!("its desired count had become {} meanwhile", seen.desired),
            None => String::new(),
        };
        let warnings = original.not_to_come(now, self.longest_stop_hours);
        Decision::save_and(original, steps, Some(seen.at(0))).because(why).warn(warnings)
    }
}

/// Tells how far the suspension has come.
///
/// The count that it found is the one to save.
fn suspended(desired: u32, seen: &Seen) -> Progress<Step> {
    match &seen.scaling {
        Some(Ok(None)) => Progress::Done,
        Some(Ok(Some(scaling))) if scaling.suspended != Suspended::ALL => Progress::NotBegun,
        Some(Ok(Some(_))) if seen.desired == desired => Progress::Done,
        Some(Ok(Some(_))) => {
            Progress::Anew(format!("its scaling had changed its count to {}", seen.desired))
        }
        Some(Err(failure)) => unseen(failure),
        None => Progress::NotBegun,
    }
}

/// Tells how far the scaling is resumed.
fn resumed(wanted: Suspended, seen: &Seen) -> Progress<Step> {
    match &seen.scaling {
        Some(Ok(None)) => Progress::Done,
        Some(Ok(Some(scaling))) => {
            let left = scaling.suspended.zip(wanted, |now, wanted| now && !wanted);
            if left == Suspended::NONE { Progress::Done } else { Progress::NotBegun }
        }
        Some(Err(failure)) => unseen(failure),
        None => Progress::NotBegun,
    }
}

/// Judges a look at scaling that failed.
fn unseen(failure: &Failure) -> Progress<Step> {
    if failure.class == Class::Transient {
        Progress::Waiting(failure.to_string())
    } else {
        Progress::Failed(failure.to_string())
    }
}

/// Tells how far the way down has come.
fn stopped(resume: Option<Suspended>, seen: &Seen, refused: Option<&Failure>) -> Progress<Step> {
    if seen.desired == 0 {
        return match seen.running + seen.pending {
            0 => Progress::Done,
            tasks => Progress::Waiting(format!("{} to stop", count(tasks, "task"))),
        };
    }
    let Some(why) = refused else { return Progress::NotBegun };
    let again = vec![Step::Call(Call::Count { to: 0, resume })];
    if let Some(again) = after_the_deployment(again, seen) {
        return again;
    }
    match resume {
        // Without the stop, the service is to scale as before.
        Some(suspended) => Progress::Instead {
            steps: vec![Step::Call(Call::Resume { suspended }), Step::GiveUp(why.to_string())],
            why: why.to_string(),
            pause: Duration::ZERO,
        },
        None => Progress::NotBegun,
    }
}

/// Tells how far the way up has come. A count that a person set meanwhile stays.
fn started(
    to: u32,
    resume: Option<Suspended>,
    seen: &Seen,
    refused: Option<&Failure>,
) -> Progress<Step> {
    if seen.desired == 0 {
        return refused
            .and_then(|_| after_the_deployment(way_up(to, resume), seen))
            .unwrap_or(Progress::NotBegun);
    }
    if seen.running >= seen.desired { Progress::Done } else { Progress::Waiting(seen.lacking()) }
}

/// Sets a count after a deployment, if one is under way.
///
/// AWS refuses a count while a deployment of another controller is under way.
fn after_the_deployment(then: Vec<Step>, seen: &Seen) -> Option<Progress<Step>> {
    let deployment = seen.deployment.as_ref()?;
    Some(Progress::Instead {
        steps: [Step::Wait(Deployed)].into_iter().chain(then).collect(),
        why: format!("its deployment ({deployment})"),
        pause: DEPLOYMENT_PAUSE,
    })
}

#[cfg(test)]
mod tests;
