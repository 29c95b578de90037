//! DynamoDB tables: only reported. On-demand tables cost nothing while nobody uses them; for a
//! provisioned one there is a recommendation, because its mode is its owner's choice.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    self as sdk, BillingMode, ProvisionedThroughputDescription, TableDescription,
};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, unless_missing};
use crate::kinds::info::{Info, Tier};
use crate::kinds::kit::{Reported, own, plain};
use crate::kinds::remote::Sighting;
use crate::lazy::{Lazy, lazy};
use crate::model::{CheaperBelow, KindName, Limit, Plain, Standing, State, UsdPerHour};
use crate::pace::Pace;
use crate::select::Wanted;
use crate::usage::{Item, TableClass, Usage};

pub const INFO: Info = Info {
    name: KindName::new("dynamodb"),
    title: "DynamoDB tables",
    variable: "DYNAMODB_TABLES",
    tagging_type: "dynamodb:table",
    arn_prefix: "table/",
    tier: Tier::ReportOnly,
    permissions: &["dynamodb:ListTables", "dynamodb:DescribeTable"],
    request_rates: &[],
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub mode: Mode,
    pub class: TableClass,
    /// As AWS counts them, about every six hours.
    pub items: i64,
    pub bytes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    OnDemand,
    /// The capacity of the table and its global secondary indexes together.
    Provisioned {
        read_units: i64,
        write_units: i64,
    },
}

pub struct Tables {
    client: Lazy<Client>,
}

impl Tables {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Tables { client: lazy(aws, Client::new) }
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut pages = self.client.list_tables().into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(name) = pages.next().await {
            names.push(name.map_err(|e| Failure::from_sdk("dynamodb:ListTables", &e))?);
        }
        Ok(names)
    }

    async fn describe(&self, name: &str) -> Result<Option<Plain>, Failure> {
        let answer = self.client.describe_table().table_name(name).send().await;
        let answer = unless_missing("dynamodb:DescribeTable", answer, |code, _| {
            code == "ResourceNotFoundException"
        })?;
        Ok(answer.as_ref().and_then(|answer| answer.table()).map(|table| plain(&seen(table))))
    }
}

#[async_trait]
impl Reported for Tables {
    fn info(&self) -> &'static Info {
        &INFO
    }

    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Plain>>, Failure> {
        let names = wanted.among(self.list().await?);
        let seen = pace.ask_each(&names, |name| self.describe(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    fn standing(&self, seen: Option<&Plain>) -> Standing {
        standing(seen.map(own::<Seen>).as_ref())
    }
}

pub(crate) fn standing(seen: Option<&Seen>) -> Standing {
    let Some(seen) = seen else {
        return Standing::new(State::Stopped, "deleted", Usage::none());
    };
    let mut standing = match seen.mode {
        Mode::OnDemand => Standing::new(State::Running, "on-demand", Usage::none()),
        Mode::Provisioned { read_units, write_units } => {
            let usage = seen.usage();
            let summary = format!("provisioned, {read_units} RCU, {write_units} WCU");
            let mut standing = Standing::new(State::Running, summary, usage.clone());
            standing.advise_below(
                "is provisioned and bills whether it is used or not",
                usage,
                seen.on_demand(),
            );
            standing
        }
    };
    if seen.items > 0 {
        standing.notes.push(format!("{} items, {}", seen.items, size(seen.bytes)));
    }
    standing
}

impl Seen {
    #[allow(clippy::cast_precision_loss, reason = "capacity units stay far below 2^52")]
    fn usage(&self) -> Usage {
        match self.mode {
            Mode::OnDemand => Usage::none(),
            Mode::Provisioned { read_units, write_units } => {
                Usage::of(Item::ReadUnit(self.class), read_units as f64)
                    .and(Item::WriteUnit(self.class), write_units as f64)
            }
        }
    }
}

impl Seen {
    /// On demand, a table bills by the request, and nothing while idle.
    fn on_demand(&self) -> CheaperBelow {
        const MONTH: f64 = UsdPerHour::HOURS_PER_MONTH;
        let usage = self.usage();
        let of = |wanted: &Item| {
            usage
                .quantities()
                .filter(|(item, _)| *item == wanted)
                .fold(Usage::none(), |sum, (item, n)| sum.and(item.clone(), n))
        };
        CheaperBelow {
            how: "on demand",
            limits: vec![
                Limit {
                    pays: of(&Item::ReadUnit(self.class)),
                    item: Item::MillionReads(self.class),
                    scale: MONTH,
                    noun: "million reads",
                },
                Limit {
                    pays: of(&Item::WriteUnit(self.class)),
                    item: Item::MillionWrites(self.class),
                    scale: MONTH,
                    noun: "million writes",
                },
            ],
            unit: " a month",
        }
    }
}

/// `3.4 MB`, as the console shows it.
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

/// An absent billing mode means provisioned
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html).
fn seen(table: &TableDescription) -> Seen {
    let class = table.table_class_summary().and_then(|summary| summary.table_class());
    let class = match class {
        Some(sdk::TableClass::StandardInfrequentAccess) => TableClass::InfrequentAccess,
        _ => TableClass::Standard,
    };
    Seen {
        mode: mode(table),
        class,
        items: table.item_count().unwrap_or(0),
        bytes: table.table_size_bytes().unwrap_or(0),
    }
}

fn mode(table: &TableDescription) -> Mode {
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if billing == Some(&BillingMode::PayPerRequest) {
        return Mode::OnDemand;
    }
    let indexes =
        table.global_secondary_indexes().iter().filter_map(|index| index.provisioned_throughput());
    let all: Vec<&ProvisionedThroughputDescription> =
        table.provisioned_throughput().into_iter().chain(indexes).collect();
    Mode::Provisioned {
        read_units: all.iter().filter_map(|throughput| throughput.read_capacity_units()).sum(),
        write_units: all.iter().filter_map(|throughput| throughput.write_capacity_units()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provisioned_table_is_advised_to_go_on_demand_and_one_on_demand_is_not() {
        let table = |mode| Seen { mode, class: TableClass::Standard, items: 0, bytes: 0 };
        let provisioned =
            standing(Some(&table(Mode::Provisioned { read_units: 5, write_units: 4 })));
        assert_eq!(provisioned.advice[0].pays, provisioned.usage);
        assert!(provisioned.advice[0].would_pay.is_none());
        assert!(standing(Some(&table(Mode::OnDemand))).advice.is_empty());
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        assert_eq!([999, 1000, 3_400_000].map(size), ["999 bytes", "1.0 KB", "3.4 MB"]);
    }

    #[test]
    fn a_table_without_a_billing_mode_is_provisioned_and_its_indexes_count() {
        use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription;
        let throughput = |n| {
            ProvisionedThroughputDescription::builder()
                .read_capacity_units(n)
                .write_capacity_units(n)
                .build()
        };
        let table = TableDescription::builder()
            .provisioned_throughput(throughput(5))
            .global_secondary_indexes(
                GlobalSecondaryIndexDescription::builder()
                    .provisioned_throughput(throughput(2))
                    .build(),
            )
            .build();
        assert_eq!(mode(&table), Mode::Provisioned { read_units: 7, write_units: 7 });
    }
}
