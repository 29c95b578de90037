//! Services have tasks, which start and stop slowly, and some are scaled.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_resource_manager::kinds::ecs::{Call, Launch, Scheduling, Seen, Services, Size, Status};
use aws_resource_manager::kinds::scaling::{Scaling, Suspended};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::simulated::{Owed, Resources, Setting, Simulated};

/// Each service has a count, and some of its scaling was suspended by its owner.
const SERVICES: [(&str, u32, Option<Suspended>); 3] = [
    ("main/shop-web", 3, Some(Suspended { scheduled: true, ..Suspended::NONE })),
    ("main/shop-worker", 2, None),
    ("batch/shop-web", 1, Some(Suspended::NONE)),
];
const TASKS_TAKE: Duration = Duration::from_secs(40);
const TASK: Size = Size { vcpus: 1.0, memory_gb: 2.0, storage_gb: 0.0, is_arm: false };
const TASK_HOUR: f64 = 0.040_48 + 2.0 * 0.004_445;

struct Service {
    desired: u32,
    running: u32,
    suspended: Option<Suspended>,
    /// The wanted number of tasks runs at this time.
    until: Option<Instant>,
}

impl Service {
    fn set(&mut self, desired: u32) {
        // What is on its way is not begun anew.
        if self.desired == desired {
            return;
        }
        self.desired = desired;
        self.until = (self.running != desired).then(|| Instant::now() + TASKS_TAKE);
    }
}

pub struct Account {
    services: BTreeMap<String, Service>,
    /// The most tasks that a service ever had.
    peaks: BTreeMap<String, u32>,
}

impl Default for Account {
    fn default() -> Self {
        let service = |(name, count, suspended): &(&str, u32, Option<Suspended>)| {
            let (desired, running) = (*count, *count);
            let service = Service { desired, running, suspended: *suspended, until: None };
            ((*name).to_owned(), service)
        };
        Account { services: SERVICES.iter().map(service).collect(), peaks: BTreeMap::new() }
    }
}

fn setting(count: u32, suspended: Option<Suspended>) -> Setting {
    json!({"count": count, "suspended": suspended})
}

impl Resources for Account {
    fn names(&self) -> Vec<String> {
        self.services.keys().cloned().collect()
    }

    fn settle(&mut self) {
        let now = Instant::now();
        for (name, service) in &mut self.services {
            if service.until.is_some_and(|until| until <= now) {
                (service.running, service.until) = (service.desired, None);
            }
            let peak = self.peaks.entry(name.clone()).or_default();
            *peak = service.running.max(*peak);
        }
    }

    fn settings(&self) -> Vec<(String, Setting)> {
        self.services
            .iter()
            .filter(|(_, service)| service.until.is_none())
            .map(|(name, service)| (name.clone(), setting(service.desired, service.suspended)))
            .collect()
    }

    fn of_original(&self, original: &Value) -> Option<Setting> {
        let count = u32::try_from(original["desired"].as_u64()?).ok()?;
        Some(json!({"count": count, "suspended": original["suspended"]}))
    }

    fn unspent_per_hour(&self) -> f64 {
        let running = |name: &String| self.services.get(name).map_or(0, |service| service.running);
        let missing: u32 =
            self.peaks.iter().map(|(name, peak)| peak.saturating_sub(running(name))).sum();
        f64::from(missing) * TASK_HOUR
    }

    /// A person sets the count, and resumes the scaling that a stop may have suspended.
    fn set(&mut self, name: &str, setting: &Setting, _: &Owed) -> bool {
        let service = self.services.get_mut(name);
        let Some(service) = service.filter(|service| service.until.is_none()) else {
            return false;
        };
        let count = setting["count"].as_u64().and_then(|count| u32::try_from(count).ok());
        let count = count.expect("a setting has a count");
        (service.desired, service.running) = (count, count);
        service.suspended = serde_json::from_value(setting["suspended"].clone()).unwrap();
        true
    }

    fn delete(&mut self, name: &str) -> bool {
        let there = self.services.get(name).is_some_and(|service| service.until.is_none());
        if there {
            self.services.remove(name);
        }
        there
    }
}

impl Simulated for Services {
    type Resources = Account;

    const RULES: Self = Services { longest_stop_hours: 63.0 };
    const ONLY: &'static str = "ecs:main/*";
    const DELETED: Option<&'static str> = Some("main/shop-worker");

    fn changes() -> BoxedStrategy<(&'static str, Setting)> {
        (select(&SERVICES), 4_u32..8)
            .prop_map(|((name, _, suspended), count)| (name, setting(count, suspended)))
            .boxed()
    }

    fn see(account: &Account, name: &str) -> Option<Seen> {
        account.services.get(name).map(|service| Seen {
            status: Status::Active,
            created_at: Some(1),
            scheduling: Scheduling::Replica,
            desired: service.desired,
            running: service.running,
            pending: service.desired.saturating_sub(service.running),
            deployment: None,
            hindrance: None,
            launch: Launch::Fargate(TASK),
            tags: BTreeMap::new(),
            scaling: Some(Ok(service.suspended.map(|suspended| Scaling {
                min: 1,
                max: 9,
                suspended,
                actions: Vec::new(),
            }))),
        })
    }

    fn take(account: &mut Account, name: &str, call: &Call) -> Result<(), &'static str> {
        let Some(service) = account.services.get_mut(name) else {
            return Err("Service not found.");
        };
        let wanted = match call {
            Call::Count { to, .. } => {
                service.set(*to);
                return Ok(());
            }
            Call::Suspend { .. } => Suspended::ALL,
            Call::Resume { suspended } => *suspended,
        };
        let scaling = service.suspended.as_mut().ok_or("No scalable target")?;
        *scaling = wanted;
        Ok(())
    }
}
