use super::*;
use crate::kinds::{Change, Claim};
use proptest::prelude::*;

fn seen(shards: u32) -> Seen {
    Seen { status: Status::Active, mode: Mode::Provisioned, shards, retention_hours: 24 }
}

fn held(shards: u32, floor: u32, phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original { shards, mode: Mode::Provisioned, floor }, phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case { name: "events", seen, held, longest_stop_hours: 12.0 }
}

fn change(decision: Decided) -> Change<Seen, Original, Step> {
    match decision {
        Decision::Change(change) => change,
        Decision::Leave { verdict, why } => panic!("left alone: {verdict:?}, {why}"),
    }
}

fn left(decision: Decided) -> (Verdict, String) {
    match decision {
        Decision::Leave { verdict, why } => (verdict, why),
        Decision::Change(change) => panic!("not left alone: {change:?}"),
    }
}

fn targets(decision: Decided) -> Vec<u32> {
    change(decision)
        .steps
        .iter()
        .map(|step| match step {
            Step::Scale { to } => *to,
            Step::AwaitActive { .. } => panic!("no scaling"),
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
    assert_eq!([1, 2, 8, 32, 33, 64, 100, 1000].map(floor), [1, 1, 1, 1, 2, 2, 4, 32]);
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
fn a_stream_that_somebody_is_scaling_is_not_touched() {
    let seen = Seen { status: Status::Updating, ..seen(8) };
    assert_eq!(left(Streams::stop(&case(Some(&seen), None))).0, Verdict::Skipped);
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

#[test]
fn shards_and_extended_retention_are_priced() {
    let prices = PriceBook::built_in("us-east-1");
    let day = |seen: &Seen| Streams::standing(Some(seen), &prices).rate.per_day().unwrap();
    // 2 × 0.015 × 24
    assert!((day(&seen(2)) - 0.72).abs() < 1e-9);
    // 2 × (0.015 + 0.020) × 24
    assert!((day(&Seen { retention_hours: 168, ..seen(2) }) - 1.68).abs() < 1e-9);
    // 0.04 × 24
    assert!((day(&Seen { mode: Mode::OnDemand, ..seen(4) }) - 0.96).abs() < 1e-9);
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
    fn down_and_up_fit_the_calls_of_a_day(shards in 1_u32..5000) {
        let floor = floor(shards);
        prop_assert!(counts(shards, floor).len() + counts(floor, shards).len() <= 10);
    }
}
