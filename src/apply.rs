//! Carries out moves. No choices: what to do is in the plan, what became of it is for the kinds'
//! rules to say.
//!
//! It works in rounds: take every step that is due, look at what may have come to its end, sleep
//! until the next look. A resource that only waits holds no worker, and is looked at less often the
//! longer it takes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, join_all, select};
use tokio::time::Instant;
use tracing::{Instrument, info, info_span, warn};

use crate::failure::{Class, Failure};
use crate::kinds::kit::{Call, Managed, Seen, Step};
use crate::kinds::remote::Answer;
use crate::kinds::rules::{Effect, Progress};
use crate::model::ResourceId;
use crate::pace::{Pace, Until};

/// Looks whether somebody wants the operation to end, between rounds and during long ones.
#[async_trait]
pub trait Watch: Send {
    async fn look(&mut self);
}

/// What became of one resource's move.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every step was taken and its effect was seen.
    Done,
    Failed(Failure),
    /// The operation ended before the move did. What it waits for.
    Unfinished(String),
}

/// What the last look showed. `None`: the resource was not there.
#[derive(Debug, Clone, PartialEq)]
pub struct LastLook(pub Option<Seen>);

/// How a move ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended<'a> {
    pub id: &'a ResourceId,
    pub outcome: Outcome,
    pub last: Option<LastLook>,
    /// What did not go straight: for the report.
    pub remarks: Vec<String>,
    /// When the calls were answered that AWS takes only so many of a day.
    pub counted: Vec<Instant>,
    /// AWS takes no more of them today.
    pub is_spent: bool,
}

/// How a step may be tried again within one operation, after failures that pass.
const TRIES: u32 = 5;
/// Looks after which an accepted call should show. AWS's answers are eventually consistent.
const LOOKS_WITHOUT_A_SIGN: u32 = 8;
/// What takes long is looked at less and less often …
const BACK_OFF: f64 = 1.5;
/// … but never so seldom that its end is missed by more than a minute, or four polls if that is
/// less.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT_IN_POLLS: u32 = 4;
/// How seldom a long round looks for somebody who wants it to end, at least.
const SHORTEST_WATCH: Duration = Duration::from_secs(5);

/// How an operation waits.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// From a step to the first look, and how often somebody who wants it to end is looked for.
    pub poll: Duration,
    /// False: what does not come at once is unfinished.
    pub wait: bool,
}

impl Rhythm {
    /// After a look that showed nothing new.
    pub fn longer(self, wait: Duration) -> Duration {
        wait.mul_f64(BACK_OFF)
            .min((self.poll * LONGEST_WAIT_IN_POLLS).min(LONGEST_WAIT))
            .max(self.poll)
    }

    /// Those that are due so soon after each other are looked at together: a kind that can list
    /// what is in transition looks at one as at all.
    fn slack(self) -> Duration {
        self.poll / 2
    }
}

/// One resource on its way.
pub struct Job<'a> {
    pub id: &'a ResourceId,
    pub kind: &'a dyn Managed,
    steps: VecDeque<Step>,
    stage: Stage,
    /// When its step is to be taken, or looked for.
    not_before: Instant,
    /// From its last look to its next.
    wait: Duration,
    tries: u32,
    signless_looks: u32,
    /// The last answer that was an error. Believed only if a look shows no effect.
    doubt: Option<Failure>,
    /// AWS refused the call for good, and the rules say what follows.
    refused: Option<Failure>,
    waits_for: String,
    last: Option<LastLook>,
    remarks: Vec<String>,
    counted: Vec<Instant>,
    /// The last call is not among them, and may have worked nevertheless.
    is_uncounted: bool,
    is_spent: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The first of the steps is to be taken.
    Due,
    /// It was taken: its effect is to be seen.
    Taken,
    Over(Outcome),
}

impl<'a> Job<'a> {
    pub fn new(id: &'a ResourceId, kind: &'a dyn Managed, steps: Vec<Step>) -> Self {
        let mut job = Job {
            id,
            kind,
            steps: steps.into(),
            stage: Stage::Due,
            not_before: Instant::now(),
            wait: Duration::ZERO,
            tries: 0,
            signless_looks: 0,
            doubt: None,
            refused: None,
            waits_for: String::new(),
            last: None,
            remarks: Vec::new(),
            counted: Vec::new(),
            is_uncounted: false,
            is_spent: false,
        };
        job.settle();
        job
    }

    /// Whether its step is to be taken now.
    fn is_due(&self) -> bool {
        self.stage == Stage::Due && self.not_before <= Instant::now()
    }

    /// Whether it is to be looked at at that moment.
    fn is_to_be_looked_at(&self, at: Instant) -> bool {
        self.stage == Stage::Taken && self.not_before <= at
    }

    /// How it shows that its next step was taken.
    fn effect(&self) -> Effect {
        self.steps.front().map_or(Effect::AtOnce, |step| self.kind.effect(step))
    }

