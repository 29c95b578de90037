//! Settings are read here, each by a rule of its own.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

use super::lists_of_0_1;
use crate::model::KindName;
use crate::select::resources::Resources;
use crate::select::spelling::Spelling;

/// A problem is a variable that cannot be used, and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub variable: String,
    pub found: Found,
    pub rule: String,
}

/// A variable has this instead of what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Value(String),
    /// This part of the value is wrong.
    Part(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Found::Value(value) => write!(f, "{} is \"{value}\"; it {}", self.variable, self.rule),
            Found::Part(part) => write!(f, "{} has \"{part}\"; it {}", self.variable, self.rule),
            Found::Nothing => write!(f, "{} is not set; it {}", self.variable, self.rule),
        }
    }
}

pub(super) const NAME_RULE: &str =
    "must be 1 to 64 letters, digits, hyphens and underscores, and begin with a letter or digit";

/// Reads one setting after the other, and collects the problems.
pub(super) struct SettingReader<'a> {
    pub lookup: &'a dyn Fn(&str) -> Option<String>,
    pub problems: Vec<Problem>,
}

impl SettingReader<'_> {
    pub fn state_bucket(&mut self) -> Option<String> {
        self.required(
            "STATE_BUCKET",
            "must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and \
             hyphens",
            |v| is_bucket(v).then(|| v.to_owned()),
        )
    }

    pub fn state_prefix(&mut self) -> Option<String> {
        self.optional(
            "STATE_PREFIX",
            "must be 1 to 512 letters, digits and any of `! - _ . * ' ( ) /`, without a slash at \
             either end",
            |v| is_prefix(v).then(|| v.to_owned()),
        )
    }

    pub fn topic_arn(&mut self) -> Option<String> {
        self.optional(
            "SNS_TOPIC_ARN",
            "must be the ARN of a standard SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME",
            |v| is_topic_arn(v).then(|| v.to_owned()),
        )
    }

    /// Reads what is managed. Without a word on it, that is what begins with the project's name.
    pub fn resources(&mut self, kinds: &[Spelling], project: &str) -> Resources {
        let text = (self.lookup)("RESOURCES").unwrap_or_default();
        match Resources::parse(&text, kinds) {
            Ok(resources) if resources.is_empty() => Resources::of_project(project),
            Ok(resources) => resources,
            Err(faults) => {
                for fault in faults {
                    self.problem("RESOURCES", Found::Part(fault.part), &fault.rule);
                }
                Resources::default()
            }
        }
    }

    /// Refuses the variables of 0.1, and says what takes their place.
    pub fn refuse_lists_of_0_1(
        &mut self,
        lists: &[(KindName, &'static str)],
        kinds: &[Spelling],
        project: &str,
    ) {
        // An empty list was one, and switched its kind off.
        let list = |(kind, variable): &(KindName, &'static str)| {
            (*kind, *variable, (self.lookup)(variable))
        };
        let lists: Vec<_> = lists.iter().map(list).collect();
        let exclude = (self.lookup)("EXCLUDE").filter(|list| !list.trim().is_empty());
        let named = lists.iter().map(|(_, variable, list)| (*variable, list.clone()));
        let found = named.chain([("EXCLUDE", exclude.clone())]);
        let found: Vec<(&str, String)> =
            found.filter_map(|(variable, list)| Some((variable, list?))).collect();
        if found.is_empty() {
            return;
        }
        for (variable, list) in found {
            let rule = "must go: RESOURCES says what is managed";
            self.problem(variable, Found::Value(list), rule);
        }
        if (self.lookup)("RESOURCES").is_none_or(|text| text.trim().is_empty()) {
            let lists = lists.into_iter().map(|(kind, _, list)| (kind, list));
            let same = lists_of_0_1::as_resources(lists, exclude.as_deref(), kinds, project);
            let rule = format!("must be \"{same}\" to say the same");
            self.problem("RESOURCES", Found::Nothing, &rule);
        }
    }

    pub fn max_workers(&mut self) -> usize {
        self.optional("MAX_WORKERS", "must be a whole number from 1 to 64", |v| {
            v.parse().ok().filter(|n| (1..=64).contains(n))
        })
        .unwrap_or(10)
    }

    pub fn poll(&mut self) -> Duration {
        self.optional("POLL_SECONDS", "must be a decimal number above 0, at most 3600", |v| {
            let seconds = v.parse().ok().filter(|s| *s > 0.0 && *s <= 3600.0);
            seconds.and_then(|s| Duration::try_from_secs_f64(s).ok())
        })
        .unwrap_or(Duration::from_secs(15))
    }

    pub fn longest_stop_hours(&mut self) -> f64 {
        self.optional("LONGEST_STOP_HOURS", "must be a number of 0 or more", |v| {
            v.parse().ok().filter(|h: &f64| h.is_finite() && *h >= 0.0)
        })
        // From Friday 18:00 to Monday 9:00.
        .unwrap_or(63.0)
    }

    pub fn rate_share(&mut self) -> f64 {
        self.optional("RATE_SHARE", "must be a decimal number above 0, at most 1000", |v| {
            v.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 1000.0)
        })
        .unwrap_or(1.0)
    }

    pub fn schedule_timezone(&mut self) -> TimeZone {
        self.optional(
            "SCHEDULE_TIMEZONE",
            "must be the name of an IANA time zone, such as Europe/Berlin",
            |v| TimeZone::get(v).ok(),
        )
        .unwrap_or(TimeZone::UTC)
    }

    pub fn metrics_namespace(&mut self) -> Option<String> {
        self.optional(
            "METRICS_NAMESPACE",
            "must be 1 to 255 letters, digits and any of `. - _ / # :`, and not begin with AWS/",
            |v| is_namespace(v).then(|| v.to_owned()),
        )
    }
}

