//! A bill is a row: something that AWS bills for, and where its price is found.
//!
//! The rows stand in the folders of the kinds. Code that reads rows knows no row by name.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A bill is a row: something that AWS bills for as long as it is there.
///
/// A row may stand for many things that differ in one word or size, such as the instance type. In
/// the row's texts, `{}` takes that word or size, and `{GB}` a size in MB as whole GB.
#[derive(Debug, PartialEq)]
pub struct Bill {
    /// States and saved prices have this name, which never changes: `hosting {}`.
    pub name: &'static str,
    /// The Price List has this code for the service.
    pub service: &'static str,
    /// The Price List's fields must have exactly these values.
    pub filters: &'static [(&'static str, &'static str)],
    /// The Price List has this usage type, after a prefix for the region.
    ///
    /// `Storage-ShardHour` is `EUC1-Storage-ShardHour` in the list.
    pub usage_type: &'static str,
    pub unit: Unit,
    pub built_in: BuiltIn,
}

/// A unit is what AWS states the price for, in the Price List's words.
///
/// A quantity of one uses one hour, 3600 seconds or 1/730 of a month in each hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Hour(&'static [&'static str]),
    Second(&'static [&'static str]),
    Month(&'static [&'static str]),
    /// A quantity of one is a million an hour. The Price List states the price of a single one.
    Million(&'static [&'static str]),
}

/// A built-in price is for the row's unit in one region, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BuiltIn {
    Unknown,
    Usd(f64),
    /// The price depends on the word or size in `{}`.
    UsdBy(&'static [(&'static str, f64)]),
}

const HOLE: &str = "{}";
const GIGABYTES: &str = "{GB}";

impl Bill {
    /// Names one of the many things that this row stands for.
    pub fn of(&self, which: impl Display) -> Billable {
        debug_assert!(self.is_of_many(), "{self:?}");
        Billable(Cow::Owned(self.name.replace(HOLE, &which.to_string())))
    }

    pub fn is_of_many(&self) -> bool {
        self.name.contains(HOLE)
    }

    /// Reads what stands for `{}` in a name, if this row has such names.
    fn which<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (before, after) = self.name.split_once(HOLE)?;
        let which = name.strip_prefix(before)?.strip_suffix(after)?;
        let is_a_size = which.parse::<u32>().is_ok();
        (!which.is_empty() && (is_a_size || !self.usage_type.contains(GIGABYTES))).then_some(which)
    }
}

/// A billable is something that bills, by its name in states.
///
/// A name is written as it was read, even if only a newer version knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Billable(Cow<'static, str>);

const UNPRICED: &str = "unpriced ";

impl Billable {
    /// Names something that bills, though this program cannot find its price.
    pub fn unpriced(what: &str) -> Self {
        Billable(Cow::Owned(format!("{UNPRICED}{what}")))
    }

    /// Returns the name for people.
    pub fn what(&self) -> &str {
        self.0.strip_prefix(UNPRICED).unwrap_or(&self.0)
    }
}

impl From<&Bill> for Billable {
    fn from(bill: &Bill) -> Self {
        debug_assert!(!bill.is_of_many(), "{bill:?}");
        Billable(Cow::Borrowed(bill.name))
    }
}

impl Display for Billable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bills are the rows of all kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bills(Arc<[&'static Bill]>);

impl FromIterator<&'static Bill> for Bills {
    fn from_iter<I: IntoIterator<Item = &'static Bill>>(bills: I) -> Self {
        Bills(bills.into_iter().collect())
    }
}

impl Bills {
    pub fn iter(&self) -> impl Iterator<Item = &'static Bill> {
        self.0.iter().copied()
    }

    /// Finds the row of a billable. `None`: it has no price, or only a newer version knows it.
    pub fn find<'n>(&self, billable: &'n Billable) -> Option<Charge<'n>> {
        let name: &str = &billable.0;
        let plain = self.iter().find(|bill| bill.name == name && !bill.is_of_many());
        if let Some(bill) = plain {
            return Some(Charge { bill, which: "" });
        }
        self.iter().find_map(|bill| Some(Charge { bill, which: bill.which(name)? }))
    }
}

/// A charge is a row, read for one of the row's things.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charge<'n> {
    pub bill: &'static Bill,
    which: &'n str,
}

