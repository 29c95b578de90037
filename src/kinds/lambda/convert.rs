//! These functions translate what the Lambda API says into the words of this kind.

use aws_sdk_lambda::types::{Architecture, EventSourceMappingConfiguration};

use super::data::{Mapping, MappingState, Size};
use crate::failure::{Class, Failure};

pub(super) fn is_missing(code: &str, _: &str) -> bool {
    matches!(code, "ResourceNotFoundException" | "ProvisionedConcurrencyConfigNotFoundException")
}

/// Marks the refusals that pass by themselves as transient.
///
/// AWS refuses to change what is in transition, and a reservation that is below the provisioned
/// concurrency, while that is still being removed.
pub(super) fn classify(failure: Failure) -> Failure {
    let passes = match failure.code.as_deref() {
        Some("ResourceInUseException" | "ResourceConflictException") => true,
        Some("InvalidParameterValueException") => {
            failure.message.contains("total provisioned concurrency")
        }
        _ => false,
    };
    if passes { Failure { class: Class::Transient, ..failure } } else { failure }
}

/// Tells whether the account has too little concurrency left for a reservation
/// (docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html).
pub(super) fn is_too_much(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("InvalidParameterValueException")
        && failure.message.contains("UnreservedConcurrentExecution")
}

pub(super) fn size(memory: Option<i32>, architectures: &[Architecture]) -> Option<Size> {
    let memory_mb = memory?.try_into().ok()?;
    Some(Size { memory_mb, is_arm: architectures.contains(&Architecture::Arm64) })
}

pub(super) fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// Returns the name in a function's ARN, which may end in a qualifier.
pub(super) fn function_name(arn: &str) -> Option<&str> {
    arn.split(':').nth(6)
}

pub(super) fn mapping_of(found: &EventSourceMappingConfiguration) -> Option<Mapping> {
    mapping_in(found.state(), found.event_source_arn())
}

/// Makes a mapping from its state and its source. `None`: it is being deleted.
pub(super) fn mapping_in(state: Option<&str>, source_arn: Option<&str>) -> Option<Mapping> {
    let state = state.filter(|state| *state != "Deleting")?;
    Some(Mapping {
        source: source_arn.map_or_else(|| "self-managed Kafka".to_owned(), source),
        state: MappingState::parse(state),
    })
}

/// Tells the source of an ARN in words: `sqs orders`, of a queue.
fn source(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        [_, _, service, _, _, resource] => format!("{service} {resource}"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_its_arn_with_and_without_a_qualifier() {
        assert_eq!(
            function_name("arn:aws:lambda:us-east-1:123456789012:function:work"),
            Some("work")
        );
        assert_eq!(
            function_name("arn:aws:lambda:us-east-1:123456789012:function:work:live"),
            Some("work")
        );
    }

    #[test]
    fn a_source_is_told_by_its_service_and_name() {
        assert_eq!(source("arn:aws:sqs:us-east-1:123456789012:orders"), "sqs orders");
        assert_eq!(
            source("arn:aws:kinesis:us-east-1:123456789012:stream/events"),
            "kinesis stream/events"
        );
    }
}
