//! Lambda functions: reserved concurrency 0 in the evening, what was there in the morning.
//!
//! Reserved concurrency is unset, 0 or a number, and the three are different things: unset shares
//! the account's pool, 0 lets nothing run
//! (docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).

pub mod remote;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Case, Decision, Info, Progress, Rules, Tier, Verdict};
use crate::journal::Phase;
use crate::model::{KindName, Rate, Standing, State};
use crate::pricing::PriceBook;

pub const INFO: Info = Info {
    name: KindName::new("lambda"),
    title: "Lambda functions",
    variable: "LAMBDA_FUNCTIONS",
    tagging_type: "lambda:function",
    arn_prefix: "function:",
    tier: Tier::Functions,
    permissions: &[
        "lambda:ListFunctions",
        "lambda:GetFunctionConcurrency",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
    ],
};

/// Reserved concurrency. `None`: unset.
type Reserved = Option<u32>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub reserved: Reserved,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub reserved: Reserved,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub reserve: Reserved,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reserve {
            Some(n) => write!(f, "set reserved concurrency to {n}"),
            None => f.write_str("remove the reserved concurrency"),
        }
    }
}

const STOPPED: Reserved = Some(0);

type Decided = Decision<Seen, Original, Step>;

pub struct Functions;

impl Rules for Functions {
    type Seen = Seen;
    type Original = Original;
    type Step = Step;

    const INFO: &'static Info = &INFO;

    /// Neither a reservation nor its absence costs anything: a function bills by its invocations.
    fn standing(seen: Option<&Seen>, _: &PriceBook) -> Standing {
        match seen {
            None => Standing::new(State::Stopped, "deleted", Rate::ZERO),
            Some(Seen { reserved: STOPPED }) => Standing::new(State::Stopped, words(STOPPED), Rate::ZERO),
            Some(seen) => Standing::new(State::Running, words(seen.reserved), Rate::ZERO),
        }
    }

    fn stop(case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return gone(case) };
        let to_zero = vec![Step { reserve: STOPPED }];
        let zero = Some(Seen { reserved: STOPPED });
        match &case.held {
            None if seen.reserved == STOPPED => {
                Decision::leave(Verdict::AlreadyStopped, "a person had set it to 0: it stays so")
            }
            None => Decision::take(Original { reserved: seen.reserved }, to_zero, zero),
            Some(held) if seen.reserved == STOPPED => match held.phase {
                Phase::Stopped => Decision::leave(Verdict::AlreadyStopped, ""),
                _ => Decision::keep(Vec::new(), zero),
            },
            Some(held) if held.phase != Phase::Stopped && seen.reserved == held.original.reserved => {
                Decision::keep(to_zero, zero)
            }
            Some(_) => Decision::take(Original { reserved: seen.reserved }, to_zero, zero)
                .because(format!("a person had set it to {} since the last stop", words(seen.reserved))),
        }
    }

    fn start(case: &Case<Seen, Original>) -> Decided {
        let Some(seen) = case.seen else { return gone(case) };
        let Some(held) = &case.held else {
            return match seen.reserved {
                STOPPED => Decision::leave(Verdict::Skipped, "a person had set it to 0: it stays so"),
                _ => Decision::leave(Verdict::AlreadyRunning, ""),
            };
        };
        let original = held.original.reserved;
        let after = Some(Seen { reserved: original });
        if seen.reserved == STOPPED {
            return Decision::keep(vec![Step { reserve: original }], after);
        }
        match held.phase {
            Phase::Starting if seen.reserved == original => Decision::keep(Vec::new(), after),
            Phase::Stopping if seen.reserved == original => {
                Decision::leave(Verdict::Released, "it had not been stopped")
            }
            _ => {
                Decision::leave(Verdict::Released, format!("a person set it to {}: it stays so", words(seen.reserved)))
            }
        }
    }

    fn progress(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
        match seen {
            None => Progress::Failed("the function was deleted".to_owned()),
            Some(seen) if seen.reserved == step.reserve => Progress::Done,
            Some(_) => Progress::NotBegun,
        }
    }
}

fn gone(case: &Case<Seen, Original>) -> Decided {
    match case.held {
        Some(_) => Decision::leave(Verdict::Released, "it was deleted since: there is nothing to bring back"),
        None => Decision::leave(Verdict::Skipped, "it was deleted while this operation looked at it"),
    }
}

fn words(reserved: Reserved) -> String {
    match reserved {
        None => "unreserved".to_owned(),
        Some(n) => format!("reserved {n}"),
    }
}

#[cfg(test)]
#[path = "lambda_tests.rs"]
mod tests;
