use super::*;
use crate::kinds::Claim;
use crate::kinds::testing::{change, left};
use proptest::prelude::*;

fn seen(shards: u32) -> Seen {
    Seen { status: Status::Active, mode: Mode::Provisioned, shards, retention_hours: 24, consumers: 0 }
}

fn held(shards: u32, floor: u32, phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original { shards, mode: Mode::Provisioned, floor }, phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case { name: "events", seen, held, longest_stop_hours: 12.0, recent_calls: Vec::new() }
}

fn targets(decision: Decided) -> Vec<u32> {
    change(decision)
        .steps
        .iter()
        .map(|step| match step {
            Step::Scale { to } => *to,
            other => panic!("no scaling: {other}"),
        })
        .collect()
}

#[test]
fn a_stop_halves_and_a_start_doubles() {
    assert_eq!(targets(Streams::stop(&case(Some(&seen(8)), None))), [4, 2, 1]);
    assert_eq!(targets(Streams::start(&case(Some(&seen(1)), held(8, 1, Phase::Stopped)))), [2, 4, 8]);
}

#[test]
fn half_of_an_odd_count_is_rounded_up_and_the_way_back_never_overshoots() {
    assert_eq!(targets(Streams::stop(&case(Some(&seen(5)), None))), [3, 2, 1]);
    assert_eq!(targets(Streams::start(&case(Some(&seen(1)), held(5, 1, Phase::Stopped)))), [2, 4, 5]);
}

#[test]
fn the_floor_leaves_the_way_back_its_share_of_a_days_calls() {
    assert_eq!([2, 8, 32, 33, 64, 100, 1000].map(|shards| floor(shards, 0)), [1, 1, 1, 2, 2, 4, 32].map(Some));
}

#[test]
fn a_floor_above_one_gives_its_reason() {
    let change = change(Streams::stop(&case(Some(&seen(64)), None)));
    assert_eq!(change.claim, Claim::Take(Original { shards: 64, mode: Mode::Provisioned, floor: 2 }));
    assert!(change.detail.starts_with("floor 2 because"), "{}", change.detail);
}

#[test]
fn a_stop_that_was_half_done_goes_on_with_its_original() {
    let change = change(Streams::stop(&case(Some(&seen(2)), held(8, 1, Phase::Stopping))));
    assert_eq!(change.claim, Claim::Keep);
    assert_eq!(change.steps, [Step::Scale { to: 1 }]);
}

#[test]
fn a_start_that_was_half_done_is_taken_down_again_with_its_original() {
    let change = change(Streams::stop(&case(Some(&seen(4)), held(8, 1, Phase::Starting))));
    assert_eq!(change.claim, Claim::Keep);
    assert_eq!(change.steps, [Step::Scale { to: 2 }, Step::Scale { to: 1 }]);
}

#[test]
fn a_stopped_stream_that_a_person_scaled_is_their_value_now() {
    let stopped = || held(8, 1, Phase::Stopped);
    let stop = change(Streams::stop(&case(Some(&seen(4)), stopped())));
    assert_eq!(stop.claim, Claim::Take(Original { shards: 4, mode: Mode::Provisioned, floor: 1 }));
    let (verdict, why) = left(Streams::start(&case(Some(&seen(4)), stopped())));
    assert_eq!(verdict, Verdict::Released);
    assert_eq!(why, "a person scaled it to 4 shards: it stays so");
}

#[test]
fn a_count_that_our_way_does_not_lead_through_is_a_persons() {
    let stop = change(Streams::stop(&case(Some(&seen(6)), held(8, 1, Phase::Stopping))));
    assert!(matches!(stop.claim, Claim::Take(Original { shards: 6, .. })));
    assert_eq!(left(Streams::start(&case(Some(&seen(6)), held(8, 1, Phase::Starting)))).0, Verdict::Released);
}

#[test]
fn a_stream_stopped_to_its_floor_is_already_stopped() {
    assert_eq!(left(Streams::stop(&case(Some(&seen(1)), held(8, 1, Phase::Stopped)))).0, Verdict::AlreadyStopped);
}

#[test]
fn a_stream_of_one_shard_is_left_alone() {
    assert_eq!(left(Streams::stop(&case(Some(&seen(1)), None))).0, Verdict::Skipped);
}

#[test]
fn an_on_demand_stream_is_left_alone() {
    let seen = Seen { mode: Mode::OnDemand, ..seen(4) };
    assert_eq!(left(Streams::stop(&case(Some(&seen), None))).0, Verdict::Skipped);
    assert_eq!(left(Streams::start(&case(Some(&seen), held(8, 1, Phase::Stopped)))).0, Verdict::Released);
}

#[test]
fn a_stream_that_was_deleted_is_not_owed_any_more() {
    assert_eq!(left(Streams::start(&case(None, held(8, 1, Phase::Stopped)))).0, Verdict::Released);
    assert_eq!(left(Streams::stop(&case(None, held(8, 1, Phase::Stopped)))).0, Verdict::Released);
}

#[test]
fn a_stream_in_transition_is_looked_at_again() {
    let updating = Seen { status: Status::Updating, ..seen(8) };
    assert_eq!(left(Streams::stop(&case(Some(&updating), None))).0, Verdict::Later);
    assert_eq!(left(Streams::stop(&case(Some(&updating), held(8, 1, Phase::Starting)))).0, Verdict::Later);
    let deleting = Seen { status: Status::Deleting, ..seen(8) };
    assert_eq!(left(Streams::stop(&case(Some(&deleting), None))).0, Verdict::Skipped);
}

