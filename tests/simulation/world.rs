//! The account is in memory and in virtual time: as slow and strict as AWS, and able to fail.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_resource_manager::failure::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use super::simulated::{Owed, Resources, Setting, Simulated};

/// A trouble says how one process is disturbed. Calls of the store count, too.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    /// The process is killed at the n-th call that changes something.
    ///
    /// It dies before or after the call's effect.
    pub kill: Option<(u32, When)>,
    /// Every n-th call is throttled.
    pub throttle_every: Option<u32>,
    /// Every n-th answer is lost.
    pub lose_answer_every: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Before,
    After,
}

/// A process runs the function.
pub struct Process {
    pub attempt: String,
    pub trouble: Trouble,
    pub counts: Mutex<(u32, u32)>,
    pub killed: tokio::sync::Notify,
}

pub struct World {
    pub began: Instant,
    pub state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    /// Each kind has its resources, by the kind's name.
    resources: Vec<(&'static str, Box<dyn Resources>)>,
    /// A start brings each resource to this: its original, or what a person made of it since.
    pub expected: BTreeMap<String, Setting>,
    /// S3 has the state object with its version, and all reports.
    pub object: Option<(Vec<u8>, u64)>,
    pub reports: BTreeMap<String, u32>,
    pub messages_by_operation: BTreeMap<String, u32>,
    pub broken: Option<String>,
    /// The account cost so much less than if it had always cost the most.
    pub unspent_usd: f64,
    /// The function said that it saved so much.
    pub saved_usd: f64,
    settled_at: Option<Instant>,
    /// The state object was parsed at this version.
    parsed: (Value, u64),
}

pub type Shared = Arc<World>;

impl World {
    pub fn new(resources: Vec<(&'static str, Box<dyn Resources>)>) -> Shared {
        let mut state = State { resources, ..State::default() };
        state.expected = state.settings();
        Arc::new(World { began: Instant::now(), state: Mutex::new(state) })
    }

    pub fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.began.elapsed()).unwrap();
        Timestamp::from_second(1_800_000_000).unwrap() + since
    }

    /// Looks at the state, with everything that time has brought about.
    pub fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        state.settle();
        look(&mut state)
    }

    /// Makes one call of a process. The call takes time.
    ///
    /// It may be throttled, lose its answer, or kill the process.
    pub async fn call<T>(
        &self,
        process: &Process,
        changes: bool,
        effect: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Failure> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (count, changing) = {
            let mut counts = process.counts.lock().unwrap();
            counts.0 += 1;
            counts.1 += u32::from(changes);
            *counts
        };
        let kill =
            process.trouble.kill.filter(|(n, _)| changes && *n == changing).map(|(_, when)| when);
        if kill == Some(When::Before) {
            process.die().await;
        }
        let every = |n: Option<u32>| n.is_some_and(|n| count.is_multiple_of(n));
        if every(process.trouble.throttle_every) {
            return Err(transient("throttled"));
        }
        let result = self.look(effect);
        if kill == Some(When::After) {
            process.die().await;
        }
        if every(process.trouble.lose_answer_every) {
            Err(transient("connection reset"))
        } else {
            Ok(result)
        }
    }
}

impl Process {
    async fn die(&self) {
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }
}

fn transient(words: &str) -> Failure {
    Failure::transient(words)
}

impl State {
    /// Returns the resources of the kind with these rules.
    pub fn of<R: Simulated>(&mut self) -> &mut R::Resources {
        let resources: &mut dyn Any = self.of_kind(R::INFO.name.as_str());
        resources.downcast_mut().unwrap()
    }

    fn of_kind(&mut self, name: &str) -> &mut dyn Resources {
        let found = self.resources.iter_mut().find(|(kind, _)| *kind == name);
        found.unwrap().1.as_mut()
    }

    fn unspent_per_hour(&self) -> f64 {
        self.resources.iter().map(|(_, resources)| resources.unspent_per_hour()).sum()
    }

    /// Lets time pass.
    fn settle(&mut self) {
        let before = self.unspent_per_hour();
        for (_, resources) in &mut self.resources {
            resources.settle();
        }
        let now = Instant::now();
        if let Some(settled_at) = self.settled_at.replace(now) {
            let hours = now.duration_since(settled_at).as_secs_f64() / 3600.0;
            self.unspent_usd += before.max(self.unspent_per_hour()) * hours;
        }
    }

    /// Lists every resource as it is, without those in transition.
    pub fn settings(&self) -> BTreeMap<String, Setting> {
        let each = self.resources.iter().flat_map(|(kind, resources)| {
            let settings = resources.settings().into_iter();
            settings.map(move |(name, setting)| (format!("{kind}:{name}"), setting))
        });
        each.collect()
    }

    pub fn lack_capacity(&mut self, failures: u32) {
        for (_, resources) in &mut self.resources {
            resources.lack_capacity(failures);
        }
    }

    /// Sets a resource as a person does, who expects it so from now on.
    pub fn set(&mut self, id: &str, setting: &Setting) {
        let (kind, name) = id.split_once(':').unwrap();
        let starting = self.journal()["resources"][id]["phase"] == "starting";
        let owed = Owed { original: self.held(id), starting };
        if self.of_kind(kind).set(name, setting, &owed) {
            self.expected.insert(id.to_owned(), setting.clone());
        }
    }

    /// Deletes a resource as a person does.
    pub fn delete(&mut self, id: &str) {
        let (kind, name) = id.split_once(':').unwrap();
        if self.of_kind(kind).delete(name) {
            self.expected.remove(id);
        }
    }

    /// Reads the stored journal as JSON: checks must not rest on the code that they check.
    pub fn journal(&mut self) -> &Value {
        if let Some((bytes, version)) = &self.object
            && self.parsed.1 != *version
        {
            self.parsed = (serde_json::from_slice(bytes).unwrap(), *version);
        }
        &self.parsed.0
    }

    /// Returns the setting that the stored journal would bring back.
    pub fn held(&mut self, id: &str) -> Option<Setting> {
        let record = self.journal()["resources"].get(id)?.clone();
        if record["phase"] == "running" {
            return None;
        }
        self.of_kind(id.split_once(':')?.0).of_original(&record["original"])
    }

    /// Checks a change by the function, which needs the lease and a saved original.
    pub fn change(&mut self, process: &Process, now: Timestamp, id: &str) {
        let lease = self.journal()["lease"].clone();
        let valid =
            lease["until"].as_str().is_some_and(|until| until.parse::<Timestamp>().unwrap() > now);
        let holder = lease["holder"].as_str().unwrap_or_default();
        if !valid || !holder.ends_with(&process.attempt) {
            self.broken
                .get_or_insert(format!("{id} was changed without the lease, which {holder} holds"));
        }
        let expected = self.expected.get(id).cloned();
        let held = self.held(id);
        if held != expected {
            self.broken
                .get_or_insert(format!("{id} was changed while {expected:?} was held as {held:?}"));
        }
    }
}
