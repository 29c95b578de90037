//! The account, in memory and in virtual time: as slow and as strict as AWS, and able to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_resource_manager::failure::{Class, Failure};
use aws_resource_manager::kinds::sagemaker;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

pub const ENDPOINT: &str = "shop-endpoint";
pub const STREAMS: [(&str, u32); 2] = [("shop-events", 8), ("shop-audit", 2)];
pub const FUNCTIONS: [(&str, Option<u32>); 3] =
    [("shop-work", None), ("shop-act", Some(5)), ("shop-old", Some(0))];
pub const ALARMS: [(&str, bool); 3] =
    [("shop-errors", true), ("shop-latency", true), ("shop-off", false)];

/// What a resource is to a person: what has to come back.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// The config an endpoint runs.
    Endpoint(String),
    Shards(u32),
    Reserved(Option<u32>),
    Actions(bool),
}

#[derive(Debug, Clone)]
pub struct Endpoint {
    pub config: String,
    pub created_at: i64,
    pub doing: Doing,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    InService,
    Creating { until: Instant, fails: bool },
    Deleting { until: Instant },
    Failed,
}

#[derive(Debug, Clone)]
pub struct Stream {
    pub shards: u32,
    pub scaling: Option<(u32, Instant)>,
    /// When the function scaled it.
    pub calls: Vec<Instant>,
}

/// How one process is disturbed. Counts its calls, the store's included.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    /// SIGKILL at the n-th call that changes something, before or after its effect.
    pub kill: Option<(u32, When)>,
    /// Every n-th call is throttled, and every n-th answer lost.
    pub throttle_every: Option<u32>,
    pub lose_answer_every: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Before,
    After,
}

/// One process of the function.
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
    pub endpoint: Option<Endpoint>,
    pub streams: BTreeMap<String, Stream>,
    pub functions: BTreeMap<String, Option<u32>>,
    pub alarms: BTreeMap<String, bool>,
    /// What each resource is to be after a start: the original, or what a person made of it since.
    pub expected: BTreeMap<String, Setting>,
    /// The state object, its version, and all reports.
    pub object: Option<(Vec<u8>, u64)>,
    pub reports: BTreeMap<String, u32>,
    pub messages_by_operation: BTreeMap<String, u32>,
    /// Endpoint creations that will fail for lack of capacity.
    pub capacity_failures: u32,
    pub next_creation: i64,
    pub broken: Option<String>,
    /// What was not spent, at least as much as there was to save, and what the function said it
    /// saved.
    pub unspent_usd: f64,
    pub saved_usd: f64,
    settled_at: Option<Instant>,
    /// The most shards that a stream ever had.
    peaks: BTreeMap<String, u32>,
    /// The state object as JSON, and of which version.
    parsed: (Value, u64),
}

pub type Shared = Arc<World>;

const ENDPOINT_TAKES: Duration = Duration::from_secs(150);
const DELETING_TAKES: Duration = Duration::from_secs(40);
const SCALING_TAKES: Duration = Duration::from_secs(25);

impl World {
    pub fn new() -> Shared {
        let mut state = State { next_creation: 1, ..State::default() };
        state.create_endpoint("config", Doing::InService);
        state.streams = STREAMS
            .iter()
            .map(|(name, shards)| {
                ((*name).into(), Stream { shards: *shards, scaling: None, calls: Vec::new() })
            })
            .collect();
        state.functions =
            FUNCTIONS.iter().map(|(name, reserved)| ((*name).into(), *reserved)).collect();
        state.alarms = ALARMS.iter().map(|(name, on)| ((*name).into(), *on)).collect();
        state.expected = state.settings();
        Arc::new(World { began: Instant::now(), state: Mutex::new(state) })
    }

    pub fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.began.elapsed()).unwrap();
        Timestamp::from_second(1_800_000_000).unwrap() + since
    }

    /// The state, with everything that time has brought about.
    pub fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        state.settle();
        look(&mut state)
    }

    /// One call of a process: takes time, may be throttled, lose its answer, or kill the process.
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
    Failure { class: Class::Transient, code: None, message: words.to_owned() }
}

impl State {
    pub fn create_endpoint(&mut self, config: &str, doing: Doing) {
        self.next_creation += 1;
        self.endpoint =
            Some(Endpoint { config: config.to_owned(), created_at: self.next_creation, doing });
    }

    /// What an hour of this costs less than the most that it ever cost.
    fn unspent_per_hour(&self) -> f64 {
        let endpoint = if self.endpoint.is_none() { 0.115 } else { 0.0 };
        let shards = |name: &String| self.streams.get(name).map_or(0, |stream| stream.shards);
        let missing: u32 =
            self.peaks.iter().map(|(name, peak)| peak.saturating_sub(shards(name))).sum();
        endpoint + f64::from(missing) * 0.015
    }

    /// Lets time pass.
    fn settle(&mut self) {
        let before = self.unspent_per_hour();
        self.settle_transitions();
        for (name, stream) in &self.streams {
            let peak = self.peaks.entry(name.clone()).or_default();
            *peak = stream.shards.max(*peak);
        }
        let now = Instant::now();
        if let Some(settled_at) = self.settled_at.replace(now) {
            let hours = now.duration_since(settled_at).as_secs_f64() / 3600.0;
            self.unspent_usd += before.max(self.unspent_per_hour()) * hours;
        }
    }

