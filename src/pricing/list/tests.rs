use super::*;
use serde_json::{Value, json};

/// A product as the list answers it.
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

fn read(item: &Item, region: &str, products: &[Value]) -> Option<f64> {
    let products: Vec<String> = products.iter().map(Value::to_string).collect();
    price(item, region, &products).map(|price| price.0)
}

fn shard(products: &[Value]) -> Option<f64> {
    read(&Item::Shard, "us-east-1", products)
}

#[test]
fn the_one_product_that_matches_tells_the_price() {
    let answer = [
        product("OnDemand-StreamHour", "us-east-1", "StreamHr", &["0.0400000000"]),
        product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.0150000000"]),
        product("Extended-ShardHour", "us-east-1", "ShardHour", &["0.0200000000"]),
    ];
    assert_eq!(shard(&answer), Some(0.015));
    assert_eq!(read(&Item::RetentionShard, "us-east-1", &answer), Some(0.02));
    assert_eq!(read(&Item::FanOutShard, "us-east-1", &answer), None);
}

#[test]
fn a_usage_type_with_the_regions_prefix_is_the_same() {
    let answer = [product("EUC1-Storage-ShardHour", "eu-central-1", "ShardHour", &["0.018"])];
    assert_eq!(read(&Item::Shard, "eu-central-1", &answer), Some(0.018));
    assert_eq!(read(&Item::Shard, "us-east-1", &answer), None, "a product of another region");
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
fn the_price_is_that_of_the_first_tier_and_two_for_the_same_are_none() {
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
    let hourly = read(&Item::ServerlessConcurrency(4096), "us-east-1", &sizes).unwrap();
    assert!((hourly - 0.072).abs() < 1e-12);
    assert_eq!(read(&Item::ServerlessConcurrency(6144), "us-east-1", &sizes), None);
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
    assert_eq!(
        price(&Item::Shard, "us-east-1", &["<html>".to_owned(), "{}".to_owned(), "[]".to_owned()]),
        None
    );
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
        read(&Item::ReadUnit(TableClass::Standard), "us-east-1", std::slice::from_ref(&units)),
        Some(0.000_13)
    );
    assert_eq!(read(&Item::ReadUnit(TableClass::InfrequentAccess), "us-east-1", &[units]), None);
}

#[test]
fn a_price_by_the_second_or_month_is_one_by_the_hour() {
    let gb = product(
        "Lambda-Provisioned-Concurrency",
        "us-east-1",
        "Lambda-GB-Second",
        &["0.0000041667"],
    );
    let hourly =
        read(&Item::ProvisionedConcurrency(Architecture::X86), "us-east-1", &[gb]).unwrap();
    assert!((hourly - 0.015_000_12).abs() < 1e-12);
    let alarm = product("CW:AlarmMonitorUsage", "us-east-1", "Alarms", &["0.1000000000"]);
    let hourly = read(&Item::Alarm(AlarmKind::Standard), "us-east-1", &[alarm]).unwrap();
    assert!((hourly * 730.0 - 0.10).abs() < 1e-12);
}

#[test]
fn every_item_that_can_be_asked_for_can_be_recognized() {
    let items = [
        Item::HostingInstance("ml.m5.large".to_owned()),
        Item::OnDemandStream,
        Item::ProvisionedConcurrency(Architecture::Arm),
        Item::Alarm(AlarmKind::Composite),
        Item::WriteUnit(TableClass::InfrequentAccess),
        Item::ServerlessConcurrency(1024),
        Item::Unpriced("x".to_owned()),
    ];
    for item in items {
        assert_eq!(question(&item).is_some(), entry(&item).is_some(), "{item}");
    }
}

#[test]
fn a_product_that_cannot_be_read_does_not_make_another_the_only_one() {
    let good = product("Storage-ShardHour", "us-east-1", "ShardHour", &["0.015"]);
    let mut odd = good.clone();
    odd["terms"] = json!("see our page");
    assert_eq!(shard(std::slice::from_ref(&good)), Some(0.015));
    assert_eq!(shard(&[good, odd]), None);
}

