//! These rows list what AWS bills for tables.
//!
//! AWS's pages are aws.amazon.com/dynamodb/pricing/provisioned and …/on-demand. The requests of
//! on-demand tables are for comparison only: no look tells how many there are.

use crate::usage::{Bill, BuiltIn, Unit};

/// A table's class decides the prices of its capacity and its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableClass {
    Standard,
    InfrequentAccess,
}

pub const ALL: &[&Bill] = &[
    &RCU,
    &WCU,
    &INFREQUENT_ACCESS_RCU,
    &INFREQUENT_ACCESS_WCU,
    &MILLION_READS,
    &MILLION_WRITES,
    &INFREQUENT_ACCESS_MILLION_READS,
    &INFREQUENT_ACCESS_MILLION_WRITES,
];

const RCU: Bill = row("RCU", "ReadCapacityUnit-Hrs", READ_UNIT, BuiltIn::Usd(0.000_13));
const WCU: Bill = row("WCU", "WriteCapacityUnit-Hrs", WRITE_UNIT, BuiltIn::Usd(0.000_65));
const INFREQUENT_ACCESS_RCU: Bill =
    row("infrequent-access RCU", "IA-ReadCapacityUnit-Hrs", READ_UNIT, BuiltIn::Unknown);
const INFREQUENT_ACCESS_WCU: Bill =
    row("infrequent-access WCU", "IA-WriteCapacityUnit-Hrs", WRITE_UNIT, BuiltIn::Unknown);
const MILLION_READS: Bill =
    row("million reads", "ReadRequestUnits", READ_REQUEST, BuiltIn::Usd(0.125));
const MILLION_WRITES: Bill =
    row("million writes", "WriteRequestUnits", WRITE_REQUEST, BuiltIn::Usd(0.625));
const INFREQUENT_ACCESS_MILLION_READS: Bill =
    row("infrequent-access million reads", "IA-ReadRequestUnits", READ_REQUEST, BuiltIn::Unknown);
const INFREQUENT_ACCESS_MILLION_WRITES: Bill = row(
    "infrequent-access million writes",
    "IA-WriteRequestUnits",
    WRITE_REQUEST,
    BuiltIn::Unknown,
);

const READ_UNIT: Unit = Unit::Hour(&["ReadCapacityUnit-Hrs"]);
const WRITE_UNIT: Unit = Unit::Hour(&["WriteCapacityUnit-Hrs"]);
const READ_REQUEST: Unit = Unit::Million(&["ReadRequestUnits"]);
const WRITE_REQUEST: Unit = Unit::Million(&["WriteRequestUnits"]);

const fn row(name: &'static str, usage_type: &'static str, unit: Unit, built_in: BuiltIn) -> Bill {
    let filters: &[_] = match unit {
        Unit::Million(_) => &[("productFamily", "Amazon DynamoDB PayPerRequest Throughput")],
        _ => &[("productFamily", "Provisioned IOPS")],
    };
    Bill { name, service: "AmazonDynamoDB", filters, usage_type, unit, built_in }
}

/// Returns the bill of a provisioned read capacity unit.
pub const fn read_unit(class: TableClass) -> &'static Bill {
    match class {
        TableClass::Standard => &RCU,
        TableClass::InfrequentAccess => &INFREQUENT_ACCESS_RCU,
    }
}

/// Returns the bill of a provisioned write capacity unit.
pub const fn write_unit(class: TableClass) -> &'static Bill {
    match class {
        TableClass::Standard => &WCU,
        TableClass::InfrequentAccess => &INFREQUENT_ACCESS_WCU,
    }
}

/// Returns the bill of a million reads an hour of an on-demand table.
pub const fn million_reads(class: TableClass) -> &'static Bill {
    match class {
        TableClass::Standard => &MILLION_READS,
        TableClass::InfrequentAccess => &INFREQUENT_ACCESS_MILLION_READS,
    }
}

/// Returns the bill of a million writes an hour of an on-demand table.
pub const fn million_writes(class: TableClass) -> &'static Bill {
    match class {
        TableClass::Standard => &MILLION_WRITES,
        TableClass::InfrequentAccess => &INFREQUENT_ACCESS_MILLION_WRITES,
    }
}
