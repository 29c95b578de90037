//! The journal is what the function remembers between invocations.
//!
//! It changes in these ways only:
//!
//! ```text
//!             Save                 Stopped               Start              Restored
//!  Running ─────────▶ Stopping ─────────────▶ Stopped ─────────▶ Starting ─────────▶ Running
//!     ▲                  │ ▲ ◀── Resume/Adopt ── │                │ │ ▲
//!     │                  │ └────── Resume/Adopt ──│────────────────┘ │ │
//!     │                  └─────────── Start ──────│──────────────────│─┘
//!     └────────────────────────────── Release ────┴──────────────────┘
//! ```
//!
//! An original is written by `Save` (there was none) and by `Adopt` (a person changed the resource
//! since, and their value wins), and by nothing else: no order of events replaces it by a value
//! that a stop made. (`Amend` is a `Resume` with which a kind notes more beside the original.)

mod entries;
mod money;
mod operations;
mod rationed;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::entries::{
    Challenger, Ended, KeptOriginal, Lease, Note, Operation, Record, Scheduled, Snapshot, Unpriced,
};
pub use self::rationed::RationedCalls;
use crate::kinds::kit::Original;
use crate::model::{Goal, KindName, Phase, ResourceId};
use crate::savings::Savings;

/// This program writes this version of the state's form, and reads none that is newer.
pub const SCHEMA: u32 = 1;

/// The journal is the state object in the bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    pub schema: u32,
    pub project: String,
    pub environment: String,
    /// Every write has another value here.
    ///
    /// It tells a writer whose answer was lost that the write was its own.
    pub write: String,
    /// The generation grows with every operation.
    pub generation: u64,
    pub goal: Option<Goal>,
    pub lease: Option<Lease>,
    pub operation: Option<Operation>,
    /// The newest operation on the whole project that a schedule asked for.
    #[serde(default)]
    pub scheduled: Option<Scheduled>,
    /// An invocation that waits for the lease and wants the opposite stands here. The holder yields.
    pub challenger: Option<Challenger>,
    /// Operations that have ended, or were superseded by another, are not begun again.
    pub ended: Vec<Ended>,
    pub resources: BTreeMap<String, Record>,
    /// The fields of these stand among the journal's own, as they did in 0.1.
    ///
    /// Reading them refuses every field that the journal does not know.
    #[serde(flatten, deserialize_with = "RationedCalls::deserialize_strictly")]
    pub rationed: RationedCalls,
    pub savings: Savings,
    /// The savings' total in US dollars, as it was when the newest operation began.
    #[serde(default)]
    pub saved_before_usd: f64,
    /// Stopped time is kept here until its price is known, and booked then.
    #[serde(default)]
    pub unpriced: Vec<Unpriced>,
    /// Savings are booked in the days and months of this time zone.
    #[serde(skip, default = "utc")]
    pub zone: TimeZone,
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

/// A transition is a change of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Transition {
    /// Before the first change: there was no original.
    Save(Original),
    /// Before a change: a person changed the resource since, and their value is the original now.
    Adopt(Original),
    /// Before a change: a stop goes on, with the original that there is.
    Resume,
    /// Before a change: a stop goes on, and the kind remembers more beside the original.
    Amend(Original),
    /// The resource was seen stopped.
    Stopped,
    /// Before the first change on the way up.
    Start,
    /// The resource was seen as it was.
    Restored,
    /// There is nothing left to bring back: a person did, or deleted it for good.
    Release,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{id} is {phase:?} in the state: {transition} is not possible")]
pub struct IllegalTransition {
    id: String,
    phase: Phase,
    transition: &'static str,
}

/// A stored state cannot be used. Nothing is changed then, and nothing written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    #[error("it is not a state of this program: {0}")]
    Damaged(String),
    #[error("it has schema {0}, and this program knows {SCHEMA}: a newer version wrote it")]
    Newer(u32),
    #[error("it belongs to project `{project}`, environment `{environment}`")]
    Foreign { project: String, environment: String },
}

impl Journal {
    pub fn new(project: &str, environment: &str) -> Self {
        Journal {
            schema: SCHEMA,
            project: project.to_owned(),
            environment: environment.to_owned(),
            write: String::new(),
            generation: 0,
            goal: None,
            lease: None,
            operation: None,
            scheduled: None,
            challenger: None,
            ended: Vec::new(),
            resources: BTreeMap::new(),
            rationed: RationedCalls::default(),
            savings: Savings::default(),
            saved_before_usd: 0.0,
            unpriced: Vec::new(),
            zone: utc(),
        }
    }

