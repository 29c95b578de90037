//! A job takes one resource along its way, step by step, and chooses nothing.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::rhythm::Rhythm;
use super::stage::{Due, History, MoveOutcome, Objection, Stage, Taken};
use crate::failure::{Class, Failure};
use crate::kinds::kit::{Call, Managed, Seen, Step};
use crate::kinds::remote::Answer;
use crate::kinds::rules::{Effect, Progress};
use crate::model::ResourceId;

/// A call may be sent so often within one operation, where its failures pass.
const TRIES: u32 = 5;
/// An accepted call should show after so many looks. AWS's answers are eventually consistent.
const LOOKS_WITHOUT_A_SIGN: u32 = 8;
/// Words for a job whose call shows nothing yet.
const THE_CHANGE: &str = "AWS to show the change";

/// The last look shows what a resource was last like. `None`: it was not there.
#[derive(Debug, Clone, PartialEq)]
pub struct LastLook(pub Option<Seen>);

/// A finished job holds what an operation learned from it, however far the move came.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished<'a> {
    pub id: &'a ResourceId,
    pub outcome: MoveOutcome,
    pub last: Option<LastLook>,
    /// Remarks tell the report what did not go straight.
    pub remarks: Vec<String>,
    /// Rationed calls were answered at these times.
    pub rationed: Vec<Instant>,
}

/// A job is one resource on its way.
pub struct Job<'a> {
    pub id: &'a ResourceId,
    pub kind: &'a dyn Managed,
    /// The stage is that of the first step. Those behind it follow.
    steps: VecDeque<Step>,
    stage: Stage,
    last: Option<LastLook>,
    remarks: Vec<String>,
    rationed: Vec<Instant>,
}

impl<'a> Job<'a> {
    pub fn new(id: &'a ResourceId, kind: &'a dyn Managed, steps: Vec<Step>) -> Self {
        let mut job = Job {
            id,
            kind,
            steps: steps.into(),
            stage: Stage::Over(MoveOutcome::Done),
            last: None,
            remarks: Vec::new(),
            rationed: Vec::new(),
        };
        job.begin_step();
        job
    }

    /// Returns the step at hand. `None`: there is nothing left to do.
    pub(super) fn step(&self) -> Option<&Step> {
        self.steps.front()
    }

    /// Returns the call that the step at hand sends.
    pub(super) fn call(&self) -> Option<&Call> {
        match self.step()? {
            Step::Call(call) => Some(call),
            Step::Wait(_) | Step::GiveUp(_) => None,
        }
    }

    /// Tells whether the step at hand is to be taken now.
    pub(super) fn is_due(&self) -> bool {
        matches!(&self.stage, Stage::Due(due) if due.not_before <= Instant::now())
    }

    /// Tells whether a look at the resource is due at that moment.
    pub(super) fn is_to_be_looked_at(&self, at: Instant) -> bool {
        matches!(&self.stage, Stage::Taken(taken) if taken.next_look <= at)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    /// Returns the moment at which there is something to do again. `None`: never.
    pub(super) fn next_moment(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Due(due) => Some(due.not_before),
            Stage::Taken(taken) => Some(taken.next_look),
            Stage::Over(_) => None,
        }
    }

    /// Takes a step that sends nothing.
    pub(super) fn begin_waiting(&mut self, rhythm: Rhythm) {
        self.taken(None, rhythm);
    }

    /// Records the answer to a call. `None`: it was cut off, and may have worked or not.
    pub(super) fn answered(&mut self, answer: Option<Answer<Seen, Call>>, rhythm: Rhythm) {
        // AWS does not count what it refuses. Whether an error was a refusal, the next look shows.
        match answer {
            // It was not sent, and is still due.
            Some(Answer::Failed(failure)) if failure.class == Class::Halted => {}
            Some(Answer::Failed(failure)) => {
                self.taken(Some(Objection::Failed { failure, was_made: false }), rhythm);
            }
            Some(Answer::Refused(failure)) => {
                self.taken(Some(Objection::Refused(failure)), rhythm);
            }
            Some(Answer::Accepted) | None => self.accepted(rhythm),
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
        }
    }

    fn accepted(&mut self, rhythm: Rhythm) {
        self.record_made();
        self.taken(None, rhythm);
    }

    /// Remembers the call, if it is a rationed one.
    fn record_made(&mut self) {
        if self.step().is_some_and(|step| self.kind.is_rationed(step)) {
            self.rationed.push(Instant::now());
        }
    }

    /// Records that the step was taken, as far as that is known.
    ///
    /// Where nothing can show yet, the look can wait.
    fn taken(&mut self, objection: Option<Objection>, rhythm: Rhythm) {
        let shows_now = objection.is_some() || self.effect() == Effect::AtOnce || !rhythm.wait;
        let (Stage::Due(Due { history, .. }) | Stage::Taken(Taken { history, .. })) =
            &mut self.stage
        else {
            return;
        };
        let mut history = mem::take(history);
        if !shows_now {
            THE_CHANGE.clone_into(&mut history.waits_for);
        }
        let wait = rhythm.poll;
        let next_look = Instant::now() + if shows_now { Duration::ZERO } else { wait };
        self.stage = Stage::Taken(Taken { next_look, wait, objection, history });
    }

    /// Tells how soon a look can show what the step at hand does.
    fn effect(&self) -> Effect {
        self.step().map_or(Effect::AtOnce, |step| self.kind.effect(step))
    }

