//! Queries to AWS's Price List are made here, and answers are read strictly. Pure.
//!
//! The list is made for people: a filter that is a little too wide finds training instances beside
//! hosting ones, and a free tier beside a price. So exactly one product has to match, with the
//! expected unit and one price, or there is no price.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::model::UsdPerHour;
use crate::usage::{Charge, Unit};

/// Answers queries for prices.
#[async_trait]
pub trait PriceList: Send + Sync {
    /// Finds the products that a query matches, each as JSON. `None`: nobody answered.
    async fn products(&self, query: &ProductQuery) -> Option<Vec<String>>;
}

/// A list without a service behind it answers nothing.
pub struct NoList;

#[async_trait]
impl PriceList for NoList {
    async fn products(&self, _: &ProductQuery) -> Option<Vec<String>> {
        None
    }
}

/// A query is one `GetProducts` call. Its answer may tell the prices of several rows
/// (docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductQuery {
    pub service: &'static str,
    /// Each field must have exactly this value: `TERM_MATCH`.
    pub filters: Vec<(&'static str, String)>,
}

impl ProductQuery {
    /// Makes the query for the price of a charge.
    pub fn about(charge: &Charge, region: &str) -> Self {
        let filters = charge.filters().chain([("regionCode", region.to_owned())]);
        ProductQuery { service: charge.bill.service, filters: filters.collect() }
    }
}

/// A product has on-demand terms, of which these fields are read
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

/// Reads the price of a charge from the list's answer. `None`: there is not exactly one.
pub fn price(charge: &Charge, region: &str, products: &[String]) -> Option<UsdPerHour> {
    let usage_type = charge.usage_type();
    let mut matching = products.iter().filter(|product| is_of(product, &usage_type, region));
    let (product, None) = (matching.next()?, matching.next()) else { return None };
    let unit = charge.bill.unit;
    let usd = only_price(&serde_json::from_str(product).ok()?, unit)?;
    Some(hourly(unit, if matches!(unit, Unit::Million(_)) { usd * 1_000_000.0 } else { usd }))
}

/// Tells whether a product is of this usage type and region.
///
/// A product that cannot be read counts as one. If it were left out, another product could look
/// like the only one.
fn is_of(product: &str, usage_type: &str, region: &str) -> bool {
    let Ok(product) = serde_json::from_str::<Value>(product) else { return false };
    let attribute =
        |name: &str| product["product"]["attributes"][name].as_str().unwrap_or_default();
    attribute("regionCode") == region && without_region(attribute("usagetype")) == usage_type
}

/// Reads a product's price in the expected unit, from the first tier that costs.
///
/// A tier that costs nothing is a free tier, which is the account's and not the project's.
fn only_price(product: &Product, unit: Unit) -> Option<f64> {
    let (Unit::Hour(units) | Unit::Second(units) | Unit::Month(units) | Unit::Million(units)) =
        unit;
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

/// Cuts off a region's prefix: `EUC1-Storage-ShardHour` → `Storage-ShardHour`.
///
/// In us-east-1, some usage types have a prefix and some have none.
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

/// Converts the price of a unit, in US dollars, to one by the hour.
pub(crate) fn hourly(unit: Unit, usd: f64) -> UsdPerHour {
    match unit {
        Unit::Hour(_) | Unit::Million(_) => UsdPerHour(usd),
        Unit::Second(_) => UsdPerHour(usd * 3600.0),
        Unit::Month(_) => UsdPerHour::monthly(usd),
    }
}

#[cfg(test)]
mod tests;
