//! What a person could do to pay less, or to lose nothing: only what there is a fact for.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::money;
use crate::journal::Journal;
use crate::model::UsdPerHour;
use crate::plan::{Item, Plan};
use crate::pricing::PriceBook;

/// The plan's advice, each with the resource it is about and its money, the most money first.
pub fn recommendations(plan: &Plan, prices: &PriceBook, journal: &Journal, now: Timestamp) -> Vec<String> {
    let weekend = Weekend::before(now, &journal.zone).filter(|weekend| !weekend.has_savings(journal));
    let mut all: Vec<(f64, String)> = Vec::new();
    for item in &plan.items {
        all.extend(of_its_kind(item, prices));
        let is_ours = journal.record(&item.id).is_some_and(|record| record.held().is_some());
        all.extend(weekend.as_ref().filter(|_| !is_ours).and_then(|weekend| weekend.ran_through(item)));
    }
    all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    all.into_iter().map(|(_, text)| text).collect()
}

/// What the kind has to say of the resource, with the money of a month.
fn of_its_kind(item: &Item, prices: &PriceBook) -> Vec<(f64, String)> {
    let told = item.standing.advice.iter().map(|advice| {
        let monthly = |usage| prices.rate(usage).0.map(UsdPerHour::per_month);
        let (now, instead) = (monthly(&advice.pays), monthly(&advice.would_pay));
        let words = match (now, instead) {
            _ if advice.pays.is_none() => String::new(),
            (Some(now), Some(0.0)) => format!(" ({} a month)", money(Some(now))),
            (now, instead) => format!(" ({} a month, then {})", money(now), money(instead)),
        };
        let gain = now.zip(instead).map_or(0.0, |(now, instead)| now - instead);
        (gain, format!("{} {}{words}", item.id, advice.text))
    });
    told.collect()
}

/// The last whole weekend, in the schedule's time zone.
struct Weekend {
    saturday: Date,
    sunday: Date,
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
        Some(Weekend { saturday, sunday, start, hours: end.duration_since(start).as_secs_f64() / 3600.0 })
    }

    fn has_savings(&self, journal: &Journal) -> bool {
        let saved = |day| journal.savings.days.get(day).is_some_and(|usd| *usd > 0.0);
        saved(&self.saturday) || saved(&self.sunday)
    }

    /// Something that bills by the hour, was there before the weekend, and is running now.
    fn ran_through(&self, item: &Item) -> Option<(f64, String)> {
        let since = item.standing.running_since.filter(|since| *since <= self.start)?;
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
    use crate::journal::Glimpse;
    use crate::kinds::{Tier, Verdict, kinesis, sagemaker};
    use crate::model::{ResourceId, Standing, State};
    use crate::plan::Outlook;
    use crate::usage::{Item as Priced, Usage};

    const MONDAY: &str = "2026-11-23T09:00:00Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn endpoint(since: &str) -> Item {
        let usage = Usage::of(Priced::HostingInstance("ml.m5.large".to_owned()), 1);
        let mut standing = Standing::new(State::Running, "1 × ml.m5.large", usage);
        standing.running_since = Some(at(since));
        item(ResourceId::new(sagemaker::INFO.name, "risk"), standing)
    }

    fn item(id: ResourceId, standing: Standing) -> Item {
        let now = Glimpse::of(&standing, &PriceBook::built_in("us-east-1"));
        let outlook = Outlook::Leave { verdict: Verdict::Unmanaged, why: String::new() };
        Item { id, tier: Tier::Capacity, standing, now, outlook }
    }

    fn advice(items: Vec<Item>, journal: &Journal, now: &str) -> Vec<String> {
        let plan = Plan { items, errors: Vec::new() };
        recommendations(&plan, &PriceBook::built_in("us-east-1"), journal, at(now))
    }

    fn journal() -> Journal {
        Journal::new("shop", "dev")
    }

    #[test]
    fn what_ran_all_weekend_is_told_with_what_that_cost() {
        // 48 × 0.115
        assert_eq!(
            advice(vec![endpoint("2026-11-02T09:00:00Z")], &journal(), MONDAY),
            ["sagemaker:risk has run since 2026-11-02 and all of the last weekend, for $5.52: nothing stopped it"]
        );
    }

    #[test]
    fn what_came_during_the_weekend_did_not_run_all_of_it() {
        assert!(advice(vec![endpoint("2026-11-21T00:00:01Z")], &journal(), MONDAY).is_empty());
    }

    #[test]
    fn a_weekend_that_saved_something_was_stopped() {
        let mut stopped = journal();
        stopped.savings.days.insert(Date::constant(2026, 11, 22), 0.5);
        assert!(advice(vec![endpoint("2026-11-02T09:00:00Z")], &stopped, MONDAY).is_empty());
    }

    #[test]
    fn on_a_sunday_the_last_weekend_is_the_one_before() {
        let of = |now: &str| Weekend::before(at(now), &TimeZone::UTC).unwrap();
        assert_eq!(of("2026-11-22T12:00:00Z").sunday, Date::constant(2026, 11, 15));
        assert_eq!(of("2026-11-21T12:00:00Z").sunday, Date::constant(2026, 11, 15));
        assert_eq!(of("2026-11-23T00:00:00Z").sunday, Date::constant(2026, 11, 22));
        assert_eq!(of("2026-11-27T00:00:00Z").saturday, Date::constant(2026, 11, 21));
    }

    #[test]
    fn advice_has_its_money_and_the_most_money_stands_first() {
        let usage = Usage::of(Priced::OnDemandStream, 1);
        let mut stream = Standing::new(State::Running, "on-demand", usage.clone());
        stream.advise("could be smaller", usage, Usage::of(Priced::Shard, 1));
        stream.advise("loses events", Usage::none(), Usage::none());
        stream.advise("is a riddle", Usage::unpriced("riddle"), Usage::none());
        stream.advise("keeps too much", Usage::of(Priced::RetentionShard, 4), Usage::none());
        let stream = item(ResourceId::new(kinesis::INFO.name, "clicks"), stream);
        assert_eq!(
            advice(vec![stream], &journal(), MONDAY),
            [
                // 4 × 0.020 × 730
                "kinesis:clicks keeps too much ($58.40 a month)",
                // 0.04 × 730, 0.015 × 730
                "kinesis:clicks could be smaller ($29.20 a month, then $10.95)",
                "kinesis:clicks loses events",
                "kinesis:clicks is a riddle (unknown a month, then $0.00)",
            ]
        );
    }
}