    fn settle_transitions(&mut self) {
        let now = Instant::now();
        if let Some(endpoint) = &mut self.endpoint {
            match endpoint.doing {
                Doing::Creating { until, fails } if until <= now => {
                    endpoint.doing = if fails { Doing::Failed } else { Doing::InService };
                }
                Doing::Deleting { until } if until <= now => self.endpoint = None,
                _ => {}
            }
        }
        for stream in self.streams.values_mut() {
            if let Some((to, _)) = stream.scaling.filter(|(_, until)| *until <= now) {
                (stream.shards, stream.scaling) = (to, None);
            }
        }
    }

    /// Every resource as it is. One in transition is none of its settings.
    pub fn settings(&self) -> BTreeMap<String, Setting> {
        let mut settings = BTreeMap::new();
        if let Some(Endpoint { config, doing: Doing::InService, .. }) = &self.endpoint {
            settings.insert(format!("sagemaker:{ENDPOINT}"), Setting::Endpoint(config.clone()));
        }
        for (name, stream) in self.streams.iter().filter(|(_, stream)| stream.scaling.is_none()) {
            settings.insert(format!("kinesis:{name}"), Setting::Shards(stream.shards));
        }
        for (name, reserved) in &self.functions {
            settings.insert(format!("lambda:{name}"), Setting::Reserved(*reserved));
        }
        for (name, on) in &self.alarms {
            settings.insert(format!("cloudwatch:{name}"), Setting::Actions(*on));
        }
        settings
    }

    /// The stored journal, as JSON: the checks must not rest on the code that they check.
    pub fn journal(&mut self) -> &Value {
        if let Some((bytes, version)) = &self.object
            && self.parsed.1 != *version
        {
            self.parsed = (serde_json::from_slice(bytes).unwrap(), *version);
        }
        &self.parsed.0
    }

    /// The setting that the stored journal would bring back.
    pub fn held(&mut self, id: &str) -> Option<Setting> {
        let record = self.journal()["resources"].get(id)?.clone();
        if record["phase"] == "running" {
            return None;
        }
        let original = &record["original"];
        let number = |value: &Value| value.as_u64().map(|n| u32::try_from(n).unwrap());
        match id.split_once(':')?.0 {
            "sagemaker" => Some(Setting::Endpoint(original["config_name"].as_str()?.to_owned())),
            "kinesis" => Some(Setting::Shards(number(&original["shards"])?)),
            "lambda" => Some(Setting::Reserved(number(&original["reserved"]))),
            _ => Some(Setting::Actions(original["actions_enabled"].as_bool()?)),
        }
    }

    /// A change by the function: only with the lease, and only of what it could bring back.
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

    pub fn start_creating(&mut self, config: &str) {
        let fails = self.capacity_failures > 0;
        self.capacity_failures = self.capacity_failures.saturating_sub(1);
        self.create_endpoint(
            config,
            Doing::Creating { until: Instant::now() + ENDPOINT_TAKES, fails },
        );
    }

    pub fn start_deleting(&mut self) {
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.doing = Doing::Deleting { until: Instant::now() + DELETING_TAKES };
        }
    }

    pub fn start_scaling(&mut self, name: &str, to: u32) {
        let stream = self.streams.get_mut(name).unwrap();
        let now = Instant::now();
        stream.calls.retain(|call| now.duration_since(*call) < Duration::from_secs(24 * 3600));
        stream.calls.push(now);
        if stream.calls.len() > 10 {
            self.broken.get_or_insert(format!("AWS refuses an 11th call in a day to scale {name}"));
        }
        assert!(
            to <= stream.shards * 2 && to >= stream.shards.div_ceil(2),
            "{} to {to}",
            stream.shards
        );
        stream.scaling = Some((to, Instant::now() + SCALING_TAKES));
    }

    pub fn seen_endpoint(&self) -> Option<sagemaker::Seen> {
        let endpoint = self.endpoint.as_ref()?;
        let reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";
        Some(sagemaker::Seen {
            status: match endpoint.doing {
                Doing::InService => sagemaker::Status::InService,
                Doing::Creating { .. } => sagemaker::Status::Creating,
                Doing::Deleting { .. } => sagemaker::Status::Deleting,
                Doing::Failed => sagemaker::Status::Failed,
            },
            failure_reason: (endpoint.doing == Doing::Failed).then(|| reason.to_owned()),
            created_at: Some(endpoint.created_at),
            config_name: endpoint.config.clone(),
            variants: vec![sagemaker::Variant {
                name: "AllTraffic".into(),
                instance_type: Some("ml.m5.large".into()),
                instances: 1,
                weight: 1.0,
                serverless: None,
            }],
            shadows: Vec::new(),
            tags: BTreeMap::new(),
            deployment: None,
            scaling: Some(Ok(Vec::new())),
            obstacle: None,
            refusal: None,
            looked_at: 0,
        })
    }
}
