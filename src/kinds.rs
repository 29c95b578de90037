//! This list names all kinds, in the order of reports.
//!
//! A new kind adds its folder to `src/kinds/`, and two lines here.

pub mod cloudwatch;
pub mod dynamodb;
pub mod info;
pub mod kinesis;
pub mod kit;
pub mod lambda;
pub mod remote;
pub mod rules;
pub mod sagemaker;

use self::info::Info;
use self::kit::Kind;
use self::remote::Setup;
use crate::model::{KindName, RequestRate};
use crate::select::spelling::Spelling;
use crate::usage::Bills;

/// A line holds what is known of a kind, and the function that opens it.
type Line = (&'static Info, fn(&Setup<'_>) -> Kind);

const KINDS: [Line; 5] = [
    (&sagemaker::INFO, sagemaker::remote::open),
    (&kinesis::INFO, kinesis::remote::open),
    (&lambda::INFO, lambda::remote::open),
    (&cloudwatch::INFO, cloudwatch::remote::open),
    (&dynamodb::INFO, dynamodb::remote::open),
];

/// Returns what is known of each kind before AWS is asked.
pub fn infos() -> impl Iterator<Item = &'static Info> {
    KINDS.iter().map(|(info, _)| *info)
}

/// Returns the kinds' names.
pub fn names() -> Vec<KindName> {
    infos().map(|info| info.name).collect()
}

/// Returns how the kinds' names are written.
pub fn spellings() -> Vec<Spelling> {
    infos().map(Info::spelling).collect()
}

/// Returns the variables of 0.1, each with the kind whose names it listed.
pub fn lists_of_0_1() -> [(KindName, &'static str); 5] {
    [
        (sagemaker::INFO.name, "SAGEMAKER_ENDPOINTS"),
        (kinesis::INFO.name, "KINESIS_STREAMS"),
        (lambda::INFO.name, "LAMBDA_FUNCTIONS"),
        (cloudwatch::INFO.name, "CLOUDWATCH_ALARMS"),
        (dynamodb::INFO.name, "DYNAMODB_TABLES"),
    ]
}

/// Returns how many requests a second AWS takes of the kinds' calls.
pub fn request_rates() -> Vec<RequestRate> {
    infos().flat_map(|info| info.request_rates).copied().collect()
}

/// Returns the bills of all kinds.
pub fn bills() -> Bills {
    infos().flat_map(|info| info.bills).copied().collect()
}

/// Opens all kinds with real AWS clients.
pub fn registry(setup: &Setup<'_>) -> Vec<Kind> {
    KINDS.iter().map(|(_, open)| open(setup)).collect()
}

#[cfg(test)]
mod the_bills;
#[cfg(test)]
mod the_costs;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::info::Tier;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn every_kind_has_a_name_and_a_type_of_its_own() {
        let different = |of: fn(&Info) -> &str| infos().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(different(|info| info.name.as_str()), KINDS.len());
        assert_eq!(different(|info| info.tagging_type), KINDS.len());
    }

    /// The numbers are those of AWS's pages, which the rates name as their sources.
    #[test]
    fn every_kind_keeps_to_its_published_rates() {
        use crate::model::Requests::{AllBut, Of};
        let told: Vec<_> = request_rates()
            .into_iter()
            .map(|rate| {
                assert!(!rate.source.is_empty(), "{rate:?}");
                (rate.service, rate.requests, rate.per_second)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("sagemaker", AllBut(&[]), 10),
                ("application-autoscaling", AllBut(&[]), 10),
                ("kinesis", Of("ListStreams"), 5),
                ("kinesis", Of("DescribeStreamSummary"), 20),
                ("kinesis", Of("UpdateShardCount"), 10),
                ("lambda", AllBut(&["invocations"]), 15),
                ("monitoring", Of("DescribeAlarms"), 9),
                ("monitoring", Of("DisableAlarmActions"), 3),
                ("monitoring", Of("EnableAlarmActions"), 3),
            ]
        );
    }

    #[test]
    fn the_registry_opens_each_kind_of_the_list_as_its_tier_says() {
        let aws = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        let registry =
            registry(&Setup { aws: &aws, poll: Duration::ZERO, longest_stop_hours: 12.0 });
        for (kind, info) in registry.iter().zip(infos()) {
            assert_eq!(kind.info(), info);
            let managed = matches!(kind, Kind::Managed(_));
            assert_eq!(managed, info.tier != Tier::ReportOnly, "{}", info.name);
        }
        assert_eq!(registry.len(), KINDS.len());
    }

    #[test]
    fn this_function_is_of_one_kind() {
        assert_eq!(infos().filter(|info| info.has_this_function).count(), 1);
    }

    #[test]
    fn an_arn_is_read_as_the_kind_and_name_it_stands_for() {
        let all: Vec<String> = [
            "arn:aws:kinesis:us-east-1:123456789012:stream/events",
            "arn:aws:sagemaker:us-east-1:123456789012:endpoint/risk",
            "arn:aws:lambda:us-east-1:123456789012:function:work",
            "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a:b",
            "arn:aws:dynamodb:us-east-1:123456789012:table/t",
            "arn:aws:s3:::bucket",
            "arn:aws:sagemaker:us-east-1:123456789012:model/risk",
        ]
        .into_iter()
        .filter_map(|arn| infos().find_map(|info| info.resource_in(arn)))
        .map(|id| id.to_string())
        .collect();
        assert_eq!(
            all,
            ["kinesis:events", "sagemaker:risk", "lambda:work", "cloudwatch:a:b", "dynamodb:t"]
        );
    }
}
