use super::*;
use crate::kinds::cloudwatch::bills::COMPOSITE;
use crate::kinds::kinesis::bills::{FAN_OUT_SHARD, ON_DEMAND_STREAM, SHARD};
use crate::kinds::lambda::bills::PROVISIONED_GB_ARM;
use crate::kinds::{self, kinesis};

fn shard() -> Billable {
    (&SHARD).into()
}

#[test]
fn another_regions_prices_are_unknown_until_the_price_list_tells_them() {
    let mut book = PriceBook::built_in(kinds::bills(), "eu-central-1");
    assert_eq!(book.rate(&Usage::of(&SHARD, 2)), Rate::UNKNOWN);
    assert_eq!(book.source([&shard()]), "unknown: shard");
    let asked_at: Timestamp = "2026-11-20T18:00:00Z".parse().unwrap();
    book.merge(BTreeMap::from([(
        shard(),
        ListedPrice { usd_per_hour: Some(UsdPerHour(0.018)), asked_at },
    )]));
    assert_eq!(book.rate(&Usage::of(&SHARD, 2)), Rate(Some(UsdPerHour(0.036))));
    assert_eq!(book.source([&shard()]), "AWS Price List, eu-central-1, 2026-11-20");
}

#[test]
fn the_source_names_every_origin_and_the_oldest_date() {
    let listed = |usd, asked_at: &str| ListedPrice {
        usd_per_hour: usd,
        asked_at: asked_at.parse().unwrap(),
    };
    let (fan_out, on_demand) = (Billable::from(&FAN_OUT_SHARD), Billable::from(&ON_DEMAND_STREAM));
    let book = PriceBook::with(
        kinds::bills(),
        "us-east-1",
        BTreeMap::from([
            (shard(), listed(Some(UsdPerHour(0.02)), "2026-11-22T00:00:00Z")),
            (fan_out.clone(), listed(Some(UsdPerHour(0.02)), "2026-11-20T00:00:00Z")),
            (on_demand.clone(), listed(None, "2026-11-22T00:00:00Z")),
        ]),
    );
    let composite = Billable::from(&COMPOSITE);
    let unpriced = Billable::unpriced("log alarm");
    assert_eq!(
        book.source([&shard(), &fan_out, &composite, &on_demand, &unpriced]),
        "AWS Price List, us-east-1, 2026-11-20; 2 from the built-in table, us-east-1, 2026-09; unknown: log alarm"
    );
    assert_eq!(book.source([&composite]), "built-in table, us-east-1, 2026-09");
    assert_eq!(book.source([]), "none needed");
    assert_eq!(
        book.rate(&Usage::of(&SHARD, 1)),
        Rate(Some(UsdPerHour(0.02))),
        "the list before the table"
    );
}

#[test]
fn a_price_is_asked_for_once_in_seven_days_known_or_not() {
    let asked_at: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let listed = |usd_per_hour| ListedPrice { usd_per_hour, asked_at };
    let arm = Billable::from(&PROVISIONED_GB_ARM);
    let book = PriceBook::with(
        kinds::bills(),
        "us-east-1",
        BTreeMap::from([(shard(), listed(Some(UsdPerHour(0.015)))), (arm.clone(), listed(None))]),
    );
    let billables = [shard(), arm, (&ON_DEMAND_STREAM).into(), Billable::unpriced("log alarm")];
    let asks =
        |days: i64| book.to_ask(&billables, asked_at + SignedDuration::from_hours(24 * days)).len();
    assert_eq!(asks(6), 1, "only what was never asked");
    assert_eq!(asks(7), 3, "and never what has no price");
}

#[test]
fn the_rows_that_are_handed_in_are_all_that_has_a_price() {
    let bills = kinesis::INFO.bills.iter().copied().filter(|bill| bill.name != SHARD.name);
    let book = PriceBook::built_in(bills.collect(), "us-east-1");
    assert_eq!(book.rate(&Usage::of(&SHARD, 1)), Rate::UNKNOWN);
    assert_eq!(book.rate(&Usage::of(&ON_DEMAND_STREAM, 1)), Rate(Some(UsdPerHour(0.04))));
    assert_eq!(book.to_ask(&[shard()], Timestamp::UNIX_EPOCH), BTreeMap::new());
    assert_eq!(book.source([&shard()]), "unknown: shard");
}
