//! What goes over the wire: every attempt of every call, of all clients. Here they are counted,
//! and here they wait for their turn where AWS publishes how many it takes a second.
//!
//! Not asking faster than AWS answers is cheaper than being throttled: a throttled call is sent
//! again, after a pause that grows. In an account that others use too, AWS takes less of us: each
//! throttled call uses up the turns of others, so that we slow down to what is left.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// How often AWS was called, and how often it said "too fast".
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    throttles: AtomicU64,
}

impl Tally {
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }
}

/// Calls a second that AWS takes of one account in one region. `None` as the operation: of all of
/// the service's together.
struct Published {
    /// As the request's signature names it.
    service: &'static str,
    operation: Option<&'static str>,
    per_second: u32,
}

const fn published(service: &'static str, operation: Option<&'static str>, per_second: u32) -> Published {
    Published { service, operation, per_second }
}

/// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (15 over all of them),
/// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html,
/// docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html,
/// docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/billing-limits.html (a bucket of 10).
const RATES: [Published; 11] = [
    published("lambda", None, 15),
    published("monitoring", Some("DescribeAlarms"), 9),
    published("monitoring", Some("DisableAlarmActions"), 3),
    published("monitoring", Some("EnableAlarmActions"), 3),
    published("kinesis", Some("ListStreams"), 5),
    published("kinesis", Some("DescribeStreamSummary"), 20),
    published("kinesis", Some("UpdateShardCount"), 10),
    published("kinesis", Some("ListTagsForStream"), 5),
    published("kinesis", Some("ListStreamConsumers"), 5),
    published("tagging", Some("GetResources"), 15),
    published("pricing", Some("GetProducts"), 5),
];

/// How many turns a throttled call uses up beside its own.
const PENALTY: u32 = 2;

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

/// The SDK's own client, counted and paced.
#[derive(Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    pacing: Arc<Pacing>,
}

#[derive(Debug)]
struct Pacing {
    limiters: HashMap<(&'static str, Option<&'static str>), Limiter>,
    tally: Arc<Tally>,
}

impl Wire {
    /// One client for all services, with one pool of connections. It makes at most this share of
    /// the calls a second that AWS takes.
    pub fn client(tally: Arc<Tally>, share: f64) -> SharedHttpClient {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let inner = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        let limiters = RATES
            .iter()
            .filter_map(|rate| Some(((rate.service, rate.operation), limiter(f64::from(rate.per_second) * share)?)))
            .collect();
        SharedHttpClient::new(Wire { inner, pacing: Arc::new(Pacing { limiters, tally }) })
    }
}

/// AWS's buckets hold a second's worth. Ours begin with a part of it, because what was called just
/// before this invocation counts, too.
fn limiter(per_second: f64) -> Option<Limiter> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
    let burst = NonZeroU32::new((per_second / 3.0) as u32).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(Duration::from_secs_f64(1.0 / per_second))?;
    Some(RateLimiter::direct(quota.allow_burst(burst)))
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Paced { inner, pacing: Arc::clone(&self.pacing) })
    }
}

#[derive(Debug)]
struct Paced {
    inner: SharedHttpConnector,
    pacing: Arc<Pacing>,
}

impl HttpConnector for Paced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, pacing) = (self.inner.clone(), Arc::clone(&self.pacing));
        HttpConnectorFuture::new(async move {
            let limiters = pacing.limiters_of(&request);
            for limiter in &limiters {
                limiter.until_ready().await;
            }
            pacing.tally.calls.fetch_add(1, Ordering::Relaxed);
            let mut response = inner.call(request).await?;
            let is_error = response.status().is_client_error() || response.status().is_server_error();
            if is_error && is_throttled(&mut response).await? {
                pacing.tally.throttles.fetch_add(1, Ordering::Relaxed);
                // A turn that is not there any more cannot be used up: there is no one to slow down.
                for limiter in limiters {
                    for _ in 0..PENALTY {
                        let _ = limiter.check();
                    }
                }
            }
            Ok(response)
        })
    }
}

