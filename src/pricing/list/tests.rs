use super::*;
use crate::kinds;
use crate::kinds::cloudwatch::bills::METRIC;
use crate::kinds::dynamodb::{TableClass, bills::read_unit};
use crate::kinds::kinesis::bills::{FAN_OUT_SHARD, RETENTION_SHARD, SHARD};
use crate::kinds::lambda::bills::PROVISIONED_GB;
use crate::kinds::sagemaker::bills::SERVERLESS_CONCURRENCY;
use crate::usage::Billable;
use serde_json::{Value, json};

/// Makes a product as the list answers it.
fn product(usage_type: &str, region: &str, unit: &str, tiers: &[&str]) -> Value {
    let dimensions: serde_json::Map<String, Value> = tiers
        .iter()
        .enumerate()
        .map(|(n, usd)| {
            (
                format!("SKU.JRTCKXETXF.{n}"),
                json!({"unit": unit, "beginRange": (n * 18_600).to_string(), "pricePerUnit": {"USD": usd}}),
            )
        })
        .collect();
    json!({
        "serviceCode": "AmazonKinesis",
        "product": {"sku": "SKU", "attributes": {"usagetype": usage_type, "regionCode": region}},
        "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions}}},
    })
}

fn read(billable: impl Into<Billable>, region: &str, products: &[Value]) -> Option<f64> {
    let products: Vec<String> = products.iter().map(Value::to_string).collect();
    let (bills, billable) = (kinds::bills(), billable.into());
    price(&bills.find(&billable).unwrap(), region, &products).map(|price| price.0)
}

fn shard(products: &[Value]) -> Option<f64> {
    read(&SHARD, "us-east-1", products)
}

#[test]
fn the_one_product_that_matches_tells_the_price() {
    let answer = [
        product("OnDemand-StreamHour", "us-east-1", "StreamHr", &["0.0400000000"]),
        product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.0150000000"]),
        product("Extended-ShardHour", "us-east-1", "ShardHour", &["0.0200000000"]),
    ];
    assert_eq!(shard(&answer), Some(0.015));
    assert_eq!(read(&RETENTION_SHARD, "us-east-1", &answer), Some(0.02));
    assert_eq!(read(&FAN_OUT_SHARD, "us-east-1", &answer), None);
}

#[test]
fn a_usage_type_with_the_regions_prefix_is_the_same() {
    let answer = [product("EUC1-Storage-ShardHour", "eu-central-1", "ShardHour", &["0.018"])];
    assert_eq!(read(&SHARD, "eu-central-1", &answer), Some(0.018));
    assert_eq!(read(&SHARD, "us-east-1", &answer), None, "a product of another region");
    for (with, without) in [
        ("EU-Storage-ShardHour", "Storage-ShardHour"),
        ("APN1-CW:AlarmMonitorUsage", "CW:AlarmMonitorUsage"),
        ("USE1-Host:ml.m5.large", "Host:ml.m5.large"),
        ("IA-ReadCapacityUnit-Hrs", "IA-ReadCapacityUnit-Hrs"),
        ("EUC1-IA-ReadCapacityUnit-Hrs", "IA-ReadCapacityUnit-Hrs"),
        ("Lambda-Provisioned-Concurrency", "Lambda-Provisioned-Concurrency"),
    ] {
        assert_eq!(without_region(with), without);
    }
}

#[test]
fn two_products_are_no_price() {
    let one = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015"]);
    assert_eq!(shard(&[one.clone(), one]), None);
}

#[test]
fn another_unit_is_no_price() {
    assert_eq!(shard(&[product("Storage-ShardHour", "us-east-1", "ShardMonth", &["0.015"])]), None);
}

#[test]
fn the_first_tier_tells_the_price_unless_two_begin_together() {
    let mut tiers = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015", "0.012"]);
    assert_eq!(shard(std::slice::from_ref(&tiers)), Some(0.015));
    let dimensions = &mut tiers["terms"]["OnDemand"]["SKU.JRTCKXETXF"]["priceDimensions"];
    dimensions["SKU.JRTCKXETXF.1"]["beginRange"] = json!("0");
    assert_eq!(shard(&[tiers]), None);
}

