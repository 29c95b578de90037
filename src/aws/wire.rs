//! What goes over the wire: every attempt of every call, of all clients. Here they are counted,
//! and here they wait for their turn where AWS publishes how many it takes a second.
//!
//! Not asking faster than AWS answers is cheaper than being throttled. A call that is throttled all
//! the same waits for another turn and is sent again, here: to the SDK, which gives up after a few
//! attempts, and sooner when many calls fail, it is one call that takes longer. Time-outs are for
//! what is sent, not for the wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::{Instant, sleep, timeout};

use super::throttle::is_throttled;
use super::turns::Turns;

/// How long AWS may take for the whole answer of one attempt: far above what a control plane takes,
/// and below what would eat an invocation.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a throttled call is sent again: a signature holds for five minutes
/// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). After that
/// the SDK signs it anew.
const SEND_AGAIN_FOR: Duration = Duration::from_secs(120);
/// A call that is throttled again and again lets others go first for a while.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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

const fn published(
    service: &'static str,
    operation: Option<&'static str>,
    per_second: u32,
) -> Published {
    Published { service, operation, per_second }
}

/// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (15 over all of them),
/// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html,
/// docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html,
/// docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/billing-limits.html (a bucket of 10).
///
/// For SageMaker and Application Auto Scaling AWS publishes none: these are estimates, on the safe
/// side. DescribeEndpoint was seen throttled when several asked every 5 seconds
/// (github.com/aws/sagemaker-python-sdk/issues/1204).
const RATES: [Published; 11] = [
    published("lambda", None, 15),
    published("monitoring", Some("DescribeAlarms"), 9),
    published("monitoring", Some("DisableAlarmActions"), 3),
    published("monitoring", Some("EnableAlarmActions"), 3),
    published("kinesis", Some("ListStreams"), 5),
    published("kinesis", Some("DescribeStreamSummary"), 20),
    published("kinesis", Some("UpdateShardCount"), 10),
    published("sagemaker", None, 10),
    published("application-autoscaling", None, 10),
    published("tagging", Some("GetResources"), 15),
    published("pricing", Some("GetProducts"), 5),
];

/// The SDK's own client, counted and paced.
#[derive(Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    pacing: Arc<Pacing>,
}

struct Pacing {
    limits: Vec<(Published, Turns)>,
    tally: Arc<Tally>,
}

impl std::fmt::Debug for Pacing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pacing").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl Wire {
    /// One client for all services, with one pool of connections. It makes at most this share of
    /// the calls a second that AWS takes.
    pub fn client(tally: Arc<Tally>, share: f64) -> SharedHttpClient {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let inner = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        SharedHttpClient::new(Wire { inner, pacing: Arc::new(Pacing::new(tally, share)) })
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Paced { inner, pacing: Arc::clone(&self.pacing) })
    }
}

#[derive(Debug, Clone)]
struct Paced {
    inner: SharedHttpConnector,
    pacing: Arc<Pacing>,
}

impl HttpConnector for Paced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let paced = self.clone();
        HttpConnectorFuture::new(async move { paced.send(request).await })
    }
}

impl Paced {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (limits, tally) = (self.pacing.limits_of(&request), &self.pacing.tally);
        let give_up_at = Instant::now() + SEND_AGAIN_FOR;
        let mut pause = FIRST_PAUSE;
        loop {
            // What has no limit is left to the SDK's retries.
            let again = if limits.is_empty() { None } else { request.try_clone() };
            for turns in &limits {
                turns.take().await;
            }
            tally.calls.fetch_add(1, Ordering::Relaxed);
            let response = self.attempt(request).await?;
            if !is_throttled(&response) {
                for turns in limits {
                    turns.was_taken();
                }
                return Ok(response);
            }
            tally.throttles.fetch_add(1, Ordering::Relaxed);
            for turns in &limits {
                turns.was_throttled();
            }
            request = match again {
                Some(again) if Instant::now() + pause < give_up_at => again,
                _ => return Ok(response),
            };
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sends it and waits for the whole answer.
    async fn attempt(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let whole = async {
            let mut response = self.inner.call(request).await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::io(error.into()))?;
            *response.body_mut() = SdkBody::from(body.into_bytes());
            Ok(response)
        };
        timeout(ATTEMPT_TIMEOUT, whole)
            .await
            .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?
    }
}

impl Pacing {
    fn new(tally: Arc<Tally>, share: f64) -> Self {
        let limits = RATES.into_iter().filter_map(|rate| {
            let turns = Turns::at(f64::from(rate.per_second) * share)?;
            Some((rate, turns))
        });
        Pacing { limits: limits.collect(), tally }
    }

    /// Those that a call has to wait for.
    fn limits_of(&self, request: &HttpRequest) -> Vec<&Turns> {
        let (service, operation) = (service(request).unwrap_or_default(), operation(request));
        // Invoke is the data plane: it has no such limit.
        if service == "lambda" && operation == "invocations" {
            return Vec::new();
        }
        let of = |rate: &Published| {
            rate.service == service && rate.operation.is_none_or(|name| name == operation)
        };
        self.limits.iter().filter(|(rate, _)| of(rate)).map(|(_, turns)| turns).collect()
    }
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
    use aws_smithy_runtime_api::http::StatusCode;
    use futures::StreamExt;
    use std::sync::Mutex;

