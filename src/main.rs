//! The Lambda function sets up logs, configuration and clients here, and runs.

use std::sync::Arc;

use aws_resource_manager::config::Config;
use aws_resource_manager::invocation::Invocation;
use aws_resource_manager::kinds::remote::Setup;
use aws_resource_manager::metrics::Metrics;
use aws_resource_manager::program::Program;
use aws_resource_manager::refusal::Refusal;
use aws_resource_manager::report::Report;
use aws_resource_manager::{aws, kinds};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::parse(variable, &kinds::spellings(), &kinds::lists_of_0_1());
    let level = config.as_ref().map_or(LevelFilter::INFO, |config| config.log_level);
    log_as_json(level);
    // A bad configuration is the answer to every invocation. A process that died at its start
    // would tell nobody why.
    let program = match config {
        Ok(config) => {
            let tally = Arc::default();
            let sdk = aws::sdk_config(&tally, config.rate_share, &kinds::request_rates()).await;
            let metrics = Metrics::new(&config, tally);
            let Config { poll, longest_stop_hours, .. } = config;
            let registry = kinds::registry(&Setup { aws: &sdk, poll, longest_stop_hours });
            Ok(Program::connect(config, registry, &sdk, metrics))
        }
        Err(bad) => {
            tracing::error!(error = %bad, "configuration");
            Err(bad)
        }
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| handle(&program, event))).await
}

async fn handle(
    program: &Result<Program, aws_resource_manager::config::BadConfig>,
    event: LambdaEvent<Value>,
) -> Result<Report, Diagnostic> {
    let program = program.as_ref().map_err(|bad| diagnostic(&bad.clone().into()))?;
    let invocation = Invocation {
        request_id: event.context.request_id.clone(),
        attempt: Uuid::new_v4().to_string(),
        deadline: i64::try_from(event.context.deadline)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
    };
    program.handle(&event.payload, &invocation).await.map_err(|refusal| diagnostic(&refusal))
}

fn diagnostic(refusal: &Refusal) -> Diagnostic {
    Diagnostic { error_type: refusal.error_type().to_owned(), error_message: refusal.to_string() }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Logs each event as one line of JSON, with the spans in which it happened.
///
/// That is the form in which Lambda itself logs to CloudWatch Logs.
fn log_as_json(level: LevelFilter) {
    use tracing_subscriber::fmt::format::FmtSpan;
    use tracing_subscriber::prelude::*;
    let ours = tracing_subscriber::filter::Targets::new()
        .with_target("aws_resource_manager", level)
        .with_default(level.min(LevelFilter::WARN))
        // The runtime would log an error once more that the program has logged with its spans.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_events(FmtSpan::NONE)
        .with_current_span(false)
        .with_span_list(true);
    tracing_subscriber::registry().with(layer).with(ours).init();
}
