//! Observing finds what is there: what the kinds see, and what tags include and exclude.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::join_all;

use crate::config::Config;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::kinds::info::Info;
use crate::kinds::kit::{Kind, Seen};
use crate::model::{KindName, ResourceId};
use crate::pace::Pace;
use crate::select::spelling::Spelling;
use crate::select::{Only, Wanted};

/// A resource with this tag is never stopped.
pub const KEEP_TAG: (&str, &str) = ("aws-resource-manager", "keep");

/// A tag index finds resources by their tags.
#[async_trait]
pub trait TagIndex: Send + Sync {
    /// Lists the ARNs of the resources that carry all of these tags.
    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, Failure>;
}

/// An inventory is the account as it was seen.
#[derive(Debug, Default)]
pub struct Inventory {
    pub candidates: Vec<Candidate>,
    /// Nothing could be seen of these kinds, and why.
    pub unseen_kinds: Vec<(KindName, Failure)>,
    /// The tags could not be read, and why: nobody knows what is to be kept.
    pub unseen_tags: Option<Failure>,
    /// Earlier invocations of the operation dealt with these: they were not looked at again.
    pub done_earlier: BTreeSet<ResourceId>,
    /// The patterns of the configuration that match nothing today, each as `kind:pattern`.
    pub unmatched_patterns: Vec<String>,
}

/// A candidate is a resource that the plan is to decide about.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: ResourceId,
    /// `Ok(None)`: the resource is not there.
    pub seen: Result<Option<Seen>, Failure>,
    /// A pattern or a tag selects the resource. If not, the state has a record of it.
    pub selected: bool,
    /// The resource carries [`KEEP_TAG`].
    pub keep: bool,
}

/// Looks at everything that the configuration and the state name.
///
/// What is in `done_earlier` is not looked at: an earlier invocation dealt with it.
pub async fn observe(
    registry: &[Kind],
    tags: &dyn TagIndex,
    config: &Config,
    only: &Only,
    journal: &Journal,
    done_earlier: BTreeSet<ResourceId>,
    pace: &Pace,
) -> Inventory {
    let mut inventory = Inventory { done_earlier, ..Inventory::default() };
    let keep_tag = [(KEEP_TAG.0.to_owned(), KEEP_TAG.1.to_owned())];
    let (kept, targeted) = futures::join!(tags.tagged(&keep_tag), async {
        if config.target_tags.is_empty() {
            Ok(Vec::new())
        } else {
            tags.tagged(&config.target_tags).await
        }
    });
    let mut by_kind = |arns: Result<Vec<String>, Failure>| match arns {
        Ok(arns) => names_by_kind(&arns, registry),
        Err(failure) => {
            inventory.unseen_tags = Some(failure);
            BTreeMap::new()
        }
    };
    let (kept, mut targeted) = (by_kind(kept), by_kind(targeted));
    let asked = registry.iter().map(Kind::as_reported);
    let kinds: Vec<_> = asked
        .filter(|kind| only.includes_kind(kind.info().name))
        .map(|kind| {
            let tagged = targeted.remove(&kind.info().name).unwrap_or_default();
            (kind, wanted(kind.info(), tagged, config, only, journal, &inventory.done_earlier))
        })
        .filter(|(_, wanted)| !wanted.is_empty())
        .collect();
    let looks = join_all(kinds.iter().map(|(kind, wanted)| kind.observe(wanted, pace))).await;
    let mut names: BTreeMap<KindName, BTreeSet<String>> = BTreeMap::new();
    for ((kind, wanted), look) in kinds.iter().zip(looks) {
        let name = kind.info().name;
        if let Some(listed) = wanted.listed.get() {
            names.insert(name, listed.iter().cloned().chain(owed(journal, name)).collect());
        }
        match look {
            Err(failure) => inventory.unseen_kinds.push((name, failure)),
            Ok(sightings) => inventory.candidates.extend(sightings.into_iter().map(|sighting| {
                // The index follows late, so the tags on the resource itself are believed first.
                let carries = |tags: &[(String, String)]| {
                    kind.carries(sighting.seen.as_ref().ok()?.as_ref()?, tags)
                };
                let is_targeted = wanted.is_selected(&sighting.name)
                    && carries(&config.target_tags).unwrap_or(true);
                Candidate {
                    selected: wanted.selection.includes(&sighting.name) || is_targeted,
                    keep: kept
                        .get(&name)
                        .is_some_and(|names| wanted.is_among(names, &sighting.name))
                        || carries(&keep_tag).unwrap_or(false),
                    id: ResourceId::new(name, sighting.name.clone()),
                    seen: sighting.seen,
                }
            })),
        }
    }
    let spellings: Vec<Spelling> = registry.iter().map(|kind| kind.info().spelling()).collect();
    inventory.unmatched_patterns = config.resources.unmatched(&names, &spellings);
    inventory
}

