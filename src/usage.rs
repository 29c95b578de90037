//! A usage says what bills by the hour, in AWS's own units.
//!
//! Usage times price is cost. The prices are in [`crate::pricing`].

mod bill;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::bill::{Bill, Billable, Bills, BuiltIn, Charge, Unit};

/// A usage says how much one resource uses of everything that bills.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usage(BTreeMap<Billable, f64>);

impl Usage {
    /// Makes a usage of nothing.
    pub fn none() -> Self {
        Usage::default()
    }

    pub fn of(billable: impl Into<Billable>, quantity: impl Into<f64>) -> Self {
        Usage::none().and(billable, quantity)
    }

    /// Makes a usage of something that bills at a price nobody can look up.
    pub fn unpriced(what: &str) -> Self {
        Usage::of(Billable::unpriced(what), 1)
    }

    #[must_use]
    pub fn and(mut self, billable: impl Into<Billable>, quantity: impl Into<f64>) -> Self {
        let quantity = quantity.into();
        if quantity > 0.0 {
            *self.0.entry(billable.into()).or_default() += quantity;
        }
        self
    }

    #[must_use]
    pub fn plus(self, other: Usage) -> Self {
        other.0.into_iter().fold(self, |sum, (billable, quantity)| sum.and(billable, quantity))
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub fn billables(&self) -> impl Iterator<Item = &Billable> {
        self.0.keys()
    }

    pub fn quantities(&self) -> impl Iterator<Item = (&Billable, f64)> {
        self.0.iter().map(|(billable, quantity)| (billable, *quantity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_one_billable_add_up_and_zero_is_no_usage() {
        let (shard, consumer) = (Billable::unpriced("shard"), Billable::unpriced("consumer"));
        let usage = Usage::of(shard.clone(), 2).plus(Usage::of(shard.clone(), 3)).and(consumer, 0);
        assert_eq!(usage, Usage::of(shard.clone(), 5));
        assert!(Usage::of(shard, 0).is_none());
    }

    #[test]
    fn a_usage_is_written_as_its_names_and_quantities() {
        let written = serde_json::json!({"shard": 2.0, "of a newer version": 0.5});
        let usage: Usage = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(usage).unwrap(), written);
    }
}
