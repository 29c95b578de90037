//! A preview is a plan that nobody carries out: a status or a dry run.

use std::collections::BTreeSet;

use crate::model::Direction;
use crate::refusal::Refusal;
use crate::report::{self, Report, Row};
use crate::session::{Advice, Session};

/// Reports what a stop or a start would do, and changes nothing.
///
/// Without a direction it is a status, which reports what is there.
pub async fn run(
    mut session: Session<'_>,
    direction: Option<Direction>,
) -> Result<Report, Refusal> {
    let request = session.request;
    session.adopt_originals().await?;
    let looked_in = direction.unwrap_or(Direction::Stop);
    let planned = session.plan(looked_in, &request.only, BTreeSet::new()).await;
    let Some(mut plan) = planned else { return Err(Refusal::TooMuch) };
    session.ask_prices(&plan, Advice::Wanted);
    // A dry run writes nothing but its report.
    if session.take_prices(&mut plan, Advice::Wanted).await && direction.is_none() {
        session.save_prices().await;
    }
    let (journal, clock) = (&session.ledger.journal, &session.program.clock);
    let rows: Vec<Row> = plan
        .items
        .iter()
        .map(|item| match direction {
            Some(direction) => report::dry_row(item, direction),
            None => report::status_row(item, journal),
        })
        .collect();
    let heading = session.heading(session.turn.asked_at, direction.is_some());
    let mut report = session.report(&plan, rows, None, heading);
    if direction != Some(Direction::Start) {
        let book = &session.desk.book;
        let advice = report::advice::recommendations(&plan, book, journal, clock.now());
        report.recommendations.extend(advice);
    } else if !session.ledger.exists() && request.originals_from.is_none() {
        Session::without_state(&mut report);
    }
    if let (None, Some(schedule)) = (direction, &request.schedule) {
        session.program.metrics.checked(journal, schedule.time, clock.now());
    }
    let whereabouts = match direction {
        Some(_) => session.program.archive(&mut report, journal).await,
        None => session.program.whereabouts(),
    };
    if request.notify {
        session.program.notify(&mut report, &whereabouts).await;
    }
    Ok(report)
}
