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

    /// Takes newer answers of the Price List. One without a price leaves the older one, with its
    /// date.
    pub fn take_in(&mut self, answers: BTreeMap<Item, Listed>) {
        for (item, answer) in answers {
            let has_a_price = |listed: &Listed| listed.usd_per_hour.is_some();
            if has_a_price(&answer) || !self.listed.get(&item).is_some_and(has_a_price) {
                self.listed.insert(item, answer);
            }
        }
    }

    /// The items that are worth asking the Price List about.
    pub fn to_ask<'a>(
        &self,
        items: impl IntoIterator<Item = &'a Item>,
        now: Timestamp,
    ) -> BTreeSet<Item> {
        let is_fresh = |listed: &Listed| now.duration_since(listed.asked_at) < FRESH_FOR;
        items
            .into_iter()
            .filter(|item| {
                !matches!(item, Item::Unpriced(_)) && !self.listed.get(item).is_some_and(is_fresh)
            })
            .cloned()
            .collect()
    }

    fn price(&self, item: &Item) -> Option<(UsdPerHour, Origin)> {
        if let Some(Listed { usd_per_hour: Some(price), asked_at }) = self.listed.get(item) {
            return Some((*price, Origin::PriceList(*asked_at)));
        }
        (self.region == table::REGION)
            .then(|| table::price(item))
            .flatten()
            .map(|price| (price, Origin::BuiltIn))
    }

    /// What a usage costs. With an item whose price is not known it is unknown, and never less.
    pub fn rate(&self, usage: &Usage) -> Rate {
        usage.quantities().fold(Rate::ZERO, |sum, (item, quantity)| {
            sum + Rate(self.price(item).map(|(price, _)| price.times(quantity)))
        })
    }

    /// Where the prices of these items come from and how old they are: every report says so.
    pub fn source<'a>(&self, items: impl IntoIterator<Item = &'a Item>) -> String {
        /// More unknown items are counted.
        const NAMED: usize = 3;
        let items: BTreeSet<&Item> = items.into_iter().collect();
        let mut asked_at = Vec::new();
        let (mut built_in, mut unknown) = (0, Vec::new());
        for item in items {
            match self.price(item) {
                Some((_, Origin::PriceList(at))) => asked_at.push(at),
                Some((_, Origin::BuiltIn)) => built_in += 1,
                None => unknown.push(match item {
                    Item::Unpriced(what) => what.clone(),
                    item => item.to_string(),
                }),
            }
        }
        let table = format!("built-in table, {}, {}", table::REGION, table::DATE);
        let mut parts = Vec::new();
        if let Some(oldest) = asked_at.iter().min() {
            parts.push(format!("AWS Price List, {}, {}", self.region, oldest.strftime("%Y-%m-%d")));
        }
        match (asked_at.len(), built_in) {
            (_, 0) => {}
            (0, _) => parts.push(table),
            (_, n) => parts.push(format!("{n} from the {table}")),
        }
        match unknown.len() {
            0 if parts.is_empty() => parts.push("none needed".to_owned()),
            0 => {}
            n if n <= NAMED => parts.push(format!("unknown: {}", unknown.join(", "))),
            n => parts.push(format!("{n} unknown, such as {}", unknown[..NAMED].join(", "))),
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests;
