//! Moves are carried out here, and nothing is chosen.
//!
//! What to do is in the plan, and what became of it is for the kinds' rules to say.
//!
//! The work goes in rounds: take every step that is due, look at what may have come to its end,
//! sleep until the next look. A resource that only waits holds no worker, and is looked at less
//! often the longer it takes.

mod job;
mod rhythm;
mod stage;

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, join_all, select};
use tokio::time::Instant;
use tracing::{Instrument, info, info_span};

pub use self::job::{Finished, Job, LastLook};
pub use self::rhythm::Rhythm;
pub use self::stage::MoveOutcome;
use crate::kinds::kit::{Call, Managed, Step};
use crate::pace::{Pace, Until};

/// A watch looks whether somebody wants the operation to end.
///
/// It does so between rounds, and during long ones.
#[async_trait]
pub trait Watch: Send {
    async fn look(&mut self);
}

/// Carries out one tier's jobs. Without waiting, what does not come at once is unfinished.
pub async fn run<'a>(
    mut jobs: Vec<Job<'a>>,
    pace: &Pace,
    rhythm: Rhythm,
    watch: &mut dyn Watch,
) -> Vec<Finished<'a>> {
    loop {
        watched(round(&mut jobs, pace, rhythm), watch, rhythm).await;
        if jobs.iter().all(Job::is_over) || pace.halted().is_some() || !rhythm.wait {
            break;
        }
        let next = jobs.iter().filter_map(Job::next_moment).min();
        pause(next.unwrap_or_else(Instant::now), pace, watch, rhythm).await;
        if pace.halted().is_some() {
            break;
        }
        look_around(&mut jobs, Instant::now() + rhythm.slack(), pace, rhythm).await;
    }
    jobs.into_iter().map(Job::finish).collect()
}

/// Takes every due step, and looks at those that can be done by now.
async fn round(jobs: &mut [Job<'_>], pace: &Pace, rhythm: Rhythm) {
    while pace.halted().is_none() && jobs.iter().any(Job::is_due) {
        take_steps(jobs, pace, rhythm).await;
        look_around(jobs, Instant::now(), pace, rhythm).await;
    }
}

/// Sleeps, and looks now and then whether somebody wants the operation to end.
///
/// The sleep ends at once if somebody does.
pub async fn pause(until: Instant, pace: &Pace, watch: &mut dyn Watch, rhythm: Rhythm) {
    while pace.halted().is_none() {
        let next = (Instant::now() + rhythm.poll).min(until);
        pace.sleep_until(next).await;
        watch.look().await;
        if next >= until {
            break;
        }
    }
}

/// Does the work, and looks meanwhile whether somebody wants it to end.
///
/// Thousands of calls at the rate that AWS takes are one round of minutes.
async fn watched<T>(work: impl Future<Output = T>, watch: &mut dyn Watch, rhythm: Rhythm) -> T {
    match select(pin!(work), pin!(look_for_ever(watch, rhythm.watch()))).await {
        Either::Left((done, _)) => done,
        Either::Right((never, _)) => match never {},
    }
}

async fn look_for_ever(watch: &mut dyn Watch, every: Duration) -> Infallible {
    loop {
        tokio::time::sleep(every).await;
        watch.look().await;
    }
}

/// Groups the wanted jobs by their kind.
fn by_kind<'j, 'a>(
    jobs: &'j mut [Job<'a>],
    wanted: impl Fn(&Job<'a>) -> bool,
) -> Vec<(&'a dyn Managed, Vec<&'j mut Job<'a>>)> {
    let mut groups: Vec<(&'a dyn Managed, Vec<&'j mut Job<'a>>)> = Vec::new();
    for job in jobs.iter_mut().filter(|job| wanted(job)) {
        match groups.iter_mut().find(|(kind, _)| kind.info().name == job.id.kind) {
            Some((_, group)) => group.push(job),
            None => groups.push((job.kind, vec![job])),
        }
    }
    groups
}

async fn take_steps(jobs: &mut [Job<'_>], pace: &Pace, rhythm: Rhythm) {
    for job in jobs.iter_mut().filter(|job| job.is_due()) {
        let Some(step) = job.step() else { continue };
        info_span!("resource", kind = %job.id.kind, name = job.id.name)
            .in_scope(|| info!(%step, "step"));
        if matches!(step, Step::Wait(_)) {
            job.begin_waiting(rhythm);
        }
    }
    join_all(by_kind(jobs, Job::is_due).into_iter().map(|(kind, mut group)| async move {
        let tasks: Vec<(String, Call)> = group
            .iter()
            .filter_map(|job| Some((job.id.name.clone(), job.call()?.clone())))
            .collect();
        let span = info_span!("steps", kind = %kind.info().name, count = tasks.len());
        match pace.until(Until::LastAnswer, kind.perform(&tasks, pace).instrument(span)).await {
            Some(answers) => group
                .iter_mut()
                .zip(answers)
                .for_each(|(job, answer)| job.answered(Some(answer), rhythm)),
            None => group.iter_mut().for_each(|job| job.answered(None, rhythm)),
        }
    }))
    .await;
}

/// Looks at the jobs whose look is due by that moment.
async fn look_around(jobs: &mut [Job<'_>], by: Instant, pace: &Pace, rhythm: Rhythm) {
    join_all(by_kind(jobs, |job| job.is_to_be_looked_at(by)).into_iter().map(
        |(kind, mut group)| async move {
            let tasks: Vec<(String, Step)> = group
                .iter()
                .filter_map(|job| Some((job.id.name.clone(), job.step()?.clone())))
                .collect();
            let span = info_span!("looks", kind = %kind.info().name, count = tasks.len());
            if let Some(looks) =
                pace.until(Until::LastAnswer, kind.look(&tasks, pace).instrument(span)).await
            {
                for (job, look) in group.iter_mut().zip(looks) {
                    let span = info_span!("resource", kind = %job.id.kind, name = job.id.name);
                    span.in_scope(|| job.looked(look, rhythm));
                }
            }
        },
    ))
    .await;
}

#[cfg(test)]
mod tests;