#[test]
fn what_is_for_nothing_has_no_price() {
    assert_eq!(
        shard(&[product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.0000000000"])]),
        None
    );
}

#[test]
fn two_terms_are_no_price() {
    let mut product = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015"]);
    let term = product["terms"]["OnDemand"]["SKU.JRTCKXETXF"].clone();
    product["terms"]["OnDemand"]["SKU.OTHER"] = term;
    assert_eq!(shard(&[product]), None);
}

#[test]
fn serverless_concurrency_is_priced_by_its_memory_size() {
    let sizes = [
        product("USE1-ProvisionedConcurrency:Usage-2GB", "us-east-1", "seconds", &["0.00001"]),
        product("USE1-ProvisionedConcurrency:Usage-4GB", "us-east-1", "seconds", &["0.00002"]),
    ];
    let hourly = read(SERVERLESS_CONCURRENCY.of(4096), "us-east-1", &sizes).unwrap();
    assert!((hourly - 0.072).abs() < 1e-12);
    assert_eq!(read(SERVERLESS_CONCURRENCY.of(6144), "us-east-1", &sizes), None);
}

#[test]
fn what_is_no_price_in_us_dollars_is_none() {
    for tier in ["free", "NaN", "-1", "inf"] {
        assert_eq!(
            shard(&[product("Storage-ShardHour", "us-east-1", "ShardHour", &[tier])]),
            None,
            "{tier}"
        );
    }
    let mut yuan = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.1"]);
    yuan["terms"]["OnDemand"]["SKU.JRTCKXETXF"]["priceDimensions"]["SKU.JRTCKXETXF.0"]["pricePerUnit"] =
        json!({"CNY": "0.1"});
    assert_eq!(shard(&[yuan]), None);
}

#[test]
fn an_answer_that_is_malformed_is_no_price() {
    let (bills, shard_hour) = (kinds::bills(), Billable::from(&SHARD));
    let charge = bills.find(&shard_hour).unwrap();
    let answer = ["<html>".to_owned(), "{}".to_owned(), "[]".to_owned()];
    assert_eq!(price(&charge, "us-east-1", &answer), None);
    assert_eq!(
        shard(&[json!({"product": {"attributes": {"usagetype": "Storage-ShardHour"}}})]),
        None
    );
    assert_eq!(shard(&[]), None);
}

#[test]
fn a_product_that_is_only_reserved_is_no_price() {
    let mut reserved = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015"]);
    reserved["terms"] = json!({"Reserved": reserved["terms"]["OnDemand"]});
    assert_eq!(shard(&[reserved]), None);
}

#[test]
fn a_free_tier_is_not_the_price() {
    let units = product(
        "ReadCapacityUnit-Hrs",
        "us-east-1",
        "ReadCapacityUnit-Hrs",
        &["0.0000000000", "0.0001300000"],
    );
    assert_eq!(
        read(read_unit(TableClass::Standard), "us-east-1", std::slice::from_ref(&units)),
        Some(0.000_13)
    );
    assert_eq!(read(read_unit(TableClass::InfrequentAccess), "us-east-1", &[units]), None);
}

#[test]
fn a_price_by_the_second_or_month_is_one_by_the_hour() {
    let gb = product(
        "Lambda-Provisioned-Concurrency",
        "us-east-1",
        "Lambda-GB-Second",
        &["0.0000041667"],
    );
    let hourly = read(&PROVISIONED_GB, "us-east-1", &[gb]).unwrap();
    assert!((hourly - 0.015_000_12).abs() < 1e-12);
    let alarm = product("CW:AlarmMonitorUsage", "us-east-1", "Alarms", &["0.1000000000"]);
    let hourly = read(&METRIC, "us-east-1", &[alarm]).unwrap();
    assert!((hourly * 730.0 - 0.10).abs() < 1e-12);
}

#[test]
fn a_product_that_cannot_be_read_counts_as_a_product() {
    let good = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015"]);
    let mut odd = good.clone();
    odd["terms"] = json!("see our page");
    assert_eq!(shard(std::slice::from_ref(&good)), Some(0.015));
    assert_eq!(shard(&[good, odd]), None);
}
