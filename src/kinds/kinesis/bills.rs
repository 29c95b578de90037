//! These rows list what AWS bills for streams (aws.amazon.com/kinesis/data-streams/pricing).

use crate::usage::{Bill, BuiltIn, Unit};

pub const ALL: &[&Bill] = &[&SHARD, &ON_DEMAND_STREAM, &RETENTION_SHARD, &FAN_OUT_SHARD];

/// Bills a shard of a provisioned stream.
pub const SHARD: Bill = row("shard", "Storage-ShardHour", &["ShardHour"], 0.015);

/// Bills a stream in on-demand mode, without its traffic.
pub const ON_DEMAND_STREAM: Bill =
    row("on-demand stream", "OnDemand-StreamHour", &["StreamHr", "StreamHour"], 0.04);

/// Bills a shard whose records are kept for more than 24 hours, beside [`SHARD`].
pub const RETENTION_SHARD: Bill =
    row("extended retention shard", "Extended-ShardHour", &["ShardHour"], 0.020);

/// Bills a shard of an enhanced fan-out consumer, without its traffic.
pub const FAN_OUT_SHARD: Bill =
    row("fan-out shard", "EnhancedFanoutHour", &["ConsumerShardHour"], 0.015);

const fn row(
    name: &'static str,
    usage_type: &'static str,
    hour: &'static [&'static str],
    usd: f64,
) -> Bill {
    Bill {
        name,
        service: "AmazonKinesis",
        filters: &[("productFamily", "Kinesis Streams")],
        usage_type,
        unit: Unit::Hour(hour),
        built_in: BuiltIn::Usd(usd),
    }
}
