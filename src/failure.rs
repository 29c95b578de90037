//! A failure says, as data, why a call to AWS did not do its work.

use std::error::Error;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A failure's class decides who can do something about the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// IAM said no: a person has to grant the permission.
    Denied,
    /// The cause passes: throttling, 5xx, a reset or a time-out. The SDK has tried again in vain.
    Transient,
    /// AWS understood and refused: asking again changes nothing.
    Refused,
    /// The call is a rationed one, and AWS takes no more of them today.
    Spent,
    /// The call was not sent, because the operation was interrupted before.
    Halted,
}

/// A failure says why one call did not do its work.
///
/// `Display` is one line for a person. The log has the whole chain of causes.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Failure {
    pub class: Class,
    /// AWS answered with this error code. `None`: there was no answer, or no call.
    pub code: Option<String>,
    /// The call needs this IAM action. `None`: the failure is not of a call.
    pub permission: Option<String>,
    /// IAM said which role it refused access to which resource.
    pub denial: Option<Box<Denial>>,
    /// A person reads these words. Nothing is decided by them.
    pub message: String,
}

/// A denial says what a person needs to know to grant the refused permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The role of this name made the call.
    pub role: String,
    /// The call was about the resource with this ARN.
    pub resource: String,
    /// A policy denies the action explicitly, so that no grant can allow it.
    pub is_explicit: bool,
}

impl Failure {
    /// Makes a failure that the same call would meet again, in the program's own words.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::in_words(Class::Refused, message)
    }

    /// Makes a failure that passes, in the program's own words.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::in_words(Class::Transient, message)
    }

    /// Makes the failure of a call that an interrupted operation did not send.
    pub fn halted() -> Self {
        Self::in_words(Class::Halted, "not begun: the operation was interrupted")
    }

    fn in_words(class: Class, message: impl Into<String>) -> Self {
        Failure { class, code: None, permission: None, denial: None, message: message.into() }
    }

    /// Describes any SDK error. `permission` is the IAM action that the call needs.
    pub fn from_sdk<E>(permission: &'static str, error: &E) -> Self
    where
        E: ProvideErrorMetadata + Error,
    {
        let cause = root_cause(error);
        let failure = Self::of_answer(permission, error.code(), error.message(), &cause);
        tracing::warn!(permission, code = failure.code, error = %DisplayErrorContext(error), "call failed");
        failure
    }

    /// Describes AWS's answer. `cause` tells what happened where no answer came.
    pub(crate) fn of_answer(
        permission: &str,
        code: Option<&str>,
        message: Option<&str>,
        cause: &str,
    ) -> Self {
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
        Failure {
            class,
            code: code.map(str::to_owned),
            permission: Some(permission.to_owned()),
            denial: Denial::read(words).filter(|_| class == Class::Denied).map(Box::new),
            message,
        }
    }

    /// Puts words before the failure's own that say what the call was about.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        Failure { message: format!("{what}: {}", self.message), ..self }
    }
}

impl Denial {
    /// Reads what IAM says when it refuses.
    ///
    /// `User: arn:aws:sts::123456789012:assumed-role/ROLE/SESSION is not authorized to perform:
    /// ACTION on resource: ARN because no identity-based policy allows the ACTION action`
    /// (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
    fn read(words: &str) -> Option<Self> {
        let (_, role) = words.split_once(":assumed-role/")?;
        let (_, resource) = words.split_once(" on resource: ")?;
        Some(Denial {
            role: role.split('/').next()?.to_owned(),
            resource: resource.split_whitespace().next()?.to_owned(),
            is_explicit: words.contains("with an explicit deny"),
        })
    }
}

/// Turns AWS's "there is no such thing" into `None`.
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

/// Tells whether IAM refused the call.
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

/// Tells whether the same call may succeed later. The SDK has already tried it again.
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
                | "InternalServiceException"
                | "ServerException"
                | "ConcurrentUpdateException"
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

    fn denied(words: &str) -> Failure {
        let code = Some("AccessDeniedException");
        Failure::of_answer("kinesis:UpdateShardCount", code, Some(words), "")
    }

    #[test]
    fn a_denied_call_names_the_missing_permission() {
        let failure = denied("no");
        assert_eq!(failure.class, Class::Denied);
        assert_eq!(failure.to_string(), "the function's role needs kinesis:UpdateShardCount: no");
        assert_eq!(failure.permission.as_deref(), Some("kinesis:UpdateShardCount"));
        assert_eq!(failure.denial, None, "the words tell no role");
    }

    #[test]
    fn iams_words_tell_the_role_and_the_resource() {
        let words = |because: &str| {
            format!(
                "User: arn:aws:sts::123456789012:assumed-role/shop-role/shop-manager is not authorized to perform: \
                 kinesis:UpdateShardCount on resource: arn:aws:kinesis:us-east-1:123456789012:stream/a because {because}"
            )
        };
        let denial = |is_explicit| Denial {
            role: "shop-role".to_owned(),
            resource: "arn:aws:kinesis:us-east-1:123456789012:stream/a".to_owned(),
            is_explicit,
        };
        let read = |because| denied(&words(because)).denial.map(|denial| *denial);
        assert_eq!(read("no identity-based policy allows the action"), Some(denial(false)));
        assert_eq!(read("of a policy with an explicit deny"), Some(denial(true)));
    }

    #[test]
    fn words_like_iams_are_no_denial_where_the_code_is_another() {
        let words = "assumed-role:x:assumed-role/r/s on resource: arn:x";
        let failure = Failure::of_answer("x:Y", Some("ValidationException"), Some(words), "");
        assert_eq!((failure.class, failure.denial), (Class::Refused, None));
    }

    #[test]
    fn words_before_a_failure_change_none_of_its_facts() {
        let (plain, told) = (denied("no"), denied("no").about("a policy"));
        assert_eq!(told.message, format!("a policy: {plain}"));
        assert_eq!(Failure { message: plain.message.clone(), ..told }, plain);
    }

    #[test]
    fn a_failure_comes_back_whole_from_what_a_kind_saw() {
        let words = "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: x:Y on resource: arn:x";
        let failure = denied(words);
        let json = serde_json::to_value(&failure).unwrap();
        assert_eq!(serde_json::from_value::<Failure>(json).unwrap(), failure);
        assert!(failure.denial.is_some());
    }

    #[test]
    fn throttling_is_transient_and_validation_is_not() {
        let class = |code| Failure::of_answer("x:Y", Some(code), Some("m"), "").class;
        assert_eq!(class("ThrottlingException"), Class::Transient);
        assert_eq!(class("TooManyRequestsException"), Class::Transient);
        // ECS and Application Auto Scaling answer so.
        for code in ["ServerException", "InternalServiceException", "ConcurrentUpdateException"] {
            assert_eq!(class(code), Class::Transient, "{code}");
        }
        assert_eq!(class("ValidationException"), Class::Refused);
        assert_eq!(class("LimitExceededException"), Class::Refused);
    }

    #[test]
    fn a_call_without_an_answer_is_transient_and_tells_the_root_cause() {
        let failure = Failure::of_answer("x:Y", None, None, "connection reset");
        assert_eq!((failure.class, failure.code), (Class::Transient, None));
        assert_eq!(failure.message, "x:Y got no answer: connection reset");
    }
}
