use super::*;
use crate::kinds::rules::Claim;
use crate::kinds::rules::testing::{change, left};
use crate::model::Ration;
use proptest::prelude::*;

/// These rules are for stops of at most twelve hours.
const RULES: Streams = Streams { longest_stop_hours: 12.0 };

fn seen(shards: u32) -> Seen {
    Seen {
        status: Status::Active,
        mode: Mode::Provisioned,
        shards,
        retention_hours: 24,
        ..Seen::default()
    }
}

fn held(shards: u32, floor: u32, phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original { shards, mode: Mode::Provisioned, floor }, phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case {
        name: "events",
        seen,
        held,
        ration: Ration { time_left: Duration::from_secs(3 * 3600), ..Ration::default() },
        now: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn scale(to: u32) -> Step {
    Step::Call(ScaleTo(to))
}

fn hold(seconds: u64) -> Step {
    Step::Wait(Wait::FreeCall { seconds })
}

fn is_rationed(step: &Step) -> bool {
    matches!(step, Step::Call(call) if RULES.is_rationed(call))
}

/// Tells how far a step has come.
#[track_caller]
fn progress(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
    match step {
        Step::Call(call) => RULES.progress(call, seen, None),
        Step::Wait(wait) => RULES.waited(wait, seen),
        Step::GiveUp(why) => panic!("given up: {why}"),
    }
}

fn targets(decision: Decided) -> Vec<u32> {
    change(decision)
        .steps
        .iter()
        .map(|step| match step {
            Step::Call(ScaleTo(to)) => *to,
            other => panic!("no scaling: {other}"),
        })
        .collect()
}

#[test]
fn a_stop_halves_and_a_start_doubles() {
    assert_eq!(targets(RULES.stop(&case(Some(&seen(8)), None))), [4, 2, 1]);
    assert_eq!(targets(RULES.start(&case(Some(&seen(1)), held(8, 1, Phase::Stopped)))), [2, 4, 8]);
}

#[test]
fn an_odd_count_is_halved_upwards_and_comes_back_exactly() {
    assert_eq!(targets(RULES.stop(&case(Some(&seen(5)), None))), [3, 2, 1]);
    assert_eq!(targets(RULES.start(&case(Some(&seen(1)), held(5, 1, Phase::Stopped)))), [2, 4, 5]);
}

#[test]
fn the_floor_leaves_enough_of_a_days_calls_for_the_way_back() {
    let floors = [2, 8, 32, 33, 64, 100, 1000].map(|shards| floor(1, shards, shards, 0));
    assert_eq!(floors, [1, 1, 1, 2, 2, 4, 32].map(Some));
}

#[test]
fn a_floor_above_one_gives_its_reason() {
    let change = change(RULES.stop(&case(Some(&seen(64)), None)));
    assert_eq!(
        change.claim,
        Claim::Save(Original { shards: 64, mode: Mode::Provisioned, floor: 2 })
    );
    assert!(change.detail.starts_with("floor 2 because"), "{}", change.detail);
}

#[test]
fn a_stop_that_was_half_done_goes_on_with_its_original() {
    let change = change(RULES.stop(&case(Some(&seen(2)), held(8, 1, Phase::Stopping))));
    assert_eq!(change.claim, Claim::Resume);
    assert_eq!(change.steps, [scale(1)]);
}

#[test]
fn a_start_that_was_half_done_is_taken_down_again_with_its_original() {
    let change = change(RULES.stop(&case(Some(&seen(4)), held(8, 1, Phase::Starting))));
    assert_eq!(change.claim, Claim::Resume);
    assert_eq!(change.steps, [scale(2), scale(1)]);
}

#[test]
fn a_persons_scaling_of_a_stopped_stream_stands() {
    let stopped = || held(8, 1, Phase::Stopped);
    let stop = change(RULES.stop(&case(Some(&seen(4)), stopped())));
    assert_eq!(stop.claim, Claim::Save(Original { shards: 4, mode: Mode::Provisioned, floor: 1 }));
    let (verdict, why) = left(RULES.start(&case(Some(&seen(4)), stopped())));
    assert_eq!(verdict, Verdict::Released);
    assert_eq!(why, "a person scaled it to 4 shards: it stays so");
}

#[test]
fn a_shard_count_that_is_not_on_our_way_is_a_persons() {
    let stop = change(RULES.stop(&case(Some(&seen(6)), held(8, 1, Phase::Stopping))));
    assert!(matches!(stop.claim, Claim::Save(Original { shards: 6, .. })));
    assert_eq!(
        left(RULES.start(&case(Some(&seen(6)), held(8, 1, Phase::Starting)))).0,
        Verdict::Released
    );
}

#[test]
fn a_stream_stopped_to_its_floor_is_already_stopped() {
    assert_eq!(
        left(RULES.stop(&case(Some(&seen(1)), held(8, 1, Phase::Stopped)))).0,
        Verdict::AlreadyStopped
    );
}

#[test]
fn a_stream_of_one_shard_is_left_alone() {
    assert_eq!(left(RULES.stop(&case(Some(&seen(1)), None))).0, Verdict::Skipped);
}

#[test]
fn an_on_demand_stream_is_left_alone() {
    let seen = Seen { mode: Mode::OnDemand, ..seen(4) };
    assert_eq!(left(RULES.stop(&case(Some(&seen), None))).0, Verdict::Skipped);
    assert_eq!(
        left(RULES.start(&case(Some(&seen), held(8, 1, Phase::Stopped)))).0,
        Verdict::Released
    );
}

#[test]
fn a_stream_that_was_deleted_is_not_owed_any_more() {
    assert_eq!(left(RULES.start(&case(None, held(8, 1, Phase::Stopped)))).0, Verdict::Released);
    assert_eq!(left(RULES.stop(&case(None, held(8, 1, Phase::Stopped)))).0, Verdict::Released);
}

#[test]
fn a_stream_in_transition_is_looked_at_again() {
    let updating = Seen { status: Status::Updating, ..seen(8) };
    assert_eq!(left(RULES.stop(&case(Some(&updating), None))).0, Verdict::Later);
    assert_eq!(
        left(RULES.stop(&case(Some(&updating), held(8, 1, Phase::Starting)))).0,
        Verdict::Later
    );
    let deleting = Seen { status: Status::Deleting, ..seen(8) };
    assert_eq!(left(RULES.stop(&case(Some(&deleting), None))).0, Verdict::Skipped);
}

#[test]
fn a_start_waits_for_our_own_scaling_and_goes_on_from_there() {
    let updating = Seen { status: Status::Updating, ..seen(4) };
    let start = change(RULES.start(&case(Some(&updating), held(8, 1, Phase::Starting))));
    let wait = Wait::Active { goal: 8, from: 4, calls: 10 };
    assert_eq!(start.steps, [Step::Wait(wait), scale(8)], "and what follows counts from now on");
    assert_eq!(
        progress(&start.steps[0], Some(&updating)),
        Progress::Waiting("UPDATING".to_owned())
    );
    assert_eq!(progress(&start.steps[0], Some(&seen(4))), Progress::Done);
    let there = Progress::Instead {
        steps: Vec::new(),
        why: "ACTIVE with 8 shards".to_owned(),
        pause: Duration::ZERO,
    };
    assert_eq!(progress(&start.steps[0], Some(&seen(8))), there);
    match progress(&start.steps[0], Some(&seen(2))) {
        Progress::Instead { steps, .. } => {
            assert_eq!(steps, [scale(4), scale(8)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restored_stream_is_done_and_one_that_was_never_stopped_is_released() {
    assert!(
        change(RULES.start(&case(Some(&seen(8)), held(8, 1, Phase::Starting)))).steps.is_empty()
    );
    assert_eq!(
        left(RULES.start(&case(Some(&seen(8)), held(8, 1, Phase::Stopping)))).0,
        Verdict::Released
    );
}

#[test]
fn a_retention_shorter_than_the_longest_stop_is_warned_about() {
    let seen = seen(8);
    let case = case(Some(&seen), None);
    assert!(change(RULES.stop(&case)).warnings.is_empty());
    let weekends = Streams { longest_stop_hours: 63.0 };
    assert_eq!(change(weekends.stop(&case)).warnings.len(), 1);
}

/// Records calls that were made so long ago.
fn made(case: &mut Case<Seen, Original>, calls: Vec<Duration>) {
    case.ration.recent.clone_from(&calls);
    case.ration.made = calls;
}

fn hours_ago(hours: &[f64]) -> Vec<Duration> {
    hours.iter().map(|hours| Duration::from_secs_f64(hours * 3600.0)).collect()
}

#[test]
fn calls_of_the_last_day_raise_the_floor() {
    let seen = seen(32);
    let mut case = case(Some(&seen), None);
    assert_eq!(targets(RULES.stop(&case)), [16, 8, 4, 2, 1]);
    made(&mut case, hours_ago(&[10.0; 5]));
    assert_eq!(targets(RULES.stop(&case)), [16, 8]);
}

#[test]
fn without_calls_for_the_way_back_a_stream_is_left_and_the_hour_told() {
    let seen = seen(2);
    let mut case = case(Some(&seen), None);
    // One call is free again in 6 minutes. That is not enough: the way down and back takes two.
    made(&mut case, hours_ago(&[23.9, 20.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]));
    let (verdict, why) = left(RULES.stop(&case));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.ends_with("the next is free at 1970-01-01 04:00 UTC"), "{why}");
}

#[test]
fn a_call_that_is_free_again_in_minutes_is_waited_for() {
    let seen = seen(32);
    let mut case = case(Some(&seen), None);
    // Yesterday's stop made its calls two minutes earlier in the day. None were made since.
    made(&mut case, hours_ago(&[24.0 - 1.0 / 30.0; 6]));
    let stop = change(RULES.stop(&case));
    // Four steps go at once. The last one waits for a call.
    assert_eq!(stop.steps[4..], [hold(121), scale(1)]);
    assert!(matches!(progress(&stop.steps[4], Some(&seen)), Progress::DoneFor { .. }));
}

#[test]
fn a_resumed_stop_leaves_calls_for_the_way_back_too() {
    let seen = seen(4);
    let mut case = case(Some(&seen), held(8, 1, Phase::Starting));
    made(&mut case, hours_ago(&[1.0; 5]));
    // Of ten calls, 5 are used, 2 lead down and 3 lead up.
    assert_eq!(change(RULES.stop(&case)).claim, Claim::Resume);
    made(&mut case, hours_ago(&[1.0; 7]));
    // Of ten calls, 7 are used, 1 leads down and 2 lead up.
    let stop = change(RULES.stop(&case));
    assert_eq!(stop.claim, Claim::Amend(Original { shards: 8, mode: Mode::Provisioned, floor: 2 }));
    made(&mut case, hours_ago(&[1.0; 9]));
    let (verdict, why) = left(RULES.stop(&case));
    assert_eq!(verdict, Verdict::AlreadyStopped, "nothing is changed, and it is below what it was");
    assert!(
        why.starts_with("floor 4 because") && why.ends_with("is free at 1970-01-01 23:00 UTC"),
        "{why}"
    );
}

#[test]
fn a_stream_without_calls_for_another_stop_is_not_called_stopped() {
    let seen = seen(8);
    let mut case = case(Some(&seen), held(8, 1, Phase::Starting));
    made(&mut case, hours_ago(&[1.0; 9]));
    assert_eq!(left(RULES.stop(&case)).0, Verdict::Skipped);
}

#[test]
fn an_operation_waits_for_a_call_only_as_long_as_it_has_time() {
    let seen = seen(32);
    let mut case = case(Some(&seen), None);
    made(&mut case, hours_ago(&[24.0 - 1.0 / 30.0; 6]));
    case.ration.time_left = Duration::from_secs(241);
    assert_eq!(targets_and_holds(RULES.stop(&case)), (vec![16, 8, 4, 2, 1], 121));
    case.ration.time_left = Duration::from_secs(239);
    assert_eq!(targets_and_holds(RULES.stop(&case)), (vec![16, 8], 0));
}

fn targets_and_holds(decision: Decided) -> (Vec<u32>, u64) {
    let (mut targets, mut held) = (Vec::new(), 0);
    for step in change(decision).steps {
        match step {
            Step::Call(ScaleTo(to)) => targets.push(to),
            Step::Wait(Wait::FreeCall { seconds }) => held += seconds,
            other => panic!("{other}"),
        }
    }
    (targets, held)
}

#[test]
fn a_start_that_runs_out_of_calls_tells_when_the_next_is_free() {
    let seen = seen(1);
    let mut case = case(Some(&seen), held(8, 1, Phase::Stopped));
    made(&mut case, hours_ago(&[20.0, 19.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]));
    let steps = change(RULES.start(&case)).steps;
    let [Step::Call(ScaleTo(2)), Step::GiveUp(why)] = &steps[..] else { panic!("{steps:?}") };
    assert!(why.ends_with("the next is free at 1970-01-01 04:00 UTC"), "{why}");
    case.ration.made.insert(0, Duration::from_secs(23 * 3600));
    let steps = change(RULES.start(&case)).steps;
    assert!(matches!(&steps[..], [Step::GiveUp(why)] if why.ends_with("01:00 UTC")), "{steps:?}");
}

#[test]
fn calls_that_may_have_been_made_limit_a_stop_but_not_a_start() {
    let (up, down) = (seen(32), seen(1));
    let mut stop = case(Some(&up), None);
    stop.ration.recent = hours_ago(&[1.0; 5]);
    assert_eq!(targets(RULES.stop(&stop)), [16, 8]);
    let mut start = case(Some(&down), held(32, 1, Phase::Starting));
    (start.ration.recent, start.ration.made) = (hours_ago(&[1.0; 10]), hours_ago(&[1.0; 5]));
    assert_eq!(targets(RULES.start(&start)), [2, 4, 8, 16, 32]);
}

#[test]
fn a_start_that_has_to_wait_for_several_calls_waits_once_for_each() {
    let seen = seen(1);
    let mut case = case(Some(&seen), held(8, 1, Phase::Stopped));
    let minutes = |minutes: u64| Duration::from_secs(24 * 3600 - minutes * 60);
    made(&mut case, [vec![minutes(1), minutes(3)], hours_ago(&[1.0; 7])].concat());
    let steps = change(RULES.start(&case)).steps;
    assert_eq!(steps, [scale(2), hold(61), scale(4), hold(121), scale(8)]);
}

#[test]
fn a_call_that_aws_refused_is_not_made_again_for_a_while() {
    let (up, down) = (seen(8), seen(1));
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let mut stop = case(Some(&up), None);
    stop.ration.refused = hours(20);
    let (verdict, why) = left(RULES.stop(&stop));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.ends_with("the next is free at 1970-01-01 04:00 UTC at the latest"), "{why}");
    let mut start = case(Some(&down), held(8, 1, Phase::Starting));
    start.ration.refused = Some(Duration::from_secs(3599));
    assert!(matches!(&change(RULES.start(&start)).steps[..], [Step::GiveUp(_)]));
    start.ration.refused = hours(1);
    assert_eq!(targets(RULES.start(&start)), [2, 4, 8], "a morning is worth another try");
}

/// Returns how many shards the stream has in each of ten nights.
///
/// Each stop is at 18:00 and each start at 8:00. A call takes a minute.
fn nights(shards: u32) -> Vec<u32> {
    const MINUTE: u64 = 60;
    let (mut made, mut nights): (Vec<u64>, Vec<u32>) = (Vec::new(), Vec::new());
    let carry_out = |decision: Decided, now: u64, made: &mut Vec<u64>| {
        let (targets, held) = targets_and_holds(decision);
        made.extend((0..targets.len() as u64).map(|n| now + held + n * MINUTE));
        let worst = made
            .iter()
            .map(|at| made.iter().filter(|other| (*at..*at + 86_400).contains(other)).count())
            .max();
        assert!(worst <= Some(CALLS_A_DAY), "AWS takes ten calls a day: {made:?}");
        targets.last().copied()
    };
    for day in 0..10_u64 {
        let ration = |now: u64, made: &[u64]| {
            let ages = made.iter().map(|at| Duration::from_secs(now - at));
            let made: Vec<Duration> = ages.filter(|age| age.as_secs() < 86_400).collect();
            Ration {
                recent: made.clone(),
                made,
                time_left: Duration::from_secs(3 * 3600),
                ..Ration::default()
            }
        };
        let evening = day * 86_400 + 18 * 3600;
        let up = seen(shards);
        let stop = Case { ration: ration(evening, &made), ..case(Some(&up), None) };
        let night =
            carry_out(RULES.stop(&stop), evening, &mut made).expect("it is stopped every evening");
        nights.push(night);
        let morning = (day + 1) * 86_400 + 8 * 3600;
        let down = seen(night);
        let start = Case {
            ration: ration(morning, &made),
            ..case(Some(&down), held(shards, night, Phase::Stopped))
        };
        assert_eq!(
            carry_out(RULES.start(&start), morning, &mut made),
            Some(shards),
            "every morning brings it back"
        );
    }
    nights
}

/// These are the numbers of docs/semantics.md.
#[test]
fn a_daily_schedule_leaves_as_many_shards_as_the_documentation_says() {
    assert_eq!(nights(2), [1; 10]);
    assert_eq!(nights(4), [1; 10]);
    assert_eq!(nights(8), [1; 10]);
    assert_eq!(nights(16), [1, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!(nights(32), [1, 8, 2, 4, 4, 4, 4, 4, 4, 4]);
    assert_eq!(nights(64), [2, 16, 4, 8, 8, 8, 8, 8, 8, 8]);
}

#[test]
fn a_stopped_stream_that_a_person_is_scaling_is_looked_at_later() {
    let updating = Seen { status: Status::Updating, ..seen(1) };
    assert_eq!(
        left(RULES.start(&case(Some(&updating), held(8, 1, Phase::Stopped)))).0,
        Verdict::Later
    );
    for phase in [Phase::Stopping, Phase::Starting] {
        let start = change(RULES.start(&case(Some(&updating), held(8, 1, phase))));
        assert_eq!(start.steps.iter().filter(|step| is_rationed(step)).count(), 3);
    }
}

#[test]
fn our_own_scaling_that_led_elsewhere_goes_on_within_the_free_calls() {
    let updating = Seen { status: Status::Updating, ..seen(4) };
    let mut case = case(Some(&updating), held(8, 1, Phase::Starting));
    made(&mut case, hours_ago(&[1.0; 9]));
    let start = change(RULES.start(&case));
    let Progress::Instead { steps, .. } = progress(&start.steps[0], Some(&seen(2))) else {
        panic!()
    };
    assert!(matches!(&steps[..], [Step::Call(ScaleTo(4)), Step::GiveUp(_)]), "{steps:?}");
}

#[test]
fn only_scaling_is_rationed() {
    assert!(is_rationed(&scale(1)));
    assert!(!is_rationed(&hold(1)));
}

#[test]
fn fan_out_consumers_are_named() {
    let seen = Seen { consumers: 2, ..seen(2) };
    let description = RULES.describe(Some(&seen));
    assert!(
        description.notes[0].starts_with("2 enhanced fan-out consumers, billed"),
        "{:?}",
        description.notes
    );
    assert_eq!(description.advice[0].pays, Usage::of(&bills::FAN_OUT_SHARD, 4));
    let named = Seen { consumer_names: vec!["a".to_owned(), "b".to_owned()], ..seen };
    assert!(
        RULES.describe(Some(&named)).notes[0]
            .starts_with("2 enhanced fan-out consumers (a, b), billed")
    );
}

proptest! {
    #[test]
    fn a_way_has_only_steps_that_aws_takes_and_reaches_its_goal(from in 1_u32..5000, to in 1_u32..5000) {
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
    fn the_way_down_and_back_fits_the_calls_of_a_day(shards in 1_u32..5000, used in 0_usize..12) {
        if let Some(floor) = floor(1, shards, shards, used) {
            prop_assert!(used + counts(shards, floor).len() + counts(floor, shards).len() <= 10);
        }
    }
}

#[test]
fn originals_of_version_0_1_are_understood_and_stay_as_they_are() {
    crate::golden::assert_originals_stay::<Original>("kinesis");
}

#[test]
fn its_arn_is_read_as_its_kind_and_name() {
    let id = INFO.resource_in("arn:aws:kinesis:us-east-1:123456789012:stream/events").unwrap();
    assert_eq!(id.to_string(), "kinesis:events");
}

/// The numbers are those of AWS's pages, which the rates name as their sources.
#[test]
fn it_keeps_to_its_published_rates() {
    use crate::model::Requests::Of;
    assert_eq!(
        INFO.told_rates(),
        [
            ("kinesis", Of("ListStreams"), 5),
            ("kinesis", Of("DescribeStreamSummary"), 20),
            ("kinesis", Of("UpdateShardCount"), 10),
        ]
    );
}