/// Says which resources of a kind are to be looked at.
fn wanted(
    info: &Info,
    tagged: BTreeSet<String>,
    config: &Config,
    only: &Only,
    journal: &Journal,
    done_earlier: &BTreeSet<ResourceId>,
) -> Wanted {
    let Info { name, ignores_case, has_this_function, .. } = *info;
    let selection = config.resources.selection(&info.spelling());
    let names_done_earlier =
        done_earlier.iter().filter(|id| id.kind == name).map(|id| id.name.clone());
    Wanted {
        // A kind that is switched off is not switched on by a tag.
        tagged: if selection.is_empty() { BTreeSet::new() } else { tagged },
        selection,
        recorded: recorded(journal, name, done_earlier),
        done_earlier: names_done_earlier.collect(),
        only: Some((name, only.clone())),
        ignores_case,
        itself: config.function_name.clone().filter(|_| has_this_function),
        listed: OnceLock::new(),
    }
}

/// The names of what was stopped and is to come back. A deleted endpoint is in no list.
fn owed(journal: &Journal, kind: KindName) -> impl Iterator<Item = String> {
    journal.recorded(kind).filter(|(_, record)| record.held().is_some()).map(|(id, _)| id.name)
}

fn recorded(
    journal: &Journal,
    kind: KindName,
    done_earlier: &BTreeSet<ResourceId>,
) -> BTreeSet<String> {
    journal
        .recorded(kind)
        .filter(|(id, _)| !done_earlier.contains(id))
        .map(|(id, _)| id.name)
        .collect()
}

fn names_by_kind(arns: &[String], registry: &[Kind]) -> BTreeMap<KindName, BTreeSet<String>> {
    let mut names: BTreeMap<KindName, BTreeSet<String>> = BTreeMap::new();
    for arn in arns {
        if let Some(id) = registry.iter().find_map(|kind| kind.info().resource_in(arn)) {
            names.entry(id.kind).or_default().insert(id.name);
        }
    }
    names
}

/// The Resource Groups Tagging API answers one question for all kinds.
pub struct TaggingApi {
    client: Client,
    /// The API is asked for resources of these types: `kinesis:stream`.
    types: Vec<String>,
}

impl TaggingApi {
    pub fn new(aws: &aws_config::SdkConfig, kinds: impl Iterator<Item = &'static Info>) -> Self {
        let types = kinds.map(|info| info.tagging_type.to_owned()).collect();
        TaggingApi { client: Client::new(aws), types }
    }
}

#[async_trait]
impl TagIndex for TaggingApi {
    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, Failure> {
        let filters = tags
            .iter()
            .map(|(key, value)| TagFilter::builder().key(key).values(value).build())
            .collect();
        let mut resources = self
            .client
            .get_resources()
            .set_tag_filters(Some(filters))
            .set_resource_type_filters(Some(self.types.clone()))
            .resources_per_page(100)
            .into_paginator()
            .items()
            .send();
        let mut arns = Vec::new();
        while let Some(resource) = resources.next().await {
            let resource = resource.map_err(|e| Failure::from_sdk("tag:GetResources", &e))?;
            arns.extend(resource.resource_arn);
        }
        Ok(arns)
    }
}
