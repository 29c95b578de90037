//! What things cost, where that is known: usage times price.
//!
//! Prices come from AWS's Price List, [`list`], as far as it has answered, and are kept in the
//! state bucket, [`desk`]. What is not among them is in the dated built-in table, or unknown.

pub mod desk;
pub mod list;
pub mod list_api;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{Rate, UsdPerHour};
use crate::usage::{Item, Usage};

/// Prices change rarely, and with notice.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What AWS's Price List said of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// `None`: it has no such price, or more than one.
    pub usd_per_hour: Option<UsdPerHour>,
    pub asked_at: Timestamp,
}

/// The prices of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceBook {
    region: String,
    listed: BTreeMap<Item, Listed>,
}

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    PriceList(Timestamp),
    BuiltIn,
}

impl PriceBook {
    /// The dated table that this program carries. It is of one region: elsewhere nothing is known.
    pub fn built_in(region: &str) -> Self {
        PriceBook { region: region.to_owned(), listed: BTreeMap::new() }
    }

    /// The same, with what the Price List said of the region.
    pub fn with(region: &str, listed: BTreeMap<Item, Listed>) -> Self {
        PriceBook { region: region.to_owned(), listed }
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn listed(&self) -> &BTreeMap<Item, Listed> {
        &self.listed
    }

    /// Takes newer answers of the Price List.
    pub fn take_in(&mut self, answers: BTreeMap<Item, Listed>) {
        self.listed.extend(answers);
    }

    /// The items that are worth asking the Price List about.
    pub fn to_ask<'a>(&self, items: impl IntoIterator<Item = &'a Item>, now: Timestamp) -> BTreeSet<Item> {
        let is_fresh = |listed: &Listed| now.duration_since(listed.asked_at) < FRESH_FOR;
        items
            .into_iter()
            .filter(|item| !matches!(item, Item::Unpriced(_)) && !self.listed.get(item).is_some_and(is_fresh))
            .cloned()
            .collect()
    }

    fn price(&self, item: &Item) -> Option<(UsdPerHour, Origin)> {
        if let Some(Listed { usd_per_hour: Some(price), asked_at }) = self.listed.get(item) {
            return Some((*price, Origin::PriceList(*asked_at)));
        }
        (self.region == table::REGION).then(|| table::price(item)).flatten().map(|price| (price, Origin::BuiltIn))
    }

    /// What a usage costs. With an item whose price is not known it is unknown, and never less.
    pub fn rate(&self, usage: &Usage) -> Rate {
        usage.quantities().fold(Rate::ZERO, |sum, (item, quantity)| {
            sum + Rate(self.price(item).map(|(price, _)| price.times(quantity)))
        })
    }

    /// Where the prices of these items come from and how old they are: every report says so.
    pub fn source<'a>(&self, items: impl IntoIterator<Item = &'a Item>) -> String {
        let origins: Vec<Option<Origin>> =
            items.into_iter().collect::<BTreeSet<_>>().into_iter().map(|item| Some(self.price(item)?.1)).collect();
        let count = |wanted: fn(&Option<Origin>) -> bool| origins.iter().filter(|origin| wanted(origin)).count();
        let listed = count(|origin| matches!(origin, Some(Origin::PriceList(_))));
        let built_in = count(|origin| *origin == Some(Origin::BuiltIn));
        let unknown = count(Option::is_none);
        let oldest = origins.iter().filter_map(|origin| match origin {
            Some(Origin::PriceList(asked_at)) => Some(*asked_at),
            _ => None,
        });
        let table = format!("built-in table, {}, {}", table::REGION, table::DATE);
        let mut parts = Vec::new();
        if let Some(oldest) = oldest.min() {
            parts.push(format!("AWS Price List, {}, {}", self.region, oldest.strftime("%Y-%m-%d")));
        }
        match (listed, built_in) {
            (0, 0) if unknown == 0 => parts.push("none needed".to_owned()),
            (_, 0) => {}
            (0, _) => parts.push(table),
            (_, n) => parts.push(format!("{n} from the {table}")),
        }
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        parts.join("; ")
    }
}

#[cfg(test)]
#[path = "pricing_tests.rs"]
mod tests;
