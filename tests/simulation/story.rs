//! What happens, told step by step, and what has to hold after each.

use std::time::Duration;

use aws_resource_manager::report::{Outcome, Report};
use proptest::prelude::*;
use serde_json::json;

use super::platform::{Event, Lambda};
use super::world::{
    ALARMS, Doing, ENDPOINT, FUNCTIONS, STREAMS, Setting, State, Trouble, When, World,
};

#[derive(Debug, Clone)]
pub struct Story {
    /// The function's time-out.
    pub timeout: Duration,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub enum Step {
    Stop(Trouble),
    Start(Trouble),
    /// By a schedule: tried again by Lambda when it is killed.
    ScheduledStop {
        trouble: Trouble,
        copies: u32,
    },
    ScheduledStart {
        trouble: Trouble,
        copies: u32,
    },
    /// The delivery of an earlier step once more.
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
    /// A person's changes.
    Scale(usize, u32),
    Reserve(usize, Option<u32>),
    Switch(usize, bool),
    RunConfig(&'static str),
    Delete(&'static str),
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
    let kinds = || {
        prop_oneof![
            Just("sagemaker"),
            Just("kinesis"),
            Just("lambda"),
            Just("cloudwatch:shop-errors")
        ]
    };
    // Into the middle of the first calls, or of the waiting.
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
        1 => kinds().prop_map(Step::StopOnly),
        1 => kinds().prop_map(Step::StartOnly),
        2 => delays().prop_map(|delay| Step::StopThenStart { delay }),
        2 => delays().prop_map(|delay| Step::StartThenStop { delay }),
        1 => Just(Step::TwoStops),
        1 => any::<bool>().prop_map(|stop| Step::WithoutWaiting { stop }),
        1 => Just(Step::Status),
        1 => any::<bool>().prop_map(|stop| Step::DryRun { stop }),
        1 => (1_u32..4).prop_map(Step::NoCapacity),
        1 => (1_u64..2000).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        1 => (0..STREAMS.len(), 5_u32..8).prop_map(|(n, shards)| Step::Scale(n, shards)),
        1 => (0..FUNCTIONS.len(), prop_oneof![Just(None), Just(Some(0)), Just(Some(77))])
            .prop_map(|(n, reserved)| Step::Reserve(n, reserved)),
        1 => (0..ALARMS.len(), any::<bool>()).prop_map(|(n, on)| Step::Switch(n, on)),
        1 => prop_oneof![Just("theirs"), Just("another")].prop_map(Step::RunConfig),
        1 => prop_oneof![Just("kinesis:shop-audit"), Just("lambda:shop-act"), Just("cloudwatch:shop-latency")]
            .prop_map(Step::Delete),
    ]
}

pub fn stories() -> impl Strategy<Value = Story> {
    let timeouts =
        prop_oneof![10 => Just(900), 1 => Just(120), 1 => Just(45)].prop_map(Duration::from_secs);
    (timeouts, prop::collection::vec(steps(), 1..6))
        .prop_map(|(timeout, steps)| Story { timeout, steps })
}

/// Tells a story in virtual time. `Err`: what did not hold, and where.
pub fn tell(story: &Story) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new();
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
        // A transition that is still under way, and a lease that a crash has left.
        tokio::time::sleep(Duration::from_secs(2000)).await;
        world.look(|state| state.capacity_failures = 0);
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
            personal => {
                lambda.world.look(|state| by_a_person(state, personal));
                return Ok(());
            }
        };
        lambda.deliver(events).await;
        Ok(())
    }

    /// The same planned run, delivered so many times.
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

/// A person's change, where AWS allows it and it can be told from the function's own.
fn by_a_person(state: &mut State, step: &Step) {
    match step {
        Step::NoCapacity(failures) => state.capacity_failures = *failures,
        Step::Scale(n, shards) => {
            let (name, _) = STREAMS[*n];
            // A count that the function's own steps lead through cannot be told from theirs.
            let unclear = match state.held(&format!("kinesis:{name}")) {
                Some(Setting::Shards(held)) => ways(held).contains(shards),
                _ => false,
            };
            if let Some(stream) =
                state.streams.get_mut(name).filter(|stream| stream.scaling.is_none() && !unclear)
            {
                stream.shards = *shards;
                state.expected.insert(format!("kinesis:{name}"), Setting::Shards(*shards));
            }
        }
        Step::Reserve(n, reserved) => {
            let (name, _) = FUNCTIONS[*n];
            let id = format!("lambda:{name}");
            // Setting a stopped function to 0 changes nothing that could be seen, and in a start
            // that did not come to its end, unreserved is also what the function itself falls back
            // to.
            let starting = state.journal()["resources"][&id]["phase"] == "starting";
            let unclear = match reserved {
                Some(0) => state.held(&id).is_some(),
                None => starting,
                Some(_) => false,
            };
            if state.functions.contains_key(name) && !unclear {
                state.functions.insert(name.to_owned(), *reserved);
                state.expected.insert(id, Setting::Reserved(*reserved));
            }
        }
        Step::Switch(n, on) => {
            let (name, _) = ALARMS[*n];
            let id = format!("cloudwatch:{name}");
            let unclear = !on && state.held(&id).is_some();
            if state.alarms.contains_key(name) && !unclear {
                state.alarms.insert(name.to_owned(), *on);
                state.expected.insert(id, Setting::Actions(*on));
            }
        }
        Step::RunConfig(config) => {
            let expected = Setting::Endpoint((*config).to_owned());
            let doing = state.endpoint.as_ref().map(|endpoint| endpoint.doing.clone());
            match doing {
                None => state.create_endpoint(config, Doing::InService),
                Some(Doing::InService) => {
                    (*config).clone_into(&mut state.endpoint.as_mut().unwrap().config)
                }
                Some(_) => return,
            }
            state.expected.insert(format!("sagemaker:{ENDPOINT}"), expected);
        }
        Step::Delete(id) => {
            let (kind, name) = id.split_once(':').unwrap();
            match kind {
                "kinesis"
                    if state.streams.get(name).is_some_and(|stream| stream.scaling.is_none()) =>
                {
                    state.streams.remove(name);
                }
                "lambda" => drop(state.functions.remove(name)),
                "cloudwatch" => drop(state.alarms.remove(name)),
                _ => return,
            }
            state.expected.remove(*id);
        }
        other => panic!("{other:?} is not a person's"),
    }
}

/// The counts that lie between a stream's original and its floor, either way.
fn ways(original: u32) -> Vec<u32> {
    let down = std::iter::successors(Some(original), |n| (*n > 1).then(|| n.div_ceil(2)));
    let up = std::iter::successors(Some(1), |n| (*n < original).then(|| original.min(n * 2)));
    down.chain(up).collect()
}

/// Each resource is as it should be, or on its way, or the state holds what it should be.
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

/// What was booked stays booked, and is never more than what was not spent.
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
