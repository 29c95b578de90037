//! Advice tells a person how to pay less, or to lose nothing.
//!
//! Each advice rests on a fact that was seen.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::money;
use crate::journal::Journal;
use crate::kinds::rules::Verdict;
use crate::model::{Advice, KindName, Limit, UsdPerHour};
use crate::plan::{Item, Outlook, Plan};
use crate::pricing::PriceBook;
use crate::usage::Usage;

/// Writes the plan's advice, each with its resource and money, the most money first.
pub fn recommendations(
    plan: &Plan,
    prices: &PriceBook,
    journal: &Journal,
    now: Timestamp,
) -> Vec<String> {
    let weekend = Weekend::before(now, &journal.zone);
    let mut all: Vec<(f64, String)> = Vec::new();
    // Advice that saves no money is said once for all resources that it is about.
    let mut free: BTreeMap<(KindName, &str), Vec<&str>> = BTreeMap::new();
    for item in &plan.items {
        for advice in &item.description.advice {
            if !advice.pays.is_none() {
                all.push(with_money(item, advice, prices));
            } else if may_be_stopped(item) {
                free.entry((item.id.kind, &advice.text)).or_default().push(&item.id.name);
            }
        }
        let is_ours = journal.record(&item.id).is_some_and(|record| record.held().is_some());
        let ran = weekend.as_ref().filter(|_| !is_ours && may_be_stopped(item));
        all.extend(ran.and_then(|weekend| weekend.ran_through(item)));
    }
    all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    all.into_iter().map(|(_, text)| text).chain(free.into_iter().map(of_many)).collect()
}

/// Says of each pattern that matches nothing today that it does, exclusions among them.
///
/// It may be misspelt: then a resource runs on that is to be stopped, or is stopped that is not.
pub fn unmatched_patterns(plan: &Plan) -> Vec<String> {
    let told = |pattern| format!("{pattern} in RESOURCES matches nothing today: is it misspelt?");
    plan.unmatched_patterns.iter().map(told).collect()
}

/// Tells whether a stop may change the resource, whose owner has not tagged it `keep`.
fn may_be_stopped(item: &Item) -> bool {
    !matches!(item.outlook, Outlook::Leave { verdict: Verdict::Unmanaged, .. })
}

/// Writes what the kind advises on the resource, with the money of a month.
fn with_money(item: &Item, advice: &Advice, prices: &PriceBook) -> (f64, String) {
    let monthly = |usage| prices.rate(usage).0.map(UsdPerHour::per_month);
    let now = monthly(&advice.pays);
    if let Some(below) = &advice.cheaper_below {
        let limit = |limit: &Limit| {
            let unit = prices.rate(&Usage::of(limit.billable.clone(), 1)).0?;
            Some(format!(
                "{:.1} {}",
                prices.rate(&limit.pays).0?.0 / unit.0 * limit.scale,
                limit.noun
            ))
        };
        let limits: Option<Vec<String>> = below.limits.iter().map(limit).collect();
        let words = match limits {
            Some(limits) => format!("costs less below {}{}", limits.join(" and "), below.unit),
            None => "may cost less".to_owned(),
        };
        return (
            now.unwrap_or(0.0),
            format!(
                "{} {} ({} a month); {} it {words}",
                item.id,
                advice.text,
                money(now),
                below.how
            ),
        );
    }
    let instead = monthly(&advice.would_pay);
    let words = match instead {
        Some(0.0) => format!("{} a month", money(now)),
        _ => format!("{} a month, then {}", money(now), money(instead)),
    };
    let gain = now.zip(instead).map_or(0.0, |(now, instead)| now - instead);
    (gain, format!("{} {} ({words})", item.id, advice.text))
}

/// Writes `lambda:a loses …`, or `3 of lambda (a, b, c): each loses …`.
fn of_many(((kind, text), names): ((KindName, &str), Vec<&str>)) -> String {
    const NAMED: usize = 5;
    match &names[..] {
        [one] => format!("{kind}:{one} {text}"),
        [..] if names.len() <= NAMED => {
            format!("{} of {kind} ({}): each {text}", names.len(), names.join(", "))
        }
        [..] => {
            let rest = names.len() - NAMED;
            format!(
                "{} of {kind} ({} and {rest} more): each {text}",
                names.len(),
                names[..NAMED].join(", ")
            )
        }
    }
}

