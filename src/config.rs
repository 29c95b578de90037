//! The environment becomes a [`Config`] here, or every problem with it is named at once.
//!
//! The names of all variables stand here, but for the lists of names, which the kinds know.

mod lists_of_0_1;
mod settings;

use std::time::Duration;

use jiff::tz::TimeZone;
use thiserror::Error;
use tracing::level_filters::LevelFilter;

pub use self::settings::{Found, Problem};
use self::settings::{NAME_RULE, SettingReader, is_name, parse_level, parse_tags};
use crate::model::KindName;
use crate::select::resources::Resources;
use crate::select::spelling::Spelling;

/// A configuration has everything that the environment decides.
#[derive(Debug, Clone)]
pub struct Config {
    pub project: String,
    pub environment: String,
    pub state_bucket: String,
    pub state_prefix: String,
    pub topic_arn: Option<String>,
    pub resources: Resources,
    /// Resources that carry all of these tags are managed too.
    pub target_tags: Vec<(String, String)>,
    pub dry_run_default: bool,
    /// At most so many calls are made at once, for each kind.
    pub max_workers: usize,
    /// A resource in transition is looked at after this time, and then less often.
    pub poll: Duration,
    /// A stream that keeps its records for less time than this gets a warning.
    pub longest_stop_hours: f64,
    /// The function makes at most this share of the calls a second that AWS takes.
    pub rate_share: f64,
    pub log_level: LevelFilter,
    /// Savings are counted in the days and months of this time zone.
    pub schedule_timezone: TimeZone,
    /// CloudWatch has the metrics in this namespace. `None`: there are none, because they bill.
    pub metrics_namespace: Option<String>,
    /// Lambda tells the function its own name.
    ///
    /// The function never manages itself, and calls itself to go on.
    pub function_name: Option<String>,
    /// Lambda tells the function its region.
    pub region: String,
}

/// Describes a variable of the environment, for the table in docs/reference.md.
pub struct Variable {
    pub name: &'static str,
    pub default: &'static str,
    pub rule: &'static str,
}

/// Lists the variables that are read.
pub const VARIABLES: [Variable; 17] = [
    Variable {
        name: "PROJECT_NAME",
        default: "required",
        rule: "1 to 64 letters, digits, `-` and `_`, first a letter or digit",
    },
    Variable { name: "ENVIRONMENT", default: "`dev`", rule: "the same" },
    Variable { name: "STATE_BUCKET", default: "required", rule: "name of an S3 bucket" },
    Variable {
        name: "STATE_PREFIX",
        default: "`PROJECT_NAME/ENVIRONMENT`",
        rule: "1 to 512 letters, digits and ``! - _ . * ' ( ) /``, no slash at either end",
    },
    Variable {
        name: "SNS_TOPIC_ARN",
        default: "none: no message",
        rule: "ARN of a standard topic",
    },
    Variable {
        name: "RESOURCES",
        default: "`*:PROJECT_NAME-*`",
        rule: "`kind:pattern,pattern;kind:…`, see [below](#which-resources-are-managed): what is managed",
    },
    Variable {
        name: "TARGET_TAGS",
        default: "none",
        rule: "`Key=Value`, separated by commas: resources that carry all of these tags are managed too",
    },
    Variable { name: "DRY_RUN_DEFAULT", default: "`false`", rule: "`true` or `false`" },
    Variable { name: "MAX_WORKERS", default: "`10`", rule: "1 to 64: calls at once, of each kind" },
    Variable {
        name: "POLL_SECONDS",
        default: "`15`",
        rule: "decimal above 0, at most 3600: how soon after its call something in transition is looked at; the looks \
               come less and less often after that, up to four times as long or a minute",
    },
    Variable {
        name: "LONGEST_STOP_HOURS",
        default: "`63`",
        rule: "number of 0 or more: how long a stop may last; a stream that keeps its records for less gets a warning, \
               and so does a service with scheduled actions in that time",
    },
    Variable {
        name: "RATE_SHARE",
        default: "`1`",
        rule: "above 0, at most 1000: how much of the calls a second that AWS allows the account may be used; `0.5` \
               leaves half to others, more than 1 is for raised quotas",
    },
    Variable {
        name: "SCHEDULE_TIMEZONE",
        default: "`UTC`",
        rule: "IANA name, such as `Europe/Berlin`: whose days and months savings are counted in",
    },
    Variable {
        name: "METRICS_NAMESPACE",
        default: "none: no metrics",
        rule: "CloudWatch namespace, see [Metrics](#metrics)",
    },
    Variable {
        name: "LOG_LEVEL",
        default: "`info`",
        rule: "`trace` `debug` `info` `warn` `error`",
    },
    Variable {
        name: "AWS_REGION",
        default: "required",
        rule: "set by Lambda; elsewhere set it to your region",
    },
    Variable {
        name: "AWS_LAMBDA_FUNCTION_NAME",
        default: "none",
        rule: "set by Lambda: the function never manages itself, and calls itself to go on",
    },
];

/// Tells all that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the configuration is not usable, nothing was changed: {}",
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadConfig(pub Vec<Problem>);

