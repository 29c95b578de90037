//! These tests hold what the kinds' resources cost, at the built-in prices.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cloudwatch::{self, Alarms, Form};
use super::dynamodb::{self, TableClass};
use super::kinesis::{self, Streams};
use super::lambda::{self, Allocation, Functions, Provisioned};
use super::rules::Describe;
use super::sagemaker::{self, Endpoints, Serverless, Status, Variant};
use crate::model::Rate;
use crate::pricing::PriceBook;
use crate::usage::Usage;

fn endpoint(variants: Vec<Variant>, shadows: Vec<Variant>) -> Usage {
    let seen = sagemaker::Seen {
        status: Status::InService,
        failure_reason: None,
        created_at: Some(1),
        config_name: "config".to_owned(),
        variants,
        shadows,
        tags: BTreeMap::new(),
        deployment: None,
        scaling: None,
        obstacle: None,
        looked_at: 2,
    };
    Endpoints { poll: Duration::ZERO }.describe(Some(&seen)).usage
}

fn variant(instance_type: &str, instances: u32) -> Variant {
    Variant {
        name: "AllTraffic".to_owned(),
        instance_type: Some(instance_type.to_owned()),
        instances,
        weight: 1.0,
        serverless: None,
    }
}

fn serverless(memory_mb: Option<u32>, provisioned: u32) -> Variant {
    Variant {
        instance_type: None,
        serverless: Some(Serverless { max_concurrency: 10, provisioned, memory_mb }),
        ..variant("", 0)
    }
}

fn stream(mode: kinesis::Mode, shards: u32, retention_hours: u32, consumers: u32) -> Usage {
    let seen = kinesis::Seen {
        status: kinesis::Status::Active,
        mode,
        shards,
        retention_hours,
        consumers,
        consumer_names: Vec::new(),
    };
    Streams { longest_stop_hours: 12.0 }.describe(Some(&seen)).usage
}

fn function(memory_mb: Option<u32>, is_arm: bool, provisioned: &[u32]) -> Usage {
    let configs = provisioned.iter().enumerate();
    let configs = configs.map(|(n, count)| {
        (n.to_string(), Provisioned { count: *count, status: Allocation::Ready, size: None })
    });
    let size = memory_mb.map(|memory_mb| lambda::Size { memory_mb, is_arm });
    let seen = lambda::Seen { provisioned: configs.collect(), size, ..lambda::Seen::default() };
    Functions.describe(Some(&seen)).usage
}

fn alarm(form: Form) -> Usage {
    Alarms
        .describe(Some(&cloudwatch::Seen { actions_enabled: true, form, drives_scaling: false }))
        .usage
}

fn table(mode: dynamodb::Mode, class: TableClass) -> Usage {
    dynamodb::Tables.describe(Some(&dynamodb::Seen { mode, class, items: 0, bytes: 0 })).usage
}