/// The answers of each service, as the simulated account gives them to the same questions.
fn answer(question: &Question, region: &str) -> Vec<String> {
    let file = match question.service_code {
        "AWSLambda" => include_str!("../../../tests/account/prices/AWSLambda.json"),
        "AmazonCloudWatch" => include_str!("../../../tests/account/prices/AmazonCloudWatch.json"),
        "AmazonDynamoDB" => include_str!("../../../tests/account/prices/AmazonDynamoDB.json"),
        "AmazonKinesis" => include_str!("../../../tests/account/prices/AmazonKinesis.json"),
        "AmazonSageMaker" => include_str!("../../../tests/account/prices/AmazonSageMaker.json"),
        other => panic!("{other}"),
    };
    let file: Value = serde_json::from_str(file).unwrap();
    let is_asked_for = |product: &&Value| {
        let description = &product["product"];
        let filters = question
            .filters
            .iter()
            .map(|(field, value)| (*field, value.as_str()))
            .chain([("regionCode", region)]);
        let mut filters = filters.map(|(field, value)| {
            let told = if field == "productFamily" {
                &description[field]
            } else {
                &description["attributes"][field]
            };
            told == value
        });
        filters.all(|matches| matches)
    };
    file["products"].as_array().unwrap().iter().filter(is_asked_for).map(Value::to_string).collect()
}

#[test]
fn every_item_is_found_in_the_answer_of_its_service_and_nothing_else_is_taken_for_it() {
    use TableClass::{InfrequentAccess, Standard};
    let cases = [
        // As the list states it, and made an hour's: of a second × 3600, of a month / 730, of one ×
        // 1,000,000.
        (Item::HostingInstance("ml.m5.large".to_owned()), 0.115, 0.138),
        (Item::HostingInstance("ml.g5.xlarge".to_owned()), 1.408, 1.761),
        (Item::ServerlessConcurrency(2048), 0.00001 * 3600.0, 0.000_012 * 3600.0),
        (Item::Shard, 0.015, 0.018),
        (Item::OnDemandStream, 0.04, 0.048),
        (Item::RetentionShard, 0.02, 0.024),
        (Item::FanOutShard, 0.015, 0.018),
        (
            Item::ProvisionedConcurrency(Architecture::X86),
            0.000_004_166_7 * 3600.0,
            0.000_004_166_7 * 3600.0,
        ),
        (
            Item::ProvisionedConcurrency(Architecture::Arm),
            0.000_003_333_4 * 3600.0,
            0.000_003_333_4 * 3600.0,
        ),
        (Item::Alarm(AlarmKind::Standard), 0.1 / 730.0, 0.1 / 730.0),
        (Item::Alarm(AlarmKind::HighResolution), 0.3 / 730.0, 0.3 / 730.0),
        (Item::Alarm(AlarmKind::Composite), 0.5 / 730.0, 0.5 / 730.0),
        (Item::ReadUnit(Standard), 0.000_13, 0.000_158_6),
        (Item::WriteUnit(Standard), 0.000_65, 0.000_793),
        (Item::ReadUnit(InfrequentAccess), 0.000_16, 0.000_198),
        (Item::WriteUnit(InfrequentAccess), 0.000_81, 0.000_989),
        (Item::MillionReads(Standard), 0.125, 0.1525),
        (Item::MillionWrites(Standard), 0.625, 0.7625),
        (Item::MillionReads(InfrequentAccess), 0.155, 0.19),
        (Item::MillionWrites(InfrequentAccess), 0.78, 0.95),
    ];
    for (item, virginia, frankfurt) in cases {
        for (region, usd) in [("us-east-1", virginia), ("eu-central-1", frankfurt)] {
            let answer = answer(&question(&item).unwrap(), region);
            let told = price(&item, region, &answer)
                .unwrap_or_else(|| panic!("{item} in {region}: {answer:#?}"))
                .0;
            assert!((told - usd).abs() < 1e-12, "{item} in {region}: {told}");
        }
    }
}
