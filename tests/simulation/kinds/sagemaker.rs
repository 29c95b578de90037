//! An endpoint takes minutes to come and to go, and may find no capacity.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_resource_manager::kinds::sagemaker::{Call, Endpoints, Seen, Status, Variant};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use tokio::time::Instant;

use crate::simulated::{Owed, Resources, Setting, Simulated};

const ENDPOINT: &str = "shop-endpoint";
const CREATING_TAKES: Duration = Duration::from_secs(150);
const DELETING_TAKES: Duration = Duration::from_secs(40);
const INSTANCE_HOUR: f64 = 0.115;
const NO_CAPACITY: &str =
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";

struct Endpoint {
    config: String,
    created_at: i64,
    doing: Doing,
}

#[derive(Clone, PartialEq)]
enum Doing {
    InService,
    Creating { until: Instant, fails: bool },
    Deleting { until: Instant },
    Failed,
}

pub struct Account {
    endpoint: Option<Endpoint>,
    next_creation: i64,
    /// So many creations will fail for lack of capacity.
    capacity_failures: u32,
}

impl Default for Account {
    fn default() -> Self {
        let mut account = Account { endpoint: None, next_creation: 1, capacity_failures: 0 };
        account.create("config", Doing::InService);
        account
    }
}

impl Account {
    fn create(&mut self, config: &str, doing: Doing) {
        self.next_creation += 1;
        self.endpoint =
            Some(Endpoint { config: config.to_owned(), created_at: self.next_creation, doing });
    }

    fn start_creating(&mut self, config: &str) {
        let fails = self.capacity_failures > 0;
        self.capacity_failures = self.capacity_failures.saturating_sub(1);
        self.create(config, Doing::Creating { until: Instant::now() + CREATING_TAKES, fails });
    }
}

impl Resources for Account {
    fn names(&self) -> Vec<String> {
        self.endpoint.iter().map(|_| ENDPOINT.to_owned()).collect()
    }

    fn settle(&mut self) {
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
    }

    fn settings(&self) -> Vec<(String, Setting)> {
        match &self.endpoint {
            Some(Endpoint { config, doing: Doing::InService, .. }) => {
                vec![(ENDPOINT.to_owned(), config.clone().into())]
            }
            _ => Vec::new(),
        }
    }

    fn of_original(&self, original: &Value) -> Option<Setting> {
        Some(original["config_name"].as_str()?.into())
    }

    fn unspent_per_hour(&self) -> f64 {
        if self.endpoint.is_none() { INSTANCE_HOUR } else { 0.0 }
    }

    fn set(&mut self, _: &str, setting: &Setting, _: &Owed) -> bool {
        let config = setting.as_str().unwrap();
        match &mut self.endpoint {
            None => self.create(config, Doing::InService),
            Some(endpoint) if endpoint.doing == Doing::InService => {
                config.clone_into(&mut endpoint.config);
            }
            Some(_) => return false,
        }
        true
    }

    fn lack_capacity(&mut self, failures: u32) {
        self.capacity_failures = failures;
    }
}

impl Simulated for Endpoints {
    type Resources = Account;

    const RULES: Self = Endpoints { poll: Duration::from_secs(15) };
    const ONLY: &'static str = "sagemaker";
    /// No person deletes an endpoint here: a stop leaves the same.
    const DELETED: Option<&'static str> = None;

    fn changes() -> BoxedStrategy<(&'static str, Setting)> {
        select(&["theirs", "another"]).prop_map(|config| (ENDPOINT, config.into())).boxed()
    }

    fn see(account: &Account, _: &str) -> Option<Seen> {
        let endpoint = account.endpoint.as_ref()?;
        Some(Seen {
            status: match endpoint.doing {
                Doing::InService => Status::InService,
                Doing::Creating { .. } => Status::Creating,
                Doing::Deleting { .. } => Status::Deleting,
                Doing::Failed => Status::Failed,
            },
            failure_reason: (endpoint.doing == Doing::Failed).then(|| NO_CAPACITY.to_owned()),
            created_at: Some(endpoint.created_at),
            config_name: endpoint.config.clone(),
            variants: vec![Variant {
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
            looked_at: 0,
        })
    }

    fn take(account: &mut Account, _: &str, call: &Call) -> Result<(), &'static str> {
        match (call, &mut account.endpoint) {
            (Call::Delete { .. }, Some(endpoint)) => match endpoint.doing {
                Doing::InService | Doing::Failed => {
                    endpoint.doing = Doing::Deleting { until: Instant::now() + DELETING_TAKES };
                }
                _ => return Err("Cannot update in-progress endpoint"),
            },
            (Call::Delete { .. }, None) => return Err("Could not find endpoint"),
            (Call::Create { original }, None) => account.start_creating(&original.config_name),
            (_, Some(_)) => return Err("Cannot create already existing endpoint"),
            (_, None) => {}
        }
        Ok(())
    }
}
