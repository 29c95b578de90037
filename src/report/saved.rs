//! A report tells what stopping has saved so far.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::rows::{Row, RowResult};
use super::usd::rounded;
use crate::journal::Journal;

/// The chart of savings shows this many days.
const DAYS: i32 = 30;

/// Savings are US dollars that were not spent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Saved {
    #[serde(serialize_with = "rounded")]
    pub this_stop: f64,
    #[serde(serialize_with = "rounded")]
    pub month_to_date: f64,
    #[serde(serialize_with = "rounded")]
    pub total: f64,
    /// The price is known for all of the time. If not, the sums are "at least".
    pub complete: bool,
    /// The newest operation has booked this much. The metrics add such parts up.
    #[serde(skip)]
    pub by_operation: f64,
    /// The chart shows the sum of each day, the newest last.
    #[serde(skip)]
    pub days: Vec<(Date, f64)>,
}

impl Saved {
    /// Sums up what the journal has booked, and what has been saved since.
    ///
    /// A resource that is running by its row has saved nothing since the last booking.
    pub(super) fn at(now: Timestamp, rows: &[Row], journal: &Journal) -> Self {
        let is_running =
            |row: &&Row| matches!(row.result, RowResult::Running | RowResult::AlreadyRunning);
        let running: BTreeSet<String> = rows
            .iter()
            .filter(is_running)
            .map(|row| format!("{}:{}", row.kind, row.name))
            .collect();
        let savings = journal.savings_at(&running, now);
        Saved {
            this_stop: journal.saved_this_stop(&running, now),
            month_to_date: savings.month_to_date(now, &journal.zone),
            total: savings.total_usd,
            complete: journal.savings_are_complete(),
            by_operation: journal.saved_by_operation(),
            days: savings.last_days(DAYS, now, &journal.zone),
        }
    }
}
