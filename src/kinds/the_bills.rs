//! These tests hold for the bills of all kinds.

use std::collections::BTreeSet;

use super::dynamodb::TableClass::{InfrequentAccess, Standard};
use super::{bills, cloudwatch, dynamodb, infos, kinesis, lambda, sagemaker};
use crate::pricing::list::{ProductQuery, price};
use crate::pricing::recorded;
use crate::usage::{Bill, Billable, BuiltIn};

/// Sizes are listed here for rows without built-in prices, which would name them.
const SIZES: [(&str, &[&str]); 1] =
    [("serverless concurrency {} MB", &["1024", "2048", "3072", "4096", "5120", "6144"])];

/// Returns the billables of a row: at least all that have recorded prices.
fn billables(bill: &Bill) -> Vec<Billable> {
    if !bill.is_of_many() {
        return vec![bill.into()];
    }
    if let BuiltIn::UsdBy(prices) = bill.built_in {
        return prices.iter().map(|(which, _)| bill.of(which)).collect();
    }
    let sizes = SIZES.iter().find(|(name, _)| *name == bill.name);
    let (_, sizes) = sizes.unwrap_or_else(|| panic!("no size of {}", bill.name));
    sizes.iter().map(|size| bill.of(size)).collect()
}

/// Returns the price in US dollars an hour that the recorded Price List gives.
///
/// `None`: the list does not have the billable exactly once.
pub fn listed(billable: &Billable, region: &str) -> Option<f64> {
    let bills = bills();
    let charge = bills.find(billable)?;
    let answer = recorded::products(&ProductQuery::about(&charge, region));
    price(&charge, region, &answer).map(|price| price.0)
}

/// The names stand in states and in cached prices: none ever changes.
#[test]
fn the_rows_of_version_0_1_keep_their_names() {
    let names: Vec<&str> = bills().iter().map(|bill| bill.name).collect();
    let of_0_1 = [
        "hosting {}",
        "serverless concurrency {} MB",
        "shard",
        "on-demand stream",
        "extended retention shard",
        "fan-out shard",
        "provisioned concurrency GB",
        "provisioned concurrency GB arm",
        "alarm metric",
        "high-resolution alarm metric",
        "composite alarm",
        "RCU",
        "WCU",
        "infrequent-access RCU",
        "infrequent-access WCU",
        "million reads",
        "million writes",
        "infrequent-access million reads",
        "infrequent-access million writes",
    ];
    for name in of_0_1 {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn every_row_is_found_by_a_name_of_its_own() {
    let (all, mut names) = (bills(), BTreeSet::new());
    for bill in all.iter() {
        assert!(names.insert(bill.name), "{}", bill.name);
        for billable in billables(bill) {
            assert_eq!(all.find(&billable).unwrap().bill, bill, "{billable}");
        }
    }
    assert_eq!(all.iter().count(), infos().map(|info| info.bills.len()).sum::<usize>());
}

#[test]
fn every_row_is_found_once_at_its_built_in_price() {
    let all = bills();
    for billable in all.iter().flat_map(billables) {
        let told = listed(&billable, "us-east-1").unwrap_or_else(|| panic!("{billable}"));
        let row = all.find(&billable).unwrap();
        let built_in = row.built_in().map(|usd| crate::pricing::list::hourly(row.bill.unit, usd).0);
        assert!(built_in.is_none_or(|usd| (told - usd).abs() < 1e-12), "{billable}: {told}");
    }
}

#[test]
fn every_row_is_found_once_at_its_own_price_in_every_region() {
    let cases: [(Billable, f64, f64); 20] = [
        // The list's prices as prices of an hour: of a second × 3600, of a month / 730, of one
        // request × 1,000,000.
        (sagemaker::bills::INSTANCE.of("ml.m5.large"), 0.115, 0.138),
        (sagemaker::bills::INSTANCE.of("ml.g5.xlarge"), 1.408, 1.761),
        (sagemaker::bills::SERVERLESS_CONCURRENCY.of(2048), 0.00001 * 3600.0, 0.000_012 * 3600.0),
        ((&kinesis::bills::SHARD).into(), 0.015, 0.018),
        ((&kinesis::bills::ON_DEMAND_STREAM).into(), 0.04, 0.048),
        ((&kinesis::bills::RETENTION_SHARD).into(), 0.02, 0.024),
        ((&kinesis::bills::FAN_OUT_SHARD).into(), 0.015, 0.018),
        (
            (&lambda::bills::PROVISIONED_GB).into(),
            0.000_004_166_7 * 3600.0,
            0.000_004_166_7 * 3600.0,
        ),
        (
            (&lambda::bills::PROVISIONED_GB_ARM).into(),
            0.000_003_333_4 * 3600.0,
            0.000_003_333_4 * 3600.0,
        ),
        ((&cloudwatch::bills::METRIC).into(), 0.1 / 730.0, 0.1 / 730.0),
        ((&cloudwatch::bills::HIGH_RESOLUTION_METRIC).into(), 0.3 / 730.0, 0.3 / 730.0),
        ((&cloudwatch::bills::COMPOSITE).into(), 0.5 / 730.0, 0.5 / 730.0),
        (dynamodb::bills::read_unit(Standard).into(), 0.000_13, 0.000_158_6),
        (dynamodb::bills::write_unit(Standard).into(), 0.000_65, 0.000_793),
        (dynamodb::bills::read_unit(InfrequentAccess).into(), 0.000_16, 0.000_198),
        (dynamodb::bills::write_unit(InfrequentAccess).into(), 0.000_81, 0.000_989),
        (dynamodb::bills::million_reads(Standard).into(), 0.125, 0.1525),
        (dynamodb::bills::million_writes(Standard).into(), 0.625, 0.7625),
        (dynamodb::bills::million_reads(InfrequentAccess).into(), 0.155, 0.19),
        (dynamodb::bills::million_writes(InfrequentAccess).into(), 0.78, 0.95),
    ];
    for (billable, virginia, frankfurt) in cases {
        for (region, usd) in [("us-east-1", virginia), ("eu-central-1", frankfurt)] {
            let told = listed(&billable, region)
                .unwrap_or_else(|| panic!("{billable} in {region} is not there once"));
            assert!((told - usd).abs() < 1e-12, "{billable} in {region}: {told}");
        }
    }
}
