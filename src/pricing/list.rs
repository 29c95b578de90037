//! What is asked of AWS's Price List, and how strictly its answers are read. Pure.
//!
//! The list is made for people: a filter that is a little too wide finds training instances beside
//! hosting ones, and a free tier beside a price. So exactly one product has to match, with the
//! expected unit and one price, or there is no price.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::model::UsdPerHour;
use crate::usage::{AlarmKind, Architecture, Item, TableClass};

#[async_trait]
pub trait PriceList: Send + Sync {
    /// The prices of these items, which one [`question`] asks for: `None` for one that the list
    /// does not have, or has more than once. An item that could not be asked about is left out.
    async fn prices(
        &self,
        region: &str,
        items: &BTreeSet<Item>,
    ) -> BTreeMap<Item, Option<UsdPerHour>>;
}

/// A list that answers nothing.
pub struct NoList;

#[async_trait]
impl PriceList for NoList {
    async fn prices(&self, _: &str, _: &BTreeSet<Item>) -> BTreeMap<Item, Option<UsdPerHour>> {
        BTreeMap::new()
    }
}

/// One `GetProducts`. Its answer may tell the prices of several items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub service_code: &'static str,
    /// `TERM_MATCH`, beside that of the region.
    pub filters: Vec<(&'static str, String)>,
}

/// How an item is recognized in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Without the prefix that stands for the region: `EUC1-Storage-ShardHour`.
    usage_type: String,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Hour(&'static [&'static str]),
    Second(&'static [&'static str]),
    Month(&'static [&'static str]),
    /// For each of them: a million is the item.
    Each(&'static [&'static str]),
}

