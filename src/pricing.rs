//! A price book tells what things cost, where that is known: usage times price.
//!
//! Prices come from AWS's Price List ([`list`]), as far as it has answered, and are saved in the
//! state bucket ([`desk`]). Where the list has not answered, a row's own price counts, if it has
//! one. The rows are handed in: this module knows none of them.

pub mod desk;
pub mod list;
pub mod list_api;
#[cfg(test)]
pub(crate) mod recorded;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::list::{ProductQuery, hourly};
use crate::model::{Rate, UsdPerHour};
use crate::usage::{Billable, Bills, Usage};

/// A listed price is asked for again after this time. AWS changes prices rarely.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The prices that the rows carry are those of this region.
const BUILT_IN_REGION: &str = "us-east-1";
/// The prices that the rows carry were looked up in this month.
const BUILT_IN_DATE: &str = "2026-09";

/// [`PriceBook::source`] returns these words where no price was needed.
pub const NONE_NEEDED: &str = "none needed";

/// A listed price is what AWS's Price List said of one billable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedPrice {
    /// The list has exactly one price for the billable. `None`: it has none, or several.
    pub usd_per_hour: Option<UsdPerHour>,
    pub asked_at: Timestamp,
}

/// A price book has the prices of one region.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceBook {
    bills: Bills,
    region: String,
    listed: BTreeMap<Billable, ListedPrice>,
}

/// An origin is where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    PriceList(Timestamp),
    BuiltIn,
}

impl PriceBook {
    /// Makes a book of the rows' own prices, which are of one region: no others are known.
    pub fn built_in(bills: Bills, region: &str) -> Self {
        Self::with(bills, region, BTreeMap::new())
    }

    /// Makes a book of the rows' own prices and of listed ones.
    pub fn with(bills: Bills, region: &str, listed: BTreeMap<Billable, ListedPrice>) -> Self {
        PriceBook { bills, region: region.to_owned(), listed }
    }

    pub fn bills(&self) -> &Bills {
        &self.bills
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn listed(&self) -> &BTreeMap<Billable, ListedPrice> {
        &self.listed
    }

    /// Merges newer answers of the Price List into the book.
    ///
    /// An answer without a price does not replace an older one with a price and its date.
    pub fn merge(&mut self, answers: BTreeMap<Billable, ListedPrice>) {
        for (billable, answer) in answers {
            let has_a_price = |listed: &ListedPrice| listed.usd_per_hour.is_some();
            if has_a_price(&answer) || !self.listed.get(&billable).is_some_and(has_a_price) {
                self.listed.insert(billable, answer);
            }
        }
    }

    /// Lists the billables with no fresh price, each with its query for the Price List.
    pub fn to_ask<'a>(
        &self,
        billables: impl IntoIterator<Item = &'a Billable>,
        now: Timestamp,
    ) -> BTreeMap<&'a Billable, ProductQuery> {
        let is_fresh = |listed: &ListedPrice| now.duration_since(listed.asked_at) < FRESH_FOR;
        billables
            .into_iter()
            .filter(|billable| !self.listed.get(billable).is_some_and(is_fresh))
            .filter_map(|billable| {
                let charge = self.bills.find(billable)?;
                Some((billable, ProductQuery::about(&charge, &self.region)))
            })
            .collect()
    }

    fn price(&self, billable: &Billable) -> Option<(UsdPerHour, Origin)> {
        if let Some(ListedPrice { usd_per_hour: Some(price), asked_at }) = self.listed.get(billable)
        {
            return Some((*price, Origin::PriceList(*asked_at)));
        }
        if self.region != BUILT_IN_REGION {
            return None;
        }
        let charge = self.bills.find(billable)?;
        Some((hourly(charge.bill.unit, charge.built_in()?), Origin::BuiltIn))
    }

    /// Puts prices to a usage. If one part has no known price, the whole has none.
    pub fn rate(&self, usage: &Usage) -> Rate {
        usage.quantities().fold(Rate::ZERO, |sum, (billable, quantity)| {
            sum + Rate(self.price(billable).map(|(price, _)| price.times(quantity)))
        })
    }

    /// Says where the prices of these billables come from and how old they are.
    pub fn source<'a>(&self, billables: impl IntoIterator<Item = &'a Billable>) -> String {
        /// More unknown prices than this are only counted.
        const NAMED: usize = 3;
        let billables: BTreeSet<&Billable> = billables.into_iter().collect();
        let mut asked_at = Vec::new();
        let (mut built_in, mut unknown) = (0, Vec::new());
        for billable in billables {
            match self.price(billable) {
                Some((_, Origin::PriceList(at))) => asked_at.push(at),
                Some((_, Origin::BuiltIn)) => built_in += 1,
                None => unknown.push(billable.what()),
            }
        }
        let table = format!("built-in table, {BUILT_IN_REGION}, {BUILT_IN_DATE}");
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
            0 if parts.is_empty() => parts.push(NONE_NEEDED.to_owned()),
            0 => {}
            n if n <= NAMED => parts.push(format!("unknown: {}", unknown.join(", "))),
            n => parts.push(format!("{n} unknown, such as {}", unknown[..NAMED].join(", "))),
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests;
