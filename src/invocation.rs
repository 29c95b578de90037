//! An invocation handles one event, from Lambda's hands to the answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tracing::{Instrument, error, info, info_span};
use uuid::Uuid;

use crate::event::{MAX_DEPTH, Request};
use crate::model::{Action, Direction};
use crate::operation;
use crate::pace::Pace;
use crate::preview;
use crate::program::Program;
use crate::refusal::Refusal;
use crate::report::Report;
use crate::session::{Session, Turn};

/// An invocation is one run of the function, as Lambda tells of it.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    /// Each attempt has its own id, because a retry has the same request id.
    pub attempt: String,
    /// A time in the past, which emulators give, is no deadline.
    pub deadline: Option<Timestamp>,
}

/// Lambda lets a function run for 15 minutes at most
/// (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const LONGEST_INVOCATION: SignedDuration = SignedDuration::from_secs(900);

impl Program {
    /// Handles one event.
    pub async fn handle(&self, event: &Value, invocation: &Invocation) -> Result<Report, Refusal> {
        let request = Request::parse(event, &self.spellings()).inspect_err(|bad| {
            let request_id = &invocation.request_id;
            error!(request_id, event = %event, error = %bad, "refused");
        })?;
        let operation_id = operation_id(&request, invocation);
        let span = info_span!(
            "operation",
            operation_id,
            request_id = invocation.request_id,
            action = %request.action
        );
        async {
            info!(event = %event, "begin");
            let mark = self.metrics.mark();
            let result = self.route(&request, operation_id.clone(), invocation).await;
            match &result {
                Ok(report) => {
                    self.metrics.operated(report, mark, self.clock.now());
                    let (outcome, resources) = (report.outcome, report.resources.len());
                    info!(?outcome, resources, errors = ?report.error_texts(), "end");
                }
                Err(refusal) => error!(error = %refusal, "refused"),
            }
            result
        }
        .instrument(span)
        .await
    }

    async fn route(
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
        let continuation = request.continuation.as_ref();
        let depth = continuation.map_or(0, |continuation| continuation.depth);
        let pace = Pace::new(self.config.max_workers, remaining)
            .with_successors(MAX_DEPTH.saturating_sub(depth));
        let turn = Turn {
            id: operation_id,
            request_id: invocation.request_id.clone(),
            holder: format!("{}/{}", invocation.request_id, invocation.attempt),
            asked_at: continuation.map_or(now, |continuation| continuation.asked_at),
            deadline,
        };
        let session = Session::open(self, request, turn, pace).await?;
        let is_dry_run =
            request.dry_run.unwrap_or(self.config.dry_run_default) && continuation.is_none();
        match request.action {
            Action::Status => preview::run(session, None).await,
            Action::Stop if is_dry_run => preview::run(session, Some(Direction::Stop)).await,
            Action::Start if is_dry_run => preview::run(session, Some(Direction::Start)).await,
            Action::Stop => operation::run(session, Direction::Stop).await,
            Action::Start => operation::run(session, Direction::Start).await,
        }
    }
}

/// Names the operation, so that a delivery or request that comes twice is one.
fn operation_id(request: &Request, invocation: &Invocation) -> String {
    let name = match (&request.continuation, &request.schedule) {
        (Some(continuation), _) => return continuation.operation_id.clone(),
        (None, Some(schedule)) => {
            format!("{} {} {}", schedule.arn, schedule.time, request.action)
        }
        (None, None) => invocation.request_id.clone(),
    };
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
