use super::*;

fn action(schedule: &str) -> Action {
    Action {
        name: "evening".to_owned(),
        schedule: schedule.to_owned(),
        timezone: None,
        starts_at: None,
        ends_at: None,
        capacity: Some(Capacity { min: Some(1), max: None }),
    }
}

pub fn target() -> Target {
    Target {
        variant: "AllTraffic".to_owned(),
        dimension: "sagemaker:variant:DesiredInstanceCount".to_owned(),
        min: 1,
        max: 4,
        role_arn: None,
        suspended: Suspended { scaling_in: true, scaling_out: false, scheduled: false },
        policies: vec![Policy {
            name: "steps".to_owned(),
            rule: Rule::Step(Stepping {
                adjustment_type: Some("ChangeInCapacity".to_owned()),
                adjustments: vec![Adjustment { lower: Some(0.0), upper: None, by: 1 }],
                min_magnitude: None,
                cooldown: Some(60),
                aggregation: None,
                alarms: vec!["too-many-requests".to_owned()],
            }),
        }],
        actions: vec![action("cron(0 18 * * ? *)")],
        tags: [("team".to_owned(), "ml".to_owned())].into(),
    }
}

#[test]
fn a_target_lacks_whatever_of_it_is_missing_or_different() {
    let wanted = target();
    assert!(wanted.includes(&wanted, 0));
    for change in [
        |target: &mut Target| target.min = 0,
        |target: &mut Target| target.max = 5,
        |target: &mut Target| target.suspended.scaling_in = false,
        |target: &mut Target| target.suspended.scaling_out = true,
        |target: &mut Target| target.suspended.scheduled = true,
        |target: &mut Target| target.tags.clear(),
        |target: &mut Target| target.variant.push('X'),
        |target: &mut Target| target.dimension.push('X'),
        |target: &mut Target| target.policies.clear(),
        |target: &mut Target| target.policies[0].rule = Rule::Other("PredictiveScaling".to_owned()),
        |target: &mut Target| target.actions.clear(),
        |target: &mut Target| target.actions[0].schedule = "rate(1 day)".to_owned(),
    ] {
        let mut lacking = wanted.clone();
        change(&mut lacking);
        assert!(!lacking.includes(&wanted, 0), "{lacking:?}");
    }
}

#[test]
fn neither_passed_actions_nor_a_policys_alarms_are_wanted() {
    let mut wanted = target();
    wanted.actions.push(action("at(2020-01-01T00:00:00)"));
    let mut there = target();
    let Rule::Step(steps) = &mut there.policies[0].rule else { unreachable!() };
    steps.alarms.clear();
    assert!(there.includes(&wanted, 2_000_000_000));
    assert!(!there.includes(&wanted, 0));
}

#[test]
fn a_policy_that_cannot_be_put_back_as_it_was_is_an_obstacle() {
    let mut target = target();
    assert_eq!(
        target.obstacle().unwrap(),
        "its scaling policy steps would get another ARN, and these alarms would point to the old one: too-many-requests"
    );
    let Rule::Step(steps) = &mut target.policies[0].rule else { unreachable!() };
    steps.alarms.clear();
    assert_eq!(target.obstacle(), None);
    target.policies[0].rule = Rule::Other("PredictiveScaling".to_owned());
    assert_eq!(
        target.obstacle().unwrap(),
        "its scaling policy steps is of the type PredictiveScaling"
    );
}

#[test]
fn the_start_of_a_schedule_does_not_count_once_it_is_over() {
    let at = |start| Action { starts_at: start, ..action("rate(1 day)") };
    let (past, later) = (Some(1_000_000), Some(9_000_000));
    assert_eq!((at(past).future_start(5_000), at(later).future_start(5_000)), (None, later));
    assert!(at(None).is_same(&at(past), 5_000));
    assert!(!at(None).is_same(&at(later), 5_000));
    assert!(at(later).is_same(&at(later), 5_000));
    assert!(!at(None).is_same(&Action { capacity: None, ..at(past) }, 5_000));
}

#[test]
fn actions_that_fell_due_during_a_stop_are_told_by_name() {
    let named = |name: &str, schedule| Action { name: name.to_owned(), ..action(schedule) };
    let mut target = target();
    target.actions = vec![
        named("launch", "at(2026-01-01T12:00:00)"),
        named("later", "at(2099-01-01T12:00:00)"),
        named("night", "cron(0 20 * * ? *)"),
    ];
    assert_eq!(
        target.missed_actions(1_800_000_000),
        [
            "scheduled actions of AllTraffic whose time passed while it was stopped did not run and are not put back: \
             launch (at(2026-01-01T12:00:00))",
            "scheduled actions of AllTraffic that fell due while it was stopped did not run, it scales from 1 to 4 as \
             when it was stopped: night (cron(0 20 * * ? *))",
        ]
    );
    target.suspended.scheduled = true;
    assert_eq!(target.missed_actions(1_800_000_000), [""; 0]);
}

#[test]
fn a_role_that_an_earlier_version_saved_is_read_and_dropped() {
    let mut earlier = serde_json::to_value(target()).unwrap();
    let fields = earlier.as_object_mut().unwrap();
    assert_eq!(fields.remove("role_arn"), None);
    fields.remove("tags");
    fields.insert("role_arn".to_owned(), "arn:aws:iam::1:role/own".into());
    let read: Target = serde_json::from_value(earlier).unwrap();
    assert!(target().includes(&read, 0));
}

#[test]
fn a_target_is_told_in_words() {
    assert_eq!(
        target().to_string(),
        "scaling of AllTraffic (InstanceCount 1 to 4) with 1 policy and 1 scheduled action"
    );
}

#[test]
fn a_resource_id_names_the_endpoint_and_the_variant() {
    assert_eq!(parse_resource_id(&resource_id("risk", "Blue")), Some(("risk", "Blue")));
    assert_eq!(parse_resource_id("inference-component/x"), None);
}
