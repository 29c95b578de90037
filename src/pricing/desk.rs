//! The prices of one invocation: what is known at once, and what is being asked for meanwhile.
//!
//! No call that changes something ever waits for a price. The Price List is asked beside the
//! operation, and its answers are taken at the end: for the report, the savings and the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::list::PriceList;
use super::{Listed, PriceBook};
use crate::pace::Pace;
use crate::store::Store;
use crate::usage::Item;

/// Where the answers of the Price List are kept, below the state's prefix.
pub const CACHE_KEY: &str = "prices.json";
const SCHEMA: u32 = 1;
/// How long a report waits for prices that it lacks. For fresher ones it does not wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// The cache object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    schema: u32,
    region: String,
    prices: BTreeMap<Item, Listed>,
}

type Answers = BTreeMap<Item, Listed>;

pub struct Desk {
    pub book: PriceBook,
    list: Arc<dyn PriceList>,
    asked: BTreeSet<Item>,
    under_way: Vec<JoinHandle<Answers>>,
}

impl Desk {
    /// Reads the cache. One that cannot be read or understood is as good as none.
    pub async fn open(store: &dyn Store, list: Arc<dyn PriceList>, region: &str, now: Timestamp) -> Self {
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
        let listed = cache.filter(|cache| cache.schema == SCHEMA && cache.region == region).map(|cache| cache.prices);
        let book = PriceBook::with(region, listed.unwrap_or_default());
        let mut desk = Desk { book, list, asked: BTreeSet::new(), under_way: Vec::new() };
        // What was used before will most likely be used now.
        let known: Vec<Item> = desk.book.listed().keys().cloned().collect();
        desk.ask(&known, now);
        desk
    }

    /// Asks for the prices of these items, where they are not known or not fresh. Does not wait.
    pub fn ask<'a>(&mut self, items: impl IntoIterator<Item = &'a Item>, now: Timestamp) {
        let wanted: BTreeSet<Item> =
            self.book.to_ask(items, now).into_iter().filter(|item| !self.asked.contains(item)).collect();
        if wanted.is_empty() {
            return;
        }
        self.asked.extend(wanted.iter().cloned());
        let (list, region) = (Arc::clone(&self.list), self.book.region().to_owned());
        #[allow(clippy::disallowed_methods, reason = "it only asks: what outlives its operation changes nothing")]
        self.under_way.push(tokio::spawn(async move {
            let prices = list.prices(&region, &wanted).await;
            prices.into_iter().map(|(item, usd_per_hour)| (item, Listed { usd_per_hour, asked_at: now })).collect()
        }));
    }

    /// Takes what has come. Waits a little where the report lacks one of these prices. Returns
    /// whether there is something new to [`Self::keep`].
    pub async fn settle<'a>(&mut self, used: impl IntoIterator<Item = &'a Item>, pace: &Pace) -> bool {
        let lacks = used.into_iter().any(|item| self.book.price(item).is_none() && self.asked.contains(item));
        let patience = if lacks && pace.halted().is_none() { PATIENCE } else { Duration::ZERO };
        let give_up_at = tokio::time::Instant::now() + patience;
        let mut answers = Answers::new();
        for asking in self.under_way.drain(..) {
            let stop = asking.abort_handle();
            match tokio::time::timeout_at(give_up_at, asking).await {
                Ok(Ok(came)) => answers.extend(came),
                Ok(Err(panic)) => tracing::error!(error = %panic, "asking for prices"),
                Err(_) => {
                    tracing::warn!("the Price List has not answered in time: going on without");
                    stop.abort();
                }
            }
        }
        let is_new = !answers.is_empty();
        self.book.take_in(answers);
        is_new
    }

    /// Keeps the answers for the next invocations.
    pub async fn keep(&self, store: &dyn Store) {
        let cache = Cache { schema: SCHEMA, region: self.book.region().to_owned(), prices: self.book.listed().clone() };
        let body = serde_json::to_vec_pretty(&cache).expect("a cache is plain data");
        // Of two writers either is right.
        if let Err(failure) = store.replace(CACHE_KEY, body).await {
            tracing::warn!(error = %failure, "the prices cannot be kept");
        }
    }
}
