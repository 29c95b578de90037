//! AWS throttles calls that come too fast, and says so in several ways.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Deserialize;

/// Services answer calls that come too fast with these codes.
///
/// The codes are those of the SDK's own classifier, without the codes of data planes.
const CODES: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "EC2ThrottledException",
];
/// Kinesis answers too many calls a second with this code, among other limits.
///
/// The same code stands for too many calls a day and for too many shards in the account. The
/// message tells which limit Kinesis means.
const AMBIGUOUS: &str = "LimitExceededException";

/// Tells whether AWS throttled the call. The answer's body has to be in memory.
pub fn is_throttled(response: &HttpResponse) -> bool {
    if response.status().is_success() {
        return false;
    }
    let body = response.body().bytes().unwrap_or_default();
    match code(response, body) {
        Some(code) if code == AMBIGUOUS => {
            message(body).is_some_and(|words| words.starts_with("Rate exceeded"))
        }
        Some(code) => CODES.contains(&code.as_str()),
        None => response.status().as_u16() == 429,
    }
}

#[derive(Deserialize)]
struct Json {
    #[serde(rename = "__type", alias = "code", alias = "Code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

/// Finds an error's code, whose place depends on the protocol.
///
/// The code is in a header for REST-JSON and for CloudWatch (which is compatible with the query
/// protocol), and in the body for JSON and XML.
fn code(response: &HttpResponse, body: &[u8]) -> Option<String> {
    let header = |name| response.headers().get(name).map(str::to_owned);
    let code = header("x-amzn-query-error")
        .or_else(|| header("x-amzn-errortype"))
        .or_else(|| serde_json::from_slice::<Json>(body).ok()?.code)
        .or_else(|| between(body, "<Code>", "</Code>").map(str::to_owned))?;
    // A namespace may stand before the code, and a URL or the party at fault after it:
    // `aws.protocoltests#FooError:http://…`, `Throttling;Sender`.
    let bare = code.split([':', ';']).next().unwrap_or_default();
    Some(bare.rsplit('#').next().unwrap_or_default().trim().to_owned())
}

fn message(body: &[u8]) -> Option<String> {
    let json = serde_json::from_slice::<Json>(body).ok().and_then(|json| json.message);
    json.or_else(|| between(body, "<Message>", "</Message>").map(str::to_owned))
}

fn between<'b>(body: &'b [u8], before: &str, after: &str) -> Option<&'b str> {
    let text = std::str::from_utf8(body).ok()?;
    text.split_once(before)?.1.split_once(after).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn answer(status: u16, header: Option<(&'static str, &str)>, body: &str) -> bool {
        let mut response =
            HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value.to_owned());
        }
        is_throttled(&response)
    }

    #[test]
    fn too_fast_is_understood_in_every_protocol() {
        for (header, body) in [
            (None, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
            (None, r#"{"__type":"com.amazonaws.kinesis#ThrottledException"}"#),
            (
                None,
                r#"{"__type":"LimitExceededException","message":"Rate exceeded for stream events"}"#,
            ),
            (
                None,
                "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
            ),
            (None, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"),
            (
                Some(("x-amzn-errortype", "TooManyRequestsException:http://internal.amazon.com/")),
                "{}",
            ),
            (Some(("x-amzn-query-error", "Throttling;Sender")), "\u{1}\u{2}"),
            (Some(("x-amzn-errortype", "RequestThrottled")), ""),
        ] {
            assert!(answer(400, header, body), "{header:?} {body}");
        }
        assert!(answer(429, None, ""));
    }

    #[test]
    fn other_errors_are_not_taken_for_it_whatever_their_words() {
        for (header, body) in [
            (
                None,
                r#"{"__type":"ResourceNotFoundException","message":"no function Throttling-SlowDown"}"#,
            ),
            (
                None,
                r#"{"__type":"LimitExceededException","message":"10 calls in 24 hours: Rate exceeded"}"#,
            ),
            (None, "<Error><Code>NoSuchKey</Code><Key>TooManyRequestsException</Key></Error>"),
            (
                Some(("x-amzn-errortype", "ValidationException")),
                r#"{"message":"ThrottlingException"}"#,
            ),
            (None, "ThrottlingException"),
        ] {
            assert!(!answer(400, header, body), "{header:?} {body}");
        }
        assert!(!answer(200, None, r#"{"__type":"ThrottlingException"}"#));
    }
}
