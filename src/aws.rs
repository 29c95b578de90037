//! The AWS clients, from one shared configuration. Nothing here decides anything.

mod throttle;
mod turns;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::failure::Failure;
use crate::handler::{Program, Successor};
use crate::kinds;
use crate::kinds::remote::Setup;
use crate::lazy::{Lazy, lazy};
use crate::metrics::Metrics;
use crate::model::RequestRate;
use crate::notify::{Notifier, Topic};
use crate::observe::TaggingApi;
use crate::pricing::list_api::PriceListApi;
use crate::store::Bucket;
use crate::tally::Tally;

use self::wire::Wire;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The SDK's retries back off with jitter, up to 20 s.
const ATTEMPTS: u32 = 6;

/// Everything that the environment configures for the AWS SDK: region, credentials, endpoint.
///
/// Its calls keep to this share of the kinds' rates.
pub async fn sdk_config(tally: &Arc<Tally>, rate_share: f64, rates: &[RequestRate]) -> SdkConfig {
    settings(tally, rate_share, rates).load().await
}

fn settings(tally: &Arc<Tally>, rate_share: f64, rates: &[RequestRate]) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Wire::client(Arc::clone(tally), rate_share, rates))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // Nothing else: the SDK's other time-outs would count the wait for a turn, and so would its
        // protection from stalled streams, which ends a call whose body is not sent within 6 s. The
        // wire has its own time-out, for the whole of an attempt.
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// The program with real clients.
pub fn program(config: Config, aws: &SdkConfig, tally: Arc<Tally>) -> Program {
    // A simulated account has one address: it cannot be asked under a bucket's own name.
    let s3 = aws_sdk_s3::config::Builder::from(aws)
        .force_path_style(aws.endpoint_url().is_some())
        .build();
    let store =
        Bucket::new(aws_sdk_s3::Client::from_conf(s3), &config.state_bucket, &config.state_prefix);
    let topic = |arn: &String| -> Box<dyn Notifier> { Box::new(Topic::new(aws, arn)) };
    let Config { poll, longest_stop_hours, .. } = config;
    Program {
        registry: kinds::registry(&Setup { aws, poll, longest_stop_hours }),
        store: Box::new(store),
        tags: Box::new(TaggingApi::new(aws, kinds::infos())),
        notifier: config.topic_arn.as_ref().map(topic),
        successor: Box::new(Itself {
            client: lazy(aws, aws_sdk_lambda::Client::new),
            function_name: config.function_name.clone(),
        }),
        clock: Box::new(SystemClock),
        metrics: Metrics::new(&config, tally),
        prices: Arc::new(PriceListApi::new(aws)),
        config,
    }
}

/// This function, called by itself.
struct Itself {
    client: Lazy<aws_sdk_lambda::Client>,
    function_name: Option<String>,
}

#[async_trait]
impl Successor for Itself {
    async fn call(&self, event: &Value) -> Result<(), Failure> {
        let Some(name) = &self.function_name else {
            return Err(Failure::refused(
                "AWS_LAMBDA_FUNCTION_NAME is not set: there is no function to call",
            ));
        };
        self.client
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|e| Failure::from_sdk("lambda:InvokeFunction", &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_in_the_sdk_counts_the_wait_for_a_turn() {
        let home = aws_config::Region::new("us-east-1");
        let sdk = settings(&Arc::default(), 1.0, &[]).region(home).load().await;
        let streams = sdk.stalled_stream_protection().expect("it is set");
        assert!(!streams.upload_enabled() && !streams.download_enabled());
        let timeouts = sdk.timeout_config().expect("they are set");
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT_TIMEOUT));
        let others = (
            timeouts.operation_timeout(),
            timeouts.operation_attempt_timeout(),
            timeouts.read_timeout(),
        );
        assert_eq!(others, (None, None, None));
    }
}
