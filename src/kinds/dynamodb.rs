//! DynamoDB tables: only reported. On-demand tables cost nothing while nobody uses them; for a
//! provisioned one there is a recommendation, because its mode is its owner's choice.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, ProvisionedThroughputDescription, TableDescription};
use serde::{Deserialize, Serialize};

use super::{Info, Reported, Sighting, Tier, own, plain};
use crate::failure::{Failure, unless_missing};
use crate::model::{KindName, Plain, Rate, Standing, State, UsdPerHour};
use crate::pace::Pace;
use crate::pricing::PriceBook;
use crate::select::Wanted;

pub const INFO: Info = Info {
    name: KindName::new("dynamodb"),
    title: "DynamoDB tables",
    variable: "DYNAMODB_TABLES",
    tagging_type: "dynamodb:table",
    arn_prefix: "table/",
    tier: Tier::ReportOnly,
    permissions: &["dynamodb:ListTables", "dynamodb:DescribeTable"],
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    mode: Mode,
    /// As AWS counts them, about every six hours.
    items: i64,
    bytes: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Mode {
    OnDemand,
    /// The capacity of the table and its global secondary indexes together.
    Provisioned {
        read_units: i64,
        write_units: i64,
    },
}

pub struct Tables {
    client: Client,
}

impl Tables {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Tables { client: Client::new(aws) }
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
        let answer = unless_missing("dynamodb:DescribeTable", answer, |code, _| code == "ResourceNotFoundException")?;
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

    fn standing(&self, seen: Option<&Plain>, prices: &PriceBook) -> Standing {
        let Some(seen) = seen.map(own::<Seen>) else {
            return Standing::new(State::Stopped, "deleted", Rate::ZERO);
        };
        let mut standing = match seen.mode {
            Mode::OnDemand => Standing::new(State::Running, "on-demand", Rate::ZERO),
            Mode::Provisioned { read_units, write_units } => provisioned(read_units, write_units, prices),
        };
        if seen.items > 0 {
            standing.notes.push(format!("{} items, {}", seen.items, size(seen.bytes)));
        }
        standing
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

#[allow(clippy::cast_precision_loss, reason = "capacity units stay far below 2^52")]
fn provisioned(read_units: i64, write_units: i64, prices: &PriceBook) -> Standing {
    let rate = prices.table(read_units as f64, write_units as f64);
    let summary = format!("provisioned, {read_units} RCU, {write_units} WCU");
    let mut standing = Standing::new(State::Running, summary, rate);
    let money = match rate.0.map(UsdPerHour::per_month) {
        Some(usd) => format!("${usd:.2} a month"),
        None => "its capacity (price unknown)".to_owned(),
    };
    standing.recommendations.push(format!(
        "is provisioned and bills {money} whether it is used or not; on-demand costs nothing while idle"
    ));
    standing
}

/// An absent billing mode means provisioned
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html).
fn seen(table: &TableDescription) -> Seen {
    Seen { mode: mode(table), items: table.item_count().unwrap_or(0), bytes: table.table_size_bytes().unwrap_or(0) }
}

fn mode(table: &TableDescription) -> Mode {
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if billing == Some(&BillingMode::PayPerRequest) {
        return Mode::OnDemand;
    }
    let indexes = table.global_secondary_indexes().iter().filter_map(|index| index.provisioned_throughput());
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
    fn a_provisioned_table_is_recommended_for_on_demand_with_its_money() {
        let standing = provisioned(5, 5, &PriceBook::built_in("us-east-1"));
        // 0.0039 an hour × 730
        insta::assert_snapshot!(standing.recommendations[0], @"is provisioned and bills $2.85 a month whether it is used or not; on-demand costs nothing while idle");
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        assert_eq!([999, 1000, 3_400_000].map(size), ["999 bytes", "1.0 KB", "3.4 MB"]);
    }

    #[test]
    fn where_the_price_is_unknown_the_recommendation_says_so() {
        let standing = provisioned(5, 5, &PriceBook::built_in("eu-west-3"));
        assert!(standing.recommendations[0].contains("price unknown"));
        assert_eq!(standing.rate, Rate::UNKNOWN);
    }

    #[test]
    fn a_table_without_a_billing_mode_is_provisioned_and_its_indexes_count() {
        use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription;
        let throughput =
            |n| ProvisionedThroughputDescription::builder().read_capacity_units(n).write_capacity_units(n).build();
        let table = TableDescription::builder()
            .provisioned_throughput(throughput(5))
            .global_secondary_indexes(
                GlobalSecondaryIndexDescription::builder().provisioned_throughput(throughput(2)).build(),
            )
            .build();
        assert_eq!(mode(&table), Mode::Provisioned { read_units: 7, write_units: 7 });
    }
}