    /// Reads a stored state of this project.
    pub fn parse(
        bytes: &[u8],
        project: &str,
        environment: &str,
        kinds: &[KindName],
    ) -> Result<Self, Unusable> {
        /// The head is read first: a newer or foreign state is to be called that, and not damaged.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
            project: Option<String>,
            environment: Option<String>,
        }
        let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
        if head.schema > SCHEMA {
            return Err(Unusable::Newer(head.schema));
        }
        if let (Some(theirs), Some(env)) = (head.project, head.environment)
            && (theirs != project || env != environment)
        {
            return Err(Unusable::Foreign { project: theirs, environment: env });
        }
        let journal: Journal = serde_json::from_slice(bytes).map_err(damaged)?;
        for (id, record) in &journal.resources {
            if !kinds.iter().any(|kind| name_in(*kind, id).is_some()) {
                return Err(Unusable::Damaged(format!(
                    "`{id}` is of no kind that this program knows"
                )));
            }
            if record.phase != Phase::Running && record.original.is_none() {
                return Err(Unusable::Damaged(format!("`{id}` has no original")));
            }
        }
        Ok(journal)
    }

    pub fn record(&self, id: &ResourceId) -> Option<&Record> {
        self.resources.get(&id.to_string())
    }

    /// Returns the records of a kind.
    ///
    /// These resources are owed their original, or the newest operation has dealt with them.
    pub fn recorded(&self, kind: KindName) -> impl Iterator<Item = (ResourceId, &Record)> {
        self.resources.iter().filter_map(move |(id, record)| {
            Some((ResourceId::new(kind, name_in(kind, id)?), record))
        })
    }

    /// Tells whether there is anything to bring back.
    pub fn owes(&self) -> bool {
        self.resources.values().any(|record| record.held().is_some())
    }

    /// Changes a resource's record, if the transition is legal.
    ///
    /// Every legal transition stands here. Any other is an error and changes nothing.
    pub fn record_transition(
        &mut self,
        id: &ResourceId,
        transition: &Transition,
        note: Note,
        operation_id: &str,
        now: Timestamp,
    ) -> Result<(), IllegalTransition> {
        let key = id.to_string();
        let old = self.resources.get(&key);
        let from = old.map_or(Phase::Running, |record| record.phase);
        let held = old.and_then(|record| record.original.clone());
        let (phase, original) = match (from, transition) {
            (Phase::Running, Transition::Save(original))
            | (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Adopt(original))
            | (Phase::Stopping | Phase::Starting, Transition::Amend(original)) => {
                (Phase::Stopping, Some(original.clone()))
            }
            (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Resume) => {
                (Phase::Stopping, held)
            }
            (Phase::Stopping, Transition::Stopped) => (Phase::Stopped, held),
            (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Start) => {
                (Phase::Starting, held)
            }
            (Phase::Starting, Transition::Restored)
            | (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Release) => {
                (Phase::Running, None)
            }
            (phase, transition) => {
                return Err(IllegalTransition { id: key, phase, transition: transition.name() });
            }
        };
        // When a person undid the stop is not known: nothing is claimed for it.
        let is_persons = matches!(transition, Transition::Adopt(_) | Transition::Release);
        self.book_savings(&key, now, !is_persons);
        let old = self.resources.get(&key);
        let same_operation = old.is_some_and(|record| record.operation_id == operation_id);
        let record = Record {
            phase,
            original,
            operation_id: operation_id.to_owned(),
            since: old.filter(|record| record.phase == phase).map_or(now, |record| record.since),
            attempts: match old {
                Some(record) if record.phase == phase && !same_operation => record.attempts + 1,
                Some(record) if record.phase == phase => record.attempts,
                _ => 1,
            },
            last_error: None,
            running: match (transition, old) {
                (Transition::Save(_) | Transition::Adopt(_), _) | (_, None) => note.before.clone(),
                (_, Some(record)) => record.running.clone(),
            },
            saved_usd: match (transition, old) {
                (Transition::Save(_), _) | (_, None) => 0.0,
                (_, Some(record)) => record.saved_usd,
            },
            // The operation that goes on in another invocation found it as its first one did.
            before: match old {
                Some(record) if same_operation => record.before.clone(),
                _ => note.before,
            },
            after: note.after,
            detail: note.detail,
            warnings: note.warnings,
        };
        self.resources.insert(key, record);
        Ok(())
    }

    /// Returns every original that is owed, for the report of a stop.
    ///
    /// [`Self::adopt_originals`] can bring them back from there when the state is lost.
    pub fn originals(&self) -> BTreeMap<String, KeptOriginal> {
        self.resources
            .iter()
            .filter_map(|(id, record)| {
                let original = record.held()?.clone();
                let (running, stopped) = (record.running.clone(), record.after.clone());
                Some((id.clone(), KeptOriginal { original, running, stopped }))
            })
            .collect()
    }

    /// Adopts originals from a report, where the state holds none.
    ///
    /// What the state holds is newer.
    pub fn adopt_originals(
        &mut self,
        originals: &BTreeMap<String, KeptOriginal>,
        operation_id: &str,
        now: Timestamp,
    ) {
        for (id, kept) in originals {
            if self.resources.get(id).is_some_and(|record| record.held().is_some()) {
                continue;
            }
            let record = Record {
                phase: Phase::Stopped,
                original: Some(kept.original.clone()),
                operation_id: operation_id.to_owned(),
                since: now,
                attempts: 1,
                last_error: None,
                before: kept.running.clone(),
                after: kept.stopped.clone(),
                detail: String::new(),
                warnings: Vec::new(),
                running: kept.running.clone(),
                saved_usd: 0.0,
            };
            self.resources.insert(id.clone(), record);
        }
    }

    pub fn record_error(&mut self, id: &ResourceId, error: &str) {
        if let Some(record) = self.resources.get_mut(&id.to_string()) {
            record.last_error = Some(error.to_owned());
        }
    }
}

/// Returns the name in a key `kind:name`, if the key is of that kind.
fn name_in(kind: KindName, key: &str) -> Option<&str> {
    key.strip_prefix(kind.as_str())?.strip_prefix(':')
}

impl Transition {
    fn name(&self) -> &'static str {
        match self {
            Transition::Save(_) => "saving an original",
            Transition::Adopt(_) => "adopting a person's change",
            Transition::Resume => "going on with a stop",
            Transition::Amend(_) => "amending an original",
            Transition::Stopped => "having been stopped",
            Transition::Start => "starting",
            Transition::Restored => "having been restored",
            Transition::Release => "a release",
        }
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