    /// Records what a look showed after a step was taken.
    pub(super) fn looked(&mut self, look: Result<Option<Seen>, Failure>, rhythm: Rhythm) {
        let Stage::Taken(taken) = &mut self.stage else { return };
        taken.next_look = Instant::now() + taken.wait;
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
        let (Stage::Taken(taken), Some(step)) = (&mut self.stage, self.steps.front()) else {
            return;
        };
        let progress = self.kind.progress(step, seen, taken.refusal());
        let shows = matches!(progress, Progress::Done | Progress::Waiting(_));
        if shows && taken.disproves_an_error() {
            self.record_made();
        }
        match progress {
            Progress::Done => self.next_step(seen, rhythm),
            Progress::Waiting(what) => self.goes_on(what, rhythm),
            Progress::NotBegun => self.no_sign(rhythm),
            Progress::Failed(why) => self.fail(Failure::refused(why)),
            Progress::Anew(why) => {
                info!(why, "deciding anew");
                self.stage = Stage::Over(MoveOutcome::Undecided(why));
            }
            Progress::DoneFor { why, pause } => {
                info!(why, "waiting");
                self.next_step(seen, rhythm);
                self.hold(pause, why);
            }
            Progress::Instead { steps, why, pause } => {
                info!(why, "going on differently");
                // A mere change of course, without a pause, is nobody's concern.
                if !pause.is_zero() && !self.remarks.contains(&why) {
                    self.remarks.push(why.clone());
                }
                self.steps = steps.into();
                self.begin_step();
                self.hold(pause, why);
            }
        }
    }

    /// Goes on with the next step.
    ///
    /// One that sends nothing, and only waits for what this very look may have shown, is judged
    /// by this look.
    fn next_step(&mut self, seen: Option<&Seen>, rhythm: Rhythm) {
        self.steps.pop_front();
        self.begin_step();
        if matches!(self.stage, Stage::Due(_)) && self.effect() == Effect::Awaited {
            self.taken(None, rhythm);
            self.judge(seen, rhythm);
        }
    }

    /// Begins the first of the steps that are left, with a history of its own.
    ///
    /// What the step before was answered, and how often it was tried, says nothing of this one.
    fn begin_step(&mut self) {
        match self.step() {
            None => self.stage = Stage::Over(MoveOutcome::Done),
            Some(Step::GiveUp(why)) => self.fail(Failure::refused(why)),
            Some(Step::Call(_) | Step::Wait(_)) => {
                let (not_before, history) = (Instant::now(), History::default());
                self.stage = Stage::Due(Due { not_before, history });
            }
        }
    }

    /// Lets the step at hand wait.
    fn hold(&mut self, pause: Duration, why: String) {
        let until = Instant::now() + pause;
        match &mut self.stage {
            Stage::Due(due) => (due.not_before, due.history.waits_for) = (until, why),
            Stage::Taken(taken) => (taken.next_look, taken.history.waits_for) = (until, why),
            Stage::Over(_) => {}
        }
    }

    /// Records that the step is on its way.
    fn goes_on(&mut self, what: String, rhythm: Rhythm) {
        let Stage::Taken(taken) = &mut self.stage else { return };
        if taken.history.waits_for == what {
            taken.wait = rhythm.longer(taken.wait);
        } else {
            (taken.wait, taken.history.waits_for) = (rhythm.poll, what);
        }
        taken.next_look = Instant::now() + taken.wait;
    }

    /// Records that the step shows no effect. Its call is sent again where that may help.
    fn no_sign(&mut self, rhythm: Rhythm) {
        let Stage::Taken(Taken { next_look, wait, objection, history }) = &mut self.stage else {
            return;
        };
        history.signless_looks += 1;
        (*wait, *next_look) = (rhythm.poll, Instant::now() + rhythm.poll);
        match objection.take().map(Objection::into_failure) {
            Some(failure)
                if failure.class == Class::Transient && history.failed_tries + 1 < TRIES =>
            {
                history.failed_tries += 1;
                history.waits_for = failure.to_string();
                let pause = Duration::from_secs(1 << history.failed_tries);
                let (not_before, history) = (Instant::now() + pause, mem::take(history));
                self.stage = Stage::Due(Due { not_before, history });
            }
            Some(failure) => self.fail(failure),
            None if history.signless_looks >= LOOKS_WITHOUT_A_SIGN => {
                let step = self.step().map(ToString::to_string).unwrap_or_default();
                let why = format!("AWS accepted the call, but nothing came of it: {step}");
                self.fail(Failure::refused(why));
            }
            None => THE_CHANGE.clone_into(&mut history.waits_for),
        }
    }

    fn fail(&mut self, failure: Failure) {
        warn!(resource = %self.id, why = failure.message, "failed");
        self.stage = Stage::Over(MoveOutcome::Failed(failure));
    }

    /// Ends the job where it is.
    pub(super) fn finish(mut self) -> Finished<'a> {
        // Nobody has seen what became of a call without an answer: it may have worked.
        if let Stage::Taken(Taken {
            objection: Some(Objection::Failed { failure, was_made: false }),
            ..
        }) = &self.stage
            && failure.code.is_none()
        {
            self.record_made();
        }
        let Job { id, stage, last, remarks, rationed, .. } = self;
        let outcome = match stage {
            Stage::Over(outcome) => outcome,
            Stage::Due(Due { history, .. }) | Stage::Taken(Taken { history, .. })
                if history.waits_for.is_empty() =>
            {
                MoveOutcome::Unfinished("its turn".to_owned())
            }
            Stage::Due(Due { history, .. }) | Stage::Taken(Taken { history, .. }) => {
                MoveOutcome::Unfinished(history.waits_for)
            }
        };
        Finished { id, outcome, last, remarks, rationed }
    }
}
