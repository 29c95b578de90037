//! The simulation tells thousands of random stories in virtual time, always the same ones.
//!
//! The stories are of stops, starts, crashes, lost answers, races and a person's changes. After
//! every step nothing is lost, and in the end one undisturbed start brings everything back.
//!
//! `SIMULATION_CASES=100000 cargo test --test simulation` tells more stories. A story that fails is
//! printed in its shortest form. Another `SIMULATION_SEED` tells other stories.

mod kinds;
mod platform;
mod remotes;
mod simulated;
mod story;
mod world;

use std::time::Duration;

use aws_resource_manager::kinds::info::Tier;
use aws_resource_manager::kinds::infos;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use story::{Step, Story, tell};
use world::{Trouble, When};

const CASES: u32 = 10_000;

#[test]
fn no_story_loses_an_original_and_every_story_ends_as_it_began() {
    let number = |name: &str, default: u32| {
        #[allow(clippy::disallowed_methods, reason = "a knob of this test")]
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    // Two threads tell stories, each its own.
    let threads = 2;
    let seed = number("SIMULATION_SEED", 1);
    let each = number("SIMULATION_CASES", CASES).div_ceil(threads);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let config = Config { cases: each, failure_persistence: None, ..Config::default() };
                let mut bytes = [0; 32];
                bytes[..4].copy_from_slice(&seed.to_le_bytes());
                bytes[4..8].copy_from_slice(&thread.to_le_bytes());
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
                let mut runner = TestRunner::new_with_rng(config, rng);
                let told = runner.run(&story::stories(), |story| {
                    tell(&story).map_err(proptest::test_runner::TestCaseError::fail)
                });
                if let Err(failure) = told {
                    panic!("SIMULATION_SEED={seed}: {failure}");
                }
            });
        }
    });
}

fn holds(timeout: u64, steps: Vec<Step>) {
    let story = Story { timeout: Duration::from_secs(timeout), steps };
    if let Err(why) = tell(&story) {
        panic!("{why}");
    }
}

#[test]
fn a_stop_killed_at_any_call_is_undone_by_a_start() {
    for n in 1..20 {
        for when in [When::Before, When::After] {
            let trouble = Trouble { kill: Some((n, when)), ..Trouble::default() };
            holds(900, vec![Step::Stop(trouble.clone()), Step::Start(Trouble::default())]);
            holds(
                900,
                vec![
                    Step::Stop(trouble),
                    Step::Stop(Trouble::default()),
                    Step::Start(Trouble::default()),
                ],
            );
        }
    }
}

#[test]
fn a_start_killed_at_any_call_can_be_repeated_or_reversed() {
    let calm = Trouble::default;
    for n in 1..20 {
        for when in [When::Before, When::After] {
            let trouble = Trouble { kill: Some((n, when)), ..Trouble::default() };
            holds(900, vec![Step::Stop(calm()), Step::Start(trouble.clone()), Step::Start(calm())]);
            holds(
                900,
                vec![
                    Step::Stop(calm()),
                    Step::Start(trouble),
                    Step::Stop(calm()),
                    Step::Start(calm()),
                ],
            );
        }
    }
}

#[test]
fn a_deadline_far_shorter_than_any_transition_is_carried_over_by_continuations() {
    holds(60, vec![Step::Stop(Trouble::default()), Step::Start(Trouble::default())]);
}

#[test]
fn a_start_during_a_stop_takes_over() {
    // The start comes during the first calls, during those after the first wait, or in the wait.
    let (first, second) = ((0..1500).step_by(30), (29_000..32_000).step_by(30));
    for delay in first.chain(second).chain([45_000, 70_000, 200_000]).map(Duration::from_millis) {
        holds(900, vec![Step::StopThenStart { delay }]);
        holds(900, vec![Step::Stop(Trouble::default()), Step::StartThenStop { delay }]);
    }
}

#[test]
fn missing_capacity_delays_the_endpoint_and_loses_nothing() {
    holds(
        900,
        vec![Step::Stop(Trouble::default()), Step::NoCapacity(3), Step::Start(Trouble::default())],
    );
}

#[test]
fn every_kind_that_can_be_changed_is_simulated() {
    let managed = infos().filter(|info| info.tier != Tier::ReportOnly).map(|info| info.name);
    let simulated = kinds::KINDS.iter().map(|kind| kind.info.name);
    assert_eq!(simulated.collect::<Vec<_>>(), managed.collect::<Vec<_>>());
}
