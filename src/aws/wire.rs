//! The wire sends every attempt of every call of all clients, and counts them.
//!
//! Calls wait for their turn here where AWS publishes how many it takes a second: waiting is
//! cheaper than being throttled. A call that is throttled all the same waits for another turn and
//! is sent again. To the SDK, such a call only takes longer. The SDK itself would give up after a
//! few attempts, and sooner when many calls fail. A time-out begins when an attempt is sent, not
//! when its call begins to wait.

use std::collections::BTreeMap;
use std::sync::Arc;
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
use crate::model::{RequestRate, Requests};
use crate::tally::Tally;

/// AWS may take this long for the whole answer of one attempt.
///
/// A control plane takes far less, and an invocation has time for many such waits.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// A throttled call is sent again for this long. Then the SDK signs it anew.
///
/// A signature holds for five minutes
/// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
const SEND_AGAIN_FOR: Duration = Duration::from_secs(120);
/// A throttled call lets others go first for this long, before its next turn.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Pauses double up to this, where a call is throttled again and again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Lists the limits of services that belong to no kind.
const OWN_RATES: [RequestRate; 2] = [
    RequestRate {
        service: "tagging",
        requests: Requests::Of("GetResources"),
        per_second: 15,
        source: "an estimate: AWS publishes none",
    },
    // AWS allows bursts of 10.
    RequestRate {
        service: "pricing",
        requests: Requests::Of("GetProducts"),
        per_second: 5,
        source: "docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/billing-limits.html",
    },
];

/// Wraps the SDK's own HTTP client, to count and pace its calls.
#[derive(Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    pacing: Arc<Pacing>,
}

