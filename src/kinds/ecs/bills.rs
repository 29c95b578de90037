//! Fargate bills tasks by what their task definition asks for (aws.amazon.com/fargate/pricing).

use crate::usage::{Bill, BuiltIn, Unit};

pub const ALL: &[&Bill] = &[&VCPU, &MEMORY_GB, &VCPU_ARM, &MEMORY_GB_ARM, &STORAGE_GB];

/// Bills a virtual CPU of a task on Linux and x86.
pub const VCPU: Bill = row("Fargate vCPU", "Fargate-vCPU-Hours:perCPU", 0.040_48);

/// Bills a gigabyte of memory of a task on Linux and x86.
pub const MEMORY_GB: Bill = row("Fargate GB", "Fargate-GB-Hours", 0.004_445);

/// Bills a virtual CPU of a task on Linux and ARM.
pub const VCPU_ARM: Bill = row("Fargate vCPU arm", "Fargate-ARM-vCPU-Hours:perCPU", 0.032_38);

/// Bills a gigabyte of memory of a task on Linux and ARM.
pub const MEMORY_GB_ARM: Bill = row("Fargate GB arm", "Fargate-ARM-GB-Hours", 0.003_56);

/// Bills a gigabyte of ephemeral storage beyond those that each task has for nothing.
pub const STORAGE_GB: Bill =
    row("Fargate ephemeral GB", "Fargate-EphemeralStorage-GB-Hours", 0.000_111);

const fn row(name: &'static str, usage_type: &'static str, usd: f64) -> Bill {
    Bill {
        name,
        service: "AmazonECS",
        filters: &[("productFamily", "Compute")],
        usage_type,
        unit: Unit::Hour(&["hours", "GB-Hours", "vCPU-Hours"]),
        built_in: BuiltIn::Usd(usd),
    }
}
