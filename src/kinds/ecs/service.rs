//! A service has forms in which it is seen, saved, changed and waited for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::bills;
use crate::failure::Failure;
use crate::kinds::rules;
use crate::kinds::scaling::{self, Action, Scaling, Suspended};
use crate::model::count;
use crate::usage::Usage;

/// A service was seen like this.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub status: Status,
    /// Tells a service from one that was made anew under its name. Seconds since 1970.
    pub created_at: Option<i64>,
    pub scheduling: Scheduling,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    /// A deployment is under way, and is called so.
    pub deployment: Option<String>,
    /// The newest event, where it says that tasks could not be placed or started.
    pub hindrance: Option<String>,
    pub launch: Launch,
    pub tags: BTreeMap<String, String>,
    /// `None`: scaling was not looked at. `Some(Ok(None))`: nothing scales the service.
    pub scaling: Option<Result<Option<Scaling>, Failure>>,
}

/// The `status` of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    /// The service was deleted, and its last tasks still run.
    Draining,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    Replica,
    /// A task runs on each instance of the cluster: there is no desired count.
    Daemon,
}

/// A launch says on what the tasks run, as far as that decides their price.
#[derive(Debug, Clone, PartialEq)]
pub enum Launch {
    /// On Fargate, each of this size.
    Fargate(Size),
    /// On instances of the cluster, which bill for themselves.
    Instances,
    /// On something whose price this program does not know.
    Unpriced(String),
}

/// The size of one task, as its task definition asks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub vcpus: f64,
    pub memory_gb: f64,
    /// Without those that each task has for nothing.
    pub storage_gb: f64,
    pub is_arm: bool,
}

/// An original is all of a service that a stop would lose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub desired: u32,
    pub created_at: Option<i64>,
    /// `None`: nothing scaled the service.
    pub suspended: Option<Suspended>,
    /// These scheduled actions may fall due while the service is stopped.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// A call is sent to change a service or its scaling.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Suspends the scaling, while the service has this desired count.
    Suspend { desired: u32 },
    /// Sets the desired count.
    Count {
        to: u32,
        /// The scaling becomes this again.
        ///
        /// On the way up that follows the count. On the way down it is done only if AWS refuses the
        /// count for good.
        resume: Option<Suspended>,
    },
    /// Sets which scaling is suspended.
    Resume { suspended: Suspended },
}

/// The end of a deployment is waited for, which keeps a count from being set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployed;

pub type Step = rules::Step<Call, Deployed>;

