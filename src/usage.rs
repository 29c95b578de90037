//! What bills by the hour, in AWS's own units: the half of a cost that does not know any price.
//! [`crate::pricing`] is the other half.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing that AWS bills by the hour that it is there. A quantity of 1 is 1 of its unit for as
/// long as it is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Item {
    /// An instance of a SageMaker endpoint, by its type: `ml.m5.large`.
    HostingInstance(String),
    /// Provisioned concurrency of a serverless variant, by memory size in MB: one execution.
    ServerlessConcurrency(u32),
    /// A shard of a provisioned stream.
    Shard,
    /// A stream in on-demand mode, without its traffic.
    OnDemandStream,
    /// A shard whose records are kept for more than 24 hours, beside [`Item::Shard`].
    RetentionShard,
    /// A shard of an enhanced fan-out consumer, without its traffic.
    FanOutShard,
    /// A gigabyte of provisioned concurrency of a function.
    ProvisionedConcurrency(Architecture),
    /// A metric of an alarm, or a composite alarm.
    Alarm(AlarmKind),
    /// A provisioned read capacity unit.
    ReadUnit(TableClass),
    /// A provisioned write capacity unit.
    WriteUnit(TableClass),
    /// A million requests an hour to a table on demand. No table is seen using them: they are for
    /// comparison.
    MillionReads(TableClass),
    MillionWrites(TableClass),
    /// Something that bills and whose price this program does not know how to find.
    Unpriced(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Architecture {
    X86,
    Arm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlarmKind {
    Standard,
    HighResolution,
    Composite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TableClass {
    Standard,
    InfrequentAccess,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::HostingInstance(instance_type) => write!(f, "hosting {instance_type}"),
            Item::ServerlessConcurrency(megabytes) => {
                write!(f, "serverless concurrency {megabytes} MB")
            }
            Item::Unpriced(what) => write!(f, "{UNPRICED}{what}"),
            plain => f.write_str(
                PLAIN.iter().find(|(item, _)| item == plain).map_or("", |(_, name)| name),
            ),
        }
    }
}

const UNPRICED: &str = "unpriced ";

/// The items without a parameter of their own.
const PLAIN: [(Item, &str); 17] = [
    (Item::Shard, "shard"),
    (Item::OnDemandStream, "on-demand stream"),
    (Item::RetentionShard, "extended retention shard"),
    (Item::FanOutShard, "fan-out shard"),
    (Item::ProvisionedConcurrency(Architecture::X86), "provisioned concurrency GB"),
    (Item::ProvisionedConcurrency(Architecture::Arm), "provisioned concurrency GB arm"),
    (Item::Alarm(AlarmKind::Standard), "alarm metric"),
    (Item::Alarm(AlarmKind::HighResolution), "high-resolution alarm metric"),
    (Item::Alarm(AlarmKind::Composite), "composite alarm"),
    (Item::ReadUnit(TableClass::Standard), "RCU"),
    (Item::WriteUnit(TableClass::Standard), "WCU"),
    (Item::ReadUnit(TableClass::InfrequentAccess), "infrequent-access RCU"),
    (Item::WriteUnit(TableClass::InfrequentAccess), "infrequent-access WCU"),
    (Item::MillionReads(TableClass::Standard), "million reads"),
    (Item::MillionWrites(TableClass::Standard), "million writes"),
    (Item::MillionReads(TableClass::InfrequentAccess), "infrequent-access million reads"),
    (Item::MillionWrites(TableClass::InfrequentAccess), "infrequent-access million writes"),
];

/// What is not understood has no price: a newer version may have written it.
impl FromStr for Item {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Some((item, _)) = PLAIN.iter().find(|(_, name)| *name == text) {
            return Ok(item.clone());
        }
        let serverless =
            || text.strip_prefix("serverless concurrency ")?.strip_suffix(" MB")?.parse().ok();
        Ok(match (text.strip_prefix("hosting "), serverless()) {
            (Some(instance_type), _) => Item::HostingInstance(instance_type.to_owned()),
            (None, Some(megabytes)) => Item::ServerlessConcurrency(megabytes),
            (None, None) => Item::Unpriced(text.strip_prefix(UNPRICED).unwrap_or(text).to_owned()),
        })
    }
}

impl From<Item> for String {
    fn from(item: Item) -> Self {
        item.to_string()
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        let Ok(item) = text.parse();
        item
    }
}

/// How much of what one resource uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usage(BTreeMap<Item, f64>);

impl Usage {
    /// Nothing that bills by the hour.
    pub fn none() -> Self {
        Usage::default()
    }

    pub fn of(item: Item, quantity: impl Into<f64>) -> Self {
        Usage::none().and(item, quantity)
    }

    /// Something that bills, and nobody here knows how much.
    pub fn unpriced(what: impl Into<String>) -> Self {
        Usage::of(Item::Unpriced(what.into()), 1)
    }

    #[must_use]
    pub fn and(mut self, item: Item, quantity: impl Into<f64>) -> Self {
        let quantity = quantity.into();
        if quantity > 0.0 {
            *self.0.entry(item).or_default() += quantity;
        }
        self
    }

    #[must_use]
    pub fn plus(self, other: Usage) -> Self {
        other.0.into_iter().fold(self, |sum, (item, quantity)| sum.and(item, quantity))
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.keys()
    }

    pub fn quantities(&self) -> impl Iterator<Item = (&Item, f64)> {
        self.0.iter().map(|(item, quantity)| (item, *quantity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_read_as_it_was_written() {
        let items = PLAIN.iter().map(|(item, _)| item.clone()).chain([
            Item::HostingInstance("ml.m5.large".to_owned()),
            Item::ServerlessConcurrency(4096),
            Item::Unpriced("log alarm".to_owned()),
        ]);
        for item in items {
            assert_eq!(Item::from(String::from(item.clone())), item);
            assert!(!item.to_string().is_empty());
        }
    }

    #[test]
    fn an_item_of_a_newer_version_is_one_without_a_price() {
        assert_eq!(
            Item::from("quantum shard".to_owned()),
            Item::Unpriced("quantum shard".to_owned())
        );
    }

    #[test]
    fn quantities_of_one_item_add_up_and_none_of_it_is_no_usage() {
        let usage =
            Usage::of(Item::Shard, 2).plus(Usage::of(Item::Shard, 3)).and(Item::FanOutShard, 0);
        assert_eq!(usage, Usage::of(Item::Shard, 5));
        assert!(Usage::of(Item::Shard, 0).is_none());
    }
}
