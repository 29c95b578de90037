//! What the journal knows of money: prices as they were last known, and savings as they were
//! measured.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Journal;
use super::entries::{Record, Snapshot, Unpriced};
use crate::model::Phase;
use crate::pricing::PriceBook;
use crate::savings::Savings;
use crate::usage::Billable;

/// For so long, a price that comes late is put to what was saved before it.
const WORTH_PRICING: SignedDuration = SignedDuration::from_hours(62 * 24);

impl Snapshot {
    /// Takes the newest price. One that is not known any more stays as it was.
    pub fn price(&mut self, prices: &PriceBook) {
        let newest = prices.rate(&self.usage);
        if !self.usage.is_none() && newest.0.is_some() {
            self.rate = newest;
        }
    }
}

impl Record {
    /// What one hour of being stopped saves, where both prices are known.
    fn saving_rate(&self) -> Option<f64> {
        let (running, stopped) = (self.running.rate.0?, self.after.rate.0?);
        Some((running.0 - stopped.0).max(0.0))
    }

    /// What the time since the last booking has saved.
    fn unbooked(&self, now: Timestamp) -> f64 {
        let hours = now.duration_since(self.since).as_secs_f64().max(0.0) / 3600.0;
        self.saving_rate().map_or(0.0, |usd_per_hour| hours * usd_per_hour)
    }
}

impl Journal {
    /// Books what a stopped resource has saved, at the moment it leaves that phase, if it was
    /// stopped until then.
    pub(super) fn book_savings(&mut self, key: &str, now: Timestamp, was_stopped: bool) {
        let Some(record) =
            self.resources.get_mut(key).filter(|record| record.phase == Phase::Stopped)
        else {
            return;
        };
        match record.saving_rate().filter(|_| was_stopped) {
            Some(usd_per_hour) => {
                record.saved_usd += self.savings.add(record.since, now, usd_per_hour, &self.zone);
            }
            None if was_stopped => self.unpriced.push(Unpriced {
                resource: key.to_owned(),
                from: record.since,
                to: now,
                running: record.running.usage.clone(),
                stopped: record.after.usage.clone(),
            }),
            None => {}
        }
        // Booked up to here: booking a second time adds nothing.
        record.since = now;
    }

    /// What the records' resources use.
    pub fn usages(&self) -> impl Iterator<Item = &Billable> {
        let records = self.resources.values().flat_map(|record| {
            [&record.running, &record.before, &record.after]
                .into_iter()
                .flat_map(|snapshot| snapshot.usage.billables())
        });
        let unpriced = self
            .unpriced
            .iter()
            .flat_map(|time| time.running.billables().chain(time.stopped.billables()));
        records.chain(unpriced)
    }

    /// Takes the newest prices, and books what was saved while they were not known.
    pub fn price(&mut self, prices: &PriceBook, now: Timestamp) {
        for record in self.resources.values_mut() {
            for snapshot in [&mut record.running, &mut record.before, &mut record.after] {
                snapshot.price(prices);
            }
        }
        for time in std::mem::take(&mut self.unpriced) {
            let rates = prices.rate(&time.running).0.zip(prices.rate(&time.stopped).0);
            let Some((running, stopped)) = rates else {
                if now.duration_since(time.to) < WORTH_PRICING {
                    self.unpriced.push(time);
                }
                continue;
            };
            let usd =
                self.savings.add(time.from, time.to, (running.0 - stopped.0).max(0.0), &self.zone);
            // A record that is stopped again is of another stop.
            let ended = self
                .resources
                .get_mut(&time.resource)
                .filter(|record| record.phase != Phase::Stopped);
            if let Some(record) = ended {
                record.saved_usd += usd;
            }
        }
    }

    /// The records of what is stopped, but for those that were seen running: since when, nobody
    /// knows.
    fn stopped<'a>(
        &'a self,
        seen_running: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = &'a Record> {
        let is_stopped = |(id, record): &(&String, &Record)| {
            record.phase == Phase::Stopped && !seen_running.contains(*id)
        };
        self.resources.iter().filter(is_stopped).map(|(_, record)| record)
    }

    /// What has been saved since the current stop began, booked or not.
    pub fn saved_this_stop(&self, seen_running: &BTreeSet<String>, now: Timestamp) -> f64 {
        let booked: f64 = self.resources.values().map(|record| record.saved_usd).sum();
        booked + self.stopped(seen_running).map(|record| record.unbooked(now)).sum::<f64>()
    }

    /// What the newest operation has booked, and no other.
    pub fn saved_by_operation(&self) -> f64 {
        (self.savings.total_usd - self.saved_before_usd).max(0.0)
    }

    /// All savings, with those of the resources that are stopped now.
    pub fn savings_at(&self, seen_running: &BTreeSet<String>, now: Timestamp) -> Savings {
        let mut savings = self.savings.clone();
        for record in self.stopped(seen_running) {
            if let Some(usd_per_hour) = record.saving_rate() {
                savings.add(record.since, now, usd_per_hour, &self.zone);
            }
        }
        savings
    }

    /// Whether the savings are all there is: no stopped time whose price is not known.
    pub fn savings_are_complete(&self) -> bool {
        let is_known =
            |record: &Record| record.phase != Phase::Stopped || record.saving_rate().is_some();
        self.unpriced.is_empty() && self.resources.values().all(is_known)
    }
}