/// The sums are made by hand, in US dollars a month of 730 hours.
///
/// They are at the built-in prices, which are those of us-east-1.
#[test]
fn the_cost_model_agrees_with_sums_made_by_hand() {
    use dynamodb::Mode::{OnDemand as Requests, Provisioned as Capacity};
    use kinesis::Mode::{OnDemand, Provisioned as Shards};
    let metric = |metrics, high_resolution| Form::Metric { metrics, high_resolution };
    let cases = [
        // Endpoints: instances as they run, of all variants and shadow variants.
        ("0.115 × 730", 83.95, endpoint(vec![variant("ml.m5.large", 1)], vec![])),
        ("2 × 0.115 × 730", 167.90, endpoint(vec![variant("ml.m5.large", 2)], vec![])),
        (
            "(0.23 + 3 × 0.102) × 730",
            391.28,
            endpoint(vec![variant("ml.m5.xlarge", 1), variant("ml.c5.large", 3)], vec![]),
        ),
        (
            "(0.115 + 1.408) × 730",
            1111.79,
            endpoint(vec![variant("ml.m5.large", 1)], vec![variant("ml.g5.xlarge", 1)]),
        ),
        ("20.36 × 730", 14_862.80, endpoint(vec![variant("ml.g5.48xlarge", 1)], vec![])),
        ("4 × 0.7364 × 730", 2150.288, endpoint(vec![variant("ml.g4dn.xlarge", 4)], vec![])),
        ("no instance", 0.0, endpoint(vec![variant("ml.m5.large", 0)], vec![])),
        ("serverless, by the request only", 0.0, endpoint(vec![serverless(Some(2048), 0)], vec![])),
        ("deleted", 0.0, Endpoints { poll: Duration::ZERO }.describe(None).usage),
        // Streams: without their traffic.
        ("0.015 × 730", 10.95, stream(Shards, 1, 24, 0)),
        ("2 × 0.015 × 730", 21.90, stream(Shards, 2, 24, 0)),
        ("100 × 0.015 × 730", 1095.0, stream(Shards, 100, 24, 0)),
        ("2 × (0.015 + 0.020) × 730", 51.10, stream(Shards, 2, 25, 0)),
        ("3 × (0.015 + 0.020) × 730", 76.65, stream(Shards, 3, 168, 0)),
        ("2 × (0.015 + 2 × 0.015) × 730", 65.70, stream(Shards, 2, 24, 2)),
        ("4 × (0.015 + 0.020 + 0.015) × 730", 146.0, stream(Shards, 4, 48, 1)),
        ("0.04 × 730, whatever its open shards", 29.20, stream(OnDemand, 4, 24, 0)),
        // Functions: GB of provisioned concurrency by the second.
        ("no provisioned concurrency", 0.0, function(Some(1024), false, &[])),
        ("1 GB × 0.0000041667 × 3600 × 730", 10.950_087_6, function(Some(1024), false, &[1])),
        ("5 × 0.5 GB × 0.0000041667 × 3600 × 730", 27.375_219, function(Some(512), false, &[5])),
        (
            "(2 + 3) × 2 GB × 0.0000033334 × 3600 × 730",
            87.601_752,
            function(Some(2048), true, &[2, 3]),
        ),
        // Alarms: the same with their actions disabled.
        ("0.10", 0.10, alarm(metric(1, false))),
        ("3 × 0.10: an anomaly detection band", 0.30, alarm(metric(3, false))),
        ("0.30", 0.30, alarm(metric(1, true))),
        ("2 × 0.30", 0.60, alarm(metric(2, true))),
        ("0.50", 0.50, alarm(Form::Composite)),
        // Tables.
        (
            "5 × 0.00013 × 730 + 5 × 0.00065 × 730",
            2.847,
            table(Capacity { read_units: 5, write_units: 5 }, TableClass::Standard),
        ),
        (
            "100 × 0.00013 × 730 + 20 × 0.00065 × 730",
            18.98,
            table(Capacity { read_units: 100, write_units: 20 }, TableClass::Standard),
        ),
        ("by the request only", 0.0, table(Requests, TableClass::Standard)),
    ];
    let book = PriceBook::built_in(super::bills(), "us-east-1");
    for (sum, usd, usage) in cases {
        let monthly = book.rate(&usage).0.unwrap_or_else(|| panic!("{sum}: unknown")).per_month();
        assert!((monthly - usd).abs() < 1e-6, "{sum}: {usd} by hand, {monthly} here");
    }
}

#[test]
fn a_part_without_a_known_price_makes_the_whole_sum_unknown() {
    let book = PriceBook::built_in(super::bills(), "us-east-1");
    let unknown = [
        endpoint(vec![variant("ml.p5.48xlarge", 1)], vec![]),
        endpoint(vec![variant("ml.m5.large", 1), variant("ml.p5.48xlarge", 1)], vec![]),
        endpoint(vec![Variant { instance_type: None, ..variant("", 2) }], vec![]),
        endpoint(vec![serverless(Some(2048), 1)], vec![]),
        endpoint(vec![serverless(None, 1)], vec![]),
        endpoint(vec![], vec![]),
        function(None, false, &[1]),
        alarm(Form::Log),
        table(
            dynamodb::Mode::Provisioned { read_units: 1, write_units: 1 },
            TableClass::InfrequentAccess,
        ),
    ];
    for usage in unknown {
        assert_eq!(book.rate(&usage), Rate::UNKNOWN, "{usage:?}");
    }
}
