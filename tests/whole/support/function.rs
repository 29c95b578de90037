//! Tests invoke the function in an account here.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Account, BUCKET, MANAGER, PATIENCE, PROJECT, STATE_KEY, server};

/// A refused invocation ended in an error: Lambda's `errorType` and `errorMessage`.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    pub kind: String,
    pub message: String,
}

/// So many seconds are enough for any invocation on any machine.
const AMPLE: f64 = 300.0;
/// A machine is busy where things take so many times longer than usual.
const BUSY: f64 = 1.5;
/// So many threads a core want to run on a machine with other work.
const CROWDED: f64 = 4.0;
/// A lease outlives the time of its invocation by so many seconds.
const GRACE: f64 = 3.0;

pub struct Function<'a> {
    account: &'a Account,
    environment: BTreeMap<String, String>,
    timeout_seconds: f64,
}

impl<'a> Function<'a> {
    /// Registers the function with the demo project's configuration.
    pub fn new(account: &'a Account) -> Self {
        let topic = format!("arn:aws:sns:us-east-1:{}:user-journey-analytics-reports", account.id);
        let environment = [
            ("PROJECT_NAME", PROJECT),
            ("STATE_BUCKET", BUCKET),
            ("SNS_TOPIC_ARN", topic.as_str()),
            (
                "RESOURCES",
                "*:user-journey-analytics-*;\
                 lambda:user-journey-analytics-*,event_processor,intervention-executor",
            ),
            ("POLL_SECONDS", "0.05"),
            // The simulated account takes any number of calls, unless a test says otherwise.
            ("RATE_SHARE", "1000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let function = Function { account, environment, timeout_seconds: AMPLE };
        function.register();
        function
    }

    fn register(&self) {
        let spec = json!({
            "command": [env!("CARGO_BIN_EXE_aws-resource-manager")],
            "environment": self.environment,
            "timeout_seconds": self.timeout_seconds,
        });
        self.account.register(MANAGER, &spec);
    }

    /// Sets a variable of the environment.
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.insert(variable.to_owned(), value.to_owned());
        self.register();
        self
    }

    pub fn without(mut self, variable: &str) -> Self {
        self.environment.remove(variable);
        self.register();
        self
    }

    /// Gives the function just enough time to come to a point at which it waits.
    ///
    /// That is 3 seconds, and more on a busy machine. The deadline passes while a test holds what
    /// the function waits for.
    pub fn hurried(self) -> Self {
        let slowness = self.slowness();
        // On a busy machine, one quick answer says little of the next.
        let is_busy = slowness > BUSY || running_threads_per_core() > CROWDED;
        let reserve = if is_busy { 4.0 } else { 1.0 };
        self.timeout(3.0 * slowness * reserve)
    }

    /// Gives the function as much time as it may ever need.
    pub fn unhurried(self) -> Self {
        self.timeout(AMPLE)
    }

    fn timeout(mut self, seconds: f64) -> Self {
        self.timeout_seconds = seconds;
        self.register();
        self
    }

    /// Measures how many times longer things take now than on an idle machine: 1 and more.
    ///
    /// The measure is a status in a process of its own, which looks at all that an operation does.
    pub fn slowness(&self) -> f64 {
        const SECONDS_OF_A_STATUS: f64 = 0.3;
        self.register();
        let asked = Instant::now();
        self.must(&json!({"action": "status"}));
        (asked.elapsed().as_secs_f64() / SECONDS_OF_A_STATUS).max(1.0)
    }

    /// Lets the lease of a killed invocation end in so many seconds.
    ///
    /// The state is as if the invocation had begun earlier. No lease is longer than the time that
    /// the invocation was given.
    pub fn end_the_lease_in(&self, seconds: f64) {
        // An invocation that was killed before its first write left no lease.
        if self.account.object(STATE_KEY).is_none() {
            return;
        }
        self.account.edit_state(|state| {
            let Some(until) = state["lease"]["until"].as_str() else { return };
            let until: Timestamp = until.parse().expect("a time");
            let from_now = |seconds| Timestamp::now() + SignedDuration::from_secs_f64(seconds);
            assert!(until <= from_now(self.timeout_seconds + GRACE), "a lease until {until}");
            state["lease"]["until"] = json!(from_now(seconds));
        });
    }

    /// Begins an action, lets an opposed one take over, and returns both answers.
    ///
    /// The transition that the first action's call begins is held until that action has seen it
    /// and has given way.
    pub fn taken_over(
        &self,
        action: &str,
        (transition, call): (&str, &str),
        opposed: &str,
    ) -> [Value; 2] {
        self.account.hold(transition);
        let calls = self.account.count(call);
        thread::scope(|scope| {
            let first = scope.spawn(|| self.must(&json!({"action": action})));
            self.account.until_called(call, calls + 1);
            self.account.until_asked_again("DescribeEndpoint");
            let second = scope.spawn(|| self.must(&json!({"action": opposed})));
            let first = first.join().expect("a report");
            self.account.release(transition);
            [first, second.join().expect("a report")]
        })
    }

    /// Invokes the function and waits for its answer.
    pub fn invoke(&self, event: &Value) -> Result<Value, Refused> {
        self.invoke_as(None, event)
    }

    /// Invokes the function under a request id, as Lambda delivers an event a second time.
    pub fn invoke_as(&self, request_id: Option<&str>, event: &Value) -> Result<Value, Refused> {
        let (failed, body) = self.send("RequestResponse", request_id, event);
        let answer: Value =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        if failed {
            let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
            return Err(Refused { kind: text("errorType"), message: text("errorMessage") });
        }
        Ok(answer)
    }

    pub fn invoke_async(&self, event: &Value) {
        self.send("Event", None, event);
    }

    fn send(&self, kind: &str, request_id: Option<&str>, event: &Value) -> (bool, String) {
        let patience = Duration::from_secs_f64(self.timeout_seconds) + PATIENCE;
        let mut request = self
            .account
            .agent
            .post(format!("{}/2015-03-31/functions/{MANAGER}/invocations", server::endpoint()))
            .config()
            .timeout_global(Some(patience))
            .build()
            .header("authorization", self.account.signature("lambda"))
            .header("x-amz-invocation-type", kind);
        if let Some(request_id) = request_id {
            request = request.header("x-request-id-override", request_id);
        }
        let mut answer = request.send(event.to_string()).expect("Lambda answers");
        let failed = answer.headers().contains_key("x-amz-function-error");
        let status = answer.status().as_u16();
        let body = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()
            .expect("Lambda answers in text");
        assert!(status < 300, "Invoke: {status} {body}");
        (failed, body)
    }

    /// Stops everything. The function must answer with a report.
    #[track_caller]
    pub fn stop(&self) -> Value {
        self.must(&json!({"action": "stop"}))
    }

    #[track_caller]
    pub fn start(&self) -> Value {
        self.must(&json!({"action": "start"}))
    }

    #[track_caller]
    pub fn must(&self, event: &Value) -> Value {
        self.invoke(event).unwrap_or_else(|refused| panic!("{event} was refused: {refused:#?}"))
    }

    /// Invokes the function and expects that it succeeds.
    #[track_caller]
    pub fn succeed(&self, event: &Value) -> Value {
        let report = self.must(event);
        assert_eq!(report["outcome"], "succeeded", "{event}: {report:#}");
        report
    }
}

/// Counts the threads that run or want to run now, for each core.
///
/// Linux tells the count in the fourth field of /proc/loadavg. Elsewhere it is not known: 0.
fn running_threads_per_core() -> f64 {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = load.split_whitespace().nth(3).and_then(|field| field.split('/').next());
    let running: f64 = running.and_then(|count| count.parse().ok()).unwrap_or_default();
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    running / f64::from(u32::try_from(cores).unwrap_or(1))
}
