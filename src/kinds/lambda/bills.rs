//! Functions bill for these while nobody calls them (aws.amazon.com/lambda/pricing).

use crate::usage::{Bill, BuiltIn, Unit};

pub const ALL: &[&Bill] = &[&PROVISIONED_GB, &PROVISIONED_GB_ARM];

/// Bills a gigabyte of provisioned concurrency on x86.
pub const PROVISIONED_GB: Bill = row(
    "provisioned concurrency GB",
    &[("group", "AWS-Lambda-Provisioned-Concurrency")],
    "Lambda-Provisioned-Concurrency",
    0.000_004_166_7,
);

/// Bills a gigabyte of provisioned concurrency on ARM.
pub const PROVISIONED_GB_ARM: Bill = row(
    "provisioned concurrency GB arm",
    &[("group", "AWS-Lambda-Provisioned-Concurrency-ARM")],
    "Lambda-Provisioned-Concurrency-ARM",
    0.000_003_333_4,
);

const fn row(
    name: &'static str,
    filters: &'static [(&'static str, &'static str)],
    usage_type: &'static str,
    usd_per_second: f64,
) -> Bill {
    Bill {
        name,
        service: "AWSLambda",
        filters,
        usage_type,
        unit: Unit::Second(&["Lambda-GB-Second"]),
        built_in: BuiltIn::Usd(usd_per_second),
    }
}
