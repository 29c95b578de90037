//! What is there: the kinds' sightings, with the tags that include and exclude.

use std::collections::{BTreeMap, BTreeSet};

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
use crate::select::{Only, Wanted};

/// A resource with this tag is never touched.
pub const KEEP_TAG: (&str, &str) = ("aws-resource-manager", "keep");

/// Finds resources by tag.
#[async_trait]
pub trait TagIndex: Send + Sync {
    /// The ARNs of the resources that carry all of these tags.
    async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<String>, Failure>;
}

/// The account as it was seen.
#[derive(Debug, Default)]
pub struct Inventory {
    pub candidates: Vec<Candidate>,
    /// Kinds of which nothing could be seen.
    pub unseen_kinds: Vec<(KindName, Failure)>,
    /// `Err`: nobody knows what is to be kept.
    pub unseen_tags: Option<Failure>,
    /// What the operation has dealt with in an earlier invocation, and so was not looked at.
    pub done_earlier: BTreeSet<ResourceId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: ResourceId,
    pub seen: Result<Option<Seen>, Failure>,
    /// By a pattern or a tag. The others are here because the state has a record of them.
    pub selected: bool,
    pub keep: bool,
}

/// Looks at everything that the configuration and the state name, but for what was done earlier.
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
    for ((kind, wanted), look) in kinds.iter().zip(looks) {
        let name = kind.info().name;
        match look {
            Err(failure) => inventory.unseen_kinds.push((name, failure)),
            Ok(sightings) => inventory.candidates.extend(sightings.into_iter().map(|sighting| {
                // The index follows late: what the resource itself shows is believed before it.
                let carries = |tags: &[(String, String)]| {
                    kind.carries(sighting.seen.as_ref().ok()?.as_ref()?, tags)
                };
                let is_targeted = wanted.is_selected(&sighting.name)
                    && carries(&config.target_tags).unwrap_or(true);
                Candidate {
                    selected: wanted.patterns.includes(&sighting.name) || is_targeted,
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
    let (mut patterns, mut only) =
        (config.patterns.get(&name).cloned().unwrap_or_default(), only.clone());
    if ignores_case {
        (patterns, only) = (patterns.ignoring_case(), only.ignoring_case());
    }
    let names_done_earlier =
        done_earlier.iter().filter(|id| id.kind == name).map(|id| id.name.clone());
    Wanted {
        // A kind that is switched off is not switched on by a tag.
        tagged: if patterns.is_empty() { BTreeSet::new() } else { tagged },
        patterns,
        recorded: recorded(journal, name, done_earlier),
        done_earlier: names_done_earlier.collect(),
        only: Some((name, only)),
        ignores_case,
        itself: config.function_name.clone().filter(|_| has_this_function),
    }
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

/// The Resource Groups Tagging API: one question for all kinds.
pub struct TaggingApi {
    client: Client,
    /// Of the kinds that it is asked for: `kinesis:stream`.
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
