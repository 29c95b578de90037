//! These rows list what AWS bills for alarms (aws.amazon.com/cloudwatch/pricing).

use crate::usage::{Bill, BuiltIn, Unit};

pub const ALL: &[&Bill] = &[&METRIC, &HIGH_RESOLUTION_METRIC, &COMPOSITE];

/// Bills a metric of an alarm.
pub const METRIC: Bill = row("alarm metric", "CW:AlarmMonitorUsage", 0.10);

/// Bills a metric of an alarm with a period of less than a minute.
pub const HIGH_RESOLUTION_METRIC: Bill =
    row("high-resolution alarm metric", "CW:HighResAlarmMonitorUsage", 0.30);

/// Bills a composite alarm.
pub const COMPOSITE: Bill = row("composite alarm", "CW:CompositeAlarmMonitorUsage", 0.50);

const fn row(name: &'static str, usage_type: &'static str, usd_per_month: f64) -> Bill {
    Bill {
        name,
        service: "AmazonCloudWatch",
        filters: &[("productFamily", "Alarm")],
        usage_type,
        unit: Unit::Month(&["Alarms"]),
        built_in: BuiltIn::Usd(usd_per_month),
    }
}