#[test]
fn our_own_scaling_is_waited_for_and_goes_on_from_where_it_leads() {
    let updating = Seen { status: Status::Updating, ..seen(4) };
    let start = change(Streams::start(&case(Some(&updating), held(8, 1, Phase::Starting))));
    assert_eq!(start.steps, [Step::AwaitActive { goal: 8 }]);
    assert_eq!(Streams::progress(&start.steps[0], Some(&updating)), Progress::Waiting("UPDATING".to_owned()));
    assert_eq!(Streams::progress(&start.steps[0], Some(&seen(8))), Progress::Done);
    match Streams::progress(&start.steps[0], Some(&seen(2))) {
        Progress::Instead { steps, .. } => assert_eq!(steps, [Step::Scale { to: 4 }, Step::Scale { to: 8 }]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restored_stream_is_done_and_one_that_was_never_stopped_is_released() {
    assert!(change(Streams::start(&case(Some(&seen(8)), held(8, 1, Phase::Starting)))).steps.is_empty());
    assert_eq!(left(Streams::start(&case(Some(&seen(8)), held(8, 1, Phase::Stopping)))).0, Verdict::Released);
}

#[test]
fn a_retention_shorter_than_the_longest_stop_is_warned_about() {
    let seen = seen(8);
    let mut case = case(Some(&seen), None);
    assert!(change(Streams::stop(&case)).warnings.is_empty());
    case.longest_stop_hours = 63.0;
    assert_eq!(change(Streams::stop(&case)).warnings.len(), 1);
}

fn hours_ago(hours: &[f64]) -> Vec<Duration> {
    hours.iter().map(|hours| Duration::from_secs_f64(hours * 3600.0)).collect()
}

#[test]
fn calls_of_the_last_day_raise_the_floor() {
    let seen = seen(32);
    let mut case = case(Some(&seen), None);
    assert_eq!(targets(Streams::stop(&case)), [16, 8, 4, 2, 1]);
    case.recent_calls = hours_ago(&[10.0; 5]);
    assert_eq!(targets(Streams::stop(&case)), [16, 8]);
}

#[test]
fn when_the_way_back_cannot_be_paid_the_stream_is_left_and_the_hour_is_told() {
    let seen = seen(2);
    let mut case = case(Some(&seen), None);
    case.recent_calls = hours_ago(&[20.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    let (verdict, why) = left(Streams::stop(&case));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.ends_with("the next is free in 4 hours"), "{why}");
}

#[test]
fn a_call_that_is_free_again_in_minutes_is_waited_for() {
    let seen = seen(32);
    let mut case = case(Some(&seen), None);
    // Yesterday's stop, two minutes earlier in the day, and nothing since.
    case.recent_calls = hours_ago(&[24.0 - 1.0 / 30.0; 6]);
    let stop = change(Streams::stop(&case));
    assert_eq!(stop.steps[0], Step::Hold { seconds: 121 });
    assert_eq!(stop.steps.len(), 6);
    assert!(matches!(Streams::progress(&stop.steps[0], Some(&seen)), Progress::DoneFor { .. }));
}

#[test]
fn a_stop_that_goes_on_leaves_the_way_back_its_share_too() {
    let seen = seen(4);
    let mut case = case(Some(&seen), held(8, 1, Phase::Starting));
    case.recent_calls = hours_ago(&[1.0; 5]);
    // 5 used, 2 down, 3 up
    assert_eq!(change(Streams::stop(&case)).claim, Claim::Keep);
    case.recent_calls = hours_ago(&[1.0; 7]);
    // 7 used, 1 down, 2 up
    let stop = change(Streams::stop(&case));
    assert_eq!(stop.claim, Claim::Amend(Original { shards: 8, mode: Mode::Provisioned, floor: 2 }));
    case.recent_calls = hours_ago(&[1.0; 9]);
    let stop = change(Streams::stop(&case));
    assert_eq!(stop.claim, Claim::Amend(Original { shards: 8, mode: Mode::Provisioned, floor: 4 }));
    assert!(stop.steps.is_empty());
}

#[test]
fn only_scaling_is_counted() {
    assert!(Streams::is_counted(&Step::Scale { to: 1 }));
    assert!(!Streams::is_counted(&Step::Hold { seconds: 1 }));
}

#[test]
fn fan_out_consumers_are_named() {
    let seen = Seen { consumers: 2, ..seen(2) };
    let standing = Streams::standing(Some(&seen));
    assert!(standing.notes[0].starts_with("2 enhanced fan-out consumers"));
}

proptest! {
    #[test]
    fn every_step_is_one_that_aws_takes_and_the_way_ends_where_it_should(from in 1_u32..5000, to in 1_u32..5000) {
        let counts = counts(from, to);
        let mut at = from;
        for next in &counts {
            prop_assert!(*next <= at * 2 && *next >= at.div_ceil(2));
            prop_assert!((from.min(to)..=from.max(to)).contains(next));
            at = *next;
        }
        prop_assert_eq!(at, to);
    }

    #[test]
    fn down_and_up_fit_the_calls_of_a_day(shards in 1_u32..5000, used in 0_usize..12) {
        if let Some(floor) = floor(shards, used) {
            prop_assert!(used + counts(shards, floor).len() + counts(floor, shards).len() <= 10);
        }
    }
}
