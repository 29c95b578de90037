use super::*;
use crate::kinds::rules::testing::{change, verdict};
use crate::kinds::rules::{Claim, Held};

const METRIC: Form = Form::Metric { metrics: 1, high_resolution: false };

fn seen(actions_enabled: bool) -> Seen {
    Seen { actions_enabled, form: METRIC, drives_scaling: false }
}

fn case<'a>(
    name: &'a str,
    seen: Option<&'a Seen>,
    phase: Option<Phase>,
) -> Case<'a, Seen, Original> {
    let held = phase.map(|phase| Held { original: Original { actions_enabled: true }, phase });
    Case {
        name,
        seen,
        held,
        ration: crate::model::Ration::default(),
        now: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn only_alarms_whose_actions_were_on_are_saved() {
    let stop = change(Alarms.stop(&case("a", Some(&seen(true)), None)));
    assert_eq!(stop.claim, Claim::Save(Original { actions_enabled: true }));
    assert_eq!(
        verdict(&Alarms.stop(&case("a", Some(&seen(false)), None))),
        Verdict::AlreadyStopped
    );
}

#[test]
fn an_alarm_that_a_person_had_disabled_is_not_enabled() {
    assert_eq!(verdict(&Alarms.start(&case("a", Some(&seen(false)), None))), Verdict::Skipped);
}

#[test]
fn a_start_enables_what_a_stop_disabled_wherever_that_stop_died() {
    for phase in [Phase::Stopping, Phase::Stopped, Phase::Starting] {
        assert_eq!(
            change(Alarms.start(&case("a", Some(&seen(false)), Some(phase)))).steps,
            [ENABLE]
        );
    }
}

#[test]
fn a_start_enables_only_what_was_enabled() {
    let off = seen(false);
    let mut case = case("a", Some(&off), Some(Phase::Stopped));
    case.held.as_mut().unwrap().original.actions_enabled = false;
    let start = change(Alarms.start(&case));
    assert_eq!((start.steps, start.after), (Vec::new(), Some(off.clone())));
}

#[test]
fn an_alarm_that_a_person_enabled_is_stopped_again_but_not_started() {
    let stop = change(Alarms.stop(&case("a", Some(&seen(true)), Some(Phase::Stopped))));
    assert_eq!((stop.claim, stop.steps), (Claim::Resume, vec![DISABLE]));
    assert_eq!(
        verdict(&Alarms.start(&case("a", Some(&seen(true)), Some(Phase::Stopped)))),
        Verdict::Released
    );
}

#[test]
fn a_deleted_alarm_is_not_owed_any_more() {
    assert_eq!(verdict(&Alarms.start(&case("a", None, Some(Phase::Stopped)))), Verdict::Released);
}

#[test]
fn the_alarms_of_a_target_tracking_policy_are_left_alone() {
    let stop = Alarms.stop(&case("TargetTracking-endpoint/x", Some(&seen(true)), None));
    assert_eq!(verdict(&stop), Verdict::Unmanaged);
}

#[test]
fn an_alarm_that_drives_scaling_is_left_alone_unless_it_is_owed() {
    let scales = Seen { drives_scaling: true, ..seen(true) };
    assert_eq!(verdict(&Alarms.stop(&case("a", Some(&scales), None))), Verdict::Unmanaged);
    let owed = Seen { drives_scaling: true, ..seen(false) };
    assert_eq!(change(Alarms.start(&case("a", Some(&owed), Some(Phase::Stopped)))).steps, [ENABLE]);
}

#[test]
fn a_step_is_done_when_the_setting_is_seen() {
    assert_eq!(Alarms.progress(&Switch::Enable, Some(&seen(true)), None), Progress::Done);
    assert_eq!(Alarms.progress(&Switch::Enable, Some(&seen(false)), None), Progress::NotBegun);
    assert_eq!(Alarms.progress(&Switch::Disable, Some(&seen(false)), None), Progress::Done);
    assert!(matches!(Alarms.progress(&Switch::Enable, None, None), Progress::Failed(_)));
}

#[test]
fn an_alarm_costs_the_same_with_and_without_its_actions() {
    for form in
        [METRIC, Form::Metric { metrics: 3, high_resolution: true }, Form::Composite, Form::Log]
    {
        let usage = |actions_enabled| {
            Alarms.describe(Some(&Seen { actions_enabled, form, drives_scaling: false })).usage
        };
        assert_eq!(usage(true), usage(false));
        assert!(!usage(true).is_none());
    }
}

#[test]
fn originals_of_version_0_1_are_understood_and_stay_as_they_are() {
    crate::golden::assert_originals_stay::<Original>("cloudwatch");
}

#[test]
fn its_arn_is_read_as_its_kind_and_name() {
    let id = INFO.resource_in("arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a:b").unwrap();
    assert_eq!(id.to_string(), "cloudwatch:a:b");
}

/// The numbers are those of AWS's pages, which the rates name as their sources.
#[test]
fn it_keeps_to_its_published_rates() {
    use crate::model::Requests::Of;
    assert_eq!(
        INFO.told_rates(),
        [
            ("monitoring", Of("DescribeAlarms"), 9),
            ("monitoring", Of("DisableAlarmActions"), 3),
            ("monitoring", Of("EnableAlarmActions"), 3),
        ]
    );
}