impl Config {
    /// Reads the configuration, or finds every problem with it.
    ///
    /// `lookup` finds a variable's value. `lists_of_0_1` are the variables of an earlier version,
    /// which are refused.
    pub fn parse(
        lookup: impl Fn(&str) -> Option<String>,
        kinds: &[Spelling],
        lists_of_0_1: &[(KindName, &'static str)],
    ) -> Result<Self, BadConfig> {
        let mut reader = SettingReader { lookup: &lookup, problems: Vec::new() };
        let project =
            reader.required("PROJECT_NAME", NAME_RULE, |v| is_name(v).then(|| v.to_owned()));
        let environment = reader
            .optional("ENVIRONMENT", NAME_RULE, |v| is_name(v).then(|| v.to_owned()))
            .unwrap_or_else(|| "dev".to_owned());
        let state_bucket = reader.state_bucket();
        let state_prefix = reader.state_prefix();
        let topic_arn = reader.topic_arn();
        let name = project.as_deref().unwrap_or("PROJECT_NAME");
        reader.refuse_lists_of_0_1(lists_of_0_1, kinds, name);
        let resources = reader.resources(kinds, name);
        let target_tags = reader
            .optional("TARGET_TAGS", "must be a list of Key=Value, separated by commas", parse_tags)
            .unwrap_or_default();
        let dry_run_default = reader
            .optional("DRY_RUN_DEFAULT", "must be true or false", |v| v.parse().ok())
            .unwrap_or(false);
        let max_workers = reader.max_workers();
        let poll = reader.poll();
        let longest_stop_hours = reader.longest_stop_hours();
        let rate_share = reader.rate_share();
        let log_level = reader
            .optional("LOG_LEVEL", "must be one of trace, debug, info, warn, error", parse_level)
            .unwrap_or(LevelFilter::INFO);
        let schedule_timezone = reader.schedule_timezone();
        let metrics_namespace = reader.metrics_namespace();
        let function_name = reader.optional("AWS_LAMBDA_FUNCTION_NAME", "", |v| Some(v.to_owned()));
        let region = reader.required(
            "AWS_REGION",
            "is set by Lambda; elsewhere set it to your region",
            |v| Some(v.to_owned()),
        );
        match (project, state_bucket, region) {
            (Some(project), Some(state_bucket), Some(region)) if reader.problems.is_empty() => {
                Ok(Config {
                    state_prefix: state_prefix
                        .unwrap_or_else(|| format!("{project}/{environment}")),
                    project,
                    environment,
                    state_bucket,
                    topic_arn,
                    resources,
                    target_tags,
                    dry_run_default,
                    max_workers,
                    poll,
                    longest_stop_hours,
                    rate_share,
                    log_level,
                    schedule_timezone,
                    metrics_namespace,
                    function_name,
                    region,
                })
            }
            _ => Err(BadConfig(reader.problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::spelling::Characters;

    const fn kind(name: &'static str) -> Spelling {
        let characters = Characters::LettersDigitsAnd("-_");
        let kind = KindName::new(name);
        Spelling { kind, characters, ignores_case: false, in_clusters: false }
    }

    const KINDS: [Spelling; 2] = [kind("kinesis"), kind("lambda")];
    const LISTS: [(KindName, &str); 2] =
        [(KINDS[0].kind, "KINESIS_STREAMS"), (KINDS[1].kind, "LAMBDA_FUNCTIONS")];

    fn parse(vars: &[(&str, &str)]) -> Result<Config, BadConfig> {
        let usual =
            [("PROJECT_NAME", "shop"), ("STATE_BUCKET", "shop-state"), ("AWS_REGION", "us-east-1")];
        Config::parse(
            |name| {
                let of = |vars: &[(&str, &str)]| {
                    vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
                };
                of(vars).or_else(|| of(&usual))
            },
            &KINDS,
            &LISTS,
        )
    }

    fn problems(vars: &[(&str, &str)]) -> String {
        let problems = parse(vars).unwrap_err().0;
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_defaults_are_those_of_the_reference() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.environment, "dev");
        assert_eq!(config.state_prefix, "shop/dev");
        assert_eq!(config.max_workers, 10);
        assert_eq!(config.poll, Duration::from_secs(15));
        assert_eq!(config.longest_stop_hours.to_string(), "63");
        assert!(!config.dry_run_default);
        assert!(config.topic_arn.is_none());
        assert_eq!(config.resources.to_string(), "*:shop-*");
    }

    #[test]
    fn the_variables_that_are_read_are_those_that_are_documented() {
        let read = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let lookup = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            Some(String::new())
        };
        Config::parse(lookup, &KINDS, &LISTS).unwrap_err();
        let told = VARIABLES.iter().map(|variable| variable.name);
        // Those of 0.1 are refused.
        let told = told.chain(LISTS.map(|(_, variable)| variable)).chain(["EXCLUDE"]);
        assert_eq!(read.into_inner(), told.map(str::to_owned).collect());
    }

    #[test]
    fn what_is_managed_stands_in_one_variable() {
        let resources = |text| parse(&[("RESOURCES", text)]).unwrap().resources.to_string();
        assert_eq!(resources(" *:shop-*; lambda: a , !b;"), "*:shop-*;lambda:a,!b");
        assert_eq!(resources(" ;\n"), "*:shop-*");
        insta::assert_snapshot!(problems(&[("RESOURCES", "lambda:a b;rds:x;kinesis:!y")]), @r#"
        RESOURCES has "lambda:a b"; it must be a name of letters without accents, digits and - _, or a glob (* ?); it has a blank: is a comma missing?
        RESOURCES has "rds:x"; it must begin with a kind and a colon; the kinds are kinesis, lambda and *
        "#);
    }

    #[test]
    fn the_variables_of_0_1_are_refused_with_what_says_the_same() {
        insta::assert_snapshot!(problems(&[
            ("LAMBDA_FUNCTIONS", "audit-*,worker,!worker-2"),
            ("EXCLUDE", "shop-keep, audit-?"),
        ]), @r#"
        LAMBDA_FUNCTIONS is "audit-*,worker,!worker-2"; it must go: RESOURCES says what is managed
        EXCLUDE is "shop-keep, audit-?"; it must go: RESOURCES says what is managed
        RESOURCES is not set; it must be "*:shop-*,!shop-keep,!audit-?;lambda:audit-*,worker,!worker-2" to say the same
        "#);
        insta::assert_snapshot!(problems(&[("KINESIS_STREAMS", "")]), @r#"
        KINESIS_STREAMS is ""; it must go: RESOURCES says what is managed
        RESOURCES is not set; it must be "*:shop-*;kinesis:" to say the same
        "#);
        insta::assert_snapshot!(problems(&[("KINESIS_STREAMS", "a"), ("RESOURCES", "kinesis:a")]), @r#"KINESIS_STREAMS is "a"; it must go: RESOURCES says what is managed"#);
        // It was none in 0.1 either.
        assert!(parse(&[("EXCLUDE", " ")]).is_ok());
    }

    #[test]
    fn an_empty_setting_is_one_that_is_not_set() {
        let config =
            parse(&[("SNS_TOPIC_ARN", ""), ("MAX_WORKERS", " "), ("TARGET_TAGS", "")]).unwrap();
        assert_eq!((config.topic_arn, config.max_workers), (None, 10));
        assert!(config.target_tags.is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once_with_variable_value_and_rule() {
        let problems = parse(&[
            ("PROJECT_NAME", ""),
            ("ENVIRONMENT", "prod/eu"),
            ("STATE_BUCKET", "Bucket"),
            ("STATE_PREFIX", "/state/"),
            ("SNS_TOPIC_ARN", "reports"),
            ("RESOURCES", "kinesis:!a"),
            ("TARGET_TAGS", "team"),
            ("DRY_RUN_DEFAULT", "yes"),
            ("MAX_WORKERS", "65"),
            ("POLL_SECONDS", "0"),
            ("LONGEST_STOP_HOURS", "-1"),
            ("RATE_SHARE", "0"),
            ("LOG_LEVEL", "loud"),
            ("SCHEDULE_TIMEZONE", "Berlin"),
            ("METRICS_NAMESPACE", "AWS/Lambda"),
        ])
        .unwrap_err();
        let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        PROJECT_NAME is not set; it must be 1 to 64 letters, digits, hyphens and underscores, and begin with a letter or digit
        ENVIRONMENT is "prod/eu"; it must be 1 to 64 letters, digits, hyphens and underscores, and begin with a letter or digit
        STATE_BUCKET is "Bucket"; it must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens
        STATE_PREFIX is "/state/"; it must be 1 to 512 letters, digits and any of `! - _ . * ' ( ) /`, without a slash at either end
        SNS_TOPIC_ARN is "reports"; it must be the ARN of a standard SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME
        RESOURCES has "kinesis:!a"; it must have a name to exclude from, in this clause or in that of *
        TARGET_TAGS is "team"; it must be a list of Key=Value, separated by commas
        DRY_RUN_DEFAULT is "yes"; it must be true or false
        MAX_WORKERS is "65"; it must be a whole number from 1 to 64
        POLL_SECONDS is "0"; it must be a decimal number above 0, at most 3600
        LONGEST_STOP_HOURS is "-1"; it must be a number of 0 or more
        RATE_SHARE is "0"; it must be a decimal number above 0, at most 1000
        LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error
        SCHEDULE_TIMEZONE is "Berlin"; it must be the name of an IANA time zone, such as Europe/Berlin
        METRICS_NAMESPACE is "AWS/Lambda"; it must be 1 to 255 letters, digits and any of `. - _ / # :`, and not begin with AWS/
        "#);
    }

    #[test]
    fn numbers_that_are_no_numbers_are_refused() {
        assert!(parse(&[("POLL_SECONDS", "NaN")]).is_err());
        assert!(parse(&[("LONGEST_STOP_HOURS", "inf")]).is_err());
        assert!(parse(&[("MAX_WORKERS", "1.5")]).is_err());
        assert!(parse(&[("LOG_LEVEL", "off")]).is_err());
    }
}
