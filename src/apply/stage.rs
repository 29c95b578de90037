//! Each stage of a job holds what is known in it, and in no other.
//!
//! ```text
//!  ┌─ next step, or other steps instead ─┐
//!  ▼                                     │
//! Due ───────── the step is taken ────▶ Taken ──── no step is left, or one failed ───▶ Over
//!  ▲                                     │
//!  └─ the call failed, and is sent again ┘
//! ```

use std::mem;
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

/// A move's outcome says what became of one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum MoveOutcome {
    /// Every step was taken and its effect was seen.
    Done,
    Failed(Failure),
    /// The operation ended before the move did, which waits for this.
    Unfinished(String),
    /// The move has shown this, for which the resource is to be decided about anew.
    Undecided(String),
}

/// A stage says how far the step at hand has come.
#[derive(Debug)]
pub enum Stage {
    Due(Due),
    Taken(Taken),
    Over(MoveOutcome),
}

/// A due step is to be taken.
#[derive(Debug)]
pub struct Due {
    pub not_before: Instant,
    pub history: History,
}

/// A taken step is to show its effect.
#[derive(Debug)]
pub struct Taken {
    pub next_look: Instant,
    /// The time from the last look to the next.
    pub wait: Duration,
    /// `None`: AWS took the call or gave no answer, or there was nothing to send.
    pub objection: Option<Objection>,
    pub history: History,
}

/// An objection is an answer after which a call's effect is not to be expected.
#[derive(Debug)]
pub enum Objection {
    /// AWS refused the call for good, and the rules say what follows.
    Refused(Failure),
    /// The answer was an error, which is believed only if a look shows no effect.
    Failed {
        failure: Failure,
        /// A look has shown an effect: the call is among those that were made.
        was_made: bool,
    },
}

/// A history is what one step has been through, however often it was taken.
#[derive(Debug, Default)]
pub struct History {
    pub failed_tries: u32,
    pub signless_looks: u32,
    /// The step waits for this, in words. Empty: for its turn.
    pub waits_for: String,
}

impl Taken {
    pub fn refusal(&self) -> Option<&Failure> {
        match &self.objection {
            Some(Objection::Refused(failure)) => Some(failure),
            _ => None,
        }
    }

    /// Takes note that a look shows an effect. True: the answer was an error, and yet it worked.
    pub fn disproves_an_error(&mut self) -> bool {
        match &mut self.objection {
            Some(Objection::Failed { was_made, .. }) => !mem::replace(was_made, true),
            _ => false,
        }
    }
}

impl Objection {
    pub fn into_failure(self) -> Failure {
        match self {
            Objection::Refused(failure) | Objection::Failed { failure, .. } => failure,
        }
    }
}
