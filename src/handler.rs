//! One invocation, from its event to its answer: the only file that names every stage.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use thiserror::Error;
use tracing::{Instrument, error, info, info_span};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{BadConfig, Config};
use crate::event::{BadEvent, MAX_DEPTH, Request};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::kinds;
use crate::kinds::kit::Kind;
use crate::ledger::{Identity, Ledger, LedgerError};
use crate::metrics::Metrics;
use crate::model::{Action, Direction, ResourceId};
use crate::notify::{self, Notifier};
use crate::observe::{TagIndex, observe};
use crate::operation::Operation;
use crate::pace::Pace;
use crate::plan::{Circumstances, Plan, plan};
use crate::pricing::PriceBook;
use crate::pricing::desk::Desk;
use crate::pricing::list::PriceList;
use crate::report::text::Whereabouts;
use crate::report::{self, Heading, Kept, KeptOriginals, Report};
use crate::select::Only;
use crate::store::Store;
use crate::trouble::Trouble;

/// Everything outside that an invocation needs.
pub struct Program {
    pub config: Config,
    pub registry: Vec<Kind>,
    pub store: Box<dyn Store>,
    pub tags: Box<dyn TagIndex>,
    /// None without a topic.
    pub notifier: Option<Box<dyn Notifier>>,
    pub successor: Box<dyn Successor>,
    pub clock: Box<dyn Clock>,
    pub metrics: Metrics,
    pub prices: Arc<dyn PriceList>,
}

/// Calls this function again.
#[async_trait]
pub trait Successor: Send + Sync {
    /// Returns when Lambda has taken the event.
    async fn call(&self, event: &Value) -> Result<(), Failure>;
}

/// What Lambda says of an invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    /// This attempt: Lambda retries with the same request id.
    pub attempt: String,
    /// A time in the past is no deadline: emulators give one.
    pub deadline: Option<Timestamp>,
}

/// The longest that Lambda lets a function run.
const LONGEST_INVOCATION: SignedDuration = SignedDuration::from_secs(900);

/// Why an invocation ended without a report.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error(transparent)]
    Event(#[from] BadEvent),
    #[error(transparent)]
    State(#[from] LedgerError),
    #[error("the rest could not be handed on, and is left to the next event: {0}")]
    NotHandedOn(String),
    #[error(
        "looking at the account took all the time that the function has: nothing was changed. Name fewer resources with \
             `only`, or give the function a longer timeout"
    )]
    TooMuch,
    #[error("the report {key} cannot be used, nothing was changed: {why}")]
    Originals { key: String, why: String },
}

impl Refusal {
    /// For Lambda's `errorType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Refusal::Config(_) => "BadConfiguration",
            Refusal::Event(_) => "BadEvent",
            Refusal::NotHandedOn(_) => "NotHandedOn",
            Refusal::TooMuch => "TooMuch",
            Refusal::State(_) | Refusal::Originals { .. } => "StateError",
        }
    }
}

impl Program {
    /// Handles one event.
    pub async fn handle(&self, event: &Value, invocation: &Invocation) -> Result<Report, Refusal> {
        let request = Request::parse(event, &kinds::names()).inspect_err(|bad| {
            error!(request_id = invocation.request_id, event = %event, error = %bad, "refused");
        })?;
        let operation_id = operation_id(&request, invocation);
        let span = info_span!("operation", operation_id, request_id = invocation.request_id, action = %request.action);
        async {
            info!(event = %event, "begin");
            let mark = self.metrics.mark();
            let result = self.dispatch(&request, operation_id.clone(), invocation).await;
            match &result {
                Ok(report) => {
                    self.metrics.operated(report, mark, self.clock.now());
                    let resources = report.resources.len();
                    let errors = report.error_texts();
                    info!(outcome = ?report.outcome, resources, ?errors, "end");
                }
                Err(refusal) => error!(error = %refusal, "refused"),
            }
            result
        }
        .instrument(span)
        .await
    }

