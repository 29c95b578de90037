//! Savings are the money that was not spent, by day and by month.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};
use serde::{Deserialize, Serialize};

/// A state has the savings of so many days, for charts.
const DAYS: usize = 62;

/// Savings are in US dollars: in total, by month and by day.
///
/// Months and days are those of the schedule's time zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Savings {
    pub total_usd: f64,
    /// Each month has its sum: `2026-11`.
    pub months: BTreeMap<String, f64>,
    /// Each of the last days has its sum.
    #[serde(default)]
    pub days: BTreeMap<Date, f64>,
}

impl Savings {
    /// Books the time from `from` to `to` at a rate, each part on its day.
    ///
    /// Returns the sum in US dollars.
    pub fn add(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        usd_per_hour: f64,
        zone: &TimeZone,
    ) -> f64 {
        let mut sum = 0.0;
        let mut start = from;
        while start < to {
            let local = start.to_zoned_datetime(zone.clone());
            // A day on which clocks are changed has 23 or 25 hours.
            let midnight = local.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
            let end = midnight.map_or(to, |midnight| midnight.timestamp().min(to));
            let usd = end.duration_since(start).as_secs_f64() / 3600.0 * usd_per_hour;
            *self.days.entry(local.date()).or_default() += usd;
            *self.months.entry(month_of(&local)).or_default() += usd;
            sum += usd;
            start = end;
        }
        self.total_usd += sum;
        while self.days.len() > DAYS {
            self.days.pop_first();
        }
        sum
    }

    pub fn month_to_date(&self, now: Timestamp, zone: &TimeZone) -> f64 {
        self.months
            .get(&month_of(&now.to_zoned_datetime(zone.clone())))
            .copied()
            .unwrap_or_default()
    }

    /// Lists the last `days` days up to today, each with its savings or zero.
    pub fn last_days(&self, days: i32, now: Timestamp, zone: &TimeZone) -> Vec<(Date, f64)> {
        let today = now.to_zoned_datetime(zone.clone()).date();
        (0..days)
            .rev()
            .filter_map(|ago| today.checked_sub(ago.days()).ok())
            .map(|day| (day, self.days.get(&day).copied().unwrap_or_default()))
            .collect()
    }
}

fn month_of(time: &ZonedDateTime) -> String {
    time.strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn hours_are_booked_in_the_day_and_month_they_lie_in() {
        let mut savings = Savings::default();
        let sum = savings.add(
            at("2026-11-30T22:00:00Z"),
            at("2026-12-01T06:00:00Z"),
            0.5,
            &TimeZone::UTC,
        );
        assert!(close(sum, 4.0));
        assert!(close(savings.months["2026-11"], 1.0));
        assert!(close(savings.months["2026-12"], 3.0));
        assert!(close(savings.days[&Date::constant(2026, 11, 30)], 1.0));
        assert!(close(savings.month_to_date(at("2026-12-05T00:00:00Z"), &TimeZone::UTC), 3.0));
        assert!(close(savings.total_usd, 4.0));
    }

    #[test]
    fn the_schedules_time_zone_decides_where_a_month_begins() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let mut savings = Savings::default();
        // 14:00 to 16:00 UTC are 23:00 on the 30th to 01:00 on the 1st in Tokyo.
        savings.add(at("2026-11-30T14:00:00Z"), at("2026-11-30T16:00:00Z"), 1.0, &tokyo);
        assert!(close(savings.months["2026-11"], 1.0));
        assert!(close(savings.month_to_date(at("2026-11-30T16:00:00Z"), &tokyo), 1.0));
    }

    #[test]
    fn the_day_on_which_clocks_go_back_has_25_hours() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut savings = Savings::default();
        savings.add(at("2026-10-23T22:00:00Z"), at("2026-10-26T23:00:00Z"), 1.0, &berlin);
        assert!(close(savings.days[&Date::constant(2026, 10, 25)], 25.0));
        assert!(close(savings.days[&Date::constant(2026, 10, 24)], 24.0));
    }

    #[test]
    fn the_last_days_end_today_and_show_those_without_savings() {
        let mut savings = Savings::default();
        savings.add(at("2026-11-02T20:00:00Z"), at("2026-11-02T22:00:00Z"), 1.0, &TimeZone::UTC);
        let days = savings.last_days(3, at("2026-11-04T08:00:00Z"), &TimeZone::UTC);
        let amounts: Vec<String> =
            days.iter().map(|(day, usd)| format!("{day} {usd:.1}")).collect();
        assert_eq!(amounts, ["2026-11-02 2.0", "2026-11-03 0.0", "2026-11-04 0.0"]);
    }

    #[test]
    fn old_days_are_dropped_and_their_money_stays_in_the_total() {
        let mut savings = Savings::default();
        savings.add(at("2026-01-01T00:00:00Z"), at("2026-04-11T00:00:00Z"), 1.0, &TimeZone::UTC);
        assert_eq!(savings.days.len(), DAYS);
        assert!(close(savings.total_usd, 2400.0));
        assert!(close(savings.months.values().sum(), 2400.0));
    }

    #[test]
    fn a_clock_that_ran_backwards_saves_nothing() {
        let mut savings = Savings::default();
        assert!(close(
            savings.add(
                at("2026-11-02T00:00:00Z"),
                at("2026-11-01T00:00:00Z"),
                1.0,
                &TimeZone::UTC
            ),
            0.0
        ));
        assert_eq!(savings, Savings::default());
    }
}
