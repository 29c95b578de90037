//! What things cost, where that is known.

use crate::model::{Rate, UsdPerHour};

/// Prices of one region.
#[derive(Debug, Clone)]
pub struct PriceBook {
    region: String,
}

/// Where the built-in table comes from and how old it is: every report says so.
const TABLE_DATE: &str = "2026-09";
const TABLE_REGION: &str = "us-east-1";

/// US dollars an hour for one hosting instance (aws.amazon.com/sagemaker/pricing, real-time inference).
const HOSTING: &[(&str, f64)] = &[
    ("ml.t2.medium", 0.056),
    ("ml.m5.large", 0.115),
    ("ml.m5.xlarge", 0.23),
    ("ml.m5.2xlarge", 0.461),
    ("ml.m5.4xlarge", 0.922),
    ("ml.m5.12xlarge", 2.765),
    ("ml.m5.24xlarge", 5.53),
    ("ml.c5.large", 0.102),
    ("ml.c5.xlarge", 0.204),
    ("ml.c5.2xlarge", 0.408),
    ("ml.c5.4xlarge", 0.816),
    ("ml.c5.9xlarge", 1.836),
    ("ml.c5.18xlarge", 3.672),
    ("ml.g4dn.xlarge", 0.7364),
    ("ml.g4dn.2xlarge", 0.94),
    ("ml.g4dn.4xlarge", 1.505),
    ("ml.g4dn.8xlarge", 2.72),
    ("ml.g4dn.12xlarge", 4.89),
    ("ml.g4dn.16xlarge", 5.44),
    ("ml.g5.xlarge", 1.408),
    ("ml.g5.2xlarge", 1.515),
    ("ml.g5.4xlarge", 2.03),
    ("ml.g5.8xlarge", 3.06),
    ("ml.g5.12xlarge", 7.09),
    ("ml.g5.24xlarge", 10.18),
    ("ml.g5.48xlarge", 20.36),
];

impl PriceBook {
    /// The dated table that this program carries. It is of one region: elsewhere nothing is known.
    pub fn built_in(region: &str) -> Self {
        PriceBook { region: region.to_owned() }
    }

    pub fn source(&self) -> String {
        if self.known() {
            format!("built-in table, {TABLE_REGION}, {TABLE_DATE}")
        } else {
            format!("none: the built-in table is of {TABLE_REGION}, this is {}", self.region)
        }
    }

    fn known(&self) -> bool {
        self.region == TABLE_REGION
    }

    fn price(&self, usd_per_hour: f64) -> Rate {
        if self.known() { Rate(Some(UsdPerHour(usd_per_hour))) } else { Rate::UNKNOWN }
    }

    /// One instance of a SageMaker endpoint.
    pub fn hosting(&self, instance_type: &str) -> Rate {
        HOSTING.iter().find(|(name, _)| *name == instance_type).map_or(Rate::UNKNOWN, |(_, usd)| self.price(*usd))
    }

    /// One provisioned shard (aws.amazon.com/kinesis/data-streams/pricing).
    pub fn shard(&self) -> Rate {
        self.price(0.015)
    }

    /// One shard whose records are kept longer than 24 hours, on top of [`Self::shard`].
    pub fn extended_retention_shard(&self) -> Rate {
        self.price(0.020)
    }

    /// One enhanced fan-out consumer of one shard, without its traffic.
    pub fn fan_out(&self) -> Rate {
        self.price(0.015)
    }

    /// An on-demand stream, without its traffic.
    pub fn on_demand_stream(&self) -> Rate {
        self.price(0.04)
    }

    /// A metric alarm, standard or high resolution, and a composite one, for as long as it exists,
    /// actions enabled or not (aws.amazon.com/cloudwatch/pricing).
    pub fn alarm(&self, alarm: AlarmPrice) -> Rate {
        self.price(
            UsdPerHour::monthly(match alarm {
                AlarmPrice::Standard => 0.10,
                AlarmPrice::HighResolution => 0.30,
                AlarmPrice::Composite => 0.50,
            })
            .0,
        )
    }

    /// Provisioned read and write capacity units (aws.amazon.com/dynamodb/pricing/provisioned).
    pub fn table(&self, read_units: f64, write_units: f64) -> Rate {
        self.price(0.00013).times(read_units) + self.price(0.00065).times(write_units)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmPrice {
    Standard,
    HighResolution,
    Composite,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_not_in_the_table_is_unknown() {
        let book = PriceBook::built_in("us-east-1");
        assert_eq!(book.hosting("ml.p5.48xlarge"), Rate::UNKNOWN);
        assert_eq!(book.hosting("ml.m5.large"), Rate(Some(UsdPerHour(0.115))));
    }

    #[test]
    fn prices_of_another_region_are_unknown() {
        let book = PriceBook::built_in("eu-central-1");
        assert_eq!(book.shard(), Rate::UNKNOWN);
        assert_eq!(book.table(0.0, 0.0), Rate::UNKNOWN);
        assert!(book.source().starts_with("none"));
    }

    #[test]
    fn five_read_and_five_write_units_cost_what_the_price_list_says() {
        // 5 × 0.00013 + 5 × 0.00065 = 0.0039 an hour
        let rate = PriceBook::built_in("us-east-1").table(5.0, 5.0).0.unwrap();
        assert!((rate.0 - 0.0039).abs() < 1e-12);
    }
}