    async fn dispatch(
        &self,
        request: &Request,
        operation_id: String,
        invocation: &Invocation,
    ) -> Result<Report, Refusal> {
        let now = self.clock.now();
        let deadline = invocation
            .deadline
            .filter(|deadline| *deadline > now)
            .unwrap_or(now + LONGEST_INVOCATION);
        let remaining = Duration::try_from(deadline.duration_since(now)).unwrap_or_default();
        let depth = request.continuation.as_ref().map_or(0, |continuation| continuation.depth);
        let pace = Pace::new(self.config.max_workers, remaining)
            .with_successors(MAX_DEPTH.saturating_sub(depth));
        let dry_run = request.dry_run.unwrap_or(self.config.dry_run_default)
            && request.continuation.is_none();
        let direction = match request.action {
            Action::Stop => Direction::Stop,
            Action::Start => Direction::Start,
            Action::Status => {
                return self.preview(request, None, operation_id, invocation, &pace).await;
            }
        };
        if dry_run {
            return self.preview(request, Some(direction), operation_id, invocation, &pace).await;
        }
        Operation {
            program: self,
            request,
            direction,
            id: operation_id,
            invocation,
            deadline,
            pace,
        }
        .run()
        .await
    }

    /// Status and dry runs: everything up to the plan, and nothing after it.
    async fn preview(
        &self,
        request: &Request,
        direction: Option<Direction>,
        operation_id: String,
        invocation: &Invocation,
        pace: &Pace,
    ) -> Result<Report, Refusal> {
        let started_at = self.clock.now();
        let (ledger, mut desk) = futures::join!(self.open(invocation), self.desk());
        let mut ledger = ledger?;
        self.take_over(request, &mut ledger.journal, &operation_id).await?;
        let nothing = BTreeSet::new();
        let looked = self.plan(
            &request.only,
            direction.unwrap_or(Direction::Stop),
            &ledger,
            nothing,
            pace,
            &desk.book,
        );
        let Some(mut plan) = pace.bounded(looked).await else { return Err(Refusal::TooMuch) };
        let used = || plan.usages().chain(plan.advised()).chain(ledger.journal.usages());
        desk.ask(used(), self.clock.now());
        // A dry run writes nothing but its report.
        if desk.settle(used(), pace).await && direction.is_none() {
            desk.keep(self.store.as_ref()).await;
        }
        plan.price(&desk.book);
        ledger.journal.price(&desk.book, self.clock.now());
        let mut heading = self.heading(request, operation_id, started_at, direction.is_some());
        heading.price_source = desk.book.source(plan.usages());
        heading.all_seen = plan.errors.is_empty();
        let rows = plan
            .items
            .iter()
            .map(|item| match direction {
                Some(direction) => report::dry_row(item, direction),
                None => report::status_row(item, &ledger.journal),
            })
            .collect();
        let mut report =
            heading.report(rows, plan.errors.clone(), &ledger.journal, self.clock.now());
        if direction != Some(Direction::Start) {
            report.recommendations = report::advice::recommendations(
                &plan,
                &desk.book,
                &ledger.journal,
                self.clock.now(),
            );
        } else if !ledger.exists() && request.originals_from.is_none() {
            report.outcome = report::Outcome::Skipped;
            report.errors.push(Trouble::NoState);
        }
        if let (None, Some(schedule)) = (direction, &request.schedule) {
            self.metrics.checked(&ledger.journal, schedule.time, self.clock.now());
        }
        let whereabouts = match direction {
            Some(_) => self.archive(&mut report, &ledger.journal).await,
            None => self.whereabouts(),
        };
        if request.notify {
            self.notify(&mut report, &whereabouts).await;
        }
        Ok(report)
    }

