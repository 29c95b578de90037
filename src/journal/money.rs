//! The journal keeps prices as they were last known, and savings as they were measured.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Journal;
use super::entries::{Record, Snapshot, Unpriced};
use crate::model::Phase;
use crate::pricing::PriceBook;
use crate::savings::Savings;
use crate::usage::Billable;

/// A late price is put to stopped time that ended no longer ago than this.
const WORTH_PRICING: SignedDuration = SignedDuration::from_hours(62 * 24);

impl Snapshot {
    /// Updates the rate to the newest prices. One that is not known any more stays as it was.
    pub fn price(&mut self, prices: &PriceBook) {
        let newest = prices.rate(&self.usage);
        if !self.usage.is_none() && newest.0.is_some() {
            self.rate = newest;
        }
    }
}

impl Record {
    /// Returns the US dollars that one hour saves, if both prices are known.
    fn saving_rate(&self) -> Option<f64> {
        let (running, stopped) = (self.running.rate.0?, self.after.rate.0?);
        Some((running.0 - stopped.0).max(0.0))
    }

    /// Returns the US dollars saved since the last booking.
    fn unbooked(&self, now: Timestamp) -> f64 {
        let hours = now.duration_since(self.since).as_secs_f64().max(0.0) / 3600.0;
        self.saving_rate().map_or(0.0, |usd_per_hour| hours * usd_per_hour)
    }
}

impl Journal {
    /// Books what a resource has saved, at the moment when it leaves the phase `Stopped`.
    ///
    /// Nothing is booked if it is not known to have been stopped until then.
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

    /// Returns all usage that stands in the journal, so that prices can be asked for.
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

    /// Updates all rates, and books what was saved while prices were not known.
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

    /// Returns the records of what is stopped, without those that were seen running.
    ///
    /// Since when these have been running, nobody knows.
    fn stopped<'a>(
        &'a self,
        seen_running: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = &'a Record> {
        let is_stopped = |(id, record): &(&String, &Record)| {
            record.phase == Phase::Stopped && !seen_running.contains(*id)
        };
        self.resources.iter().filter(is_stopped).map(|(_, record)| record)
    }

    /// Returns the US dollars saved since the current stop began, booked or not.
    pub fn saved_this_stop(&self, seen_running: &BTreeSet<String>, now: Timestamp) -> f64 {
        let booked: f64 = self.resources.values().map(|record| record.saved_usd).sum();
        booked + self.stopped(seen_running).map(|record| record.unbooked(now)).sum::<f64>()
    }

    /// Returns the US dollars that the newest operation has booked.
    pub fn saved_by_operation(&self) -> f64 {
        (self.savings.total_usd - self.saved_before_usd).max(0.0)
    }

    /// Returns all savings, with those of the resources that are stopped now.
    pub fn savings_at(&self, seen_running: &BTreeSet<String>, now: Timestamp) -> Savings {
        let mut savings = self.savings.clone();
        for record in self.stopped(seen_running) {
            if let Some(usd_per_hour) = record.saving_rate() {
                savings.add(record.since, now, usd_per_hour, &self.zone);
            }
        }
        savings
    }

    /// Tells whether the savings are complete: no stopped time lacks its price.
    pub fn savings_are_complete(&self) -> bool {
        let is_known =
            |record: &Record| record.phase != Phase::Stopped || record.saving_rate().is_some();
        self.unpriced.is_empty() && self.resources.values().all(is_known)
    }
}