impl Pacing {
    /// Those that a call has to wait for.
    fn limiters_of(&self, request: &HttpRequest) -> Vec<&Limiter> {
        let (service, operation) = (service(request).unwrap_or_default(), operation(request));
        // Invoke is the data plane: it has no such limit.
        if service == "lambda" && operation == "invocations" {
            return Vec::new();
        }
        let of = |rate: &&Published| rate.service == service && rate.operation.is_none_or(|name| name == operation);
        RATES.iter().filter(of).filter_map(|rate| self.limiters.get(&(rate.service, rate.operation))).collect()
    }
}

/// An error's code is in its body or a header, in one of five protocols: it is looked for in both.
async fn is_throttled(response: &mut HttpResponse) -> Result<bool, ConnectorError> {
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    let code = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let is_throttled =
        says_too_fast(response.status().as_u16(), code) || says_too_fast(0, &String::from_utf8_lossy(&body));
    *response.body_mut() = SdkBody::from(body);
    Ok(is_throttled)
}

fn says_too_fast(status: u16, text: &str) -> bool {
    status == 429
        || ["Throttl", "TooManyRequests", "RequestLimitExceeded", "Rate exceeded", "SlowDown"]
            .iter()
            .any(|words| text.contains(words))
}

/// `AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/lambda/aws4_request, …`
fn service(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.split_once("Credential=")?.1.split('/').nth(3)
}

/// The end of the target header, or of the path: `invocations` for Lambda's Invoke.
fn operation(request: &HttpRequest) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let path = request.uri().split('?').next().unwrap_or_default();
    target.unwrap_or_else(|| path.rsplit('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(service: &str, path: &str, target: Option<&str>) -> HttpRequest {
        let mut request = HttpRequest::empty();
        request.set_uri(format!("https://example.com{path}")).unwrap();
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=AKIA/20261124/us-east-1/{service}/aws4_request, SignedHeaders=x");
        request.headers_mut().insert("authorization", scope);
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        request
    }

    #[test]
    fn a_request_tells_its_service_and_operation_in_every_protocol() {
        let tell = |request: HttpRequest| (service(&request).unwrap().to_owned(), operation(&request).to_owned());
        let pair = |service: &str, operation: &str| (service.to_owned(), operation.to_owned());
        assert_eq!(tell(request("kinesis", "/", Some("Kinesis_20131202.ListStreams"))), pair("kinesis", "ListStreams"));
        let cbor = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(tell(request("monitoring", cbor, None)), pair("monitoring", "DescribeAlarms"));
        let invoke = "/2015-03-31/functions/shop-manager/invocations?Qualifier=live";
        assert_eq!(tell(request("lambda", invoke, None)), pair("lambda", "invocations"));
        assert_eq!(service(&HttpRequest::empty()), None);
    }

    #[test]
    fn every_rate_has_one_limiter_and_no_rate_is_nothing() {
        let keys: std::collections::HashSet<_> = RATES.iter().map(|rate| (rate.service, rate.operation)).collect();
        assert_eq!(keys.len(), RATES.len());
        assert!(RATES.iter().all(|rate| limiter(f64::from(rate.per_second)).is_some()));
        assert!(limiter(0.015).is_some() && limiter(15_000.0).is_some());
    }

    #[test]
    fn too_fast_is_understood_however_aws_says_it() {
        for (status, text) in [
            (429, ""),
            (0, "ThrottlingException"),
            (0, "<Code>Throttling</Code>"),
            (0, r#"{"__type":"TooManyRequestsException"}"#),
            (0, "<Code>SlowDown</Code>"),
        ] {
            assert!(says_too_fast(status, text), "{status} {text}");
        }
        assert!(!says_too_fast(400, "ValidationException"));
        assert!(!says_too_fast(500, "InternalFailure"));
    }
}