    pub(crate) async fn open(&self, invocation: &Invocation) -> Result<Ledger<'_>, LedgerError> {
        let identity = Identity {
            project: self.config.project.clone(),
            environment: self.config.environment.clone(),
            kinds: kinds::names(),
            zone: self.config.schedule_timezone.clone(),
            holder: format!("{}/{}", invocation.request_id, invocation.attempt),
        };
        Ledger::open(self.store.as_ref(), identity).await
    }

    /// Puts the originals of a kept report into the journal in hand, where the request names one.
    pub(crate) async fn take_over(
        &self,
        request: &Request,
        journal: &mut Journal,
        operation_id: &str,
    ) -> Result<(), Refusal> {
        let Some(key) = &request.originals_from else { return Ok(()) };
        let unusable = |why: String| Refusal::Originals { key: key.clone(), why };
        let found =
            self.store.archived(key).await.map_err(|failure| unusable(failure.to_string()))?;
        let body = found.ok_or_else(|| unusable("there is no such report".to_owned()))?;
        let kept: KeptOriginals =
            serde_json::from_slice(&body).map_err(|error| unusable(error.to_string()))?;
        if (&kept.project, &kept.environment) != (&self.config.project, &self.config.environment) {
            return Err(unusable(format!(
                "it is of project `{}`, environment `{}`",
                kept.project, kept.environment
            )));
        }
        let known = kinds::names();
        let is_known = |id: &&String| {
            id.split_once(':').is_some_and(|(kind, _)| known.iter().any(|k| k.as_str() == kind))
        };
        if let Some(id) = kept.originals.keys().find(|id| !is_known(id)) {
            return Err(unusable(format!("`{id}` is of no kind that this program knows")));
        }
        journal.take_over(&kept.originals, operation_id, self.clock.now());
        Ok(())
    }

    /// The prices of this invocation.
    pub(crate) async fn desk(&self) -> Desk {
        Desk::open(
            self.store.as_ref(),
            Arc::clone(&self.prices),
            &self.config.region,
            self.clock.now(),
        )
        .await
    }

    pub(crate) async fn plan(
        &self,
        only: &Only,
        direction: Direction,
        ledger: &Ledger<'_>,
        settled: BTreeSet<ResourceId>,
        pace: &Pace,
        prices: &PriceBook,
    ) -> Plan {
        let (tags, journal) = (self.tags.as_ref(), &ledger.journal);
        let settled = settled.into_iter().filter(|id| only.includes(id)).collect();
        let inventory =
            observe(&self.registry, tags, &self.config, only, journal, settled, pace).await;
        let circumstances =
            Circumstances { prices, now: self.clock.now(), time_left: pace.time_left() };
        plan(direction, &self.registry, &inventory, journal, &circumstances)
    }

    pub(crate) fn heading(
        &self,
        request: &Request,
        operation_id: String,
        started_at: Timestamp,
        dry_run: bool,
    ) -> Heading {
        Heading {
            operation_id,
            action: request.action,
            dry_run,
            project: self.config.project.clone(),
            environment: self.config.environment.clone(),
            region: self.config.region.clone(),
            started_at,
            reason: request.reason.clone(),
            only: request.only.0.iter().map(ToString::to_string).collect(),
            price_source: PriceBook::built_in(&self.config.region).source([]),
            all_seen: true,
        }
    }

    /// Keeps the report and its page. An operation is not undone by a report that cannot be kept.
    /// Returns where they are.
    pub(crate) async fn archive(&self, report: &mut Report, journal: &Journal) -> Whereabouts {
        let mut whereabouts = self.whereabouts();
        let kept = Kept { report, originals: journal.originals() };
        let body = serde_json::to_vec_pretty(&kept).expect("a report is plain data");
        match self.store.archive(&report.key(), body).await {
            Ok(()) => whereabouts.report = Some(self.place(&report.key())),
            Err(failure) => report.errors.push(Trouble::NotKept(failure)),
        }
        // One after the other: in a small function both at once are too much.
        let page = report::html::page(report).into_bytes();
        match self.store.archive(&report.page_key(), page).await {
            Ok(()) => whereabouts.page = Some(self.place(&report.page_key())),
            Err(failure) => report.errors.push(Trouble::PageNotKept(failure)),
        }
        whereabouts
    }

    /// Of a report that is not kept, or not yet.
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        Whereabouts { function: self.config.function_name.clone(), ..Whereabouts::default() }
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{}/{key}", self.config.state_bucket, self.config.state_prefix)
    }

    pub(crate) async fn notify(&self, report: &mut Report, whereabouts: &Whereabouts) {
        let Some(notifier) = &self.notifier else { return };
        let message = notify::compose(report, whereabouts);
        if let Err(failure) = notifier.send(&message).await {
            report.errors.push(Trouble::NotSent(failure));
        }
    }
}

/// The same delivery of a schedule, and the same request, is the same operation.
fn operation_id(request: &Request, invocation: &Invocation) -> String {
    let name = match (&request.continuation, &request.schedule) {
        (Some(continuation), _) => return continuation.operation_id.clone(),
        (None, Some(schedule)) => format!("{} {} {}", schedule.arn, schedule.time, request.action),
        (None, None) => invocation.request_id.clone(),
    };
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
