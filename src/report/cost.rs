//! A report sums up what its resources cost.

use serde::Serialize;

use super::rows::Row;
use super::usd::rounded;
use crate::model::UsdPerHour;

/// A cost sums up the resources whose price is known, in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    pub currency: &'static str,
    pub price_source: String,
    #[serde(serialize_with = "rounded")]
    pub per_day_before: f64,
    #[serde(serialize_with = "rounded")]
    pub per_day_after: f64,
    #[serde(serialize_with = "rounded")]
    pub saved_per_day: f64,
    #[serde(serialize_with = "rounded")]
    pub per_month_before: f64,
    #[serde(serialize_with = "rounded")]
    pub per_month_after: f64,
    /// Every price is known and everything could be seen. If not, the sums are "at least".
    pub complete: bool,
}

impl Cost {
    /// Sums up these rows.
    pub(super) fn of(rows: &[Row], price_source: String) -> Self {
        let costs = || rows.iter().map(|row| row.cost_per_day);
        let before = costs().filter_map(|cost| cost.before).sum::<f64>();
        let after = costs().filter_map(|cost| cost.after).sum::<f64>();
        // A saving is known only where both costs are known.
        let saved = costs().filter_map(|cost| Some(cost.before? - cost.after?)).sum::<f64>();
        let month = UsdPerHour::HOURS_PER_MONTH / UsdPerHour::HOURS_PER_DAY;
        Cost {
            currency: "USD",
            price_source,
            per_day_before: before,
            per_day_after: after,
            saved_per_day: saved.max(0.0),
            per_month_before: before * month,
            per_month_after: after * month,
            complete: costs().all(|cost| cost.before.is_some() && cost.after.is_some()),
        }
    }
}