impl Seen {
    /// Returns the scaling, where there is one and it could be seen.
    pub fn scaling(&self) -> Option<&Scaling> {
        self.scaling.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// Returns the service as it will be with this count.
    #[must_use]
    pub fn at(&self, desired: u32) -> Seen {
        Seen { desired, running: desired, pending: 0, ..self.clone() }
    }

    /// Tells whether an original is of this very service, and not only of its name.
    pub fn is_of(&self, original: &Original) -> bool {
        self.created_at == original.created_at
    }

    /// Names the tasks as a table shows them: `2 tasks`, `1 of 2 tasks`.
    pub fn summary(&self) -> String {
        match self.scheduling {
            Scheduling::Daemon => format!("daemon, {}", count(self.running, "task")),
            Scheduling::Replica if self.running == self.desired => count(self.desired, "task"),
            Scheduling::Replica => {
                format!("{} of {}", self.running, count(self.desired, "task"))
            }
        }
    }

    /// Says how many tasks are still to run, and what keeps them from it.
    pub fn lacking(&self) -> String {
        let tasks = format!("{} of {} to run", self.running, count(self.desired, "task"));
        match &self.hindrance {
            Some(hindrance) => format!("{tasks}: {hindrance}"),
            None => tasks,
        }
    }

    /// Counts the tasks that bill: those that are wanted, or those that a daemon has.
    fn tasks(&self) -> u32 {
        match self.scheduling {
            Scheduling::Replica => self.desired,
            Scheduling::Daemon => self.running,
        }
    }

    pub fn usage(&self) -> Usage {
        let tasks = self.tasks();
        match &self.launch {
            _ if tasks == 0 => Usage::none(),
            Launch::Fargate(size) => size.usage(f64::from(tasks)),
            Launch::Instances => Usage::none(),
            Launch::Unpriced(what) => Usage::unpriced(what),
        }
    }
}

impl Size {
    fn usage(self, tasks: f64) -> Usage {
        let (vcpu, memory) = if self.is_arm {
            (&bills::VCPU_ARM, &bills::MEMORY_GB_ARM)
        } else {
            (&bills::VCPU, &bills::MEMORY_GB)
        };
        Usage::of(vcpu, tasks * self.vcpus)
            .and(memory, tasks * self.memory_gb)
            .and(&bills::STORAGE_GB, tasks * self.storage_gb)
    }
}

impl Original {
    /// Saves what a stop would lose of a service.
    ///
    /// A suspension of our own that was not given back is no person's choice. Of that, `held` tells
    /// what it was before.
    pub fn of(seen: &Seen, held: Option<&Original>) -> Self {
        let scaling = seen.scaling();
        let ours = held.and_then(|held| held.suspended);
        let suspended = scaling.map(|now| match ours {
            Some(before) => now.suspended.zip(before, |now, before| now && before),
            None => now.suspended,
        });
        // Suspended actions would not have been taken anyhow.
        let is_scheduled = suspended.is_some_and(|suspended| !suspended.scheduled);
        let actions = scaling.filter(|_| is_scheduled).map(|scaling| scaling.actions.clone());
        Original {
            desired: seen.desired,
            created_at: seen.created_at,
            suspended,
            actions: actions.unwrap_or_default(),
        }
    }

    /// Warns of scheduled actions that lie within the longest stop: they will not be taken.
    pub fn not_to_come(&self, now: i64, longest_stop_hours: f64) -> Vec<String> {
        #[allow(clippy::cast_possible_truncation, reason = "hours of a year at most")]
        let end = now + (longest_stop_hours * 3600.0) as i64;
        let falls_due = |action: &&Action| {
            !action.has_passed(now)
                && (action.is_recurring() || action.has_passed(end))
                && action.future_start(end).is_none()
        };
        let due: Vec<&Action> = self.actions.iter().filter(falls_due).collect();
        if due.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "scheduled actions that fall due while it is stopped are not taken, and not made up for: {}",
            scaling::listed(due)
        )]
    }

    /// Names the scheduled actions that may have fallen due while the service was stopped.
    pub fn missed(&self, now: i64) -> Vec<String> {
        let may_have_been = |action: &&Action| action.is_recurring() || action.has_passed(now);
        let due: Vec<&Action> = self.actions.iter().filter(may_have_been).collect();
        if due.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "scheduled actions that fell due while it was stopped were not taken, its range is as when it was stopped: {}",
            scaling::listed(due)
        )]
    }

    /// Returns what the scaling has to become again, if that is not so already.
    ///
    /// A flag that a person has set meanwhile stays. Only what is suspended now, and was not before,
    /// is given back.
    pub fn to_resume(&self, seen: &Seen) -> Option<Suspended> {
        let before = self.suspended?;
        match &seen.scaling {
            Some(Ok(None)) => None,
            Some(Ok(Some(now))) => {
                let wanted = now.suspended.zip(before, |now, before| now && before);
                (wanted != now.suspended).then_some(wanted)
            }
            // It cannot be seen, and is given back all the same.
            Some(Err(_)) | None => Some(before),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Suspend { .. } => f.write_str("suspend its scaling"),
            Call::Count { to, .. } => write!(f, "set its desired count to {to}"),
            Call::Resume { .. } => f.write_str("resume its scaling"),
        }
    }
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wait until its deployment is over")
    }
}
