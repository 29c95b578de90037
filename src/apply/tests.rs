use super::*;
use crate::failure::{Class, Failure};
use crate::kinds::info::{Info, Tier};
use crate::kinds::kit::{Kind, Seen, Wait};
use crate::kinds::remote::{Answer as Reply, AnswerOf, Observe, Remote, Sighting};
use crate::kinds::rules::{
    self, Case, Decision, DecisionOf, Describe, Effect, Progress, Rules, StepOf,
};
use crate::lazy::ready;
use crate::model::{Description, KindName, ResourceId, State};
use crate::select::Wanted;
use crate::select::spelling::Characters;
use crate::usage::Usage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A kind whose resources are numbers, and whose steps set them after some looks.
struct Numbers;

static INFO: Info = Info {
    name: KindName::new("numbers"),
    title: "Numbers",
    tagging_type: "numbers:number",
    arn_prefix: "number/",
    tier: Tier::Capacity,
    name_characters: Characters::LettersDigitsAnd(""),
    ignores_case: false,
    in_clusters: false,
    has_this_function: false,
    permissions: &[],
    request_rates: &[],
    bills: &[],
};

/// A call sets a number to this, and a wait waits for it.
#[derive(Debug, Clone, PartialEq)]
struct Set(i32);

impl std::fmt::Display for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "set to {}", self.0)
    }
}

const POLL: Duration = Duration::from_secs(5);

/// Below zero: on its way. -1000: it failed. -2000: try 7 instead. -4000: decide anew.
type Number = i32;

impl Describe for Numbers {
    type Seen = Number;
    const INFO: &'static Info = &INFO;

    fn describe(&self, _: Option<&Number>) -> Description {
        Description::new(State::Running, "", Usage::none())
    }
}

impl Rules for Numbers {
    type Original = Number;
    type Call = Set;
    type Wait = Set;

    fn stop(&self, _: &Case<Number, Number>) -> DecisionOf<Numbers> {
        Decision::resume(Vec::new(), None)
    }
    fn start(&self, _: &Case<Number, Number>) -> DecisionOf<Numbers> {
        Decision::resume(Vec::new(), None)
    }
    /// Calls from 100 on show later.
    fn effect(&self, step: &StepOf<Numbers>) -> Effect {
        match step {
            rules::Step::Call(Set(..100)) => Effect::AtOnce,
            rules::Step::Call(_) => Effect::Slow,
            _ => Effect::Awaited,
        }
    }
    fn progress(
        &self,
        Set(goal): &Set,
        seen: Option<&Number>,
        refused: Option<&Failure>,
    ) -> Progress<StepOf<Numbers>> {
        match seen {
            Some(-1000) => Progress::Failed("it broke".to_owned()),
            Some(-2000) => instead(vec![rules::Step::Call(Set(7))], Duration::from_secs(60)),
            Some(-4000) => Progress::Anew("another value".to_owned()),
            Some(-3000) => instead(vec![rules::Step::GiveUp("no way".to_owned())], Duration::ZERO),
            Some(n) if n == goal => Progress::Done,
            Some(n) if *n < 0 => Progress::Waiting(format!("{n}")),
            _ if refused.is_some_and(|why| why.message == "too much") => {
                instead(vec![rules::Step::Call(Set(7))], Duration::ZERO)
            }
            _ => Progress::NotBegun,
        }
    }
    fn waited(&self, wait: &Set, seen: Option<&Number>) -> Progress<StepOf<Numbers>> {
        self.progress(wait, seen, None)
    }
    fn is_rationed(&self, _: &Set) -> bool {
        true
    }
}

fn instead(steps: Vec<StepOf<Numbers>>, pause: Duration) -> Progress<StepOf<Numbers>> {
    Progress::Instead { steps, why: "other way".to_owned(), pause }
}

type Answer = AnswerOf<Numbers>;

/// At which second, and at which resources.
type Look = (u64, Vec<String>);