impl SettingReader<'_> {
    /// Reads a setting that may be left out.
    ///
    /// An empty variable is left out, too: a template has to set each of them to something.
    pub fn optional<T>(
        &mut self,
        variable: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = (self.lookup)(variable).filter(|value| !value.trim().is_empty())?;
        let parsed = parse(value.trim());
        if parsed.is_none() {
            self.problem(variable, Found::Value(value), rule);
        }
        parsed
    }

    /// Reads a setting that has to be there.
    pub fn required<T>(
        &mut self,
        variable: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if (self.lookup)(variable).is_none_or(|value| value.trim().is_empty()) {
            self.problem(variable, Found::Nothing, rule);
            return None;
        }
        self.optional(variable, rule, parse)
    }

    fn problem(&mut self, variable: &str, found: Found, rule: &str) {
        self.problems.push(Problem { variable: variable.into(), found, rule: rule.into() });
    }
}

pub(super) fn is_name(value: &str) -> bool {
    value.len() <= 64
        && value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Tells whether S3 allows this name for a bucket
/// (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
fn is_bucket(value: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&value.len())
        && value.starts_with(edge)
        && value.ends_with(edge)
        && !value.contains("..")
        && value.chars().all(|c| edge(c) || c == '.' || c == '-')
}

/// Tells whether all characters are those that S3 calls safe in keys
/// (docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
fn is_prefix(value: &str) -> bool {
    value.len() <= 512
        && !value.starts_with('/')
        && !value.ends_with('/')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "!-_.*'()/".contains(c))
}

fn is_topic_arn(value: &str) -> bool {
    let parts: Vec<&str> = value.split(':').collect();
    let [arn, partition, service, region, account, name] = parts[..] else { return false };
    arn == "arn"
        && partition.starts_with("aws")
        && service == "sns"
        && !region.is_empty()
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Tells whether CloudWatch allows this name for a namespace
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html).
pub(super) fn is_namespace(value: &str) -> bool {
    value.len() <= 255
        && !value.starts_with("AWS/")
        && value.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#:".contains(c))
}

pub(super) fn parse_tags(list: &str) -> Option<Vec<(String, String)>> {
    list.split(',')
        .map(|item| {
            let (key, value) = item.split_once('=')?;
            let (key, value) = (key.trim(), value.trim());
            (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect()
}

pub(super) fn parse_level(value: &str) -> Option<LevelFilter> {
    ["trace", "debug", "info", "warn", "error"]
        .contains(&value.to_ascii_lowercase().as_str())
        .then(|| value.parse().ok())?
}
