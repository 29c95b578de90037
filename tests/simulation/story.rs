//! A story tells what happens step by step, and what has to hold after each.

use std::time::Duration;

use aws_resource_manager::report::{Outcome, Report};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::json;

use super::kinds::KINDS;
use super::platform::{Event, Lambda};
use super::simulated::Setting;
use super::world::{State, Trouble, When, World};

#[derive(Debug, Clone)]
pub struct Story {
    /// The function has this time-out.
    pub timeout: Duration,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub enum Step {
    Stop(Trouble),
    Start(Trouble),
    /// A schedule's event is tried again by Lambda when its invocation is killed.
    ScheduledStop {
        trouble: Trouble,
        copies: u32,
    },
    ScheduledStart {
        trouble: Trouble,
        copies: u32,
    },
    /// An earlier step's event is delivered once more.
    LateDuplicate,
    StopOnly(&'static str),
    StartOnly(&'static str),
    StopThenStart {
        delay: Duration,
    },
    StartThenStop {
        delay: Duration,
    },
    TwoStops,
    WithoutWaiting {
        stop: bool,
    },
    Status,
    DryRun {
        stop: bool,
    },
    NoCapacity(u32),
    Wait(Duration),
    /// A person changes something.
    Set(String, Setting),
    Delete(String),
}

fn troubles() -> impl Strategy<Value = Trouble> {
    let kill = prop_oneof![
        2 => Just(None),
        3 => (1_u32..25, prop_oneof![Just(When::Before), Just(When::After)]).prop_map(Some)
    ];
    let every = || prop_oneof![4 => Just(None), 1 => (3_u32..9).prop_map(Some)];
    (kill, every(), every()).prop_map(|(kill, throttle_every, lose_answer_every)| Trouble {
        kill,
        throttle_every,
        lose_answer_every,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let selectors = || select(KINDS.iter().map(|kind| kind.only).collect::<Vec<_>>());
    let changes = Union::new(KINDS.iter().map(|kind| {
        (kind.changes)().prop_map(move |(name, setting)| Step::Set(kind.id(name), setting))
    }));
    let deleted = KINDS.iter().filter_map(|kind| kind.deleted.map(|name| kind.id(name)));
    let deleted: Vec<String> = deleted.collect();
    // The second event comes in the middle of the first calls, or of the waiting.
    let delays = || {
        prop_oneof![
            (0_u64..3000).prop_map(Duration::from_millis),
            (0_u64..500).prop_map(Duration::from_secs)
        ]
    };
    prop_oneof![
        6 => troubles().prop_map(Step::Stop),
        6 => troubles().prop_map(Step::Start),
        2 => (troubles(), 1_u32..3).prop_map(|(trouble, copies)| Step::ScheduledStop { trouble, copies }),
        2 => (troubles(), 1_u32..3).prop_map(|(trouble, copies)| Step::ScheduledStart { trouble, copies }),
        1 => Just(Step::LateDuplicate),
        1 => selectors().prop_map(Step::StopOnly),
        1 => selectors().prop_map(Step::StartOnly),
        2 => delays().prop_map(|delay| Step::StopThenStart { delay }),
        2 => delays().prop_map(|delay| Step::StartThenStop { delay }),
        1 => Just(Step::TwoStops),
        1 => any::<bool>().prop_map(|stop| Step::WithoutWaiting { stop }),
        1 => Just(Step::Status),
        1 => any::<bool>().prop_map(|stop| Step::DryRun { stop }),
        1 => (1_u32..4).prop_map(Step::NoCapacity),
        1 => (1_u64..2000).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        u32::try_from(KINDS.len()).unwrap() => changes,
        1 => select(deleted).prop_map(Step::Delete),
    ]
}

pub fn stories() -> impl Strategy<Value = Story> {
    let timeouts =
        prop_oneof![10 => Just(900), 1 => Just(120), 1 => Just(45)].prop_map(Duration::from_secs);
    (timeouts, prop::collection::vec(steps(), 1..6))
        .prop_map(|(timeout, steps)| Story { timeout, steps })
}

/// Tells a story in virtual time. `Err` says what did not hold, and where.
pub fn tell(story: &Story) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new(
            KINDS.iter().map(|kind| (kind.info.name.as_str(), (kind.resources)())).collect(),
        );
        let mut lambda = Lambda::new(world.clone(), story.timeout);
        let mut teller = Teller { schedules: 0, last_delivery: None };
        for (n, step) in story.steps.iter().enumerate() {
            teller
                .take(&mut lambda, step)
                .await
                .map_err(|why| format!("step {n}, {step:?}: {why}"))?;
            world
                .look(nothing_is_lost)
                .map_err(|why| format!("after step {n}, {step:?}: {why}"))?;
        }
        // Transitions that are still under way end, and so does a lease that a crash has left.
        tokio::time::sleep(Duration::from_secs(2000)).await;
        world.look(|state| state.lack_capacity(0));
        let reports = lambda.deliver(vec![Event::synchronous(json!({"action": "start"}))]).await;
        world
            .look(|state| ends_as_expected(state, &reports))
            .map_err(|why| format!("in the end: {why}"))
    })
}

struct Teller {
    schedules: u32,
    last_delivery: Option<Event>,
}

impl Teller {
    async fn take(&mut self, lambda: &mut Lambda, step: &Step) -> Result<(), String> {
        let plain = |action: &str| Event::synchronous(json!({"action": action}));
        let only = |action: &str, only: &str| {
            Event::synchronous(json!({"action": action, "only": [only]}))
        };
        let named = |stop: bool| if stop { "stop" } else { "start" };
        let events = match step {
            Step::Stop(trouble) => vec![Event { trouble: trouble.clone(), ..plain("stop") }],
            Step::Start(trouble) => vec![Event { trouble: trouble.clone(), ..plain("start") }],
            Step::ScheduledStop { trouble, copies } => self.scheduled("stop", trouble, *copies),
            Step::ScheduledStart { trouble, copies } => self.scheduled("start", trouble, *copies),
            Step::LateDuplicate => {
                let Some(delivery) = self.last_delivery.clone() else { return Ok(()) };
                let before = lambda.world.look(|state| state.settings());
                let reports = lambda.deliver(vec![delivery]).await;
                let after = lambda.world.look(|state| state.settings());
                let skipped = reports.iter().all(|report| report.outcome == Outcome::Skipped);
                return if skipped && before == after {
                    Ok(())
                } else {
                    Err(format!("it acted: {reports:?}"))
                };
            }
            Step::StopOnly(kind) => vec![only("stop", kind)],
            Step::StartOnly(kind) => vec![only("start", kind)],
            Step::StopThenStart { delay } => {
                vec![plain("stop"), Event { after: *delay, ..plain("start") }]
            }
            Step::StartThenStop { delay } => {
                vec![plain("start"), Event { after: *delay, ..plain("stop") }]
            }
            Step::TwoStops => vec![plain("stop"), plain("stop")],
            Step::WithoutWaiting { stop } => {
                vec![Event::synchronous(json!({"action": named(*stop), "wait": false}))]
            }
            Step::Status => vec![plain("status")],
            Step::DryRun { stop } => {
                vec![Event::synchronous(json!({"action": named(*stop), "dry_run": true}))]
            }
            Step::Wait(time) => {
                tokio::time::sleep(*time).await;
                return Ok(());
            }
            Step::NoCapacity(failures) => {
                lambda.world.look(|state| state.lack_capacity(*failures));
                return Ok(());
            }
            Step::Set(id, setting) => {
                lambda.world.look(|state| state.set(id, setting));
                return Ok(());
            }
            Step::Delete(id) => {
                lambda.world.look(|state| state.delete(id));
                return Ok(());
            }
        };
        lambda.deliver(events).await;
        Ok(())
    }

    /// Makes the event of one planned run, delivered so many times.
    fn scheduled(&mut self, action: &str, trouble: &Trouble, copies: u32) -> Vec<Event> {
        self.schedules += 1;
        let time = format!("2027-01-01T{:02}:{:02}:00Z", self.schedules / 60, self.schedules % 60);
        let payload =
            json!({"action": action, "schedule": {"arn": "arn:aws:scheduler:x", "time": time}});
        let delivery = Event { trouble: trouble.clone(), ..Event::asynchronous(payload) };
        self.last_delivery = Some(Event { trouble: Trouble::default(), ..delivery.clone() });
        vec![delivery; copies as usize]
    }
}

/// Checks that each resource is right, on its way, or held by the state.
fn nothing_is_lost(state: &mut State) -> Result<(), String> {
    if let Some(broken) = state.broken.take() {
        return Err(broken);
    }
    let settings = state.settings();
    for (id, expected) in &state.expected.clone() {
        let held = state.held(id);
        if settings.get(id) != Some(expected) && held.as_ref() != Some(expected) {
            let now = settings.get(id);
            return Err(format!(
                "{id} is {now:?}, the state holds {held:?}, and it should be {expected:?}"
            ));
        }
    }
    savings_are_true(state)?;
    match state.messages_by_operation.iter().find(|(_, count)| **count > 1) {
        Some((operation, count)) => Err(format!("{operation} was reported {count} times")),
        None => Ok(()),
    }
}

/// Checks that savings never shrink, and are never more than what was not spent.
fn savings_are_true(state: &mut State) -> Result<(), String> {
    let total = state.journal()["savings"]["total_usd"].as_f64().unwrap_or_default();
    let (before, unspent) = (std::mem::replace(&mut state.saved_usd, total), state.unspent_usd);
    if total < before - 1e-9 {
        return Err(format!("${before} had been saved, and now it is ${total}"));
    }
    if total > unspent + 1e-6 {
        return Err(format!("${total} are said to be saved, and ${unspent} were not spent"));
    }
    Ok(())
}

fn ends_as_expected(state: &mut State, reports: &[Report]) -> Result<(), String> {
    nothing_is_lost(state)?;
    let settings = state.settings();
    if settings != state.expected {
        let expected = &state.expected;
        let last = reports.last().map(|report| (report.outcome, &report.errors, &report.resources));
        return Err(format!(
            "the account is {settings:#?}, and it should be {expected:#?}; {last:#?}"
        ));
    }
    let ids: Vec<String> = state.expected.keys().cloned().collect();
    let owed = ids.iter().find(|id| state.held(id).is_some());
    match owed {
        Some(id) => Err(format!("{id} is as it was, and the state still owes it")),
        None => Ok(()),
    }
}
