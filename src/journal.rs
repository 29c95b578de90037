//! What the function remembers between invocations, and the only ways it may change.
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

mod money;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::money::Unpriced;
use crate::event::Schedule;
use crate::model::{Calls, Direction, Goal, KindName, Plain, Rate, ResourceId};
use crate::savings::Savings;
use crate::usage::Usage;

/// The version of the state's form that this program writes, and the newest that it reads.
pub const SCHEMA: u32 = 1;
/// How long an ended operation is remembered, so that a late duplicate does nothing. Lambda keeps an
/// event for 6 hours at most, EventBridge Scheduler for 24.
const REMEMBER: SignedDuration = SignedDuration::from_hours(7 * 24);
const REMEMBER_AT_MOST: usize = 500;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// The state object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub schema: u32,
    pub project: String,
    pub environment: String,
    /// Differs in every write: tells a writer whose answer was lost that the write was its own.
    pub write: String,
    /// Grows with every operation.
    pub generation: u64,
    pub goal: Option<Goal>,
    pub lease: Option<Lease>,
    pub operation: Option<Operation>,
    /// The newest operation on the whole project that a schedule asked for.
    #[serde(default)]
    pub scheduled: Option<Scheduled>,
    /// Set by an invocation that waits for the lease and wants the opposite: the holder yields.
    pub challenger: Option<Challenger>,
    /// Operations that have ended, or that another has superseded. They are not begun again.
    pub ended: Vec<Ended>,
    pub resources: BTreeMap<String, Record>,
    /// When the calls were made that AWS takes only so many of a day.
    #[serde(default)]
    pub counted_calls: BTreeMap<String, Vec<Timestamp>>,
    /// When a process set out to make some. It takes them out again when it knows what it made: what
    /// is left here may have been made or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub planned_calls: BTreeMap<String, Vec<Timestamp>>,
    /// When AWS refused such a call as one too many, though fewer are remembered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_calls: BTreeMap<String, Timestamp>,
    pub savings: Savings,
    /// What they were when the newest operation began.
    #[serde(default)]
    pub saved_before_usd: f64,
    /// Stopped time that is not booked, because what it saved was not known when it ended.
    #[serde(default)]
    pub unpriced: Vec<Unpriced>,
    /// Whose days and months the savings are booked in.
    #[serde(skip, default = "utc")]
    pub zone: TimeZone,
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

/// Who may change the account, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// One attempt of one invocation: a retry with the same request id is another holder.
    pub holder: String,
    pub until: Timestamp,
}

/// The newest operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub id: String,
    pub direction: Direction,
    pub only: Vec<String>,
    pub reason: Option<String>,
    pub request_id: String,
    pub schedule: Option<Schedule>,
    pub started_at: Timestamp,
    /// How often the function has called itself to go on with it.
    pub depth: u32,
    pub finished_at: Option<Timestamp>,
}

/// One run of a schedule: when it was planned for, and when its operation began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    pub direction: Direction,
    pub planned: Timestamp,
    pub began_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenger {
    pub operation_id: String,
    pub direction: Direction,
    pub asked_at: Timestamp,
    /// When its invocation ends at the latest. A challenger that is gone is not yielded to.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    pub operation_id: String,
    pub at: Timestamp,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub phase: Phase,
    /// What it was before the first change. Present in every phase but `Running`.
    pub original: Option<Plain>,
    /// The operation that last set out to change it.
    pub operation_id: String,
    pub since: Timestamp,
    /// Operations that have tried to bring it into the phase that it is in.
    pub attempts: u32,
    pub last_error: Option<String>,
    /// As the operation found it and as it is to leave it, for the report of an operation that
    /// takes more than one invocation.
    pub before: Glimpse,
    pub after: Glimpse,
    pub detail: String,
    pub warnings: Vec<String>,
    /// What the original was, in words and money: it will come back as that.
    pub running: Glimpse,
    /// Saved in US dollars since the stop that this record is of.
    pub saved_usd: f64,
}

/// An original as a report keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptOriginal {
    pub original: Plain,
    pub running: Glimpse,
    pub stopped: Glimpse,
}

/// What the report says of a resource at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Glimpse {
    pub summary: String,
    #[serde(default)]
    pub usage: Usage,
    /// At the prices of that moment.
    pub rate: Rate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// We owe it nothing.
    Running,
    /// The original is durable; the way down may have begun.
    Stopping,
    /// It was seen stopped.
    Stopped,
    /// The way up may have begun.
    Starting,
}

