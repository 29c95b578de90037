//! A lookout looks at the stored state between rounds of calls.

use async_trait::async_trait;

use crate::apply::Watch;
use crate::clock::Clock;
use crate::ledger::{LeaseIs, Ledger};
use crate::model::Direction;
use crate::pace::{Pace, Until};

/// A lookout looks whether somebody wants an operation in one direction to end.
pub(super) struct Lookout<'a, 'b> {
    pub ledger: &'b mut Ledger<'a>,
    pub clock: &'b dyn Clock,
    pub pace: &'b Pace,
    pub direction: Direction,
}

#[async_trait]
impl Watch for Lookout<'_, '_> {
    async fn look(&mut self) {
        // A state that cannot be read now decides nothing: the invocation still has its lease.
        let looked = self.pace.until(Until::LastAnswer, self.ledger.see_challenge()).await;
        if let Some(Ok(LeaseIs::Lost)) = looked {
            self.pace.fence();
            return;
        }
        // A write of this invocation may also have met the challenge and read it in.
        if self.ledger.is_challenged(self.direction, self.clock.now()) {
            self.pace.yield_now();
        }
    }
}
