//! What is known of a kind before the account is asked anything.

use crate::model::{Direction, KindName, RequestRate};

/// What is known of a kind before the account is asked anything.
#[derive(Debug, PartialEq, Eq)]
pub struct Info {
    pub name: KindName,
    /// For headings: `SageMaker endpoints`.
    pub title: &'static str,
    /// The variable with its name patterns.
    pub variable: &'static str,
    /// The type that the Resource Groups Tagging API knows it by: `kinesis:stream`.
    pub tagging_type: &'static str,
    /// What stands before the name in an ARN's last part: `stream/`.
    pub arn_prefix: &'static str,
    pub tier: Tier,
    /// The IAM actions its calls need.
    pub permissions: &'static [&'static str],
    /// How many of its calls a second AWS takes, where that is known.
    pub request_rates: &'static [RequestRate],
}

/// When a kind's turn comes. A stop goes down this list and a start goes up, so that nobody is
/// paged by a stop, and no function calls an endpoint that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Alarms,
    Functions,
    Capacity,
    ReportOnly,
}

impl Tier {
    pub fn in_order(direction: Direction) -> [Tier; 3] {
        let mut tiers = [Tier::Alarms, Tier::Functions, Tier::Capacity];
        if direction == Direction::Start {
            tiers.reverse();
        }
        tiers
    }
}
