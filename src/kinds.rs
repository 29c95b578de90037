//! The list of kinds, in the order of reports. To add one: its folder here, and its lines below.

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
use self::kit::{Entry, Kit};
use crate::model::{KindName, RequestRate};

/// The kinds, in the order of reports.
pub const CATALOG: [&Info; 5] =
    [&sagemaker::INFO, &kinesis::INFO, &lambda::INFO, &cloudwatch::INFO, &dynamodb::INFO];

/// The catalog's names.
pub fn names() -> Vec<KindName> {
    CATALOG.iter().map(|info| info.name).collect()
}

/// The catalog's names with their variables.
pub fn variables() -> Vec<(KindName, &'static str)> {
    CATALOG.iter().map(|info| (info.name, info.variable)).collect()
}

/// The requests a second that AWS takes of the kinds' calls.
pub fn request_rates() -> Vec<RequestRate> {
    CATALOG.iter().flat_map(|info| info.request_rates).copied().collect()
}

/// The kinds with real clients, in the catalog's order. A client is made when its kind is first
/// looked at: never, for a kind without patterns and records.
pub fn registry(aws: &aws_config::SdkConfig) -> Vec<Entry> {
    vec![
        Entry::Managed(Kit::lazy(sagemaker::Endpoints, aws, sagemaker::remote::Api::new)),
        Entry::Managed(Kit::lazy(kinesis::Streams, aws, kinesis::remote::Api::new)),
        Entry::Managed(Kit::lazy(lambda::Functions, aws, lambda::remote::Api::new)),
        Entry::Managed(Kit::lazy(cloudwatch::Alarms, aws, cloudwatch::remote::Api::new)),
        Entry::Reported(Box::new(dynamodb::Tables::new(aws))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::info::Tier;
    use std::collections::BTreeSet;

    const REFERENCE: &str = include_str!("../docs/reference.md");

    #[test]
    fn every_kind_has_a_name_a_variable_and_a_type_of_its_own() {
        let different = |of: fn(&Info) -> &str| {
            CATALOG.iter().map(|info| of(info)).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(different(|info| info.name.as_str()), CATALOG.len());
        assert_eq!(different(|info| info.variable), CATALOG.len());
        assert_eq!(different(|info| info.tagging_type), CATALOG.len());
    }

    /// As AWS's pages say, each of which the rate's row names.
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
    fn every_kind_has_its_rows_in_the_reference() {
        for info in CATALOG {
            assert_eq!(
                REFERENCE.matches(&format!("| `{}` |", info.name)).count(),
                2,
                "kind and permissions: {}",
                info.name
            );
            assert!(REFERENCE.contains(&format!("`{}`", info.variable)), "{}", info.variable);
            for permission in info.permissions {
                let (_, action) = permission.split_once(':').unwrap();
                assert!(REFERENCE.contains(&format!("{action}`")), "{permission}");
            }
        }
    }

    #[test]
    fn the_registry_has_the_catalogs_kinds_in_their_order_and_only_report_only_ones_cannot_be_changed()
     {
        let aws = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        for (entry, info) in registry(&aws).iter().zip(CATALOG) {
            assert_eq!(entry.reported().info(), info);
            let managed = matches!(entry, Entry::Managed(_));
            assert_eq!(managed, info.tier != Tier::ReportOnly, "{}", info.name);
        }
        assert_eq!(registry(&aws).len(), CATALOG.len());
    }
}