    /// The step was taken, as far as that is known. Where nothing can show yet, the look can wait.
    fn taken(&mut self, rhythm: Rhythm) {
        self.stage = Stage::Taken;
        self.wait = rhythm.poll;
        let is_answered_with_error = self.doubt.is_some() || self.refused.is_some();
        let shows_now = is_answered_with_error || self.effect() == Effect::AtOnce || !rhythm.wait;
        self.not_before = Instant::now() + if shows_now { Duration::ZERO } else { self.wait };
        if !shows_now {
            "AWS to show the change".clone_into(&mut self.waits_for);
        }
    }

    /// The call that its step sends.
    fn task(&self) -> Option<(String, Call)> {
        match self.steps.front()? {
            Step::Call(call) => Some((self.id.name.clone(), call.clone())),
            Step::Wait(_) | Step::GiveUp(_) => None,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    /// Without steps there is nothing left to do.
    fn settle(&mut self) {
        match self.steps.front() {
            None => self.stage = Stage::Over(Outcome::Done),
            Some(Step::GiveUp(why)) => self.fail(Failure::refused(why)),
            Some(Step::Call(_) | Step::Wait(_)) => {}
        }
    }

    /// Goes on with the next step. One that sends nothing, and only waits for what this very look
    /// may have shown, has been taken by that.
    fn next_step(&mut self, seen: Option<&Seen>, rhythm: Rhythm) {
        self.steps.pop_front();
        self.begin_step();
        if self.stage == Stage::Due && self.effect() == Effect::Awaited {
            self.taken(rhythm);
            self.judge(seen, rhythm);
        }
    }

    /// What the step before was answered and how often it was tried says nothing of the next.
    fn begin_step(&mut self) {
        (self.stage, self.tries, self.signless_looks) = (Stage::Due, 0, 0);
        (self.doubt, self.refused) = (None, None);
        self.not_before = Instant::now();
        self.waits_for.clear();
        self.is_uncounted = false;
        self.settle();
    }

    /// Takes in the answer to a call. `None`: it was cut off, and may have worked or not.
    fn answered(&mut self, answer: Option<Answer<Seen, Call>>, rhythm: Rhythm) {
        // AWS does not count what it refuses. Whether an error was a refusal, the next look shows.
        match answer {
            Some(Answer::Failed(failure)) if failure.class == Class::Halted => {
                self.is_uncounted = false;
            }
            Some(Answer::Failed(failure)) => {
                self.is_uncounted = true;
                self.doubt = Some(failure);
                self.taken(rhythm);
            }
            Some(Answer::Refused(failure)) => {
                self.is_uncounted = false;
                (self.doubt, self.refused) = (None, Some(failure));
                self.taken(rhythm);
            }
            Some(Answer::Accepted) => self.accepted(rhythm),
            Some(Answer::Partly { call, remark }) => {
                self.remarks.push(remark);
                if let Some(step) = self.steps.front_mut() {
                    *step = Step::Call(call);
                }
                self.accepted(rhythm);
            }
            Some(Answer::Shown(seen)) => {
                self.accepted(rhythm);
                self.looked(Ok(Some(seen)), rhythm);
            }
            None => {
                self.count();
                self.taken(rhythm);
            }
        }
    }

    fn accepted(&mut self, rhythm: Rhythm) {
        self.count();
        self.doubt = None;
        self.taken(rhythm);
    }

    /// Remembers the call, where AWS takes only so many of it a day.
    fn count(&mut self) {
        self.is_uncounted = false;
        if self.steps.front().is_some_and(|step| self.kind.is_counted(step)) {
            self.counted.push(Instant::now());
        }
    }

    /// Takes in what a look showed after a step was taken.
    fn looked(&mut self, look: Result<Option<Seen>, Failure>, rhythm: Rhythm) {
        self.not_before = Instant::now() + self.wait;
        match look {
            Ok(seen) => {
                self.last = Some(LastLook(seen.clone()));
                self.judge(seen.as_ref(), rhythm);
            }
            // The account did not answer; the step is not judged by that.
            Err(failure) if failure.class == Class::Transient => {}
            Err(failure) => self.fail(failure),
        }
    }

    fn judge(&mut self, seen: Option<&Seen>, rhythm: Rhythm) {
        let Some(step) = self.steps.front() else { return };
        let progress = self.kind.progress(step, seen, self.refused.as_ref());
        // An error that was none: the call shows its effect.
        if self.is_uncounted && matches!(progress, Progress::Done | Progress::Waiting(_)) {
            self.count();
        }
        match progress {
            Progress::Done => self.next_step(seen, rhythm),
            Progress::Waiting(what) => {
                if self.waits_for == what {
                    self.wait = rhythm.longer(self.wait);
                } else {
                    (self.wait, self.waits_for) = (rhythm.poll, what);
                }
                self.not_before = Instant::now() + self.wait;
            }
            Progress::Failed(why) => self.fail(Failure::refused(why)),
            Progress::DoneFor { why, pause } => {
                info!(why, "waiting");
                self.next_step(seen, rhythm);
                (self.not_before, self.waits_for) = (Instant::now() + pause, why);
            }
            Progress::Instead { steps, why, pause } => {
                info!(why, "going on differently");
                // A mere change of course, without a pause, is nobody's concern.
                if !pause.is_zero() && !self.remarks.contains(&why) {
                    self.remarks.push(why.clone());
                }
                self.steps = steps.into();
                self.begin_step();
                (self.not_before, self.waits_for) = (Instant::now() + pause, why);
            }
            Progress::NotBegun => self.no_sign(rhythm),
        }
    }

    /// The step was sent and shows no effect.
    fn no_sign(&mut self, rhythm: Rhythm) {
        self.signless_looks += 1;
        (self.wait, self.not_before) = (rhythm.poll, Instant::now() + rhythm.poll);
        match self.doubt.take().or(self.refused.take()) {
            Some(failure) if failure.class == Class::Transient && self.tries + 1 < TRIES => {
                self.tries += 1;
                self.waits_for = failure.to_string();
                (self.stage, self.not_before) =
                    (Stage::Due, Instant::now() + Duration::from_secs(1 << self.tries));
            }
            Some(failure) => {
                self.is_spent = failure.class == Class::Spent;
                self.fail(failure);
            }
            None if self.signless_looks >= LOOKS_WITHOUT_A_SIGN => {
                let step = self.steps.front().map(ToString::to_string).unwrap_or_default();
                let why = format!("AWS accepted the call, but nothing came of it: {step}");
                self.fail(Failure::refused(why));
            }
            None => "AWS to show the change".clone_into(&mut self.waits_for),
        }
    }

    fn fail(&mut self, failure: Failure) {
        warn!(resource = %self.id, why = failure.message, "failed");
        self.stage = Stage::Over(Outcome::Failed(failure));
    }

    fn end(mut self) -> Ended<'a> {
        // Nobody has seen what became of it: it may have worked.
        let got_no_answer = self.doubt.as_ref().is_some_and(|failure| failure.code.is_none());
        if self.is_uncounted && self.stage == Stage::Taken && got_no_answer {
            self.count();
        }
        let Job { id, stage, waits_for, last, remarks, counted, is_spent, .. } = self;
        let outcome = match stage {
            Stage::Over(outcome) => outcome,
            Stage::Due | Stage::Taken if waits_for.is_empty() => {
                Outcome::Unfinished("its turn".to_owned())
            }
            Stage::Due | Stage::Taken => Outcome::Unfinished(waits_for),
        };
        Ended { id, outcome, last, remarks, counted, is_spent }
    }
}

/// Carries out one tier's jobs. Without waiting, what does not come at once is unfinished.
pub async fn run<'a>(
    mut jobs: Vec<Job<'a>>,
    pace: &Pace,
    rhythm: Rhythm,
    watch: &mut dyn Watch,
) -> Vec<Ended<'a>> {
    loop {
        watched(round(&mut jobs, pace, rhythm), watch, rhythm).await;
        if jobs.iter().all(Job::is_over) || pace.halted().is_some() || !rhythm.wait {
            break;
        }
        let next = jobs.iter().filter(|job| !job.is_over()).map(|job| job.not_before).min();
        pause(next.unwrap_or_else(Instant::now), pace, watch, rhythm).await;
        if pace.halted().is_some() {
            break;
        }
        look_around(&mut jobs, Instant::now() + rhythm.slack(), pace, rhythm).await;
    }
    jobs.into_iter().map(Job::end).collect()
}