/// A script says what each call answers and each look shows, in turn. The last look stays.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    looks: Arc<Mutex<HashMap<String, Vec<Number>>>>,
    calls: Arc<Mutex<Vec<String>>>,
    /// The names that each call for a look asked about, and when.
    looked: Arc<Mutex<Vec<Look>>>,
    began: Option<Instant>,
    /// One call takes so long.
    latency: Duration,
}

impl Script {
    fn looks(self, name: &str, looks: &[Number]) -> Self {
        self.looks.lock().unwrap().insert(name.to_owned(), looks.to_vec());
        self
    }

    fn answers(self, name: &str, answers: &[Answer]) -> Self {
        self.answers.lock().unwrap().insert(name.to_owned(), answers.to_vec());
        self
    }

    fn timed() -> Self {
        Script { began: Some(Instant::now()), ..Script::default() }
    }

    /// Returns the times of all looks, in seconds from the beginning.
    fn looked_at(&self) -> Vec<u64> {
        self.looked.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl Observe<Numbers> for Script {
    async fn observe(&self, _: &Wanted, _: &Pace) -> Result<Vec<Sighting<Number>>, Failure> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Remote<Numbers> for Script {
    async fn look(
        &self,
        tasks: &[(String, StepOf<Numbers>)],
        _: &Pace,
    ) -> Vec<Result<Option<Number>, Failure>> {
        let at = self.began.map_or(0, |began| began.elapsed().as_secs());
        let names: Vec<String> = tasks.iter().map(|(name, _)| name.clone()).collect();
        self.looked.lock().unwrap().push((at, names.clone()));
        let mut looks = self.looks.lock().unwrap();
        names
            .into_iter()
            .map(|name| {
                let script = looks.entry(name).or_default();
                Ok(Some(if script.len() > 1 {
                    script.remove(0)
                } else {
                    script.first().copied().unwrap_or(0)
                }))
            })
            .collect()
    }

    async fn perform(&self, tasks: &[(String, Set)], pace: &Pace) -> Vec<Answer> {
        let call = |(name, call): &(String, Set)| {
            let (script, name, call) = (self.clone(), name.clone(), call.clone());
            async move {
                tokio::time::sleep(script.latency).await;
                script.calls.lock().unwrap().push(format!("{name} {call}"));
                let mut answers = script.answers.lock().unwrap();
                let answers = answers.entry(name).or_default();
                if answers.is_empty() { Answer::Accepted } else { answers.remove(0) }
            }
        };
        pace.change_each(tasks, call, Answer::halted).await
    }
}

struct Nobody;

#[async_trait]
impl Watch for Nobody {
    async fn look(&mut self) {}
}

struct Yielding<'a>(&'a Pace);

#[async_trait]
impl Watch for Yielding<'_> {
    async fn look(&mut self) {
        self.0.yield_now();
    }
}

fn numbers(script: &Script) -> Kind {
    Kind::managed(Numbers, ready(script.clone()))
}

fn failure(class: Class) -> Failure {
    Failure { class, ..Failure::refused("the call failed") }
}

/// Sets a number. From 200 on, it is only waited for.
fn set(n: i32) -> Step {
    if n < 200 { Step::Call(Call::of(Set(n))) } else { Step::Wait(Wait::of(Set(n))) }
}

/// Runs one resource through these steps.
async fn run_one(script: &Script, steps: &[i32], seconds: u64, wait: bool) -> MoveOutcome {
    run_to_its_end(script, steps, seconds, wait).await.0
}

/// Runs one resource, and returns the ages in seconds of its rationed calls, too.
async fn run_to_its_end(
    script: &Script,
    steps: &[i32],
    seconds: u64,
    wait: bool,
) -> (MoveOutcome, Vec<u64>) {
    let kind = numbers(script);
    let id = ResourceId::new(INFO.name, "a");
    let pace = Pace::new(4, Duration::from_secs(seconds));
    let jobs =
        vec![Job::new(&id, kind.as_managed().unwrap(), steps.iter().map(|n| set(*n)).collect())];
    let finished = run(jobs, &pace, Rhythm { poll: POLL, wait }, &mut Nobody).await.remove(0);
    (finished.outcome, finished.rationed.iter().map(|at| at.elapsed().as_secs()).collect())
}

#[tokio::test(start_paused = true)]
async fn every_step_is_taken_when_the_one_before_has_shown_its_effect() {
    let script = Script::default().looks("a", &[-1, -1, 4, -1, 2]);
    assert_eq!(run_one(&script, &[4, 2], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.calls(), ["a set to 4", "a set to 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_move_without_steps_is_done() {
    assert_eq!(run_one(&Script::default(), &[], 900, true).await, MoveOutcome::Done);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_shows_the_effect_saves_the_look() {
    let script = Script::default().looks("a", &[-1000]).answers("a", &[Answer::Shown(4)]);
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_believed_when_the_effect_is_there() {
    for class in [Class::Transient, Class::Refused] {
        let script =
            Script::default().looks("a", &[-1, 4]).answers("a", &[Answer::Failed(failure(class))]);
        assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
        assert_eq!(script.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_believed_at_once_when_nothing_shows() {
    for class in [Class::Refused, Class::Denied] {
        let script =
            Script::default().looks("a", &[9]).answers("a", &[Answer::Failed(failure(class))]);
        assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Failed(failure(class)));
        assert_eq!(script.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_leads_where_the_rules_say_unless_the_effect_shows() {
    let refusal = |words: &str| Answer::Refused(Failure::refused(words));
    let too_much = Script::default().looks("a", &[9, 7]).answers("a", &[refusal("too much")]);
    assert_eq!(run_one(&too_much, &[4], 900, true).await, MoveOutcome::Done);
    assert_eq!(too_much.calls(), ["a set to 4", "a set to 7"]);
    // What somebody else has under way does not make it forgotten.
    let busy = Script::default().looks("a", &[-1, -1, 9, 7]).answers("a", &[refusal("too much")]);
    assert_eq!(run_one(&busy, &[4], 900, true).await, MoveOutcome::Done);
    let shows = Script::default().looks("a", &[4]).answers("a", &[refusal("too much")]);
    assert_eq!(run_one(&shows, &[4], 900, true).await, MoveOutcome::Done);
    assert_eq!(shows.calls(), ["a set to 4"]);
    let unknown = Script::default().looks("a", &[9]).answers("a", &[refusal("not that")]);
    let outcome = run_one(&unknown, &[4], 900, true).await;
    assert_eq!(outcome, MoveOutcome::Failed(Failure::refused("not that")), "there is no other way");
}

#[tokio::test(start_paused = true)]
async fn a_call_of_which_aws_took_a_part_is_done_with_that_and_a_remark() {
    let partly = Answer::Partly { call: Set(3), remark: "one is gone".to_owned() };
    let script = Script::default().looks("a", &[-1, 3]).answers("a", &[partly]);
    let kind = numbers(&script);
    let id = ResourceId::new(INFO.name, "a");
    let pace = Pace::new(4, Duration::from_secs(900));
    let jobs = vec![Job::new(&id, kind.as_managed().unwrap(), vec![set(4)])];
    let finished = run(jobs, &pace, Rhythm { poll: POLL, wait: true }, &mut Nobody).await.remove(0);
    assert_eq!(
        (finished.outcome, finished.remarks),
        (MoveOutcome::Done, vec!["one is gone".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_way_that_is_given_up_fails_with_its_reason_and_without_another_look() {
    let script = Script::timed().looks("a", &[-3000]);
    assert_eq!(
        run_one(&script, &[4], 900, true).await,
        MoveOutcome::Failed(Failure::refused("no way"))
    );
    assert_eq!(script.looked_at(), [0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_decided_about_anew_takes_no_further_step() {
    let script = Script::default().looks("a", &[-4000]);
    let outcome = run_one(&script, &[1, 2], 100, true).await;
    assert_eq!(outcome, MoveOutcome::Undecided("another value".to_owned()));
    assert_eq!(script.calls(), ["a set to 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_but_not_for_ever() {
    let again = |n| vec![Answer::Failed(failure(Class::Transient)); n];
    let script = Script::default().looks("a", &[9, 9, 4]).answers("a", &again(2));
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.calls().len(), 3);
    let script = Script::default().looks("a", &[9]).answers("a", &again(100));
    assert!(matches!(run_one(&script, &[4], 900, true).await, MoveOutcome::Failed(_)));
    assert_eq!(script.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_from_when_it_was_answered() {
    let script = Script::default().looks("a", &[-1, -1, 4, -1, -1, -1, 2]);
    // Looked at after 0, 5 and 7.5 s, and then after 0, 5, 7.5 and 11.25 s.
    assert_eq!(
        run_to_its_end(&script, &[4, 2], 900, true).await,
        (MoveOutcome::Done, vec![36, 23])
    );
}

#[tokio::test(start_paused = true)]
async fn what_aws_refused_does_not_count_and_what_it_may_have_done_does() {
    let answer = |class, code: Option<&str>| {
        Answer::Failed(Failure { code: code.map(str::to_owned), ..failure(class) })
    };
    let count = |answers: Vec<Answer>, looks: &'static [i32]| async move {
        let script = Script::default().looks("a", looks).answers("a", &answers);
        run_to_its_end(&script, &[4], 900, true).await.1.len()
    };
    let refused = answer(Class::Refused, Some("LimitExceededException"));
    assert_eq!(count(vec![refused], &[9]).await, 0);
    assert_eq!(count(vec![answer(Class::Denied, Some("AccessDeniedException"))], &[9]).await, 0);
    let throttled = || answer(Class::Transient, Some("ThrottlingException"));
    assert_eq!(count(vec![throttled(), throttled()], &[9, 9, 4]).await, 1, "the third was taken");
    let lost = || answer(Class::Transient, None);
    assert_eq!(count(vec![lost()], &[-1, 4]).await, 1, "the answer was lost");
    assert_eq!(
        count(vec![lost(), lost()], &[9, 9, 4]).await,
        1,
        "the calls were lost, and the third was not"
    );
    let failed = answer(Class::Transient, Some("InternalFailure"));
    assert_eq!(count(vec![failed], &[-1, 4]).await, 1, "it failed, and yet it shows");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_still_believed_when_what_was_seen_on_its_way_was_somebody_elses() {
    let refused =
        Failure { code: Some("ResourceInUseException".to_owned()), ..failure(Class::Refused) };
    let script =
        Script::default().looks("a", &[-1, -1, 9]).answers("a", &[Answer::Failed(refused.clone())]);
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Failed(refused));
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nothing_comes_of_fails_in_the_end() {
    let script = Script::default().looks("a", &[9]);
    let outcome = run_one(&script, &[4], 900, true).await;
    let why = "AWS accepted the call, but nothing came of it: set to 4";
    assert_eq!(outcome, MoveOutcome::Failed(Failure::refused(why)));
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_rules_may_lead_another_way_after_a_pause() {
    let script = Script::default().looks("a", &[-2000, 7]);
    let started = Instant::now();
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.calls(), ["a set to 4", "a set to 7"]);
    assert!(started.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_step_taken_instead_is_not_judged_by_the_answers_to_the_one_before() {
    // An error whose effect was there all the same; then what came of it leads another way.
    for refused in [failure(Class::Refused), failure(Class::Transient)] {
        let script = Script::default()
            .looks("a", &[-1, -2000, 9, 9, 7])
            .answers("a", &[Answer::Failed(refused)]);
        assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
        assert_eq!(script.calls(), ["a set to 4", "a set to 7"]);
    }
    // It has its own tries and its own looks.
    let again = |n| vec![Answer::Failed(failure(Class::Transient)); n];
    let answers = [again(4), vec![Answer::Accepted], again(4)].concat();
    let script =
        Script::default().looks("a", &[9, 9, 9, 9, -2000, 9, 9, 9, 9, 7]).answers("a", &answers);
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
    let looks = [vec![9; 7], vec![-2000], vec![9; 7], vec![7]].concat();
    assert_eq!(
        run_one(&Script::default().looks("a", &looks), &[4], 900, true).await,
        MoveOutcome::Done
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_that_was_followed_by_an_accepted_call_is_forgotten() {
    let script = Script::default();
    let kind = numbers(&script);
    let id = ResourceId::new(INFO.name, "a");
    let mut job = Job::new(&id, kind.as_managed().unwrap(), vec![set(4)]);
    let rhythm = Rhythm { poll: POLL, wait: true };
    job.answered(Some(Reply::Failed(failure(Class::Refused))), rhythm);
    job.answered(Some(Reply::Accepted), rhythm);
    job.looked(Ok(Some(Seen::of::<Number>(9))), rhythm);
    assert!(job.is_to_be_looked_at(Instant::now() + POLL), "its effect may still show");
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_is_on_its_way_is_unfinished() {
    let script = Script::default().looks("a", &[-1]);
    let started = Instant::now();
    assert_eq!(run_one(&script, &[4], 100, true).await, MoveOutcome::Unfinished("-1".to_owned()));
    assert_eq!(started.elapsed(), Duration::from_secs(80));
}

#[tokio::test(start_paused = true)]
async fn without_waiting_the_first_call_is_made_and_the_rest_is_unfinished() {
    let script = Script::default().looks("a", &[-1]);
    assert_eq!(
        run_one(&script, &[4, 2], 900, false).await,
        MoveOutcome::Unfinished("-1".to_owned())
    );
    assert_eq!(script.calls(), ["a set to 4"]);
}

#[tokio::test(start_paused = true)]
async fn one_failure_does_not_stop_the_others() {
    let script = Script::default().looks("a", &[-1000]).looks("b", &[-1, -1, 4]);
    let kind = numbers(&script);
    let (a, b) = (ResourceId::new(INFO.name, "a"), ResourceId::new(INFO.name, "b"));
    let pace = Pace::new(4, Duration::from_secs(900));
    let jobs = [&a, &b].map(|id| Job::new(id, kind.as_managed().unwrap(), vec![set(4)])).into();
    let outcomes = run(jobs, &pace, Rhythm { poll: POLL, wait: true }, &mut Nobody).await;
    let outcomes: Vec<_> =
        outcomes.into_iter().map(|finished| (finished.id, finished.outcome)).collect();
    assert_eq!(
        outcomes,
        [(&a, MoveOutcome::Failed(Failure::refused("it broke"))), (&b, MoveOutcome::Done)]
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_yield_takes_no_further_step() {
    let script = Script::default().looks("a", &[-1, 4]);
    let kind = numbers(&script);
    let id = ResourceId::new(INFO.name, "a");
    let pace = Pace::new(4, Duration::from_secs(900));
    let jobs = vec![Job::new(&id, kind.as_managed().unwrap(), vec![set(4), set(2)])];
    let outcomes = run(jobs, &pace, Rhythm { poll: POLL, wait: true }, &mut Yielding(&pace)).await;
    assert_eq!(outcomes[0].outcome, MoveOutcome::Unfinished("-1".to_owned()));
    assert_eq!(script.calls(), ["a set to 4"]);
}

/// On its way for so many looks, then there.
fn ways(looks: usize, end: i32) -> Vec<Number> {
    let mut script = vec![-1; looks];
    script.push(end);
    script
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_first_looked_at_a_poll_after_its_call_and_then_less_and_less_often() {
    let script = Script::timed().looks("a", &ways(6, 100));
    assert_eq!(run_one(&script, &[100], 900, true).await, MoveOutcome::Done);
    // 5 s, × 1.5 each time, and at most four polls.
    assert_eq!(script.looked_at(), [5, 10, 17, 28, 45, 65, 85]);
}

#[tokio::test(start_paused = true)]
async fn what_shows_at_once_is_looked_at_at_once() {
    let script = Script::timed().looks("a", &[4]);
    assert_eq!(run_one(&script, &[4], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.looked_at(), [0]);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_looked_into_at_once() {
    let script =
        Script::timed().looks("a", &[9]).answers("a", &[Answer::Failed(failure(Class::Refused))]);
    assert_eq!(
        run_one(&script, &[100], 900, true).await,
        MoveOutcome::Failed(failure(Class::Refused))
    );
    assert_eq!(script.looked_at(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_goes_on_is_looked_at_as_often_again() {
    let script = Script::timed().looks("a", &[-1, -1, -1, -2, -2, 100]);
    assert_eq!(run_one(&script, &[100], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.looked_at(), [5, 10, 17, 28, 33, 41]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_only_waits_is_judged_by_the_look_that_showed_the_one_before() {
    let script = Script::timed().looks("a", &[-1, 200]);
    // To 200 by a call, and then to wait for it.
    let both = Script { looks: script.looks.clone(), ..script.clone() };
    assert_eq!(run_one(&both, &[200], 900, true).await, MoveOutcome::Done);
    assert_eq!(script.looked_at(), [5, 10]);
    let script = Script::timed().looks("a", &[150, 150]);
    let outcome = run_one(&script, &[150, 200], 20, true).await;
    assert!(matches!(outcome, MoveOutcome::Unfinished(_)), "{outcome:?}");
    assert_eq!(script.calls(), ["a set to 150"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nothing_comes_of_is_given_up_after_eight_polls() {
    let script = Script::timed().looks("a", &[9]);
    assert!(matches!(run_one(&script, &[100], 900, true).await, MoveOutcome::Failed(_)));
    assert_eq!(script.looked_at(), (1..=8).map(|n| 5 * n).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn those_that_are_due_at_about_the_same_time_are_looked_at_together_and_the_others_are_not() {
    // `b` goes on, and is looked at as often again; `a` does not. At 15 s they are half a poll
    // apart.
    let script =
        Script::timed().looks("a", &ways(4, 100)).looks("b", &[-1, -2, -3, 100]).looks("c", &[4]);
    let kind = numbers(&script);
    let ids = ["a", "b", "c"].map(|name| ResourceId::new(INFO.name, name));
    let pace = Pace::new(4, Duration::from_secs(900));
    let steps = [100, 100, 4];
    let jobs = ids
        .iter()
        .zip(steps)
        .map(|(id, n)| Job::new(id, kind.as_managed().unwrap(), vec![set(n)]))
        .collect();
    let finished = run(jobs, &pace, Rhythm { poll: POLL, wait: true }, &mut Nobody).await;
    assert!(finished.iter().all(|finished| finished.outcome == MoveOutcome::Done));
    let looked: Vec<(u64, String)> =
        script.looked.lock().unwrap().iter().map(|(at, names)| (*at, names.join(" "))).collect();
    let expected =
        [(0, "c"), (5, "a b"), (10, "a b"), (15, "a b"), (20, "b"), (26, "a"), (43, "a")];
    assert_eq!(looked, expected.map(|(at, names)| (at, names.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_long_round_sees_somebody_who_wants_it_to_end_and_begins_no_further_call() {
    let script = Script { latency: Duration::from_secs(1), ..Script::default() };
    let kind = numbers(&script);
    let ids: Vec<ResourceId> =
        (0..1000).map(|n| ResourceId::new(INFO.name, n.to_string())).collect();
    let pace = Pace::new(2, Duration::from_secs(900));
    let jobs =
        ids.iter().map(|id| Job::new(id, kind.as_managed().unwrap(), vec![set(4)])).collect();
    let began = Instant::now();
    let finished = run(jobs, &pace, Rhythm { poll: POLL, wait: true }, &mut Yielding(&pace)).await;
    // After the first watch, 5 s, the calls under way come to their end, and that is all.
    assert!((5..=6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!((10..=12).contains(&script.calls().len()), "{}", script.calls().len());
    assert!(finished.iter().all(|finished| matches!(finished.outcome, MoveOutcome::Unfinished(_))));
}
