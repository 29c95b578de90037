//! Why a call to AWS did not do what it was asked, as data that the plan and the report can use.

use std::error::Error;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What kind of refusal it was. Decides who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// IAM said no: a person has to grant the permission.
    Denied,
    /// Throttling, 5xx, a reset, a time-out, after the SDK's own retries.
    Transient,
    /// AWS understood and refused: asking again changes nothing.
    Refused,
    /// AWS takes only so many of these calls a day, and they are used up.
    Spent,
    /// Not sent: the operation was interrupted before this call.
    Halted,
}

/// A failed call. `Display` is one line for a person; the chain goes to the log where it is made.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Failure {
    pub class: Class,
    /// AWS's error code, where there was an answer.
    pub code: Option<String>,
    pub message: String,
}

impl Failure {
    pub fn refused(message: impl Into<String>) -> Self {
        Failure { class: Class::Refused, code: None, message: message.into() }
    }

    pub fn halted() -> Self {
        Failure {
            class: Class::Halted,
            code: None,
            message: "not begun: the operation was interrupted".into(),
        }
    }

    /// From any SDK error. `permission` is the IAM action that the call needs.
    pub fn from_sdk<E>(permission: &'static str, error: &E) -> Self
    where
        E: ProvideErrorMetadata + Error,
    {
        let failure = describe(permission, error.code(), error.message(), &root_cause(error));
        tracing::warn!(permission, code = failure.code, error = %DisplayErrorContext(error), "call failed");
        failure
    }
}

/// The answer, or `None` where AWS says that what was asked about is not there.
pub fn unless_missing<T, E>(
    permission: &'static str,
    answer: Result<T, E>,
    is_missing: fn(code: &str, message: &str) -> bool,
) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + Error,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error)
            if is_missing(
                error.code().unwrap_or_default(),
                error.message().unwrap_or_default(),
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Failure::from_sdk(permission, &error)),
    }
}

fn describe(permission: &str, code: Option<&str>, message: Option<&str>, cause: &str) -> Failure {
    let class = match code {
        Some(code) if is_denied(code) => Class::Denied,
        Some(code) if !is_transient(code) => Class::Refused,
        _ => Class::Transient,
    };
    let words = message.unwrap_or(cause);
    let message = match (class, code) {
        (Class::Denied, _) => format!("the function's role needs {permission}: {words}"),
        (_, Some(code)) => format!("{permission} answered {code}: {words}"),
        (_, None) => format!("{permission} got no answer: {words}"),
    };
    Failure { class, code: code.map(str::to_owned), message }
}

fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "UnauthorizedOperation"
            | "NotAuthorized"
    )
}

/// Codes that mean "later": the SDK's retry strategy has already tried them.
fn is_transient(code: &str) -> bool {
    code.contains("Throttl")
        || matches!(
            code,
            "TooManyRequestsException"
                | "RequestLimitExceeded"
                | "SlowDown"
                | "InternalFailure"
                | "InternalError"
                | "InternalServerError"
                | "InternalServiceError"
                | "ServiceException"
                | "ServiceUnavailable"
                | "ServiceUnavailableException"
                | "InternalServiceFault"
                | "RequestTimeout"
                | "RequestTimeoutException"
        )
}

fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_names_the_missing_permission() {
        let failure =
            describe("kinesis:UpdateShardCount", Some("AccessDeniedException"), Some("no"), "");
        assert_eq!(failure.class, Class::Denied);
        assert_eq!(failure.to_string(), "the function's role needs kinesis:UpdateShardCount: no");
    }

    #[test]
    fn throttling_is_transient_and_validation_is_not() {
        let class = |code| describe("x:Y", Some(code), Some("m"), "").class;
        assert_eq!(class("ThrottlingException"), Class::Transient);
        assert_eq!(class("TooManyRequestsException"), Class::Transient);
        assert_eq!(class("ValidationException"), Class::Refused);
        assert_eq!(class("LimitExceededException"), Class::Refused);
    }

    #[test]
    fn a_call_without_an_answer_is_transient_and_tells_the_root_cause() {
        let failure = describe("x:Y", None, None, "connection reset");
        assert_eq!((failure.class, failure.code), (Class::Transient, None));
        assert_eq!(failure.message, "x:Y got no answer: connection reset");
    }
}
