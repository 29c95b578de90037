//! What is seen of a function, what is saved of it, and what is done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::bills;
use crate::kinds::rules;
use crate::model::count;
use crate::usage::Usage;

/// Reserved concurrency. `None`: unset.
pub type Reserved = Option<u32>;

pub const STOPPED: Reserved = Some(0);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub reserved: Reserved,
    /// By qualifier: an alias or a version.
    pub provisioned: BTreeMap<String, Provisioned>,
    /// The event source mappings by UUID, without those that are being deleted.
    pub mappings: BTreeMap<String, Mapping>,
    pub async_events: AsyncEvents,
    /// The function that this one is a Lambda@Edge replica of.
    pub replica_of: Option<String>,
    /// Of the code that is not published. `None`: not known.
    pub size: Option<Size>,
    /// Why a stop could not be undone, where it could not.
    pub obstacle: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// As it was requested, which is what is billed.
    pub count: u32,
    pub status: Allocation,
    /// Of the version that it is of, which may be another than that of the newest code. `None`: not
    /// asked.
    pub size: Option<Size>,
}

/// What the price of provisioned concurrency goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub memory_mb: u32,
    pub is_arm: bool,
}

/// docs.aws.amazon.com/lambda/latest/api/API_ProvisionedConcurrencyConfigListItem.html
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    Ready,
    InProgress,
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// `sqs orders`.
    pub source: String,
    pub state: MappingState,
}

/// docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingState {
    Enabled,
    Enabling,
    Disabled,
    Disabling,
    /// Creating, Updating, or one that did not exist when this was written: it says nothing of
    /// whether the mapping is enabled.
    Between(String),
}

impl MappingState {
    pub fn parse(text: &str) -> Self {
        match text {
            "Enabled" => MappingState::Enabled,
            "Enabling" => MappingState::Enabling,
            "Disabled" => MappingState::Disabled,
            "Disabling" => MappingState::Disabling,
            other => MappingState::Between(other.to_owned()),
        }
    }

    /// AWS changes nothing of a mapping in transition.
    pub fn is_settled(&self) -> bool {
        matches!(self, MappingState::Enabled | MappingState::Disabled)
    }
}

impl fmt::Display for MappingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MappingState::Enabled => "Enabled",
            MappingState::Enabling => "Enabling",
            MappingState::Disabled => "Disabled",
            MappingState::Disabling => "Disabling",
            MappingState::Between(state) => state,
        })
    }
}

/// What becomes of asynchronous events while nothing may run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AsyncEvents {
    /// A dead-letter queue or an on-failure destination takes them. Or nobody asked.
    #[default]
    Kept,
    Lost,
    /// It could not be found out.
    Unknown(String),
}

/// What a stop loses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub reserved: Reserved,
    /// How much was requested, by qualifier.
    #[serde(default)]
    pub provisioned: BTreeMap<String, u32>,
    /// What it bills by, by qualifier, where it is known.
    #[serde(default)]
    pub sizes: BTreeMap<String, Size>,
    /// The event source mappings that were enabled, by UUID, with their sources in words.
    #[serde(default)]
    pub mappings: BTreeMap<String, String>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Disable(BTreeSet<String>),
    /// Deletes the provisioned concurrency of these qualifiers.
    Withdraw(BTreeSet<String>),
    /// `otherwise`: the way on where the account has not so much left, in place of all that
    /// follows.
    Reserve {
        n: u32,
        otherwise: Vec<Step>,
    },
    Unreserve,
    /// Puts provisioned concurrency back. `otherwise` as above.
    Provide {
        configs: BTreeMap<String, u32>,
        otherwise: Vec<Step>,
    },
    Enable(BTreeSet<String>),
}

/// What is waited for: that these mappings come out of a transition, in which AWS changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled(pub BTreeSet<String>);

pub type Step = rules::Step<Call, Settled>;

fn mappings(ids: &BTreeSet<String>) -> String {
    count(ids.len() as u64, "event source mapping")
}

fn list<'a>(qualifiers: impl IntoIterator<Item = &'a String>) -> String {
    qualifiers.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Disable(ids) => write!(f, "disable {}", mappings(ids)),
            Call::Withdraw(qualifiers) => {
                write!(f, "remove the provisioned concurrency of {}", list(qualifiers))
            }
            Call::Reserve { n, .. } => write!(f, "set reserved concurrency to {n}"),
            Call::Unreserve => f.write_str("remove the reserved concurrency"),
            Call::Provide { configs, .. } => {
                let configs: Vec<String> =
                    configs.iter().map(|(qualifier, n)| format!("{n} for {qualifier}")).collect();
                write!(f, "provide concurrency: {}", list(&configs))
            }
            Call::Enable(ids) => write!(f, "enable {}", mappings(ids)),
        }
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wait until {} can be changed", mappings(&self.0))
    }
}

/// Says that provisioned concurrency has nothing to come back to.
pub fn gone<'a>(qualifiers: impl IntoIterator<Item = &'a String>) -> String {
    format!(
        "its alias or version {} was deleted since: its provisioned concurrency does not come back",
        list(qualifiers)
    )
}

impl Original {
    /// What a stop would lose of the function as it is, and what one before it has taken down.
    pub fn of(seen: &Seen, reserved: Reserved, before: Option<&Original>) -> Self {
        let mut original = Original { reserved, ..before.cloned().unwrap_or_default() };
        original.provisioned.extend(
            seen.provisioned.iter().map(|(qualifier, config)| (qualifier.clone(), config.count)),
        );
        let sizes = seen.provisioned.iter();
        original.sizes.extend(
            sizes.filter_map(|(qualifier, config)| Some((qualifier.clone(), config.size?))),
        );
        let enabled = seen.mappings.iter().filter(|(_, mapping)| {
            matches!(mapping.state, MappingState::Enabled | MappingState::Enabling)
        });
        original.mappings.extend(enabled.map(|(id, mapping)| (id.clone(), mapping.source.clone())));
        original
    }
}

/// `reserved 5`.
pub fn words(reserved: Reserved) -> String {
    match reserved {
        None => "unreserved".to_owned(),
        Some(n) => format!("reserved {n}"),
    }
}

impl Seen {
    /// What bills while nobody calls it (aws.amazon.com/lambda/pricing).
    pub fn usage(&self) -> Usage {
        // What could not be allocated is not billed.
        let billed = self
            .provisioned
            .values()
            .filter(|config| !matches!(config.status, Allocation::Failed(_)));
        billed.fold(Usage::none(), |usage, config| match config.size.or(self.size) {
            None => {
                usage.plus(Usage::unpriced("provisioned concurrency of an unknown memory size"))
            }
            Some(size) => {
                let gigabytes = f64::from(config.count) * f64::from(size.memory_mb) / 1024.0;
                let bill =
                    if size.is_arm { &bills::PROVISIONED_GB_ARM } else { &bills::PROVISIONED_GB };
                usage.and(bill, gigabytes)
            }
        })
    }

    /// `reserved 5, 2 provisioned (live)`.
    pub fn summary(&self) -> String {
        let mut parts = vec![words(self.reserved)];
        parts.extend(self.provisioned.iter().map(|(qualifier, config)| {
            let status = match &config.status {
                Allocation::Ready => "",
                Allocation::InProgress => ", in progress",
                Allocation::Failed(_) => ", failed",
            };
            format!("{} provisioned ({qualifier}{status})", config.count)
        }));
        parts.join(", ")
    }
}
