//! A stopped CloudWatch alarm has its actions disabled, so that it pages nobody.
//!
//! A start enables the actions that a stop has disabled. That holds for metric, composite and log
//! alarms. The alarms themselves go on, and so does their bill
//! (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableAlarmActions.html).

pub mod bills;
pub mod remote;

use std::convert::Infallible;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::{Case, Decision, DecisionOf, Describe, Progress, Rules, StepOf, Verdict};
use crate::model::{Description, KindName, Phase, RequestRate, Requests, State};
use crate::select::spelling::Characters;
use crate::usage::Usage;

pub const INFO: Info = Info {
    name: KindName::new("cloudwatch"),
    title: "CloudWatch alarms",
    tagging_type: "cloudwatch:alarm",
    arn_prefix: "alarm:",
    tier: Tier::Alarms,
    // docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    name_characters: Characters::Printable,
    ignores_case: false,
    in_clusters: false,
    has_this_function: false,
    permissions: &[
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DisableAlarmActions",
        "cloudwatch:EnableAlarmActions",
    ],
    request_rates: REQUEST_RATES,
    bills: bills::ALL,
};

const fn rate(operation: &'static str, per_second: u32) -> RequestRate {
    RequestRate {
        service: "monitoring",
        requests: Requests::Of(operation),
        per_second,
        source: "docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html",
    }
}

const REQUEST_RATES: &[RequestRate] =
    &[rate("DescribeAlarms", 9), rate("DisableAlarmActions", 3), rate("EnableAlarmActions", 3)];

/// The names of the alarms that Application Auto Scaling makes begin with this.
///
/// Such alarms are left alone: without their actions nothing scales.
const TARGET_TRACKING: &str = "TargetTracking-";

/// Holds what was seen of an alarm at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub actions_enabled: bool,
    pub form: Form,
    /// An action of the alarm is a scaling policy: without the action nothing scales.
    pub drives_scaling: bool,
}

/// An alarm's form decides its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Metric {
        metrics: u32,
        high_resolution: bool,
    },
    /// The alarm reads a Metrics Insights query, and bills each metric that the query reads.
    ///
    /// AWS does not tell how many these are.
    Query,
    Composite,
    /// The alarm reads a Logs Insights query.
    Log,
}

/// An original holds the setting that a stop of an alarm changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub actions_enabled: bool,
}

/// A switch is the call that disables or enables an alarm's actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Disable,
    Enable,
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Switch::Disable => "disable its actions",
            Switch::Enable => "enable its actions",
        })
    }
}

pub type Step = StepOf<Alarms>;
type Decided = DecisionOf<Alarms>;

const DISABLE: Step = Step::Call(Switch::Disable);
const ENABLE: Step = Step::Call(Switch::Enable);

/// Decides about CloudWatch alarms. There is nothing to configure.
pub struct Alarms;

impl Describe for Alarms {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        let (state, summary) = if seen.actions_enabled {
            (State::Running, "actions on")
        } else {
            (State::Stopped, "actions off")
        };
        Description::new(state, summary, seen.form.usage())
    }
}

impl Rules for Alarms {
    type Original = Original;
    type Call = Switch;
    type Wait = Infallible;

    fn stop(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return case.gone() };
        if case.held.is_none() && (case.name.starts_with(TARGET_TRACKING) || seen.drives_scaling) {
            return Decision::leave(Verdict::Unmanaged, "it drives auto scaling");
        }
        let off = Some(Seen { actions_enabled: false, ..seen.clone() });
        match (seen.actions_enabled, case.held.as_ref().map(|held| held.phase)) {
            (true, None) => Decision::save_and(
                Original { actions_enabled: seen.actions_enabled },
                vec![DISABLE],
                off,
            ),
            (true, Some(Phase::Stopped)) => Decision::resume(vec![DISABLE], off)
                .because("a person had enabled its actions since the last stop"),
            (true, Some(_)) => Decision::resume(vec![DISABLE], off),
            (false, None) => Decision::leave(
                Verdict::AlreadyStopped,
                "a person had disabled its actions: they stay so",
            ),
            (false, Some(Phase::Stopped)) => Decision::leave(Verdict::AlreadyStopped, ""),
            (false, Some(_)) => Decision::resume(Vec::new(), off),
        }
    }

    fn start(&self, case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return case.gone() };
        let Some(held) = &case.held else {
            return if seen.actions_enabled {
                Decision::leave(Verdict::AlreadyRunning, "")
            } else {
                Decision::leave(Verdict::Skipped, "a person had disabled its actions: they stay so")
            };
        };
        let on = Some(Seen { actions_enabled: held.original.actions_enabled, ..seen.clone() });
        match (seen.actions_enabled, held.phase) {
            (false, _) if held.original.actions_enabled => Decision::resume(vec![ENABLE], on),
            (false, _) | (true, Phase::Starting) => Decision::resume(Vec::new(), on),
            (true, Phase::Stopping) => {
                Decision::leave(Verdict::Released, "its actions had not been disabled")
            }
            (true, _) => Decision::leave(Verdict::Released, "a person enabled its actions since"),
        }
    }

    fn progress(&self, call: &Switch, seen: Option<&Seen>, _: Option<&Failure>) -> Progress<Step> {
        match seen {
            None => Progress::Failed("the alarm was deleted".to_owned()),
            Some(seen) if seen.actions_enabled == (*call == Switch::Enable) => Progress::Done,
            Some(_) => Progress::NotBegun,
        }
    }

    fn waited(&self, wait: &Infallible, _: Option<&Seen>) -> Progress<Step> {
        match *wait {}
    }
}

impl Form {
    /// Returns what an alarm bills, with its actions enabled or not.
    fn usage(self) -> Usage {
        match self {
            Form::Composite => Usage::of(&bills::COMPOSITE, 1),
            Form::Log => Usage::unpriced("log alarm"),
            Form::Query => Usage::unpriced("alarm on a Metrics Insights query"),
            Form::Metric { metrics, high_resolution: true } => {
                Usage::of(&bills::HIGH_RESOLUTION_METRIC, metrics)
            }
            Form::Metric { metrics, high_resolution: false } => Usage::of(&bills::METRIC, metrics),
        }
    }
}

#[cfg(test)]
mod tests;
