use super::*;
use crate::kinds;
use crate::kinds::dynamodb::{TableClass, bills::million_reads};
use crate::kinds::kinesis::bills::{FAN_OUT_SHARD, ON_DEMAND_STREAM, SHARD};
use crate::kinds::lambda::bills::PROVISIONED_GB_ARM;
use crate::kinds::sagemaker::bills::INSTANCE;
use crate::model::UsdPerHour;
use crate::pricing::recorded;
use async_trait::async_trait;

/// Answers each query as recorded, after so many seconds.
struct Slow(fn(&ProductQuery) -> u64);

#[async_trait]
impl PriceList for Slow {
    async fn products(&self, query: &ProductQuery) -> Option<Vec<String>> {
        tokio::time::sleep(Duration::from_secs(self.0(query))).await;
        Some(recorded::products(query))
    }
}

fn desk(seconds: fn(&ProductQuery) -> u64) -> Desk {
    let book = PriceBook::built_in(kinds::bills(), "eu-central-1");
    Desk {
        book,
        list: Arc::new(Slow(seconds)),
        asked: BTreeSet::new(),
        queries: 0,
        under_way: JoinSet::new(),
    }
}

fn pace(seconds: u64) -> Pace {
    Pace::new(10, Duration::from_secs(seconds))
}

fn shard() -> Billable {
    (&SHARD).into()
}

fn arm() -> Billable {
    (&PROVISIONED_GB_ARM).into()
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_waited_for_two_seconds_and_holds_up_none() {
    let mut desk = desk(|query| if query.service == "AWSLambda" { 60 } else { 1 });
    let used = [shard(), arm()];
    desk.ask(&used, Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    assert!(desk.collect(&used, &pace(900)).await);
    assert_eq!(began.elapsed(), PATIENCE);
    assert!(desk.book.price(&shard()).is_some());
    assert!(desk.book.price(&arm()).is_none());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_price_that_no_sum_needs() {
    let mut desk = desk(|_| 1);
    desk.ask(&[shard(), arm()], Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    assert!(!desk.collect(&[(&ON_DEMAND_STREAM).into()], &pace(900)).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_invocations_time() {
    let mut desk = desk(|_| 60);
    desk.ask(&[shard()], Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    // A fifth of the second is the margin in which the state is written.
    desk.collect(&[shard()], &pace(1)).await;
    assert_eq!(began.elapsed(), Duration::from_millis(800));
}

#[tokio::test(start_paused = true)]
async fn at_most_eight_queries_are_made_in_one_invocation() {
    let mut desk = desk(|_| 0);
    let types: Vec<Billable> = (0..6).map(|n| INSTANCE.of(format!("ml.m5.{n}xlarge"))).collect();
    desk.ask(&types, Timestamp::UNIX_EPOCH);
    assert_eq!(desk.under_way.len(), 6);
    // Prices that one answer tells need one query, so these four need three queries.
    desk.ask(
        &[shard(), (&FAN_OUT_SHARD).into(), arm(), million_reads(TableClass::Standard).into()],
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(desk.under_way.len(), 8);
    assert!(
        desk.asked.contains(&arm()) && !desk.asked.contains(&shard()),
        "what is left out counts as not asked"
    );
}

#[test]
fn an_answer_without_a_price_leaves_the_older_price_with_its_date() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut book = PriceBook::built_in(kinds::bills(), "eu-central-1");
    let answer = |usd: Option<f64>, second| {
        BTreeMap::from([(
            shard(),
            ListedPrice { usd_per_hour: usd.map(UsdPerHour), asked_at: at(second) },
        )])
    };
    book.merge(answer(None, 1));
    book.merge(answer(Some(0.018), 2));
    book.merge(answer(None, 3));
    assert_eq!(
        book.listed()[&shard()],
        ListedPrice { usd_per_hour: Some(UsdPerHour(0.018)), asked_at: at(2) }
    );
}

#[test]
fn the_prices_that_version_0_1_saved_are_read_and_stay() {
    let bytes = crate::golden::file("stopped.prices.json");
    let cache: Cache = serde_json::from_slice(&bytes).unwrap();
    let bills = kinds::bills();
    let is_known = |billable: &Billable| bills.find(billable).is_some();
    assert!(cache.prices.keys().all(is_known), "{:?}", cache.prices);
    let written: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(serde_json::to_value(&cache).unwrap(), written);
    assert_eq!(cache.schema, SCHEMA);
}
