//! These types hold what is seen and saved of a function, and what is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::bills;
use crate::kinds::rules;
use crate::model::count;
use crate::usage::Usage;

/// A function has so much reserved concurrency. `None`: it is unset.
pub type Reserved = Option<u32>;

/// A stopped function has this reserved concurrency, so that nothing may run.
pub const STOPPED: Reserved = Some(0);

/// Holds what was seen of a function at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub reserved: Reserved,
    /// Each qualifier, an alias or a version, has this provisioned concurrency.
    pub provisioned: BTreeMap<String, Provisioned>,
    /// Each UUID has this event source mapping. Those that are being deleted are left out.
    pub mappings: BTreeMap<String, Mapping>,
    pub async_events: AsyncEvents,
    /// The function is a Lambda@Edge replica of this one.
    pub replica_of: Option<String>,
    /// The newest code, which is not published, has this size. `None`: it is not known.
    pub size: Option<Size>,
    /// A stop could not be undone as it was, for this reason.
    pub obstacle: Option<String>,
}

/// Holds the provisioned concurrency of one alias or version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// So much was requested. That is what is billed.
    pub count: u32,
    pub status: Allocation,
    /// The version has this size, which may differ from the newest code's. `None`: nobody asked.
    pub size: Option<Size>,
}

/// A size decides the price of provisioned concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub memory_mb: u32,
    pub is_arm: bool,
}

/// Says how far AWS has come with provisioned concurrency
/// (docs.aws.amazon.com/lambda/latest/api/API_ProvisionedConcurrencyConfigListItem.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    Ready,
    InProgress,
    Failed(String),
}

/// An event source mapping polls a source and calls the function with what it finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The source is told in words: `sqs orders`.
    pub source: String,
    pub state: MappingState,
}

/// A mapping is in one of these states of AWS
/// (docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingState {
    Enabled,
    Enabling,
    Disabled,
    Disabling,
    /// The state does not tell whether the mapping is enabled.
    ///
    /// It is Creating, Updating, or one that did not exist when this was written.
    Unclear(String),
}

impl MappingState {
    pub fn parse(text: &str) -> Self {
        match text {
            "Enabled" => MappingState::Enabled,
            "Enabling" => MappingState::Enabling,
            "Disabled" => MappingState::Disabled,
            "Disabling" => MappingState::Disabling,
            other => MappingState::Unclear(other.to_owned()),
        }
    }

    /// Tells whether AWS can change the mapping: it changes none that is in transition.
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
            MappingState::Unclear(state) => state,
        })
    }
}

/// Says what becomes of asynchronous events while nothing may run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AsyncEvents {
    /// A dead-letter queue or an on-failure destination gets the events. Or nobody asked.
    #[default]
    Safe,
    Lost,
    /// AWS did not tell, for this reason.
    Unknown(String),
}

/// An original holds the settings that a stop of a function changes or removes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub reserved: Reserved,
    /// Each qualifier had so much provisioned concurrency requested.
    #[serde(default)]
    pub provisioned: BTreeMap<String, u32>,
    /// Each qualifier's version has this size, where it is known.
    #[serde(default)]
    pub sizes: BTreeMap<String, Size>,
    /// These event source mappings were enabled: each UUID has its source in words.
    #[serde(default)]
    pub mappings: BTreeMap<String, String>,
}

/// A call is what is sent to change a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Disables the event source mappings of these UUIDs.
    DisableMappings(BTreeSet<String>),
    /// Deletes the provisioned concurrency of these qualifiers.
    RemoveProvisioned(BTreeSet<String>),
    /// Sets reserved concurrency.
    ///
    /// If the account has too little left, `otherwise` replaces all steps that follow.
    Reserve { n: u32, otherwise: Vec<Step> },
    /// Removes the reservation: the function shares the account's pool again.
    Unreserve,
    /// Puts provisioned concurrency back, for each qualifier so much.
    ///
    /// If AWS refuses or fails, `otherwise` replaces all steps that follow.
    PutProvisioned { configs: BTreeMap<String, u32>, otherwise: Vec<Step> },
    /// Enables the event source mappings of these UUIDs.
    EnableMappings(BTreeSet<String>),
}

/// The wait ends when none of these mappings is in transition any more.
///
/// AWS changes no mapping that is in transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingsSettled(pub BTreeSet<String>);

pub type Step = rules::Step<Call, MappingsSettled>;

fn mappings(ids: &BTreeSet<String>) -> String {
    count(ids.len() as u64, "event source mapping")
}

fn list<'a>(qualifiers: impl IntoIterator<Item = &'a String>) -> String {
    qualifiers.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::DisableMappings(ids) => write!(f, "disable {}", mappings(ids)),
            Call::RemoveProvisioned(qualifiers) => {
                write!(f, "remove the provisioned concurrency of {}", list(qualifiers))
            }
            Call::Reserve { n, .. } => write!(f, "set reserved concurrency to {n}"),
            Call::Unreserve => f.write_str("remove the reserved concurrency"),
            Call::PutProvisioned { configs, .. } => {
                let configs: Vec<String> =
                    configs.iter().map(|(qualifier, n)| format!("{n} for {qualifier}")).collect();
                write!(f, "provide concurrency: {}", list(&configs))
            }
            Call::EnableMappings(ids) => write!(f, "enable {}", mappings(ids)),
        }
    }
}

impl fmt::Display for MappingsSettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wait until {} can be changed", mappings(&self.0))
    }
}

/// Says that provisioned concurrency has nothing to come back to.
pub fn deleted_qualifiers<'a>(qualifiers: impl IntoIterator<Item = &'a String>) -> String {
    format!(
        "its alias or version {} was deleted since: its provisioned concurrency does not come back",
        list(qualifiers)
    )
}

impl Original {
    /// Returns what a stop would lose of the function as it is now.
    ///
    /// The original of an earlier stop is merged in: what it has disabled or removed is still owed.
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

/// Tells reserved concurrency in words: `reserved 5`.
pub fn in_words(reserved: Reserved) -> String {
    match reserved {
        None => "unreserved".to_owned(),
        Some(n) => format!("reserved {n}"),
    }
}

impl Seen {
    /// Returns what the function bills while nobody calls it (aws.amazon.com/lambda/pricing).
    pub fn usage(&self) -> Usage {
        // AWS does not bill what it could not allocate.
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

    /// Tells the function's concurrency in words: `reserved 5, 2 provisioned (live)`.
    pub fn summary(&self) -> String {
        let mut parts = vec![in_words(self.reserved)];
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