/// Every step that is due, and a look at those that can be done by now.
async fn round(jobs: &mut [Job<'_>], pace: &Pace, rhythm: Rhythm) {
    while pace.halted().is_none() && jobs.iter().any(Job::is_due) {
        take_steps(jobs, pace, rhythm).await;
        look_around(jobs, Instant::now(), pace, rhythm).await;
    }
}

/// Sleeps, and looks now and then whether somebody wants the operation to end. Then it ends, too.
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

/// Does the work, and looks meanwhile whether somebody wants it to end: thousands of calls at the
/// rate that AWS takes are one round of minutes.
async fn watched<T>(work: impl Future<Output = T>, watch: &mut dyn Watch, rhythm: Rhythm) -> T {
    match select(pin!(work), pin!(look_for_ever(watch, rhythm.poll.max(SHORTEST_WATCH)))).await {
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

/// Jobs of one kind, side by side with the other kinds'.
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
        let Some(step) = job.steps.front() else { continue };
        info_span!("resource", kind = %job.id.kind, name = job.id.name)
            .in_scope(|| info!(%step, "step"));
        if matches!(step, Step::Wait(_)) {
            job.taken(rhythm);
        }
    }
    join_all(by_kind(jobs, Job::is_due).into_iter().map(|(kind, mut group)| async move {
        let tasks: Vec<(String, Call)> = group.iter().filter_map(|job| job.task()).collect();
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
                .filter_map(|job| Some((job.id.name.clone(), job.steps.front()?.clone())))
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