/// What to ask for an item. `None`: this program does not know how.
pub fn question(item: &Item) -> Option<Question> {
    let of = |service_code, filters: &[(&'static str, &str)]| {
        let filters = filters.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
        Some(Question { service_code, filters })
    };
    match item {
        Item::HostingInstance(instance_type) => {
            of("AmazonSageMaker", &[("component", "Hosting"), ("instanceName", instance_type)])
        }
        Item::Shard | Item::OnDemandStream | Item::RetentionShard | Item::FanOutShard => {
            of("AmazonKinesis", &[("productFamily", "Kinesis Streams")])
        }
        Item::ProvisionedConcurrency(Architecture::X86) => {
            of("AWSLambda", &[("group", "AWS-Lambda-Provisioned-Concurrency")])
        }
        Item::ProvisionedConcurrency(Architecture::Arm) => {
            of("AWSLambda", &[("group", "AWS-Lambda-Provisioned-Concurrency-ARM")])
        }
        Item::Alarm(_) => of("AmazonCloudWatch", &[("productFamily", "Alarm")]),
        Item::ReadUnit(_) | Item::WriteUnit(_) => {
            of("AmazonDynamoDB", &[("productFamily", "Provisioned IOPS")])
        }
        Item::MillionReads(_) | Item::MillionWrites(_) => {
            of("AmazonDynamoDB", &[("productFamily", "Amazon DynamoDB PayPerRequest Throughput")])
        }
        Item::ServerlessConcurrency(_) => {
            of("AmazonSageMaker", &[("group", "ServerlessProvisionedConcurrency-Usage")])
        }
        Item::Unpriced(_) => None,
    }
}

fn entry(item: &Item) -> Option<Entry> {
    let (usage_type, unit) = match item {
        Item::HostingInstance(instance_type) => {
            (format!("Host:{instance_type}"), Unit::Hour(&["Hrs"]))
        }
        Item::Shard => ("Storage-ShardHour".to_owned(), Unit::Hour(&["ShardHour"])),
        Item::OnDemandStream => {
            ("OnDemand-StreamHour".to_owned(), Unit::Hour(&["StreamHr", "StreamHour"]))
        }
        Item::RetentionShard => ("Extended-ShardHour".to_owned(), Unit::Hour(&["ShardHour"])),
        Item::FanOutShard => ("EnhancedFanoutHour".to_owned(), Unit::Hour(&["ConsumerShardHour"])),
        Item::ProvisionedConcurrency(architecture) => {
            let arm = if *architecture == Architecture::Arm { "-ARM" } else { "" };
            (format!("Lambda-Provisioned-Concurrency{arm}"), Unit::Second(&["Lambda-GB-Second"]))
        }
        Item::Alarm(AlarmKind::Standard) => {
            ("CW:AlarmMonitorUsage".to_owned(), Unit::Month(&["Alarms"]))
        }
        Item::Alarm(AlarmKind::HighResolution) => {
            ("CW:HighResAlarmMonitorUsage".to_owned(), Unit::Month(&["Alarms"]))
        }
        Item::Alarm(AlarmKind::Composite) => {
            ("CW:CompositeAlarmMonitorUsage".to_owned(), Unit::Month(&["Alarms"]))
        }
        Item::ReadUnit(class) => {
            (by_class("ReadCapacityUnit-Hrs", *class), Unit::Hour(&["ReadCapacityUnit-Hrs"]))
        }
        Item::WriteUnit(class) => {
            (by_class("WriteCapacityUnit-Hrs", *class), Unit::Hour(&["WriteCapacityUnit-Hrs"]))
        }
        Item::MillionReads(class) => {
            (by_class("ReadRequestUnits", *class), Unit::Each(&["ReadRequestUnits"]))
        }
        Item::MillionWrites(class) => {
            (by_class("WriteRequestUnits", *class), Unit::Each(&["WriteRequestUnits"]))
        }
        // It comes in whole gigabytes, and bills each second of one execution at that size.
        Item::ServerlessConcurrency(megabytes) => (
            format!("ProvisionedConcurrency:Usage-{}GB", megabytes / 1024),
            Unit::Second(&["seconds", "second", "Seconds", "Second"]),
        ),
        Item::Unpriced(_) => return None,
    };
    Some(Entry { usage_type, unit })
}

fn by_class(usage_type: &str, class: TableClass) -> String {
    match class {
        TableClass::Standard => usage_type.to_owned(),
        TableClass::InfrequentAccess => format!("IA-{usage_type}"),
    }
}

/// A product's on-demand terms, as far as they are read
/// (docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html).
#[derive(Debug, Deserialize)]
struct Product {
    #[serde(default)]
    terms: Terms,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Terms {
    #[serde(default)]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    begin_range: Option<String>,
    price_per_unit: BTreeMap<String, String>,
}

/// The price of an item in what the list answered. `None`: not exactly one.
pub fn price(item: &Item, region: &str, products: &[String]) -> Option<UsdPerHour> {
    let entry = entry(item)?;
    let mut matching = products.iter().filter(|product| is_of(product, &entry, region));
    let (product, None) = (matching.next()?, matching.next()) else { return None };
    let usd = only_price(&serde_json::from_str(product).ok()?, entry.unit)?;
    Some(match entry.unit {
        Unit::Hour(_) => UsdPerHour(usd),
        Unit::Second(_) => UsdPerHour(usd * 3600.0),
        Unit::Month(_) => UsdPerHour::monthly(usd),
        Unit::Each(_) => UsdPerHour(usd * 1_000_000.0),
    })
}

/// Whether a product is the one that is looked for, as far as it tells: also one whose terms cannot
/// be read. It would make another one look like the only one.
fn is_of(product: &str, entry: &Entry, region: &str) -> bool {
    let Ok(product) = serde_json::from_str::<Value>(product) else { return false };
    let attribute =
        |name: &str| product["product"]["attributes"][name].as_str().unwrap_or_default();
    attribute("regionCode") == region && without_region(attribute("usagetype")) == entry.usage_type
}

/// The price of a product in the expected unit, for the first that one uses of it. A tier for
/// nothing is a free tier, which is the account's and not the project's.
fn only_price(product: &Product, unit: Unit) -> Option<f64> {
    let (Unit::Hour(units) | Unit::Second(units) | Unit::Month(units) | Unit::Each(units)) = unit;
    let mut terms = product.terms.on_demand.values();
    let (Some(term), None) = (terms.next(), terms.next()) else { return None };
    let mut tiers = Vec::new();
    for dimension in term.price_dimensions.values() {
        if !units.contains(&dimension.unit.as_str()) {
            return None;
        }
        let usd: f64 = dimension.price_per_unit.get("USD")?.parse().ok()?;
        if !usd.is_finite() || usd < 0.0 {
            return None;
        }
        let begin: f64 = dimension.begin_range.as_deref().unwrap_or("0").parse().ok()?;
        tiers.push((begin, usd));
    }
    tiers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let is_same = |pair: &[(f64, f64)]| pair[0].0.total_cmp(&pair[1].0).is_eq();
    if tiers.windows(2).any(is_same) {
        return None;
    }
    tiers.into_iter().map(|(_, usd)| usd).find(|usd| *usd > 0.0)
}

/// `EUC1-Storage-ShardHour` → `Storage-ShardHour`. In us-east-1 some have no prefix and some have.
fn without_region(usage_type: &str) -> &str {
    let is_region = |prefix: &str| {
        let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = prefix.len() - letters.len();
        let is_short = (2..=4).contains(&letters.len()) && digits <= 1;
        is_short && prefix != "IA" && letters.chars().all(|c| c.is_ascii_uppercase())
    };
    match usage_type.split_once('-') {
        Some((prefix, rest)) if is_region(prefix) => rest,
        _ => usage_type,
    }
}

#[cfg(test)]
mod tests;
