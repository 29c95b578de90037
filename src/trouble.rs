//! A trouble is what stood in an operation's way as a whole. A report's `errors` are troubles.
//!
//! Whoever decides something by a trouble reads its variant. The words are for people.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::failure::Failure;
use crate::journal::Challenger;
use crate::model::{Direction, KindName};

/// A trouble says why an operation did less than it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Trouble {
    /// No resource of this kind could be looked at.
    #[error("{kind}: {failure}")]
    KindUnseen { kind: KindName, failure: Failure },
    /// The tags that say what is to be kept could not be read.
    #[error("tags: {0}")]
    TagsUnseen(Failure),
    /// A selector of the event's `only` means nothing that is there or owed.
    #[error("{0} in `only` selects nothing: no such resource is managed, reported or owed")]
    SelectsNothing(String),
    /// The start had no saved state.
    #[error(
        "there is no saved state: nothing was stopped by this function, so there is nothing to start"
    )]
    NoState,
    /// The operation yielded to a newer event, which decides about what is left undone.
    #[error("{}", taken_over(.by.as_ref()))]
    TakenOver { by: Option<Rival> },
    /// The operation has gone on as often as it may.
    #[error(
        "given up after {continuations} continuations: what is pending is left to the next event"
    )]
    GivenUp { continuations: u32 },
    /// Lambda refused to call the function again.
    #[error("the rest could not be handed on: {0}")]
    NotHandedOn(Failure),
    /// The report is not in the bucket.
    #[error("this report could not be kept: {0}")]
    NotKept(Failure),
    /// The report's page is not in the bucket.
    #[error("this report's page could not be kept: {0}")]
    PageNotKept(Failure),
    /// The message was not taken.
    #[error("this report could not be sent: {0}")]
    NotSent(Failure),
    /// The event came once more after its operation had ended.
    #[error("operation {operation_id} is over: its report is kept")]
    AlreadyOver { operation_id: String },
    /// The event came once more while its operation is at work.
    #[error("a later invocation goes on with it")]
    GoesOnElsewhere,
    /// A newer operation in the other direction has begun before this one did.
    #[error("the newer {0} took its place")]
    Replaced(Rival),
    /// A newer operation in the other direction waits for its turn.
    #[error("the newer {0} takes its place")]
    Outrun(Rival),
    /// Another operation holds the lease.
    #[error("operation {holder} is at work, until {until} at the latest{then}")]
    Busy { holder: String, until: Timestamp, then: AfterBusy },
}

/// A rival is a newer operation in the other direction.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{direction} {operation_id}")]
pub struct Rival {
    pub direction: Direction,
    pub operation_id: String,
}

/// Says how an operation ends that found another one at work all the time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AfterBusy {
    /// The next invocation waits on.
    #[error(": this one begins after it")]
    WaitsOn,
    /// The operation has waited as often as it may.
    #[error(": send the event again then")]
    GivesUp,
    /// Lambda refused to call the function again.
    #[error("; {}", Trouble::NotHandedOn(.0.clone()))]
    NotHandedOn(Failure),
}

impl From<&Challenger> for Rival {
    fn from(challenger: &Challenger) -> Self {
        let operation_id = challenger.operation_id.clone();
        Rival { direction: challenger.direction, operation_id }
    }
}

fn taken_over(by: Option<&Rival>) -> String {
    match by {
        Some(Rival { direction, operation_id }) => {
            format!("a newer {direction} took over: operation {operation_id}")
        }
        None => "a newer event took over".to_owned(),
    }
}

impl Trouble {
    /// Hands out the failed call behind the trouble, if there is one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Trouble::KindUnseen { failure, .. }
            | Trouble::TagsUnseen(failure)
            | Trouble::NotHandedOn(failure)
            | Trouble::NotKept(failure)
            | Trouble::PageNotKept(failure)
            | Trouble::NotSent(failure)
            | Trouble::Busy { then: AfterBusy::NotHandedOn(failure), .. } => Some(failure),
            Trouble::SelectsNothing(_)
            | Trouble::NoState
            | Trouble::TakenOver { .. }
            | Trouble::GivenUp { .. }
            | Trouble::AlreadyOver { .. }
            | Trouble::GoesOnElsewhere
            | Trouble::Replaced(_)
            | Trouble::Outrun(_)
            | Trouble::Busy { .. } => None,
        }
    }
}

/// A trouble is written as its sentence.
impl Serialize for Trouble {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::kinesis;

    fn failure() -> Failure {
        Failure::refused("it failed")
    }

    fn rival() -> Rival {
        Rival { direction: Direction::Start, operation_id: "0f4c".to_owned() }
    }

    fn busy(then: AfterBusy) -> Trouble {
        let until = "2026-11-23T18:15:03Z".parse().unwrap();
        Trouble::Busy { holder: "0f4c".to_owned(), until, then }
    }

    /// Makes one of every variant, with its sentence.
    fn all() -> Vec<(Trouble, &'static str)> {
        vec![
            (
                Trouble::KindUnseen { kind: kinesis::INFO.name, failure: failure() },
                "kinesis: it failed",
            ),
            (Trouble::TagsUnseen(failure()), "tags: it failed"),
            (
                Trouble::SelectsNothing("lambda:shop-b".to_owned()),
                "lambda:shop-b in `only` selects nothing: no such resource is managed, reported or owed",
            ),
            (
                Trouble::NoState,
                "there is no saved state: nothing was stopped by this function, so there is nothing to start",
            ),
            (Trouble::TakenOver { by: Some(rival()) }, "a newer start took over: operation 0f4c"),
            (Trouble::TakenOver { by: None }, "a newer event took over"),
            (
                Trouble::GivenUp { continuations: 12 },
                "given up after 12 continuations: what is pending is left to the next event",
            ),
            (Trouble::NotHandedOn(failure()), "the rest could not be handed on: it failed"),
            (Trouble::NotKept(failure()), "this report could not be kept: it failed"),
            (Trouble::PageNotKept(failure()), "this report's page could not be kept: it failed"),
            (Trouble::NotSent(failure()), "this report could not be sent: it failed"),
            (
                Trouble::AlreadyOver { operation_id: "0f4c".to_owned() },
                "operation 0f4c is over: its report is kept",
            ),
            (Trouble::GoesOnElsewhere, "a later invocation goes on with it"),
            (Trouble::Replaced(rival()), "the newer start 0f4c took its place"),
            (Trouble::Outrun(rival()), "the newer start 0f4c takes its place"),
            (
                busy(AfterBusy::WaitsOn),
                "operation 0f4c is at work, until 2026-11-23T18:15:03Z at the latest: this one begins after it",
            ),
            (
                busy(AfterBusy::GivesUp),
                "operation 0f4c is at work, until 2026-11-23T18:15:03Z at the latest: send the event again then",
            ),
            (
                busy(AfterBusy::NotHandedOn(failure())),
                "operation 0f4c is at work, until 2026-11-23T18:15:03Z at the latest; the rest could not be handed on: it failed",
            ),
        ]
    }

    #[test]
    fn each_trouble_has_its_sentence_in_texts_and_in_json() {
        for (trouble, sentence) in all() {
            assert_eq!(trouble.to_string(), sentence);
            assert_eq!(serde_json::to_value(&trouble).unwrap(), sentence);
        }
    }

    #[test]
    fn a_trouble_that_tells_of_a_failure_hands_it_out() {
        for (trouble, sentence) in all() {
            let tells_of_it = sentence.ends_with(&failure().to_string());
            assert_eq!(trouble.failure(), tells_of_it.then(failure).as_ref(), "{sentence}");
        }
    }
}