/// A weekend is the last one that is over, in the schedule's time zone.
struct Weekend {
    start: Timestamp,
    hours: f64,
}

impl Weekend {
    fn before(now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let today = now.to_zoned_datetime(zone.clone()).date();
        let ago = i32::from(today.weekday().since(Weekday::Sunday));
        let sunday = today.checked_sub(if ago == 0 { 7 } else { ago }.days()).ok()?;
        let saturday = sunday.checked_sub(1.day()).ok()?;
        let midnight = |day: Date| Some(day.to_zoned_datetime(zone.clone()).ok()?.timestamp());
        let (start, end) = (midnight(saturday)?, midnight(sunday.checked_add(1.day()).ok()?)?);
        Some(Weekend { start, hours: end.duration_since(start).as_secs_f64() / 3600.0 })
    }

    /// Tells of a resource that bills, was there before the weekend, and is running now.
    fn ran_through(&self, item: &Item) -> Option<(f64, String)> {
        let since = item.description.running_since.filter(|since| *since <= self.start)?;
        let usd_per_hour = item.now.rate.0.filter(|rate| rate.0 > 0.0)?;
        let text = format!(
            "{} has run since {} and all of the last weekend, for {}: nothing stopped it",
            item.id,
            since.strftime("%Y-%m-%d"),
            money(Some(usd_per_hour.0 * self.hours)),
        );
        // A month has 4.3 weekends.
        Some((usd_per_hour.0 * self.hours * 4.3, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Snapshot;
    use crate::kinds::info::Tier;
    use crate::kinds::kinesis::bills as streams;
    use crate::kinds::rules::Describe;
    use crate::kinds::{self, dynamodb, kinesis, lambda, sagemaker};
    use crate::model::{Description, ResourceId, State};

    const MONDAY: &str = "2026-11-23T09:00:00Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn endpoint(since: &str) -> Item {
        let usage = Usage::of(sagemaker::bills::INSTANCE.of("ml.m5.large"), 1);
        let mut description = Description::new(State::Running, "1 × ml.m5.large", usage);
        description.running_since = Some(at(since));
        item(ResourceId::new(sagemaker::INFO.name, "risk"), description)
    }

    fn item(id: ResourceId, description: Description) -> Item {
        let now = Snapshot::of(&description, &PriceBook::built_in(kinds::bills(), "us-east-1"));
        let outlook = Outlook::Leave { verdict: Verdict::Skipped, why: String::new() };
        Item { id, tier: Tier::Capacity, description, now, outlook }
    }

    fn advice(items: Vec<Item>, journal: &Journal, now: &str) -> Vec<String> {
        let plan = Plan {
            direction: crate::model::Direction::Stop,
            items,
            errors: Vec::new(),
            unmatched_patterns: Vec::new(),
        };
        recommendations(&plan, &PriceBook::built_in(kinds::bills(), "us-east-1"), journal, at(now))
    }

    fn journal() -> Journal {
        Journal::new("shop", "dev")
    }

    #[test]
    fn what_ran_all_weekend_is_told_with_what_that_cost() {
        // 48 × 0.115
        assert_eq!(
            advice(vec![endpoint("2026-11-02T09:00:00Z")], &journal(), MONDAY),
            [
                "sagemaker:risk has run since 2026-11-02 and all of the last weekend, for $5.52: nothing stopped it"
            ]
        );
    }

    #[test]
    fn what_came_during_the_weekend_did_not_run_all_of_it() {
        assert!(advice(vec![endpoint("2026-11-21T00:00:01Z")], &journal(), MONDAY).is_empty());
    }

    #[test]
    fn what_is_tagged_keep_may_run_all_weekend() {
        let mut kept = endpoint("2026-11-02T09:00:00Z");
        kept.outlook = Outlook::Leave { verdict: Verdict::Unmanaged, why: "tagged".to_owned() };
        kept.description.advise("loses events while it is stopped", Usage::none(), Usage::none());
        assert!(advice(vec![kept], &journal(), MONDAY).is_empty());
    }

    #[test]
    fn on_a_sunday_the_last_weekend_is_the_one_before() {
        let start = |now: &str| Weekend::before(at(now), &TimeZone::UTC).unwrap().start.to_string();
        assert_eq!(start("2026-11-22T12:00:00Z"), "2026-11-14T00:00:00Z");
        assert_eq!(start("2026-11-21T12:00:00Z"), "2026-11-14T00:00:00Z");
        assert_eq!(start("2026-11-23T00:00:00Z"), "2026-11-21T00:00:00Z");
        assert_eq!(start("2026-11-27T00:00:00Z"), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn a_weekend_in_which_clocks_go_back_has_49_hours() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let weekend = Weekend::before(at("2026-10-26T12:00:00Z"), &berlin).unwrap();
        assert!((weekend.hours - 49.0).abs() < 1e-9);
    }

    #[test]
    fn a_table_is_told_when_on_demand_would_cost_less() {
        let table = dynamodb::Seen {
            mode: dynamodb::Mode::Provisioned { read_units: 5, write_units: 5 },
            class: dynamodb::TableClass::Standard,
            items: 0,
            bytes: 0,
        };
        let table = item(
            ResourceId::new(dynamodb::INFO.name, "scores"),
            dynamodb::Tables.describe(Some(&table)),
        );
        assert_eq!(
            advice(vec![table], &journal(), MONDAY),
            // 5 × 0.00013 × 730 / 0.125 and 5 × 0.00065 × 730 / 0.625
            [
                "dynamodb:scores is provisioned and bills whether it is used or not ($2.85 a month); on demand it costs \
              less below 3.8 million reads and 3.8 million writes a month"
            ]
        );
    }

    #[test]
    fn an_on_demand_stream_is_told_when_provisioned_would_cost_less() {
        let stream = kinesis::Seen {
            status: kinesis::Status::Active,
            mode: kinesis::Mode::OnDemand,
            shards: 4,
            retention_hours: 24,
            consumers: 0,
            consumer_names: Vec::new(),
        };
        let stream = item(
            ResourceId::new(kinesis::INFO.name, "clicks"),
            kinesis::Streams { longest_stop_hours: 12.0 }.describe(Some(&stream)),
        );
        assert_eq!(
            advice(vec![stream], &journal(), MONDAY),
            // 0.04 × 730, and 0.04 / 0.015
            [
                "kinesis:clicks bills its hours on demand, used or not, and cannot be stopped ($29.20 a month); provisioned it \
              costs less below 2.7 shards, each of which takes 1 MB and 1000 records a second"
            ]
        );
    }

    #[test]
    fn what_many_could_lose_is_said_once() {
        let function = |n: usize| {
            let mut description = Description::new(State::Running, "unreserved", Usage::none());
            description.advise("loses events", Usage::none(), Usage::none());
            item(ResourceId::new(lambda::INFO.name, format!("f{n}")), description)
        };
        assert_eq!(
            advice((0..1).map(function).collect(), &journal(), MONDAY),
            ["lambda:f0 loses events"]
        );
        assert_eq!(
            advice((0..3).map(function).collect(), &journal(), MONDAY),
            ["3 of lambda (f0, f1, f2): each loses events"]
        );
        assert_eq!(
            advice((0..8).map(function).collect(), &journal(), MONDAY),
            ["8 of lambda (f0, f1, f2, f3, f4 and 3 more): each loses events"]
        );
    }

    #[test]
    fn advice_has_its_money_and_the_most_money_stands_first() {
        let usage = Usage::of(&streams::ON_DEMAND_STREAM, 1);
        let mut stream = Description::new(State::Running, "on-demand", usage.clone());
        stream.advise("could be smaller", usage, Usage::of(&streams::SHARD, 1));
        stream.advise("loses events", Usage::none(), Usage::none());
        stream.advise("is a riddle", Usage::unpriced("riddle"), Usage::none());
        stream.advise("keeps too much", Usage::of(&streams::RETENTION_SHARD, 4), Usage::none());
        let stream = item(ResourceId::new(kinesis::INFO.name, "clicks"), stream);
        assert_eq!(
            advice(vec![stream], &journal(), MONDAY),
            [
                // 4 × 0.020 × 730
                "kinesis:clicks keeps too much ($58.40 a month)",
                // 0.04 × 730, 0.015 × 730
                "kinesis:clicks could be smaller ($29.20 a month, then $10.95)",
                "kinesis:clicks is a riddle (unknown a month)",
                "kinesis:clicks loses events",
            ]
        );
    }
}