/// Names a limit by its service, as a request's signature has it, and its requests.
type LimitKey = (&'static str, Requests);

/// Holds the turns of every limit.
struct Pacing {
    limits: Vec<(LimitKey, Turns)>,
    tally: Arc<Tally>,
}

impl std::fmt::Debug for Pacing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pacing").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl Wire {
    /// Makes one client for all services, with one pool of connections.
    ///
    /// The client makes at most `share` of the calls a second that the limits allow. The limits
    /// are the kinds' `rates` and the [`OWN_RATES`].
    pub fn client(tally: Arc<Tally>, share: f64, rates: &[RequestRate]) -> SharedHttpClient {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let inner = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        SharedHttpClient::new(Wire { inner, pacing: Arc::new(Pacing::new(tally, share, rates)) })
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
            // A call without a limit is sent again by the SDK's retries only.
            let again = if limits.is_empty() { None } else { request.try_clone() };
            for turns in &limits {
                turns.wait().await;
            }
            tally.count_call();
            let response = self.attempt(request).await?;
            if !is_throttled(&response) {
                for turns in limits {
                    turns.was_accepted();
                }
                return Ok(response);
            }
            tally.count_throttle();
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

    /// Sends a request and waits for the whole answer.
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
    /// Makes the turns of all limits. A limit that several kinds name has the lowest rate.
    fn new(tally: Arc<Tally>, share: f64, rates: &[RequestRate]) -> Self {
        let mut lowest: BTreeMap<LimitKey, u32> = BTreeMap::new();
        for rate in rates.iter().chain(&OWN_RATES) {
            let per_second = lowest.entry((rate.service, rate.requests)).or_insert(u32::MAX);
            *per_second = rate.per_second.min(*per_second);
        }
        let limits = lowest.into_iter().filter_map(|(limit, per_second)| {
            let turns = Turns::at(f64::from(per_second) * share)?;
            Some((limit, turns))
        });
        Pacing { limits: limits.collect(), tally }
    }

    /// Finds the limits whose turns a call has to wait for.
    fn limits_of(&self, request: &HttpRequest) -> Vec<&Turns> {
        let (service, operation) = (service(request).unwrap_or_default(), operation(request));
        let of = |(name, requests): &LimitKey| *name == service && requests.include(operation);
        self.limits.iter().filter(|(limit, _)| of(limit)).map(|(_, turns)| turns).collect()
    }
}

/// Reads the service from a request's signature.
///
/// `AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/lambda/aws4_request, …`
fn service(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.split_once("Credential=")?.1.split('/').nth(3)
}

/// Reads the API operation from the end of the target header, or of the path.
///
/// For Lambda's Invoke, that is `invocations`.
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

    const LAMBDA: RequestRate = RequestRate {
        service: "lambda",
        requests: Requests::AllBut(&["invocations"]),
        per_second: 15,
        source: "",
    };

    fn pacing(rates: &[RequestRate]) -> Pacing {
        Pacing::new(Arc::default(), 1.0, rates)
    }

    #[test]
    fn every_rate_has_one_limit() {
        assert_eq!(pacing(&[LAMBDA]).limits.len(), OWN_RATES.len() + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_two_kinds_name_has_the_lower_rate() {
        let pacing = pacing(&[LAMBDA, RequestRate { per_second: 3, ..LAMBDA }, LAMBDA]);
        assert_eq!(pacing.limits.len(), OWN_RATES.len() + 1);
        let limits = pacing.limits_of(&lambda_call());
        let began = Instant::now();
        for _ in 0..=30 {
            limits[0].wait().await;
        }
        assert_eq!((limits.len(), began.elapsed().as_secs()), (1, 10));
    }

    #[test]
    fn a_call_waits_for_the_limits_of_its_service_that_include_it() {
        let describe = RequestRate {
            service: "monitoring",
            requests: Requests::Of("DescribeAlarms"),
            per_second: 9,
            source: "",
        };
        let pacing = pacing(&[LAMBDA, describe]);
        let limits = |request: HttpRequest| pacing.limits_of(&request).len();
        assert_eq!(limits(lambda_call()), 1);
        let invoke = "/2015-03-31/functions/shop-manager/invocations";
        assert_eq!(limits(request("lambda", invoke, None)), 0, "the data plane has no such limit");
        let cbor = "/service/GraniteServiceVersion20100801/operation/";
        for (operation, expected) in [("DescribeAlarms", 1), ("DisableAlarmActions", 0)] {
            let request = request("monitoring", &format!("{cbor}{operation}"), None);
            assert_eq!(limits(request), expected, "{operation}");
        }
        assert_eq!(limits(request("tagging", "/", Some("X.GetResources"))), 1);
        assert_eq!(limits(HttpRequest::empty()), 0);
    }

    /// A service takes so many calls a second and throttles the rest, or never answers.
    ///
    /// Its bucket holds a second's worth of calls.
    #[derive(Debug)]
    struct Service {
        per_second: f64,
        /// The service would have taken this many calls at this time.
        bucket: Mutex<(f64, Instant)>,
        hangs: bool,
    }

    impl Service {
        fn paced(per_second: f64, hangs: bool) -> Paced {
            let service =
                Service { per_second, bucket: Mutex::new((per_second, Instant::now())), hangs };
            Paced { inner: SharedHttpConnector::new(service), pacing: Arc::new(pacing(&[LAMBDA])) }
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
    async fn in_a_busy_account_all_calls_succeed_and_few_are_throttled() {
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
    async fn a_call_throttled_for_ever_returns_before_its_signature_is_old() {
        let paced = Service::paced(0.0, false);
        let began = Instant::now();
        assert_eq!(statuses(&paced, 1).await, [429]);
        assert!((100..=120).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_call_times_out_without_counting_its_wait_for_a_turn() {
        let paced = Service::paced(15.0, true);
        for _ in 0..5 + 600 {
            paced.pacing.limits_of(&lambda_call())[0].wait().await;
        }
        let turns: Vec<_> = (0..300).map(|_| paced.call(lambda_call())).collect();
        let began = Instant::now();
        let last = futures::future::join_all(turns).await.pop().unwrap();
        assert!(last.unwrap_err().is_timeout());
        // The call's turn comes after 20 s.
        assert_eq!(began.elapsed().as_secs(), 35);
    }
}
