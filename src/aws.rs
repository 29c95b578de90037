//! The AWS SDK is configured here, for all clients. Nothing is decided here.

mod throttle;
mod turns;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};

use crate::model::RequestRate;
use crate::tally::Tally;

use self::wire::Wire;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The SDK sends a call at most so often. Its pauses grow up to 20 s.
const ATTEMPTS: u32 = 6;

/// Loads region, credentials and endpoint for the AWS SDK from the environment.
///
/// The clients make at most `rate_share` of the calls a second that `rates` allow.
pub async fn sdk_config(tally: &Arc<Tally>, rate_share: f64, rates: &[RequestRate]) -> SdkConfig {
    settings(tally, rate_share, rates).load().await
}

fn settings(tally: &Arc<Tally>, rate_share: f64, rates: &[RequestRate]) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Wire::client(Arc::clone(tally), rate_share, rates))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // The SDK has no other time-out, because the others would count the wait for a turn. So
        // would its protection from stalled streams, which ends a call whose body is not sent
        // within 6 s. The wire has its own time-out, for the whole of an attempt.
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
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
