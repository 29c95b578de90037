//! The remote of tables lists the tables and describes each, through the DynamoDB API.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    self as sdk, BillingMode, ProvisionedThroughputDescription, TableDescription,
};

use super::TableClass;
use super::{Mode, Seen, Tables};
use crate::failure::{Failure, unless_missing};
use crate::kinds::kit::Kind;
use crate::kinds::remote::{Observe, Setup, Sighting};
use crate::lazy::lazy;
use crate::pace::Pace;
use crate::select::Wanted;

/// Opens the kind with its real client.
pub fn open(setup: &Setup<'_>) -> Kind {
    Kind::reported(Tables, lazy(setup.aws, Api::new))
}

pub struct Api {
    client: Client,
}

impl Api {
    fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws) }
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut pages = self.client.list_tables().into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(name) = pages.next().await {
            names.push(name.map_err(|e| Failure::from_sdk("dynamodb:ListTables", &e))?);
        }
        Ok(names)
    }

    async fn look_at(&self, name: &str) -> Result<Option<Seen>, Failure> {
        let answer = self.client.describe_table().table_name(name).send().await;
        let answer = unless_missing("dynamodb:DescribeTable", answer, |code, _| {
            code == "ResourceNotFoundException"
        })?;
        Ok(answer.as_ref().and_then(|answer| answer.table()).map(seen))
    }
}

#[async_trait]
impl Observe<Tables> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let names = wanted.among(self.list().await?);
        let seen = pace.ask_each(&names, |name| self.look_at(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }
}

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

/// Reads a table's mode. A table without a billing mode is provisioned
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html).
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