    fn request(service: &str, path: &str, target: Option<&str>) -> HttpRequest {
        let mut request = HttpRequest::empty();
        request.set_uri(format!("https://example.com{path}")).unwrap();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261124/us-east-1/{service}/aws4_request, SignedHeaders=x"
        );
        request.headers_mut().insert("authorization", scope);
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        request
    }

    #[test]
    fn a_request_tells_its_service_and_operation_in_every_protocol() {
        let tell = |request: HttpRequest| {
            (service(&request).unwrap().to_owned(), operation(&request).to_owned())
        };
        let pair = |service: &str, operation: &str| (service.to_owned(), operation.to_owned());
        assert_eq!(
            tell(request("kinesis", "/", Some("Kinesis_20131202.ListStreams"))),
            pair("kinesis", "ListStreams")
        );
        let cbor = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(tell(request("monitoring", cbor, None)), pair("monitoring", "DescribeAlarms"));
        let invoke = "/2015-03-31/functions/shop-manager/invocations?Qualifier=live";
        assert_eq!(tell(request("lambda", invoke, None)), pair("lambda", "invocations"));
        assert_eq!(service(&HttpRequest::empty()), None);
    }

    #[test]
    fn every_rate_has_one_limit() {
        let keys: std::collections::HashSet<_> =
            RATES.iter().map(|rate| (rate.service, rate.operation)).collect();
        assert_eq!(keys.len(), RATES.len());
        assert_eq!(Pacing::new(Arc::default(), 1.0).limits.len(), RATES.len());
    }

    /// A service that takes so many calls a second, saves up a second's worth, and throttles the
    /// rest; or one that never answers.
    #[derive(Debug)]
    struct Service {
        per_second: f64,
        /// How many it would take now, and since when.
        bucket: Mutex<(f64, Instant)>,
        hangs: bool,
    }

    impl Service {
        fn paced(per_second: f64, hangs: bool) -> Paced {
            let service =
                Service { per_second, bucket: Mutex::new((per_second, Instant::now())), hangs };
            Paced {
                inner: SharedHttpConnector::new(service),
                pacing: Arc::new(Pacing::new(Arc::default(), 1.0)),
            }
        }
    }

    impl HttpConnector for Service {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            if self.hangs {
                return HttpConnectorFuture::new(std::future::pending());
            }
            let mut bucket = self.bucket.lock().unwrap();
            let (saved, since) = *bucket;
            let saved =
                (saved + since.elapsed().as_secs_f64() * self.per_second).min(self.per_second);
            let taken = saved >= 1.0;
            *bucket = (if taken { saved - 1.0 } else { saved }, Instant::now());
            let (status, body) =
                if taken { (200, "{}") } else { (429, r#"{"__type":"TooManyRequestsException"}"#) };
            let response =
                HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
            HttpConnectorFuture::new(async move {
                sleep(Duration::from_millis(20)).await;
                Ok(response)
            })
        }
    }

    fn lambda_call() -> HttpRequest {
        request("lambda", "/2017-10-31/functions/shop-work/concurrency", None)
    }

    async fn statuses(paced: &Paced, calls: usize) -> Vec<u16> {
        let send = |_| async { paced.call(lambda_call()).await.unwrap().status().as_u16() };
        futures::stream::iter(0..calls).map(send).buffer_unordered(10).collect().await
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_busy_account_all_calls_are_made_in_the_end_and_few_are_throttled() {
        let paced = Service::paced(5.0, false);
        let began = Instant::now();
        assert_eq!(statuses(&paced, 800).await, [200; 800]);
        let (calls, throttles) = (paced.pacing.tally.calls(), paced.pacing.tally.throttles());
        assert_eq!(calls, 800 + throttles);
        assert!(throttles * 100 <= calls * 10, "{throttles} of {calls}");
        // AWS would have taken them in 159 s.
        let took = began.elapsed().as_secs_f64();
        assert!(took < 159.0 * 1.25, "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_published_rate_nothing_is_throttled() {
        let paced = Service::paced(15.0, false);
        let began = Instant::now();
        statuses(&paced, 600).await;
        assert_eq!(paced.pacing.tally.throttles(), 0);
        let took = began.elapsed().as_secs_f64();
        assert!(took < 40.0 * 1.05, "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_throttled_for_ever_goes_back_to_the_sdk_before_its_signature_is_old() {
        let paced = Service::paced(0.0, false);
        let began = Instant::now();
        assert_eq!(statuses(&paced, 1).await, [429]);
        assert!((100..=120).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_times_out_and_its_wait_for_a_turn_does_not_count() {
        let paced = Service::paced(15.0, true);
        for _ in 0..5 + 600 {
            paced.pacing.limits_of(&lambda_call())[0].take().await;
        }
        let turns: Vec<_> = (0..300).map(|_| paced.call(lambda_call())).collect();
        let began = Instant::now();
        let last = futures::future::join_all(turns).await.pop().unwrap();
        assert!(last.unwrap_err().is_timeout());
        // Its turn comes after 20 s.
        assert_eq!(began.elapsed().as_secs(), 35);
    }
}
