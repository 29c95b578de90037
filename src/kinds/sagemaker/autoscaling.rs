//! What Application Auto Scaling knows of a variant: deleting the endpoint deregisters it all,
//! without a word (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-delete.html).

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::count;

/// One scalable target with its policies and scheduled actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub variant: String,
    /// `sagemaker:variant:DesiredInstanceCount` or `…DesiredProvisionedConcurrency`.
    pub dimension: String,
    pub min: i32,
    pub max: i32,
    /// `None`: the service's own role, which registering gives it again.
    pub role_arn: Option<String>,
    pub suspended: Suspended,
    pub policies: Vec<Policy>,
    pub actions: Vec<Action>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    pub scaling_in: bool,
    pub scaling_out: bool,
    pub scheduled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    pub rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    Tracking(Tracking),
    Step(Stepping),
    /// Of a type that this program cannot put back.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracking {
    pub value: f64,
    pub predefined: Option<Predefined>,
    pub customized: Option<Customized>,
    pub scale_in_cooldown: Option<i32>,
    pub scale_out_cooldown: Option<i32>,
    pub disable_scale_in: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predefined {
    pub metric: String,
    pub resource_label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customized {
    pub metric: Option<String>,
    pub namespace: Option<String>,
    pub dimensions: Option<Vec<(String, String)>>,
    pub statistic: Option<String>,
    pub unit: Option<String>,
    pub queries: Option<Vec<Query>>,
}

/// One part of a metric that is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub id: String,
    pub expression: Option<String>,
    pub label: Option<String>,
    pub return_data: Option<bool>,
    pub stat: Option<Stat>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat {
    pub stat: String,
    pub unit: Option<String>,
    pub metric: Option<String>,
    pub namespace: Option<String>,
    pub dimensions: Option<Vec<(String, String)>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stepping {
    pub adjustment_type: Option<String>,
    pub adjustments: Vec<Adjustment>,
    pub min_magnitude: Option<i32>,
    pub cooldown: Option<i32>,
    pub aggregation: Option<String>,
    /// The alarms that set it off. They point to the policy's ARN, which it does not get again.
    pub alarms: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub by: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub name: String,
    pub schedule: String,
    pub timezone: Option<String>,
    /// Milliseconds since 1970.
    pub starts_at: Option<i64>,
    pub ends_at: Option<i64>,
    /// `None`: it sets no capacity.
    pub capacity: Option<Capacity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    pub min: Option<i32>,
    pub max: Option<i32>,
}

/// Every dimension of a variant begins with it.
const DIMENSION_PREFIX: &str = "sagemaker:variant:Desired";

/// The endpoint and the variant of `endpoint/NAME/variant/VARIANT`.
pub fn parse_resource_id(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix("endpoint/")?.split_once("/variant/")
}

pub fn resource_id(endpoint: &str, variant: &str) -> String {
    format!("endpoint/{endpoint}/variant/{variant}")
}

impl Target {
    /// Whether it is registered as wanted and has all that is wanted of it at this time.
    pub fn includes(&self, wanted: &Target, now: i64) -> bool {
        let has = |policy: &Policy| self.policies.iter().any(|own| own.is_same(policy));
        self.is_of_same(wanted)
            && (self.min, self.max, self.suspended) == (wanted.min, wanted.max, wanted.suspended)
            && self.role_arn == wanted.role_arn
            && wanted.policies.iter().all(has)
            && wanted.actions.iter().all(|action| action.has_passed(now) || self.actions.contains(action))
    }

    pub fn is_of_same(&self, other: &Target) -> bool {
        self.variant == other.variant && self.dimension == other.dimension
    }

    /// What of it this program could not put back.
    pub fn obstacle(&self) -> Option<String> {
        self.policies.iter().find_map(|policy| match &policy.rule {
            Rule::Other(kind) => Some(format!("its scaling policy {} is of the type {kind}", policy.name)),
            Rule::Tracking(_) | Rule::Step(_) => None,
        })
    }

    /// What putting it back cannot bring back.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.policies.iter().filter_map(|policy| match &policy.rule {
            Rule::Step(Stepping { alarms, .. }) if !alarms.is_empty() => Some(format!(
                "the scaling policy {} comes back under another ARN: afterwards, point its alarms to that: {}",
                policy.name,
                alarms.join(", ")
            )),
            _ => None,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dimension = self.dimension.strip_prefix(DIMENSION_PREFIX).unwrap_or(&self.dimension);
        write!(f, "scaling of {} ({dimension} {} to {})", self.variant, self.min, self.max)?;
        let mut extras = Vec::new();
        match self.policies.len() {
            0 => {}
            1 => extras.push("1 policy".to_owned()),
            number => extras.push(format!("{number} policies")),
        }
        if !self.actions.is_empty() {
            extras.push(count(self.actions.len() as u64, "scheduled action"));
        }
        if !extras.is_empty() {
            write!(f, " with {}", extras.join(" and "))?;
        }
        Ok(())
    }
}

impl Policy {
    /// The alarms of a step policy are its users, not its settings.
    fn is_same(&self, other: &Policy) -> bool {
        match (&self.rule, &other.rule) {
            (Rule::Step(one), Rule::Step(two)) => {
                self.name == other.name && Stepping { alarms: two.alarms.clone(), ..one.clone() } == *two
            }
            _ => self == other,
        }
    }
}

impl Action {
    /// Whether its only time, or the end of its time, is over. AWS takes no such action.
    pub fn has_passed(&self, now: i64) -> bool {
        self.ends_at.is_some_and(|end| end / 1000 <= now) || self.only_time().is_some_and(|time| time <= now)
    }

    /// The time of `at(2026-12-24T18:00:00)`. `None` for cron and rate, and what cannot be read.
    fn only_time(&self) -> Option<i64> {
        let text = self.schedule.strip_prefix("at(")?.strip_suffix(')')?.trim();
        let zone = match self.timezone.as_deref() {
            None | Some("UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).ok()?,
        };
        let time = zone.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
        Some(time.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(schedule: &str) -> Action {
        Action {
            name: "evening".to_owned(),
            schedule: schedule.to_owned(),
            timezone: None,
            starts_at: None,
            ends_at: None,
            capacity: Some(Capacity { min: Some(1), max: None }),
        }
    }

    pub fn target() -> Target {
        Target {
            variant: "AllTraffic".to_owned(),
            dimension: "sagemaker:variant:DesiredInstanceCount".to_owned(),
            min: 1,
            max: 4,
            role_arn: None,
            suspended: Suspended { scaling_in: true, scaling_out: false, scheduled: false },
            policies: vec![Policy {
                name: "steps".to_owned(),
                rule: Rule::Step(Stepping {
                    adjustment_type: Some("ChangeInCapacity".to_owned()),
                    adjustments: vec![Adjustment { lower: Some(0.0), upper: None, by: 1 }],
                    min_magnitude: None,
                    cooldown: Some(60),
                    aggregation: None,
                    alarms: vec!["too-many-requests".to_owned()],
                }),
            }],
            actions: vec![action("cron(0 18 * * ? *)")],
        }
    }

    #[test]
    fn an_action_whose_only_time_is_over_has_passed() {
        let noon = "2026-01-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
        assert!(action("at(2026-01-01T12:00:00)").has_passed(noon));
        assert!(!action("at(2026-01-01T12:00:01)").has_passed(noon));
        assert!(!action("cron(0 1 * * ? *)").has_passed(noon));
        assert!(!action("rate(1 day)").has_passed(noon));
        let berlin = |time| Action { timezone: Some("Europe/Berlin".to_owned()), ..action(time) };
        assert!(berlin("at(2026-01-01T13:00:00)").has_passed(noon));
        assert!(!berlin("at(2026-01-01T13:00:01)").has_passed(noon));
        assert!(Action { ends_at: Some(noon * 1000), ..action("rate(1 day)") }.has_passed(noon));
    }

    #[test]
    fn a_target_lacks_whatever_of_it_is_missing_or_different() {
        let wanted = target();
        assert!(wanted.includes(&wanted, 0));
        for change in [
            |target: &mut Target| target.min = 0,
            |target: &mut Target| target.max = 5,
            |target: &mut Target| target.suspended.scaling_in = false,
            |target: &mut Target| target.role_arn = Some("arn".to_owned()),
            |target: &mut Target| target.dimension.push('X'),
            |target: &mut Target| target.policies.clear(),
            |target: &mut Target| target.policies[0].rule = Rule::Other("PredictiveScaling".to_owned()),
            |target: &mut Target| target.actions.clear(),
            |target: &mut Target| target.actions[0].schedule = "rate(1 day)".to_owned(),
        ] {
            let mut lacking = wanted.clone();
            change(&mut lacking);
            assert!(!lacking.includes(&wanted, 0), "{lacking:?}");
        }
    }

    #[test]
    fn an_action_that_has_passed_is_not_missed_and_nor_are_a_policys_alarms() {
        let mut wanted = target();
        wanted.actions.push(action("at(2020-01-01T00:00:00)"));
        let mut there = target();
        let Rule::Step(steps) = &mut there.policies[0].rule else { unreachable!() };
        steps.alarms.clear();
        assert!(there.includes(&wanted, 2_000_000_000));
        assert!(!there.includes(&wanted, 0));
    }

    #[test]
    fn alarms_that_set_off_a_step_policy_are_warned_of() {
        let warnings: Vec<String> = target().warnings().collect();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("too-many-requests"), "{warnings:?}");
    }

    #[test]
    fn a_policy_that_cannot_be_put_back_is_an_obstacle() {
        let mut target = target();
        assert_eq!(target.obstacle(), None);
        target.policies[0].rule = Rule::Other("PredictiveScaling".to_owned());
        assert_eq!(target.obstacle().unwrap(), "its scaling policy steps is of the type PredictiveScaling");
    }

    #[test]
    fn a_target_is_told_in_words() {
        assert_eq!(
            target().to_string(),
            "scaling of AllTraffic (InstanceCount 1 to 4) with 1 policy and 1 scheduled action"
        );
    }

    #[test]
    fn a_resource_id_names_the_endpoint_and_the_variant() {
        assert_eq!(parse_resource_id(&resource_id("risk", "Blue")), Some(("risk", "Blue")));
        assert_eq!(parse_resource_id("inference-component/x"), None);
    }
}
