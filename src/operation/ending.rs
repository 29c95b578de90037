//! An ending is how an invocation's part of an operation ends. This module is pure.

use crate::event::MAX_DEPTH;
use crate::journal::Challenger;
use crate::pace::Halt;
use crate::trouble::Rival;

/// An ending says what comes after the moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing is left to do.
    Over,
    /// Another invocation goes on, the one of this depth.
    GoesOn { depth: u32 },
    /// Something is left to do, and no further invocation is allowed.
    GivenUp,
    /// A newer event wants the opposite. `None`: it is not known which.
    TakenOver { by: Option<Rival> },
}

/// Decides how an invocation's part of an operation ends.
///
/// The decision rests on whether something is left to do, why no further call may begin, how many
/// invocations came before, and who wants the opposite.
pub(super) fn ending(
    is_unfinished: bool,
    halted: Option<Halt>,
    depth: u32,
    challenger: Option<&Challenger>,
) -> Ending {
    match halted {
        Some(Halt::Yield) => Ending::TakenOver { by: challenger.map(Rival::from) },
        _ if !is_unfinished => Ending::Over,
        _ if depth >= MAX_DEPTH => Ending::GivenUp,
        _ => Ending::GoesOn { depth: depth + 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Direction;
    use jiff::Timestamp;

    #[test]
    fn what_is_left_goes_on_in_another_invocation_as_long_as_there_may_be_one() {
        assert_eq!(ending(true, Some(Halt::Deadline), 0, None), Ending::GoesOn { depth: 1 });
        // An operation that does not wait is not ended by the deadline.
        assert_eq!(ending(true, None, 3, None), Ending::GoesOn { depth: 4 });
        assert_eq!(ending(true, None, MAX_DEPTH, None), Ending::GivenUp);
    }

    #[test]
    fn an_operation_with_nothing_left_is_over_however_late_it_is() {
        assert_eq!(ending(false, None, 0, None), Ending::Over);
        assert_eq!(ending(false, Some(Halt::Deadline), MAX_DEPTH, None), Ending::Over);
    }

    #[test]
    fn an_operation_that_yields_names_the_newer_one_and_never_goes_on() {
        let newer = Challenger {
            operation_id: "newer".to_owned(),
            direction: Direction::Start,
            asked_at: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
        };
        let by = Some(Rival { direction: Direction::Start, operation_id: "newer".to_owned() });
        assert_eq!(ending(true, Some(Halt::Yield), 0, Some(&newer)), Ending::TakenOver { by });
        assert_eq!(ending(false, Some(Halt::Yield), 0, None), Ending::TakenOver { by: None });
    }
}