impl Charge<'_> {
    pub fn filters(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.bill.filters.iter().map(|(field, value)| (*field, self.filled(value)))
    }

    pub fn usage_type(&self) -> String {
        self.filled(self.bill.usage_type)
    }

    /// Returns the built-in price for the row's unit, in US dollars.
    pub fn built_in(&self) -> Option<f64> {
        match self.bill.built_in {
            BuiltIn::Unknown => None,
            BuiltIn::Usd(usd) => Some(usd),
            BuiltIn::UsdBy(prices) => {
                prices.iter().find(|(which, _)| *which == self.which).map(|(_, usd)| *usd)
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let gigabytes = self.which.parse::<u32>().map(|megabytes| megabytes / 1024);
        let gigabytes = gigabytes.map(|gigabytes| gigabytes.to_string()).unwrap_or_default();
        text.replace(GIGABYTES, &gigabytes).replace(HOLE, self.which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VCPU: Bill = Bill {
        name: "task vCPU",
        service: "AmazonECS",
        filters: &[("productFamily", "Compute")],
        usage_type: "Fargate-vCPU-Hours:perCPU",
        unit: Unit::Hour(&["hours"]),
        built_in: BuiltIn::Usd(0.04048),
    };
    const DATABASE: Bill = Bill {
        name: "postgres {}",
        service: "AmazonRDS",
        filters: &[("databaseEngine", "PostgreSQL"), ("instanceType", "{}")],
        usage_type: "InstanceUsage:{}",
        unit: Unit::Hour(&["Hrs"]),
        built_in: BuiltIn::UsdBy(&[("db.t4g.micro", 0.016), ("db.m6g.large", 0.159)]),
    };
    const MEMORY: Bill = Bill {
        name: "memory {} MB",
        usage_type: "Memory-{GB}GB",
        filters: &[],
        built_in: BuiltIn::Unknown,
        ..DATABASE
    };

    fn bills() -> Bills {
        [&VCPU, &DATABASE, &MEMORY].into_iter().collect()
    }

    fn read(name: &str) -> Billable {
        serde_json::from_value(name.into()).unwrap()
    }

    #[test]
    fn a_row_is_found_by_the_name_that_it_gives() {
        assert_eq!(bills().find(&Billable::from(&VCPU)).unwrap().bill, &VCPU);
        let micro = DATABASE.of("db.t4g.micro");
        assert_eq!(micro.to_string(), "postgres db.t4g.micro");
        assert_eq!(bills().find(&micro).unwrap().bill, &DATABASE);
        assert_eq!(MEMORY.of(2048), read("memory 2048 MB"));
    }

    #[test]
    fn what_a_name_says_of_one_of_many_fills_the_row() {
        let (name, size) = (read("postgres db.m6g.large"), read("memory 6144 MB"));
        let bills = bills();
        let (large, memory) = (bills.find(&name).unwrap(), bills.find(&size).unwrap());
        assert_eq!(large.usage_type(), "InstanceUsage:db.m6g.large");
        assert_eq!(
            large.filters().collect::<Vec<_>>(),
            [
                ("databaseEngine", "PostgreSQL".to_owned()),
                ("instanceType", "db.m6g.large".to_owned())
            ]
        );
        assert_eq!(large.built_in(), Some(0.159));
        assert_eq!((memory.usage_type().as_str(), memory.built_in()), ("Memory-6GB", None));
        assert_eq!(bills.find(&read("postgres db.r6g.large")).unwrap().built_in(), None);
    }

    #[test]
    fn a_name_that_no_row_knows_is_found_nowhere() {
        for name in [
            "",
            "quantum shard",
            "task vCPUs",
            "postgres {}, cheap",
            "postgres ",
            "postgresdb.t4g.micro",
            "memory lots MB",
            "memory 2048",
            "unpriced task vCPU",
        ] {
            let found = bills().find(&read(name)).map(|charge| charge.bill.name);
            let expected = (name == "postgres {}, cheap").then_some("postgres {}");
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn every_name_is_written_as_it_was_read() {
        for name in ["task vCPU", "quantum shard", "unpriced log alarm", ""] {
            assert_eq!(serde_json::to_value(read(name)).unwrap(), name);
        }
        assert_eq!(Billable::unpriced("log alarm"), read("unpriced log alarm"));
        assert_eq!(Billable::unpriced("log alarm").what(), "log alarm");
        assert_eq!(read("quantum shard").what(), "quantum shard");
    }
}
