use super::*;
use crate::kinds::{Change, Claim, Held};

fn seen(reserved: Reserved) -> Seen {
    Seen { reserved }
}

fn case(seen: Option<&Seen>, held: Option<(Reserved, Phase)>) -> Case<'_, Seen, Original> {
    let held = held.map(|(reserved, phase)| Held { original: Original { reserved }, phase });
    Case { name: "work", seen, held, longest_stop_hours: 0.0, recent_calls: Vec::new() }
}

fn change(decision: Decided) -> Change<Seen, Original, Step> {
    match decision {
        Decision::Change(change) => change,
        Decision::Leave { verdict, why } => panic!("left alone: {verdict:?}, {why}"),
    }
}

fn verdict(decision: &Decided) -> Verdict {
    match decision {
        Decision::Leave { verdict, .. } => *verdict,
        Decision::Change(change) => panic!("not left alone: {change:?}"),
    }
}

#[test]
fn unset_and_a_number_are_saved_as_what_they_are_and_come_back_so() {
    for reserved in [None, Some(1), Some(5)] {
        let stop = change(Functions::stop(&case(Some(&seen(reserved)), None)));
        assert_eq!(stop.claim, Claim::Take(Original { reserved }));
        assert_eq!(stop.steps, [Step { reserve: Some(0) }]);
        let start = change(Functions::start(&case(Some(&seen(Some(0))), Some((reserved, Phase::Stopped)))));
        assert_eq!(start.steps, [Step { reserve: reserved }]);
    }
}

#[test]
fn a_function_that_a_person_set_to_0_is_left_at_0() {
    assert_eq!(verdict(&Functions::stop(&case(Some(&seen(Some(0))), None))), Verdict::AlreadyStopped);
    assert_eq!(verdict(&Functions::start(&case(Some(&seen(Some(0))), None))), Verdict::Skipped);
}

#[test]
fn a_second_stop_saves_nothing() {
    let zero = seen(Some(0));
    assert_eq!(verdict(&Functions::stop(&case(Some(&zero), Some((Some(5), Phase::Stopped))))), Verdict::AlreadyStopped);
    let half_done = change(Functions::stop(&case(Some(&zero), Some((Some(5), Phase::Stopping)))));
    assert_eq!((half_done.claim, half_done.steps.len()), (Claim::Keep, 0));
}

#[test]
fn a_stop_that_died_before_its_call_goes_on() {
    let stop = change(Functions::stop(&case(Some(&seen(None)), Some((None, Phase::Stopping)))));
    assert_eq!((stop.claim, stop.steps), (Claim::Keep, vec![Step { reserve: Some(0) }]));
}

#[test]
fn what_a_person_set_in_between_wins() {
    let stopped = Some((Some(5), Phase::Stopped));
    assert_eq!(verdict(&Functions::start(&case(Some(&seen(Some(7))), stopped))), Verdict::Released);
    assert_eq!(verdict(&Functions::start(&case(Some(&seen(None)), stopped))), Verdict::Released);
    let stop = change(Functions::stop(&case(Some(&seen(Some(7))), stopped)));
    assert_eq!(stop.claim, Claim::Take(Original { reserved: Some(7) }));
    assert_eq!(stop.detail, "a person had set it to reserved 7 since the last stop");
}

#[test]
fn a_function_that_was_deleted_is_not_owed_any_more() {
    assert_eq!(verdict(&Functions::start(&case(None, Some((None, Phase::Stopped))))), Verdict::Released);
}

#[test]
fn a_step_is_done_when_the_setting_is_seen() {
    let step = Step { reserve: None };
    assert_eq!(Functions::progress(&step, Some(&seen(None))), Progress::Done);
    assert_eq!(Functions::progress(&step, Some(&seen(Some(0)))), Progress::NotBegun);
    assert!(matches!(Functions::progress(&step, None), Progress::Failed(_)));
}

#[test]
fn a_reservation_costs_nothing_either_way() {
    let book = PriceBook::built_in("eu-west-3");
    assert_eq!(Functions::standing(Some(&seen(Some(5))), &book).rate, Rate::ZERO);
}
