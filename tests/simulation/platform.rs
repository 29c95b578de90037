//! The platform is everything around the account: S3, SNS and Lambda.
//!
//! S3 has conditional writes. Lambda runs processes, kills them at their time-out and retries
//! asynchronous events.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_resource_manager::clock::Clock;
use aws_resource_manager::config::Config;
use aws_resource_manager::failure::Failure;
use aws_resource_manager::invocation::Invocation;
use aws_resource_manager::metrics::Metrics;
use aws_resource_manager::notify::{Message, Notifier};
use aws_resource_manager::observe::TagIndex;
use aws_resource_manager::pricing::list::NoList;
use aws_resource_manager::program::Program;
use aws_resource_manager::report::Report;
use aws_resource_manager::store::{Store, Version, WriteError};
use aws_resource_manager::successor::Successor;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::kinds::KINDS;
use super::remotes::Calls;
use super::world::{Process, Shared, Trouble};

struct Now(Shared);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

#[async_trait]
impl Store for Calls {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        let object = self.world.call(&self.process, false, |state| state.object.clone()).await?;
        Ok(object.map(|(body, version)| (body, Version(version.to_string()))))
    }

    async fn write(
        &self,
        body: Vec<u8>,
        expected: Option<&Version>,
    ) -> Result<Version, WriteError> {
        let expected = expected.map(|version| version.0.parse::<u64>().unwrap());
        let written = self.world.call(&self.process, true, |state| {
            let current = state.object.as_ref().map(|(_, version)| *version);
            if current != expected {
                return Err(WriteError::Conflict);
            }
            let version = current.unwrap_or(0) + 1;
            state.object = Some((body, version));
            Ok(Version(version.to_string()))
        });
        written.await.map_err(WriteError::Failed)?
    }

    async fn archive(&self, key: &str, _: Vec<u8>) -> Result<(), Failure> {
        self.world
            .call(&self.process, true, |state| {
                *state.reports.entry(key.to_owned()).or_default() += 1;
            })
            .await
    }

    async fn replace(&self, _: &str, _: Vec<u8>) -> Result<(), Failure> {
        Ok(())
    }

    async fn archived(&self, _: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

#[async_trait]
impl TagIndex for Calls {
    async fn tagged(&self, _: &[(String, String)]) -> Result<Vec<String>, Failure> {
        self.world.call(&self.process, false, |_| Vec::new()).await
    }
}

#[async_trait]
impl Notifier for Calls {
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        // The id is read from the text: ten thousand stories have a million messages to parse.
        let (_, rest) = message.body.rsplit_once("Operation ").unwrap();
        let operation = rest.split('.').next().unwrap().to_owned();
        self.world
            .call(&self.process, true, |state| {
                *state.messages_by_operation.entry(operation).or_default() += 1;
            })
            .await
    }
}

struct Queue {
    calls: Calls,
    events: UnboundedSender<Event>,
}

#[async_trait]
impl Successor for Queue {
    async fn call(&self, event: &Value) -> Result<(), Failure> {
        let event = Event::asynchronous(event.clone());
        let queue = self.events.clone();
        self.calls.world.call(&self.calls.process, true, |_| queue.send(event).unwrap()).await
    }
}

/// An event is on its way to the function.
#[derive(Debug, Clone)]
pub struct Event {
    pub payload: Value,
    /// An event that comes again has its earlier request id. `None`: the event is new.
    pub request_id: Option<String>,
    /// Lambda tries the event so often. An asynchronous event has three tries.
    pub tries: u32,
    pub trouble: Trouble,
    pub after: Duration,
}

impl Event {
    pub fn synchronous(payload: Value) -> Self {
        Event {
            payload,
            request_id: None,
            tries: 1,
            trouble: Trouble::default(),
            after: Duration::ZERO,
        }
    }

    pub fn asynchronous(payload: Value) -> Self {
        Event { tries: 3, ..Event::synchronous(payload) }
    }
}

pub struct Lambda {
    pub world: Shared,
    timeout: Duration,
    ids: AtomicU32,
    sender: UnboundedSender<Event>,
    queue: UnboundedReceiver<Event>,
}

/// Lambda waits so many seconds before each of two further tries
/// (docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
const RETRY_AFTER: [u64; 2] = [60, 120];

impl Lambda {
    pub fn new(world: Shared, timeout: Duration) -> Self {
        let (sender, queue) = unbounded_channel();
        Lambda { world, timeout, ids: AtomicU32::new(0), sender, queue }
    }

    /// Delivers events at once, and whatever follows from them, until nothing runs.
    pub async fn deliver(&mut self, events: Vec<Event>) -> Vec<Report> {
        let (mut reports, mut running) = (Vec::new(), FuturesUnordered::new());
        let context = (self.world.clone(), self.timeout, self.sender.clone());
        let run = |event: Event, ids: &AtomicU32| -> Pin<Box<dyn Future<Output = Vec<Report>>>> {
            let n = ids.fetch_add(1, Ordering::SeqCst);
            let (world, timeout, sender) = context.clone();
            Box::pin(async move { run(world, timeout, sender, event, n).await })
        };
        running.extend(events.into_iter().map(|event| run(event, &self.ids)));
        loop {
            while let Ok(event) = self.queue.try_recv() {
                running.push(run(event, &self.ids));
            }
            match running.next().await {
                Some(ended) => reports.extend(ended),
                None => return reports,
            }
        }
    }
}

async fn run(
    world: Shared,
    timeout: Duration,
    events: UnboundedSender<Event>,
    event: Event,
    n: u32,
) -> Vec<Report> {
    tokio::time::sleep(event.after).await;
    let request_id = event.request_id.clone().unwrap_or_else(|| format!("request-{n}"));
    for attempt in 0..event.tries {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(RETRY_AFTER[attempt as usize - 1])).await;
        }
        let process = Arc::new(Process {
            attempt: format!("attempt-{n}-{attempt}"),
            // A further try has none of the first try's trouble.
            trouble: if attempt == 0 { event.trouble.clone() } else { Trouble::default() },
            counts: std::sync::Mutex::default(),
            killed: tokio::sync::Notify::new(),
        });
        let calls = Calls { world: world.clone(), process: process.clone() };
        let invocation = Invocation {
            request_id: request_id.clone(),
            attempt: process.attempt.clone(),
            deadline: Some(world.now() + SignedDuration::try_from(timeout).unwrap()),
        };
        let program = program(&calls, events.clone());
        let ended = tokio::select! {
            result = program.handle(&event.payload, &invocation) => result.ok(),
            () = process.killed.notified() => None,
            () = tokio::time::sleep(timeout) => None,
        };
        if let Some(report) = ended {
            return vec![report];
        }
    }
    Vec::new()
}

fn program(calls: &Calls, events: UnboundedSender<Event>) -> Program {
    let config = Config::parse(
        |name| match name {
            "PROJECT_NAME" => Some("shop".to_owned()),
            "STATE_BUCKET" => Some("shop-state".to_owned()),
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_LAMBDA_FUNCTION_NAME" => Some("shop-manager".to_owned()),
            _ => None,
        },
        &aws_resource_manager::kinds::spellings(),
        &[],
    );
    let config = config.unwrap();
    Program {
        metrics: Metrics::new(&config, Arc::default()),
        config,
        registry: KINDS.iter().map(|kind| (kind.open)(calls)).collect(),
        store: Box::new(calls.clone()),
        tags: Box::new(calls.clone()),
        notifier: Some(Box::new(calls.clone())),
        successor: Box::new(Queue { calls: calls.clone(), events }),
        clock: Box::new(Now(calls.world.clone())),
        prices: Arc::new(NoList),
    }
}
