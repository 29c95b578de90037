//! This list names all kinds, in the order of reports.
//!
//! A new kind adds its folder to `src/kinds/`, and two lines here.

pub mod cloudwatch;
pub mod dynamodb;
pub mod ecs;
pub mod info;
pub mod kinesis;
pub mod kit;
pub mod lambda;
pub mod remote;
pub mod rules;
pub mod sagemaker;
pub mod scaling;

use self::info::Info;
use self::kit::Kind;
use self::remote::Setup;
use crate::model::{KindName, RequestRate};
use crate::select::spelling::Spelling;
use crate::usage::Bills;

/// A line holds what is known of a kind, and the function that opens it.
type Line = (&'static Info, fn(&Setup<'_>) -> Kind);

const KINDS: &[Line] = &[
    (&sagemaker::INFO, sagemaker::remote::open),
    (&kinesis::INFO, kinesis::remote::open),
    (&ecs::INFO, ecs::remote::open),
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
    let mut rates: Vec<RequestRate> = Vec::new();
    // Several kinds may make calls that share a limit.
    for rate in infos().flat_map(|info| info.request_rates) {
        if !rates.contains(rate) {
            rates.push(*rate);
        }
    }
    rates
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

    /// Each kind's own tests say what the rates are.
    #[test]
    fn a_limit_that_kinds_share_is_there_once_and_every_rate_has_a_source() {
        let rates = request_rates();
        let of_scaling = rates.iter().filter(|rate| **rate == scaling::REQUEST_RATE);
        assert_eq!(of_scaling.count(), 1);
        let limits: BTreeSet<_> = rates.iter().map(|rate| (rate.service, rate.requests)).collect();
        assert_eq!(limits.len(), rates.len(), "a limit has two rates");
        assert!(rates.iter().all(|rate| rate.per_second > 0 && !rate.source.is_empty()));
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

    /// Each kind's own tests say which ARNs are its own.
    #[test]
    fn an_arn_of_no_kind_is_nobodys() {
        for arn in ["arn:aws:s3:::bucket", "arn:aws:sagemaker:us-east-1:123456789012:model/risk"] {
            assert!(infos().all(|info| info.resource_in(arn).is_none()), "{arn}");
        }
    }
}
