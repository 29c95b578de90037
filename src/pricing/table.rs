//! A small dated table of list prices, for when the Price List has not answered yet.

use crate::model::UsdPerHour;
use crate::usage::{AlarmKind, Architecture, Item, TableClass};

pub const DATE: &str = "2026-09";
pub const REGION: &str = "us-east-1";

/// US dollars an hour for one hosting instance (aws.amazon.com/sagemaker/pricing, real-time
/// inference).
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

const SECONDS_AN_HOUR: f64 = 3600.0;

pub fn price(item: &Item) -> Option<UsdPerHour> {
    Some(match item {
        Item::HostingInstance(instance_type) => {
            UsdPerHour(HOSTING.iter().find(|(name, _)| name == instance_type).map(|(_, usd)| *usd)?)
        }
        // aws.amazon.com/kinesis/data-streams/pricing
        Item::Shard | Item::FanOutShard => UsdPerHour(0.015),
        Item::RetentionShard => UsdPerHour(0.020),
        Item::OnDemandStream => UsdPerHour(0.04),
        // aws.amazon.com/lambda/pricing, by the GB-second
        Item::ProvisionedConcurrency(Architecture::X86) => {
            UsdPerHour(0.000_004_166_7 * SECONDS_AN_HOUR)
        }
        Item::ProvisionedConcurrency(Architecture::Arm) => {
            UsdPerHour(0.000_003_333_4 * SECONDS_AN_HOUR)
        }
        // aws.amazon.com/cloudwatch/pricing, by the month
        Item::Alarm(AlarmKind::Standard) => UsdPerHour::monthly(0.10),
        Item::Alarm(AlarmKind::HighResolution) => UsdPerHour::monthly(0.30),
        Item::Alarm(AlarmKind::Composite) => UsdPerHour::monthly(0.50),
        // aws.amazon.com/dynamodb/pricing/provisioned
        Item::ReadUnit(TableClass::Standard) => UsdPerHour(0.000_13),
        Item::WriteUnit(TableClass::Standard) => UsdPerHour(0.000_65),
        // aws.amazon.com/dynamodb/pricing/on-demand
        Item::MillionReads(TableClass::Standard) => UsdPerHour(0.125),
        Item::MillionWrites(TableClass::Standard) => UsdPerHour(0.625),
        Item::ReadUnit(TableClass::InfrequentAccess)
        | Item::WriteUnit(TableClass::InfrequentAccess)
        | Item::MillionReads(TableClass::InfrequentAccess)
        | Item::MillionWrites(TableClass::InfrequentAccess)
        | Item::ServerlessConcurrency(_)
        | Item::Unpriced(_) => return None,
    })
}
