//! Each kind's [`Info`] says what is known of it before AWS is asked.

use crate::model::{Direction, KindName, RequestRate, ResourceId};
use crate::select::spelling::{Characters, Spelling};
use crate::usage::Bill;

/// Says what is known of a kind before AWS is asked.
#[derive(Debug, PartialEq)]
pub struct Info {
    pub name: KindName,
    /// Headings call the kind's resources so: `SageMaker endpoints`.
    pub title: &'static str,
    /// The Resource Groups Tagging API knows the kind as this type: `kinesis:stream`.
    pub tagging_type: &'static str,
    /// The last part of an ARN begins with this, before the name: `stream/`.
    pub arn_prefix: &'static str,
    pub tier: Tier,
    /// AWS takes these characters in a name.
    pub name_characters: Characters,
    /// AWS takes names that differ only in case for the same.
    pub ignores_case: bool,
    /// Each resource is one of a cluster, and so named `cluster/service`.
    pub in_clusters: bool,
    /// This program's own function is one of the kind's resources.
    pub has_this_function: bool,
    /// The kind's calls need these IAM actions.
    pub permissions: &'static [&'static str],
    /// AWS takes so many of the kind's calls a second, where that is known.
    pub request_rates: &'static [RequestRate],
    /// The kind's resources bill for these.
    pub bills: &'static [&'static Bill],
}

impl Info {
    /// Says how the kind's names are written.
    pub fn spelling(&self) -> Spelling {
        Spelling {
            kind: self.name,
            characters: self.name_characters,
            ignores_case: self.ignores_case,
            in_clusters: self.in_clusters,
        }
    }

    /// Reads an ARN as one of the kind's resources. `None`: it is of another kind.
    ///
    /// An ARN is `arn:partition:service:region:account:`, then the `arn_prefix` and the name.
    pub fn resource_in(&self, arn: &str) -> Option<ResourceId> {
        let mut parts = arn.splitn(6, ':');
        let service = parts.nth(2)?;
        let resource = parts.nth(2)?;
        let (expected, _) = self.tagging_type.split_once(':')?;
        let name = resource.strip_prefix(self.arn_prefix).filter(|_| service == expected)?;
        Some(ResourceId::new(self.name, name))
    }
}

#[cfg(test)]
impl Info {
    /// Lists the published rates, as a test of the kind compares them with AWS's pages.
    pub fn told_rates(&self) -> Vec<(&'static str, crate::model::Requests, u32)> {
        let rates = self.request_rates.iter();
        rates.map(|rate| (rate.service, rate.requests, rate.per_second)).collect()
    }
}

/// A tier is the kinds whose turn comes together.
///
/// A stop goes down this list and a start goes up, so that nobody is paged by a stop, and no
/// function calls an endpoint that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Alarms,
    Functions,
    Services,
    Capacity,
    ReportOnly,
}

impl Tier {
    /// Names the tier in headings.
    pub fn title(self) -> &'static str {
        match self {
            Tier::Alarms => "Alarms",
            Tier::Functions => "Functions",
            Tier::Services => "Services",
            Tier::Capacity => "Capacity",
            Tier::ReportOnly => "Only reported",
        }
    }

    /// Returns the tiers in the order in which an operation comes to them.
    pub fn in_order(direction: Direction) -> [Tier; 4] {
        let mut tiers = [Tier::Alarms, Tier::Functions, Tier::Services, Tier::Capacity];
        if direction == Direction::Start {
            tiers.reverse();
        }
        tiers
    }
}
