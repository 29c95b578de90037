use super::*;
use crate::model::UsdPerHour;
use crate::usage::Architecture;
use async_trait::async_trait;

/// Answers each question with one dollar, after as many seconds as the items it is about are told.
struct Slow(fn(&Item) -> u64);

#[async_trait]
impl PriceList for Slow {
    async fn prices(&self, _: &str, items: &BTreeSet<Item>) -> BTreeMap<Item, Option<UsdPerHour>> {
        let seconds = items.iter().map(self.0).max().unwrap_or_default();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        items.iter().map(|item| (item.clone(), Some(UsdPerHour(1.0)))).collect()
    }
}

fn desk(seconds: fn(&Item) -> u64) -> Desk {
    let book = PriceBook::built_in("eu-central-1");
    Desk {
        book,
        list: Arc::new(Slow(seconds)),
        asked: BTreeSet::new(),
        questions: 0,
        under_way: JoinSet::new(),
    }
}

fn pace(seconds: u64) -> Pace {
    Pace::new(10, Duration::from_secs(seconds))
}

const ARM: Item = Item::ProvisionedConcurrency(Architecture::Arm);

#[tokio::test(start_paused = true)]
async fn a_slow_answer_keeps_no_other_back_and_is_waited_for_two_seconds() {
    let mut desk = desk(|item| if *item == ARM { 60 } else { 1 });
    let items = [Item::Shard, ARM];
    desk.ask(&items, Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    assert!(desk.settle(&items, &pace(900)).await);
    assert_eq!(began.elapsed(), PATIENCE);
    assert!(desk.book.price(&Item::Shard).is_some());
    assert!(desk.book.price(&ARM).is_none());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_price_that_no_sum_needs() {
    let mut desk = desk(|_| 1);
    desk.ask(&[Item::Shard, ARM], Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    assert!(!desk.settle(&[Item::OnDemandStream], &pace(900)).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_invocations_time() {
    let mut desk = desk(|_| 60);
    desk.ask(&[Item::Shard], Timestamp::UNIX_EPOCH);
    let began = tokio::time::Instant::now();
    // Of one second, a fifth is the margin in which the state is written.
    desk.settle(&[Item::Shard], &pace(1)).await;
    assert_eq!(began.elapsed(), Duration::from_millis(800));
}

#[tokio::test(start_paused = true)]
async fn at_most_eight_questions_are_asked_in_one_invocation() {
    let mut desk = desk(|_| 0);
    let types: Vec<Item> =
        (0..6).map(|n| Item::HostingInstance(format!("ml.m5.{n}xlarge"))).collect();
    desk.ask(&types, Timestamp::UNIX_EPOCH);
    assert_eq!(desk.under_way.len(), 6);
    // The items of one answer are one question: these are three.
    desk.ask(
        &[
            Item::Shard,
            Item::FanOutShard,
            ARM,
            Item::MillionReads(crate::usage::TableClass::Standard),
        ],
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(desk.under_way.len(), 8);
    assert!(
        desk.asked.contains(&ARM) && !desk.asked.contains(&Item::Shard),
        "what is left out counts as not asked"
    );
}

#[test]
fn an_answer_without_a_price_leaves_the_older_price_with_its_date() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut book = PriceBook::built_in("eu-central-1");
    let answer = |usd: Option<f64>, second| {
        BTreeMap::from([(
            Item::Shard,
            Listed { usd_per_hour: usd.map(UsdPerHour), asked_at: at(second) },
        )])
    };
    book.take_in(answer(None, 1));
    book.take_in(answer(Some(0.018), 2));
    book.take_in(answer(None, 3));
    assert_eq!(
        book.listed()[&Item::Shard],
        Listed { usd_per_hour: Some(UsdPerHour(0.018)), asked_at: at(2) }
    );
}

#[test]
fn the_prices_that_version_0_1_kept_are_understood_and_stay_as_they_are() {
    let bytes = crate::golden::file("stopped.prices.json");
    let cache: Cache = serde_json::from_slice(&bytes).unwrap();
    let is_known = |item: &Item| !matches!(item, Item::Unpriced(_));
    assert!(cache.prices.keys().all(is_known), "{:?}", cache.prices);
    let written: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(serde_json::to_value(&cache).unwrap(), written);
    assert_eq!(cache.schema, SCHEMA);
}
