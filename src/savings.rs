//! Money that was not spent, by calendar month.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// US dollars saved, in total and by month (UTC).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Savings {
    pub total_usd: f64,
    /// `2026-11` → US dollars.
    pub months: BTreeMap<String, f64>,
}

impl Savings {
    /// Books the hours from `from` to `to` at a rate, each in the month it lies in. Returns the sum.
    pub fn add(&mut self, from: Timestamp, to: Timestamp, usd_per_hour: f64) -> f64 {
        let mut sum = 0.0;
        let mut start = from;
        while start < to {
            let local = start.to_zoned_datetime(TimeZone::UTC);
            let next_month = local
                .first_of_month()
                .and_then(|first| first.start_of_day())
                .and_then(|first| first.checked_add(1.month()))
                .map_or(to, |first| first.timestamp());
            let end = to.min(next_month);
            let usd = end.duration_since(start).as_secs_f64() / 3600.0 * usd_per_hour;
            *self.months.entry(month_of(start)).or_default() += usd;
            sum += usd;
            start = end;
        }
        self.total_usd += sum;
        sum
    }

    pub fn month_to_date(&self, now: Timestamp) -> f64 {
        self.months.get(&month_of(now)).copied().unwrap_or_default()
    }
}

fn month_of(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn hours_are_booked_in_the_month_they_lie_in() {
        let mut savings = Savings::default();
        let sum = savings.add(at("2026-11-30T22:00:00Z"), at("2026-12-01T06:00:00Z"), 0.5);
        assert!((sum - 4.0).abs() < 1e-9);
        assert!((savings.months["2026-11"] - 1.0).abs() < 1e-9);
        assert!((savings.months["2026-12"] - 3.0).abs() < 1e-9);
        assert!((savings.month_to_date(at("2026-12-05T00:00:00Z")) - 3.0).abs() < 1e-9);
        assert!((savings.total_usd - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_clock_that_ran_backwards_saves_nothing() {
        let mut savings = Savings::default();
        assert!(savings.add(at("2026-11-02T00:00:00Z"), at("2026-11-01T00:00:00Z"), 1.0).abs() < 1e-9);
        assert_eq!(savings, Savings::default());
    }
}