/// What may happen to a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Transition {
    /// Before the first change: there was no original.
    Save(Plain),
    /// Before a change: a person changed the resource since, and their value is the original now.
    Adopt(Plain),
    /// Before a change: a stop goes on, with the original that there is.
    Resume,
    /// The same, and the kind remembers more beside the original.
    Amend(Plain),
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

/// What goes into a record together with a transition.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub before: Glimpse,
    pub after: Glimpse,
    pub detail: String,
    pub warnings: Vec<String>,
}

impl Record {
    /// The original, while we owe it.
    pub fn held(&self) -> Option<&Plain> {
        self.original.as_ref().filter(|_| self.phase != Phase::Running)
    }
}

/// Why a stored state cannot be used. Nothing is changed then, and nothing written.
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
            counted_calls: BTreeMap::new(),
            planned_calls: BTreeMap::new(),
            refused_calls: BTreeMap::new(),
            savings: Savings::default(),
            saved_before_usd: 0.0,
            unpriced: Vec::new(),
            zone: utc(),
        }
    }

    /// Reads a stored state of this project.
    pub fn parse(bytes: &[u8], project: &str, environment: &str, kinds: &[KindName]) -> Result<Self, Unusable> {
        /// Read first: a newer or foreign state is to be called that, and not damaged.
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
                return Err(Unusable::Damaged(format!("`{id}` is of no kind that this program knows")));
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

    /// The resources of a kind that we owe their original, or that this operation has dealt with.
    pub fn recorded(&self, kind: KindName) -> impl Iterator<Item = (ResourceId, &Record)> {
        self.resources.iter().filter_map(move |(id, record)| Some((ResourceId::new(kind, name_in(kind, id)?), record)))
    }

    /// Whether there is anything to bring back.
    pub fn owes(&self) -> bool {
        self.resources.values().any(|record| record.held().is_some())
    }

    /// Every legal transition stands here; anything else is an error and changes nothing.
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
            (Phase::Running, Transition::Save(original)) => (Phase::Stopping, Some(original.clone())),
            (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Adopt(original))
            | (Phase::Stopping | Phase::Starting, Transition::Amend(original)) => {
                (Phase::Stopping, Some(original.clone()))
            }
            (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Resume) => (Phase::Stopping, held),
            (Phase::Stopping, Transition::Stopped) => (Phase::Stopped, held),
            (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Start) => (Phase::Starting, held),
            (Phase::Starting, Transition::Restored)
            | (Phase::Stopping | Phase::Stopped | Phase::Starting, Transition::Release) => (Phase::Running, None),
            (phase, transition) => {
                return Err(IllegalTransition { id: key, phase, transition: transition.name() });
            }
        };
        // When a person undid the stop is not known: nothing is claimed for it.
        let is_persons = matches!(transition, Transition::Adopt(_) | Transition::Release);
        self.settle_savings(&key, now, !is_persons);
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

    /// Every original that we owe, with what it was: for the report of a stop, from which
    /// [`Self::take_over`] can bring them back when the state is lost.
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

    /// Owes these originals again, where none is held: what the state remembers is newer.
    pub fn take_over(&mut self, originals: &BTreeMap<String, KeptOriginal>, operation_id: &str, now: Timestamp) {
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

    /// Remembers calls that are about to be made. Once they were, [`Self::made_calls`] sets them right.
    /// If the process dies before, a stop counts them: rather one too many than one too few. A start
    /// does not: it has to come to its end.
    pub fn plan_calls(&mut self, id: &ResourceId, count: usize, now: Timestamp) {
        let calls = self.planned_calls.entry(id.to_string()).or_default();
        calls.extend(std::iter::repeat_n(now, count));
    }

    /// Replaces the calls that were planned at `planned_at` by those that were made since, at these times.
    pub fn made_calls(&mut self, id: &ResourceId, planned_at: Timestamp, made: impl IntoIterator<Item = Timestamp>) {
        if let Some(planned) = self.planned_calls.get_mut(&id.to_string()) {
            planned.retain(|time| *time != planned_at);
        }
        self.planned_calls.retain(|_, calls| !calls.is_empty());
        let made: Vec<Timestamp> = made.into_iter().collect();
        if !made.is_empty() {
            // One that was made tells that there was one left.
            self.refused_calls.remove(&id.to_string());
            self.counted_calls.entry(id.to_string()).or_default().extend(made);
        }
    }

    /// Remembers that AWS takes no more of these calls for now. Returns when it takes one again at
    /// the latest: when the oldest that is known is a day old, or all have to be.
    pub fn refused_call(&mut self, id: &ResourceId, now: Timestamp) -> ZonedDateTime {
        self.refused_calls.insert(id.to_string(), now);
        let oldest = recent(&self.counted_calls, id, now).first().copied().unwrap_or_default();
        let left = A_DAY.saturating_sub(SignedDuration::try_from(oldest).unwrap_or_default());
        (now + left).to_zoned_datetime(self.zone.clone())
    }

    /// What a decision about a resource has to know of such calls.
    pub fn calls(&self, id: &ResourceId, now: Timestamp, time_left: Duration) -> Calls {
        let refused = self.refused_calls.get(&id.to_string()).map(|time| now.duration_since(*time));
        let made = recent(&self.counted_calls, id, now);
        let mut all = [made.clone(), recent(&self.planned_calls, id, now)].concat();
        all.sort_unstable_by(|a, b| b.cmp(a));
        Calls {
            recent: all,
            made,
            refused: refused.filter(|ago| *ago < A_DAY).map(|ago| Duration::try_from(ago).unwrap_or_default()),
            time_left,
            now: now.to_zoned_datetime(self.zone.clone()),
        }
    }

    pub fn record_error(&mut self, id: &ResourceId, error: &str) {
        if let Some(record) = self.resources.get_mut(&id.to_string()) {
            record.last_error = Some(error.to_owned());
        }
    }

    pub fn has_ended(&self, operation_id: &str) -> bool {
        self.ended.iter().any(|ended| ended.operation_id == operation_id)
    }

    /// Begins an operation, or goes on with it. What it supersedes has ended by that. What was asked
    /// for stays as it was at the beginning: an invocation that goes on is not told all of it.
    pub fn begin(&mut self, operation: Operation, lease: Lease, whole_project: bool, now: Timestamp) {
        let goes_on = self.operation.as_ref().is_some_and(|current| current.id == operation.id);
        if !goes_on {
            if let Some(old) = self.operation.take() {
                self.remember(old.id, now);
            }
            self.generation += 1;
            self.saved_before_usd = self.savings.total_usd;
            // Restored by an operation that is over: nothing is owed, and nobody will ask.
            self.resources.retain(|_, record| record.phase != Phase::Running);
            for calls in [&mut self.counted_calls, &mut self.planned_calls] {
                calls.retain(|_, calls| {
                    calls.retain(|time| now.duration_since(*time) < A_DAY);
                    !calls.is_empty()
                });
            }
            if let Some(schedule) = operation.schedule.as_ref().filter(|_| whole_project) {
                let direction = operation.direction;
                self.scheduled = Some(Scheduled { direction, planned: schedule.time, began_at: now });
            }
            self.refused_calls.retain(|_, time| now.duration_since(*time) < A_DAY);
        }
        if whole_project {
            self.goal = Some(operation.direction.goal());
        }
        if self.challenger.as_ref().is_some_and(|challenger| challenger.operation_id == operation.id) {
            self.challenger = None;
        }
        self.operation = Some(match self.operation.take() {
            Some(Operation { only, reason, schedule, started_at, .. }) => {
                Operation { only, reason, schedule, started_at, ..operation }
            }
            None => operation,
        });
        self.lease = Some(lease);
    }

    /// Ends the current operation: nobody goes on with it.
    pub fn end(&mut self, now: Timestamp) {
        if let Some(operation) = &mut self.operation {
            operation.finished_at = Some(now);
            let id = operation.id.clone();
            self.remember(id, now);
        }
        self.lease = None;
    }

    /// Leaves the current operation to its next invocation.
    pub fn hand_over(&mut self, depth: u32) {
        if let Some(operation) = &mut self.operation {
            operation.depth = depth;
        }
        self.lease = None;
    }

    fn remember(&mut self, operation_id: String, now: Timestamp) {
        self.ended.retain(|ended| now.duration_since(ended.at) < REMEMBER);
        if !self.has_ended(&operation_id) {
            self.ended.push(Ended { operation_id, at: now });
        }
        let surplus = self.ended.len().saturating_sub(REMEMBER_AT_MOST);
        self.ended.drain(..surplus);
    }
}

/// The ages of the calls of the last 24 hours, the oldest first.
fn recent(calls: &BTreeMap<String, Vec<Timestamp>>, id: &ResourceId, now: Timestamp) -> Vec<Duration> {
    let mut ages: Vec<Duration> = calls
        .get(&id.to_string())
        .into_iter()
        .flatten()
        .filter(|time| now.duration_since(**time) < A_DAY)
        .map(|time| Duration::try_from(now.duration_since(*time)).unwrap_or_default())
        .collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    ages
}

/// The name in a key `kind:name`, where the key is of that kind.
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
#[path = "journal_tests.rs"]
mod tests;
