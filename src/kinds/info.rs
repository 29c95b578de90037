//! What is known of a kind before the account is asked anything.

use crate::model::{Direction, KindName, RequestRate, ResourceId};
use crate::usage::Bill;

/// What is known of a kind before the account is asked anything.
#[derive(Debug, PartialEq)]
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
    /// Whether AWS takes names for the same that differ only in case.
    pub ignores_case: bool,
    /// Whether this program's own function is one of the kind's resources.
    pub has_this_function: bool,
    /// The IAM actions its calls need.
    pub permissions: &'static [&'static str],
    /// How many of its calls a second AWS takes, where that is known.
    pub request_rates: &'static [RequestRate],
    /// What its resources bill for.
    pub bills: &'static [&'static Bill],
}

impl Info {
    /// Reads an ARN as one of the kind's resources: `arn:partition:service:region:account:` and
    /// then what the kind's ARNs begin with.
    pub fn resource_in(&self, arn: &str) -> Option<ResourceId> {
        let mut parts = arn.splitn(6, ':');
        let service = parts.nth(2)?;
        let resource = parts.nth(2)?;
        let (expected, _) = self.tagging_type.split_once(':')?;
        let name = resource.strip_prefix(self.arn_prefix).filter(|_| service == expected)?;
        Some(ResourceId::new(self.name, name))
    }
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
    /// Names the tier in headings.
    pub fn title(self) -> &'static str {
        match self {
            Tier::Alarms => "Alarms",
            Tier::Functions => "Functions",
            Tier::Capacity => "Capacity",
            Tier::ReportOnly => "Only reported",
        }
    }

    pub fn in_order(direction: Direction) -> [Tier; 3] {
        let mut tiers = [Tier::Alarms, Tier::Functions, Tier::Capacity];
        if direction == Direction::Start {
            tiers.reverse();
        }
        tiers
    }
}
