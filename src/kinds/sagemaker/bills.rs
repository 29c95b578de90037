//! These rows list what AWS bills for endpoints (aws.amazon.com/sagemaker/pricing).
//!
//! The page has them under real-time inference and serverless inference.

use crate::usage::{Bill, BuiltIn, Unit};

pub const ALL: &[&Bill] = &[&INSTANCE, &SERVERLESS_CONCURRENCY];

/// Bills an instance, by its type: `ml.m5.large`.
pub const INSTANCE: Bill = Bill {
    name: "hosting {}",
    service: "AmazonSageMaker",
    filters: &[("component", "Hosting"), ("instanceName", "{}")],
    usage_type: "Host:{}",
    unit: Unit::Hour(&["Hrs"]),
    built_in: BuiltIn::UsdBy(HOSTING),
};

/// Bills a provisioned execution of a serverless variant, by its memory size in MB.
///
/// The size is in whole gigabytes, and each second is billed at that size.
pub const SERVERLESS_CONCURRENCY: Bill = Bill {
    name: "serverless concurrency {} MB",
    service: "AmazonSageMaker",
    filters: &[("group", "ServerlessProvisionedConcurrency-Usage")],
    usage_type: "ProvisionedConcurrency:Usage-{GB}GB",
    unit: Unit::Second(&["seconds", "second", "Seconds", "Second"]),
    built_in: BuiltIn::Unknown,
};

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
