//! Tests act on one simulated account as its owner, and through its control API.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use super::{BUCKET, DEMO, PATIENCE, STATE_KEY, eventually, server};

pub struct Account {
    pub id: String,
    pub(super) agent: Agent,
}

/// A call is one line of the account's log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call {
    pub n: u64,
    pub service: String,
    pub operation: String,
    pub resource: String,
    pub mutating: bool,
    pub status: Option<u16>,
    pub error: Option<String>,
}

impl Call {
    /// Tells whether the call changes a resource: not a state, a message or an invocation.
    pub fn changes_a_resource(&self) -> bool {
        self.mutating
            && !matches!(self.service.as_str(), "s3" | "sns" | "sqs")
            && self.operation != "Invoke"
    }

    /// Writes the call like `UpdateShardCount my-stream`.
    pub fn words(&self) -> String {
        format!("{} {}", self.operation, self.resource)
    }
}

impl Account {
    /// Makes an empty account that nobody else uses, with transitions of 50 ms.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = format!("{:012}", NEXT.fetch_add(1, Ordering::Relaxed));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        let account = Account { id, agent };
        account.settings(&json!({"transition_seconds": 0.05}));
        account
    }

    /// Makes an account with the demo project.
    pub fn demo() -> Self {
        let account = Account::new();
        account.seed(&serde_json::from_str(DEMO).expect("the demo project is JSON"));
        account
    }

    /// Makes an account with a state bucket, a topic, and these resources.
    pub fn with(parts: &Value) -> Self {
        let account = Account::new();
        account.seed(&json!({"bucket": BUCKET, "topic": "user-journey-analytics-reports"}));
        account.seed(parts);
        account
    }

    // --- The control API

    /// A request that tests/account/README.md describes, or that a kind adds there.
    pub fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/_account/{}/{path}", server::endpoint(), self.id);
        let answer = match (method, body) {
            ("GET", _) => self.agent.get(&url).call(),
            ("DELETE", _) => self.agent.delete(&url).call(),
            ("PUT", Some(body)) => self.agent.put(&url).send_json(body),
            ("PUT", None) => self.agent.put(&url).send_empty(),
            (_, Some(body)) => self.agent.post(&url).send_json(body),
            (_, None) => self.agent.post(&url).send_empty(),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()
            .expect("the account answers in JSON");
        assert_eq!(answer.status(), 200, "{method} {path}: {text}");
        serde_json::from_str(&text).expect("the account answers in JSON")
    }

    pub fn seed(&self, parts: &Value) -> Value {
        self.control("POST", "seed", Some(parts))
    }

    pub fn settings(&self, settings: &Value) {
        self.control("PUT", "settings", Some(settings));
    }

    /// Shows everything that a person would care about.
    pub fn snapshot(&self) -> Value {
        self.control("GET", "snapshot", None)
    }

    pub fn calls(&self) -> Vec<Call> {
        serde_json::from_value(self.control("GET", "calls", None)).expect("a call log has one form")
    }

    /// Tells what IAM was asked for each logged call.
    pub fn asks(&self) -> Value {
        self.control("GET", "asks", None)
    }

    pub fn forget_calls(&self) {
        self.control("DELETE", "calls", None);
    }

    /// Lists the calls that changed a resource, or would have.
    pub fn changes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::changes_a_resource).collect()
    }

    pub fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }

    /// Waits until an API operation has been called so often.
    #[track_caller]
    pub fn until_called(&self, operation: &str, times: usize) {
        eventually(&format!("{times} calls of {operation}"), || self.count(operation) >= times);
    }

    /// Waits until an API operation has been called twice more.
    ///
    /// Whoever calls again has taken in the answer to an earlier call.
    #[track_caller]
    pub fn until_asked_again(&self, operation: &str) {
        self.until_called(operation, self.count(operation) + 2);
    }

    /// Lets services or API operations take so many calls a second, and throttle the rest.
    pub fn set_rates(&self, rates: &Value) {
        self.control("PUT", "rates", Some(rates));
    }

    /// Makes AWS remember that a stream was scaled so often, so many seconds ago.
    pub fn scaled_before(&self, stream: &str, updates: u32, seconds_ago: f64) {
        let body = json!({"updates": updates, "seconds_ago": seconds_ago});
        self.control("POST", &format!("streams/{stream}"), Some(&body));
    }

    /// Makes the tag index tell these tags of a resource, whatever becomes of it.
    pub fn index_tells(&self, arn: &str, tags: &Value) {
        self.control("POST", "tags", Some(&json!({"arn": arn, "tags": tags})));
    }

    /// Holds transitions of this name (`deleting`), however much time passes.
    pub fn hold(&self, transition: &str) {
        self.control("PUT", &format!("holds/{transition}"), None);
    }

    /// Ends the held transitions that are under way. New ones are held.
    pub fn let_pass(&self, transition: &str) {
        self.control("POST", &format!("holds/{transition}"), None);
    }

    /// Lets transitions of this name end by themselves again.
    pub fn release(&self, transition: &str) {
        self.control("DELETE", &format!("holds/{transition}"), None);
    }

    pub fn fault(&self, fault: &Value) {
        self.control("POST", "faults", Some(fault));
    }

    pub fn pending_faults(&self) -> Value {
        self.control("GET", "faults", None)
    }

    /// Tells whether a kill still waits for its call.
    pub fn has_a_kill_pending(&self) -> bool {
        self.pending_faults()
            .as_array()
            .is_some_and(|faults| faults.iter().any(|fault| !fault["kill"].is_null()))
    }

    /// Refuses all queries for prices, which would come beside the calls that a test counts.
    pub fn refuse_prices(&self) {
        let error =
            json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
        self.fault(&json!({"service": "pricing", "times": null, "error": error}));
    }

    /// Lets the calls that faults hold go on, and holds no more.
    pub fn release_calls(&self) {
        self.control("DELETE", "holds/calls", None);
    }

    pub fn clear_faults(&self) {
        self.control("DELETE", "faults", None);
    }

    pub fn no_capacity(&self, endpoint: &str, failures: u32) {
        self.control(
            "POST",
            "capacity",
            Some(&json!({"endpoint": endpoint, "failures": failures})),
        );
    }

    /// Moves the account's clock: transitions end, and the 24 hours of a stream's calls pass.
    pub fn advance(&self, seconds: f64) {
        self.control("POST", "clock", Some(&json!({"advance_seconds": seconds})));
    }

    pub fn set_endpoint_status(&self, endpoint: &str, status: &str, reason: &str) {
        self.control(
            "PUT",
            &format!("endpoints/{endpoint}/status"),
            Some(&json!({"status": status, "reason": reason})),
        );
    }

    pub fn register(&self, function: &str, spec: &Value) {
        self.control("PUT", &format!("functions/{function}"), Some(spec));
    }

    pub fn invocations(&self) -> Vec<Value> {
        self.control("GET", "invocations", None).as_array().cloned().unwrap_or_default()
    }

    /// Waits until no invocation runs or waits for another try.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        let url = format!("{}/_account/{}/idle", server::endpoint(), self.id);
        let mut answer = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(2 * PATIENCE))
            .build()
            .send_json(json!({"timeout_seconds": PATIENCE.as_secs()}))
            .expect("the account answers");
        let idle: Value = answer.body_mut().read_json().expect("the account answers in JSON");
        assert_eq!(idle["idle"], true, "still at work: {:#?}", self.invocations());
    }

    /// Lists the messages that the topic's subscribers got.
    pub fn messages(&self) -> Vec<Value> {
        self.control("GET", "messages", None).as_array().cloned().unwrap_or_default()
    }

    /// Lists the metrics that CloudWatch would take from what the function printed.
    pub fn metrics(&self) -> Vec<Value> {
        self.control("GET", "metrics", None).as_array().cloned().unwrap_or_default()
    }

    pub fn logs(&self) -> Vec<String> {
        serde_json::from_value(self.control("GET", "logs", None)).expect("logs are lines")
    }

    // --- A person with a client. The account reads the signature's scope and does not check it.

    pub(super) fn signature(&self, service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIA{}/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0",
            self.id
        )
    }

    /// Calls a service that speaks the JSON protocol: `SageMaker.DeleteEndpointConfig`.
    pub fn person(&self, service: &str, target: &str, params: &Value) -> Value {
        let mut answer = self
            .agent
            .post(server::endpoint())
            .header("authorization", self.signature(service))
            .header("x-amz-target", target)
            .content_type("application/x-amz-json-1.1")
            .send(params.to_string())
            .unwrap_or_else(|error| panic!("{target}: {error}"));
        let text = answer.body_mut().read_to_string().expect("the account answers in text");
        assert_eq!(answer.status(), 200, "{target}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Calls the Lambda API, which is REST.
    pub fn person_rest(&self, method: &str, path: &str, params: &Value) -> Value {
        let url = format!("{}/{path}", server::endpoint());
        let signature = self.signature("lambda");
        let answer = match method {
            "GET" => self.agent.get(&url).header("authorization", signature).call(),
            "DELETE" => self.agent.delete(&url).header("authorization", signature).call(),
            _ => self.agent.put(&url).header("authorization", signature).send(params.to_string()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().read_to_string().expect("the account answers in text");
        assert!(answer.status().is_success(), "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub fn object(&self, key: &str) -> Option<String> {
        let mut answer = self
            .agent
            .get(format!("{}/{BUCKET}/{key}", server::endpoint()))
            .header("authorization", self.signature("s3"))
            .call()
            .expect("S3 answers");
        let body = answer.body_mut().read_to_string().expect("an object of text");
        match answer.status().as_u16() {
            200 => Some(body),
            404 => None,
            status => panic!("GetObject {key}: {status} {body}"),
        }
    }

    pub fn put_object(&self, key: &str, body: &str) {
        let answer = self
            .agent
            .put(format!("{}/{BUCKET}/{key}", server::endpoint()))
            .header("authorization", self.signature("s3"))
            .send(body)
            .expect("S3 answers");
        assert_eq!(answer.status(), 200, "PutObject {key}");
    }

    pub fn delete_object(&self, key: &str) {
        let url = format!("{}/{BUCKET}/{key}", server::endpoint());
        let answer = self
            .agent
            .delete(url)
            .header("authorization", self.signature("s3"))
            .call()
            .expect("S3 answers");
        assert_eq!(answer.status(), 204, "DeleteObject {key}");
    }

    /// Lists the keys of the kept reports.
    pub fn operations(&self) -> Vec<String> {
        self.kept("json")
    }

    /// Lists the keys of the reports' pages.
    pub fn pages(&self) -> Vec<String> {
        self.kept("html")
    }

    fn kept(&self, extension: &str) -> Vec<String> {
        let mut answer = self
            .agent
            .get(format!(
                "{}/{BUCKET}?list-type=2&prefix=user-journey-analytics/dev/operations/",
                server::endpoint()
            ))
            .header("authorization", self.signature("s3"))
            .call()
            .expect("S3 answers");
        let xml = answer.body_mut().read_to_string().expect("a list in XML");
        let keys = xml.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.filter(|key| key.ends_with(extension)).map(str::to_owned).collect()
    }

    pub fn state(&self) -> Value {
        let text = self.object(STATE_KEY).expect("there is a state");
        serde_json::from_str(&text).expect("the state is JSON")
    }

    /// Edits the state, for time that no test can wait for.
    pub fn edit_state(&self, edit: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        edit(&mut state);
        self.put_object(STATE_KEY, &state.to_string());
    }
}

impl Drop for Account {
    /// Shows what the function said last, where a test fails.
    #[allow(clippy::print_stderr, reason = "the test harness collects it")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (logs, calls) = (self.logs(), self.calls());
            eprintln!("--- account {}: the last calls", self.id);
            for call in calls.iter().rev().take(30).rev() {
                eprintln!(
                    "{} {} {:?} {}",
                    call.n,
                    call.words(),
                    call.status,
                    call.error.as_deref().unwrap_or("")
                );
            }
            eprintln!("--- account {}: the last lines of the function's log", self.id);
            logs.iter().rev().take(30).rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
