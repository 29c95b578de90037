//! An account is brought into the condition that a state of tests/golden tells.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::support::{Account, Function, STATE_KEY, eventually};

pub const CHURN: &str = "user-journey-analytics-churn";
pub const SEARCH: &str = "user-journey-analytics-search";
pub const STREAM: &str = "user-journey-analytics-events";
pub const WORK: &str = "user-journey-analytics-work";
pub const THUMBS: &str = "user-journey-analytics-thumbs";

/// Reads a file as 0.1 wrote it.
pub fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/0.1").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An inherited account is one to which a state of 0.1 belongs.
pub struct Inherited {
    pub account: Account,
    /// The snapshot shows the account before 0.1 stopped anything.
    pub before: Value,
    /// The account's enabled event source mappings are all of one function.
    ///
    /// They are by UUID, with their sources in the words of 0.1.
    mappings: Map<String, Value>,
    /// Each endpoint was created at this time, in seconds since 1970.
    created_at: Vec<(&'static str, i64)>,
    hours_ago: i64,
}

impl Inherited {
    /// Brings an account into the condition that belongs to a state of 0.1.
    ///
    /// The state is put into its bucket, as if its operation had begun so many hours ago.
    pub fn new(name: &str, hours_ago: i64, leave: impl FnOnce(&Account)) -> Self {
        let account = Account::new();
        account.seed(&golden("project.json"));
        Function::new(&account);
        let mappings = mappings(&account);
        let created_at = [CHURN, SEARCH].map(|name| (name, created_at(&account, name))).into();
        let before = account.snapshot();
        leave(&account);
        let inherited = Inherited { account, before, mappings, created_at, hours_ago };
        let state = inherited.golden(&format!("{name}.state.json"));
        inherited.account.put_object(STATE_KEY, &state.to_string());
        inherited.account.forget_calls();
        inherited
    }

    /// Reads a golden file, and puts in the times of today and this account's values.
    ///
    /// AWS gave the account those values: UUIDs and times of creation.
    pub fn golden(&self, name: &str) -> Value {
        let mut file = golden(name);
        for kept in ["resources", "originals"] {
            for (endpoint, at) in &self.created_at {
                let path = format!("/{kept}/sagemaker:{endpoint}/original/created_at");
                if let Some(created_at) = file.pointer_mut(&path) {
                    *created_at = json!(at);
                }
            }
            let path = format!("/{kept}/lambda:{WORK}/original/mappings");
            if let Some(Value::Object(mappings)) = file.pointer_mut(&path) {
                let sources = |of: &Map<String, Value>| {
                    let mut sources: Vec<String> = of.values().map(Value::to_string).collect();
                    sources.sort();
                    sources
                };
                assert_eq!(sources(mappings), sources(&self.mappings));
                mappings.clone_from(&self.mappings);
            }
        }
        let began: Timestamp = ["/operation/started_at", "/started_at", "/prices/shard/asked_at"]
            .iter()
            .find_map(|path| file.pointer(path)?.as_str()?.parse().ok())
            .expect("the time of an operation");
        let at = Timestamp::now() - SignedDuration::from_hours(self.hours_ago);
        move_times(&mut file, at.duration_since(began));
        file
    }
}

fn move_times(value: &mut Value, by: SignedDuration) {
    match value {
        Value::String(text) => {
            if let Ok(time) = text.parse::<Timestamp>() {
                *text = (time + by).to_string();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| move_times(value, by)),
        Value::Object(fields) => fields.values_mut().for_each(|value| move_times(value, by)),
        _ => {}
    }
}

fn created_at(account: &Account, endpoint: &str) -> i64 {
    let described = sagemaker(account, "DescribeEndpoint", &json!({"EndpointName": endpoint}));
    let seconds = described["CreationTime"].as_f64().expect("a time in seconds");
    #[allow(clippy::cast_possible_truncation, reason = "seconds since 1970")]
    let seconds = seconds.floor() as i64;
    seconds
}

fn mappings(account: &Account) -> Map<String, Value> {
    let path = format!("2015-03-31/event-source-mappings/?FunctionName={WORK}");
    let listed = account.person_rest("GET", &path, &Value::Null);
    let words = |mapping: &Value| {
        let arn: Vec<&str> = mapping["EventSourceArn"].as_str()?.split(':').collect();
        let id = mapping["UUID"].as_str()?.to_owned();
        Some((id, json!(format!("{} {}", arn.get(2)?, arn.get(5)?))))
    };
    let mappings = listed["EventSourceMappings"].as_array().expect("a list");
    mappings.iter().map(|mapping| words(mapping).expect("a UUID and an ARN")).collect()
}

// --- The calls of a stop, made by hand

pub fn stop_all(account: &Account) {
    disable_alarms(account);
    stop_functions(account);
    for endpoint in [CHURN, SEARCH] {
        delete_endpoint(account, endpoint);
    }
    scale_stream(account, &[4, 2, 1]);
}

pub fn disable_alarms(account: &Account) {
    let names = ["churn-errors", "errors", "health", "latency", "words"]
        .map(|name| format!("user-journey-analytics-{name}"));
    let target = "GraniteServiceVersion20100801.DisableAlarmActions";
    account.person("monitoring", target, &json!({"AlarmNames": names}));
}

pub fn stop_functions(account: &Account) {
    for id in mappings(account).keys() {
        let path = format!("2015-03-31/event-source-mappings/{id}");
        account.person_rest("PUT", &path, &json!({"Enabled": false}));
    }
    for (function, qualifier) in [(WORK, "live"), (THUMBS, "1")] {
        let path = format!(
            "2019-09-30/functions/{function}/provisioned-concurrency?Qualifier={qualifier}"
        );
        account.person_rest("DELETE", &path, &Value::Null);
        let path = format!("2017-10-31/functions/{function}/concurrency");
        account.person_rest("PUT", &path, &json!({"ReservedConcurrentExecutions": 0}));
    }
    let path = format!("2015-03-31/event-source-mappings/?FunctionName={WORK}");
    eventually("the mappings are disabled", || {
        !account.person_rest("GET", &path, &Value::Null).to_string().contains("Disabling")
    });
}

pub fn delete_endpoint(account: &Account, name: &str) {
    sagemaker(account, "DeleteEndpoint", &json!({"EndpointName": name}));
    eventually("the endpoint is deleted", || account.snapshot()["endpoints"][name].is_null());
}

/// Scales the stream to each of these counts in turn.
pub fn scale_stream(account: &Account, counts: &[u32]) {
    for count in counts {
        let call = json!({"StreamName": STREAM, "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"});
        account.person("kinesis", "Kinesis_20131202.UpdateShardCount", &call);
        eventually("the stream is scaled", || {
            account.snapshot()["streams"][STREAM]["status"] == "ACTIVE"
        });
    }
}

/// Creates an endpoint by hand, as a start does, and leaves it being created.
///
/// Endpoints are told apart by the second of their creation.
pub fn create_endpoint(account: &Account, name: &str) {
    account.advance(1.0);
    let config = format!("{name}-config");
    let call = json!({"EndpointName": name, "EndpointConfigName": config});
    sagemaker(account, "CreateEndpoint", &call);
}

fn sagemaker(account: &Account, operation: &str, params: &Value) -> Value {
    account.person("sagemaker", &format!("SageMaker.{operation}"), params)
}
