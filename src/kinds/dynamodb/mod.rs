//! DynamoDB tables are only reported.
//!
//! On-demand tables cost nothing while nobody uses them. For a provisioned table there is a
//! recommendation, because its mode is its owner's choice.

pub mod bills;
pub mod remote;

pub use self::bills::TableClass;
use crate::kinds::info::{Info, Tier};
use crate::kinds::rules::Describe;
use crate::model::{CheaperBelow, Description, KindName, Limit, State, UsdPerHour};
use crate::select::spelling::Characters;
use crate::usage::{Bill, Billable, Usage};

pub const INFO: Info = Info {
    name: KindName::new("dynamodb"),
    title: "DynamoDB tables",
    tagging_type: "dynamodb:table",
    arn_prefix: "table/",
    tier: Tier::ReportOnly,
    // docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    name_characters: Characters::LettersDigitsAnd("-_."),
    ignores_case: false,
    in_clusters: false,
    has_this_function: false,
    permissions: &["dynamodb:ListTables", "dynamodb:DescribeTable"],
    request_rates: &[],
    bills: bills::ALL,
};

/// Holds what was seen of a table at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub mode: Mode,
    pub class: TableClass,
    /// AWS counts the items and the bytes about every six hours.
    pub items: i64,
    pub bytes: i64,
}

/// A table's mode decides what the table bills for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    OnDemand,
    /// The table and its global secondary indexes together have so many capacity units.
    Provisioned {
        read_units: i64,
        write_units: i64,
    },
}

/// Describes DynamoDB tables. There is nothing to configure.
pub struct Tables;

impl Describe for Tables {
    type Seen = Seen;

    const INFO: &'static Info = &INFO;

    fn describe(&self, seen: Option<&Seen>) -> Description {
        let Some(seen) = seen else {
            return Description::new(State::Stopped, "deleted", Usage::none());
        };
        let mut description = match seen.mode {
            Mode::OnDemand => Description::new(State::Running, "on-demand", Usage::none()),
            Mode::Provisioned { read_units, write_units } => {
                let usage = seen.usage();
                let summary = format!("provisioned, {read_units} RCU, {write_units} WCU");
                let mut description = Description::new(State::Running, summary, usage.clone());
                description.advise_below(
                    "is provisioned and bills whether it is used or not",
                    usage,
                    seen.on_demand(),
                );
                description
            }
        };
        if seen.items > 0 {
            description.notes.push(format!("{} items, {}", seen.items, size(seen.bytes)));
        }
        description
    }
}

impl Seen {
    #[allow(clippy::cast_precision_loss, reason = "capacity units stay far below 2^52")]
    fn usage(&self) -> Usage {
        match self.mode {
            Mode::OnDemand => Usage::none(),
            Mode::Provisioned { read_units, write_units } => {
                Usage::of(bills::read_unit(self.class), read_units as f64)
                    .and(bills::write_unit(self.class), write_units as f64)
            }
        }
    }

    /// Tells below how many requests the table would be cheaper on demand.
    ///
    /// On demand, a table bills its requests, and nothing while nobody uses it.
    fn on_demand(&self) -> CheaperBelow {
        const MONTH: f64 = UsdPerHour::HOURS_PER_MONTH;
        let usage = self.usage();
        let of = |wanted: &Bill| {
            let wanted = Billable::from(wanted);
            usage
                .quantities()
                .filter(|(billable, _)| **billable == wanted)
                .fold(Usage::none(), |sum, (billable, n)| sum.and(billable.clone(), n))
        };
        CheaperBelow {
            how: "on demand",
            limits: vec![
                Limit {
                    pays: of(bills::read_unit(self.class)),
                    billable: bills::million_reads(self.class).into(),
                    scale: MONTH,
                    noun: "million reads",
                },
                Limit {
                    pays: of(bills::write_unit(self.class)),
                    billable: bills::million_writes(self.class).into(),
                    scale: MONTH,
                    noun: "million writes",
                },
            ],
            unit: " a month",
        }
    }
}

/// Tells a size as the console does: `3.4 MB`.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: i64) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{size:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests;
