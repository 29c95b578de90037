//! A desk has the prices of one invocation, and asks for those that are missing.
//!
//! No call that changes something ever waits for a price. The Price List is asked beside the
//! operation, and its answers are collected at the end: for the report, the savings and the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::list::{PriceList, ProductQuery, price};
use super::{ListedPrice, PriceBook};
use crate::pace::Pace;
use crate::store::Store;
use crate::usage::{Billable, Bills};

/// The cache of the Price List's answers has this key, below the state's prefix.
pub const CACHE_KEY: &str = "prices.json";
const SCHEMA: u32 = 1;
/// A report waits so long for prices that are missing, and never for fresher ones.
const PATIENCE: Duration = Duration::from_secs(2);
/// An invocation makes at most so many queries. The next invocation asks for the rest.
const QUERIES: usize = 8;

/// A cache saves the prices for the next invocations.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    schema: u32,
    region: String,
    prices: BTreeMap<Billable, ListedPrice>,
}

type Answers = BTreeMap<Billable, ListedPrice>;

/// A desk has the known prices, and the queries that are under way.
pub struct Desk {
    pub book: PriceBook,
    list: Arc<dyn PriceList>,
    asked: BTreeSet<Billable>,
    queries: usize,
    /// Each query has a task, so that a slow query holds up no other.
    ///
    /// The tasks end with the desk. A task that outlived its invocation would go on in the next.
    under_way: JoinSet<Answers>,
}

impl Desk {
    /// Reads the cache, and asks anew for its old prices.
    ///
    /// A cache that cannot be read or understood counts as none.
    pub async fn open(
        store: &dyn Store,
        list: Arc<dyn PriceList>,
        bills: Bills,
        region: &str,
        now: Timestamp,
    ) -> Self {
        let cached = match tokio::time::timeout(PATIENCE, store.archived(CACHE_KEY)).await {
            Ok(Ok(cached)) => cached,
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure, "the kept prices cannot be read");
                None
            }
            Err(_) => {
                tracing::warn!("the kept prices did not come in time");
                None
            }
        };
        let cache = cached.and_then(|bytes| serde_json::from_slice::<Cache>(&bytes).ok());
        let listed = cache
            .filter(|cache| cache.schema == SCHEMA && cache.region == region)
            .map(|cache| cache.prices);
        let book = PriceBook::with(bills, region, listed.unwrap_or_default());
        let mut desk =
            Desk { book, list, asked: BTreeSet::new(), queries: 0, under_way: JoinSet::new() };
        // A price that was needed before will most likely be needed now.
        let known: Vec<Billable> = desk.book.listed().keys().cloned().collect();
        desk.ask(&known, now);
        desk
    }

    /// Asks for the unknown and old prices of these billables, without waiting.
    pub fn ask<'a>(&mut self, billables: impl IntoIterator<Item = &'a Billable>, now: Timestamp) {
        let mut wanted: BTreeMap<ProductQuery, Vec<Billable>> = BTreeMap::new();
        for (billable, query) in self.book.to_ask(billables, now) {
            if !self.asked.contains(billable) {
                wanted.entry(query).or_default().push(billable.clone());
            }
        }
        for (query, billables) in wanted.into_iter().take(QUERIES - self.queries) {
            self.queries += 1;
            self.asked.extend(billables.iter().cloned());
            let (list, bills) = (Arc::clone(&self.list), self.book.bills().clone());
            let region = self.book.region().to_owned();
            self.under_way.spawn(async move {
                let Some(products) = list.products(&query).await else { return Answers::new() };
                let answer = |billable: Billable| {
                    let charge = bills.find(&billable)?;
                    let usd_per_hour = price(&charge, &region, &products);
                    Some((billable, ListedPrice { usd_per_hour, asked_at: now }))
                };
                billables.into_iter().filter_map(answer).collect()
            });
        }
    }

    /// Collects the answers that have come, and returns whether there are any to save.
    ///
    /// Where one of the `used` prices is missing, the call waits a little, but not past the
    /// invocation's time. [`Self::save_prices`] saves the answers.
    pub async fn collect<'a>(
        &mut self,
        used: impl IntoIterator<Item = &'a Billable>,
        pace: &Pace,
    ) -> bool {
        let mut missing: BTreeSet<&Billable> = used
            .into_iter()
            .filter(|used| self.book.price(used).is_none() && self.asked.contains(used))
            .collect();
        let mut answers = Answers::new();
        let patience = pace.sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            let answer = if missing.is_empty() {
                self.under_way.try_join_next()
            } else {
                tokio::select! {
                    biased;
                    answer = self.under_way.join_next() => answer,
                    () = &mut patience => {
                        tracing::warn!(?missing, "the Price List has not answered in time: going on without");
                        None
                    }
                }
            };
            match answer {
                Some(Ok(came)) => {
                    missing.retain(|billable| !came.contains_key(*billable));
                    answers.extend(came);
                }
                Some(Err(error)) => tracing::error!(%error, "asking for prices"),
                None => break,
            }
        }
        self.under_way.abort_all();
        let is_new = !answers.is_empty();
        self.book.merge(answers);
        is_new
    }

    /// Saves the prices for the next invocations.
    pub async fn save_prices(&self, store: &dyn Store) {
        let cache = Cache {
            schema: SCHEMA,
            region: self.book.region().to_owned(),
            prices: self.book.listed().clone(),
        };
        let body = serde_json::to_vec_pretty(&cache).expect("a cache is plain data");
        // Two invocations may write at the same time. The prices of either are right.
        if let Err(failure) = store.replace(CACHE_KEY, body).await {
            tracing::warn!(error = %failure, "the prices cannot be kept");
        }
    }
}

#[cfg(test)]
mod tests;
