use std::time::Duration;

use super::autoscaling::{Action, Suspended};
use super::*;
use crate::failure::{Class, Failure};
use crate::kinds::rules::testing::{change, left};
use crate::kinds::rules::{Change, Claim};
use crate::usage::Usage;

const RULES: Endpoints = Endpoints { poll: Duration::ZERO };

fn seen(status: Status) -> Seen {
    Seen {
        status,
        failure_reason: None,
        created_at: Some(100),
        config_name: "risk-config".to_owned(),
        variants: vec![Variant {
            name: "AllTraffic".to_owned(),
            instance_type: Some("ml.m5.large".to_owned()),
            instances: 1,
            weight: 1.0,
            serverless: None,
        }],
        shadows: Vec::new(),
        tags: [("team", "ml"), ("aws:cloudformation:stack-name", "x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        deployment: None,
        scaling: Some(Ok(Vec::new())),
        obstacle: None,
        looked_at: 1_800_000_000,
    }
}

fn held(phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original::of(&seen(Status::InService)), phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case { name: "risk", seen, held, ration: crate::model::Ration::default(), now: now() }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn delete() -> Step {
    Step::Call(Call::Delete { config_name: "risk-config".to_owned(), replacement: None })
}

/// Tells how far a step has come.
#[track_caller]
fn progress_of(step: &Step, seen: Option<&Seen>) -> Progress<Step> {
    match step {
        Step::Call(call) => RULES.progress(call, seen, None),
        Step::Wait(wait) => RULES.waited(wait, seen),
        Step::GiveUp(why) => panic!("given up: {why}"),
    }
}

fn words(change: &Change<Seen, Original, Step>) -> Vec<String> {
    change.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_stop_saves_what_deleting_loses_without_the_tags_that_aws_set() {
    let stop = change(RULES.stop(&case(Some(&seen(Status::InService)), None)));
    let Claim::Save(original) = &stop.claim else { panic!("{stop:?}") };
    assert_eq!(original.config_name, "risk-config");
    assert_eq!(original.tags.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(original.variants[0].instances, 1);
    assert_eq!(stop.steps, [delete()]);
}

#[test]
fn a_start_creates_it_from_its_config_with_its_tags() {
    let start = change(RULES.start(&case(None, held(Phase::Stopped))));
    assert_eq!(start.claim, Claim::Resume);
    let [Step::Call(Call::Create { original })] = &start.steps[..] else { panic!("{start:?}") };
    assert_eq!(
        (original.config_name.as_str(), original.tags["team"].as_str()),
        ("risk-config", "ml")
    );
}

#[test]
fn an_endpoint_whose_config_is_gone_is_not_deleted() {
    let seen = Seen {
        obstacle: Some("its config risk-config does not exist".to_owned()),
        ..seen(Status::InService)
    };
    let (verdict, why) = left(RULES.stop(&case(Some(&seen), None)));
    assert_eq!(verdict, Verdict::Skipped);
    assert_eq!(why, "it could not be created again: its config risk-config does not exist");
}

#[test]
fn an_endpoint_in_transition_is_not_deleted() {
    for status in [
        "Creating",
        "Updating",
        "SystemUpdating",
        "RollingBack",
        "Deleting",
        "OutOfService",
        "Failed",
    ] {
        let (verdict, why) = left(RULES.stop(&case(Some(&seen(Status::parse(status))), None)));
        let passes = !matches!(status, "Deleting" | "OutOfService" | "Failed");
        assert_eq!(
            verdict,
            if passes { Verdict::Later } else { Verdict::Skipped },
            "{status}: {why}"
        );
    }
}

#[test]
fn an_endpoint_without_instances_has_nothing_to_gain() {
    let mut seen = seen(Status::InService);
    seen.variants[0].instances = 0;
    assert_eq!(left(RULES.stop(&case(Some(&seen), None))).0, Verdict::Skipped);
}

#[test]
fn a_stop_that_died_before_its_call_goes_on_with_its_original() {
    let stop = change(RULES.stop(&case(Some(&seen(Status::InService)), held(Phase::Stopping))));
    assert_eq!((&stop.claim, &stop.steps[..]), (&Claim::Resume, &[delete()][..]));
    let stop = change(RULES.stop(&case(Some(&seen(Status::Deleting)), held(Phase::Stopping))));
    assert_eq!((&stop.claim, &stop.steps[..]), (&Claim::Resume, &[Step::Wait(Wait::Deleted)][..]));
    let stop = change(RULES.stop(&case(None, held(Phase::Stopping))));
    assert_eq!((&stop.claim, stop.steps.len()), (&Claim::Resume, 0));
}

#[test]
fn an_endpoint_that_a_person_created_again_is_theirs() {
    let theirs =
        Seen { created_at: Some(900), config_name: "other".to_owned(), ..seen(Status::InService) };
    for phase in [Phase::Stopping, Phase::Stopped] {
        let stop = change(RULES.stop(&case(Some(&theirs), held(phase))));
        assert!(matches!(&stop.claim, Claim::Save(original) if original.config_name == "other"));
        assert_eq!(left(RULES.start(&case(Some(&theirs), held(phase)))).0, Verdict::Released);
    }
    assert_eq!(left(RULES.start(&case(Some(&theirs), held(Phase::Starting)))).0, Verdict::Released);
}

#[test]
fn a_start_takes_up_whatever_a_stop_or_another_start_left() {
    let start = |seen: Option<&Seen>, phase| words(&change(RULES.start(&case(seen, held(phase)))));
    assert_eq!(start(None, Phase::Stopping), ["create the endpoint from risk-config"]);
    assert_eq!(
        start(Some(&seen(Status::Deleting)), Phase::Stopping),
        ["wait until it is deleted", "create the endpoint from risk-config"]
    );
    let anew = |status| Seen { created_at: Some(900), ..seen(status) };
    assert_eq!(
        start(Some(&anew(Status::Creating)), Phase::Starting),
        ["wait until it is in service"]
    );
    assert_eq!(start(Some(&anew(Status::InService)), Phase::Starting), [""; 0]);
    assert_eq!(
        start(Some(&anew(Status::Failed)), Phase::Starting),
        ["delete the endpoint", "create the endpoint from risk-config"]
    );
}

#[test]
fn a_stop_takes_down_an_endpoint_that_a_start_is_creating() {
    let half_made = Seen { created_at: Some(900), ..seen(Status::Creating) };
    let stop = change(RULES.stop(&case(Some(&half_made), held(Phase::Starting))));
    assert_eq!(stop.claim, Claim::Resume);
    assert_eq!(words(&stop), ["wait until it can be deleted", "delete the endpoint"]);
}

#[test]
fn a_failed_endpoint_of_a_person_keeps_its_name_and_our_original() {
    let (verdict, why) =
        left(RULES.start(&case(Some(&seen(Status::Failed)), held(Phase::Stopped))));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.contains("delete it"), "{why}");
}

#[test]
fn progress_is_what_the_status_says() {
    let create = held(Phase::Stopped).unwrap().original.create();
    let progress = |step: &Step, status: Option<&str>| {
        progress_of(step, status.map(|status| seen(Status::parse(status))).as_ref())
    };
    assert_eq!(progress(&delete(), None), Progress::Done);
    assert_eq!(progress(&delete(), Some("Deleting")), Progress::Waiting("Deleting".to_owned()));
    assert_eq!(progress(&delete(), Some("InService")), Progress::NotBegun);
    assert_eq!(progress(&create, None), Progress::NotBegun);
    assert_eq!(progress(&create, Some("Deleting")), Progress::NotBegun);
    assert_eq!(progress(&create, Some("Creating")), Progress::Waiting("Creating".to_owned()));
    assert_eq!(progress(&create, Some("InService")), Progress::Done);
    let settled = Step::Wait(Wait::Settled { config_name: "risk-config".to_owned() });
    assert_eq!(progress(&settled, Some("Updating")), Progress::Waiting("Updating".to_owned()));
    assert_eq!(progress(&settled, Some("Failed")), Progress::Done);
    assert_eq!(progress(&settled, None), Progress::Done);
}

#[test]
fn a_failed_creation_is_tried_again_only_where_aws_lacked_capacity() {
    let create = held(Phase::Stopped).unwrap().original.create();
    let failed = |reason: &str| {
        let seen = Seen { failure_reason: Some(reason.to_owned()), ..seen(Status::Failed) };
        progress_of(&create, Some(&seen))
    };
    assert_eq!(failed("The image is broken."), Progress::Failed("The image is broken.".to_owned()));
    let reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";
    match failed(reason) {
        Progress::Instead { steps, why, pause } => {
            let Step::Call(Call::Delete { replacement: Some(replacement), .. }) = &steps[0] else {
                panic!("{steps:?}")
            };
            assert_eq!(
                (replacement.create(), steps[1].clone(), why.as_str()),
                (create.clone(), create, reason)
            );
            assert!(pause > Duration::ZERO);
        }
        other => panic!("{other:?}"),
    }
}

fn target() -> Target {
    Target {
        variant: "AllTraffic".to_owned(),
        dimension: "sagemaker:variant:DesiredInstanceCount".to_owned(),
        min: 1,
        max: 4,
        role_arn: None,
        suspended: Suspended { scaling_in: false, scaling_out: false, scheduled: true },
        policies: Vec::new(),
        actions: Vec::new(),
        tags: [("team".to_owned(), "ml".to_owned())].into(),
    }
}

/// Returns an endpoint that was scaled out, and is registered for scaling.
fn scaled() -> Seen {
    let mut seen = Seen { scaling: Some(Ok(vec![target()])), ..seen(Status::InService) };
    (seen.variants[0].instances, seen.variants[0].weight) = (3, 0.5);
    seen
}

fn held_of(seen: &Seen, phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original::of(seen), phase })
}

const CAPACITIES: &str =
    "set weights: AllTraffic 0.5, then the capacity of AllTraffic: 3 × ml.m5.large";
const SCALING: &str = "set scaling of AllTraffic (InstanceCount 1 to 4)";

#[test]
fn a_creation_in_service_goes_on_with_what_it_lacks() {
    let create = Original::of(&scaled()).create();
    let fresh = Seen { created_at: Some(900), ..seen(Status::InService) };
    match progress_of(&create, Some(&fresh)) {
        Progress::Instead { steps, pause, .. } => {
            assert_eq!(
                steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [CAPACITIES, SCALING]
            );
            assert_eq!(pause, Duration::ZERO);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(progress_of(&create, Some(&scaled())), Progress::Done);
}

#[test]
fn a_start_plans_only_what_an_earlier_start_has_left() {
    let start = |seen: &Seen| {
        words(&change(RULES.start(&case(Some(seen), held_of(&scaled(), Phase::Starting)))))
    };
    let fresh = Seen { created_at: Some(900), ..seen(Status::InService) };
    assert_eq!(start(&fresh), [CAPACITIES, SCALING]);
    let sized = Seen { variants: scaled().variants, ..fresh.clone() };
    assert_eq!(start(&sized), [SCALING]);
    // Auto scaling has changed the count since: the count is left to it.
    let mut at_work = Seen { created_at: Some(900), ..scaled() };
    at_work.variants[0].instances = 2;
    assert_eq!(start(&at_work), [""; 0]);
    // Scaling out is suspended: too low a count is set, and too high a count is left to scaling.
    for (instances, goes_on) in [(2, true), (4, false)] {
        let mut suspended = target();
        suspended.suspended.scaling_out = true;
        let mut original = scaled();
        original.scaling = Some(Ok(vec![suspended.clone()]));
        at_work.scaling = Some(Ok(vec![suspended]));
        at_work.variants[0].instances = instances;
        let start = change(RULES.start(&case(Some(&at_work), held_of(&original, Phase::Starting))));
        assert_eq!(!start.steps.is_empty(), goes_on, "{instances}");
    }
    // Scaling that cannot be seen is set again.
    let unseen = Seen { scaling: Some(Err(Failure::refused("no"))), ..sized };
    assert_eq!(start(&unseen), [SCALING]);
}

#[test]
fn a_stop_takes_down_an_endpoint_that_a_start_has_half_made() {
    let fresh = Seen { created_at: Some(900), ..seen(Status::InService) };
    let stop = change(RULES.stop(&case(Some(&fresh), held_of(&scaled(), Phase::Starting))));
    assert_eq!((&stop.claim, &stop.steps[..]), (&Claim::Resume, &[delete()][..]));
}

#[test]
fn a_resumed_stop_keeps_the_scaling_that_its_deletion_has_deregistered() {
    let shown_late = Seen { scaling: Some(Ok(Vec::new())), ..scaled() };
    let stop = change(RULES.stop(&case(Some(&shown_late), held_of(&scaled(), Phase::Stopping))));
    assert_eq!(stop.claim, Claim::Resume);
    let mut other = scaled();
    other.scaling = Some(Ok(vec![Target { max: 9, ..target() }]));
    let stop = change(RULES.stop(&case(Some(&other), held_of(&scaled(), Phase::Stopping))));
    assert!(matches!(&stop.claim, Claim::Save(original) if original.targets[0].max == 9));
}

#[test]
fn an_endpoint_whose_scaling_is_not_known_is_not_deleted() {
    let unseen = Seen { scaling: Some(Err(Failure::refused("no"))), ..seen(Status::InService) };
    let (verdict, why) = left(RULES.stop(&case(Some(&unseen), None)));
    assert_eq!(
        (verdict, why.as_str()),
        (Verdict::Skipped, "it could not be created again: its auto scaling cannot be seen: no",)
    );
    let unasked = Seen { scaling: None, ..seen(Status::InService) };
    assert_eq!(left(RULES.stop(&case(Some(&unasked), None))).0, Verdict::Skipped);
}

fn settings() -> Vec<Setting> {
    vec![
        Setting::Weights(vec![("AllTraffic".to_owned(), 0.5)]),
        Setting::Capacity(scaled().variants[0].clone()),
    ]
}

/// Tells the steps that come instead of a step, in words, and after which pause.
#[track_caller]
fn instead(progress: Progress<Step>) -> (Vec<String>, Duration) {
    match progress {
        Progress::Instead { steps, pause, .. } => {
            (steps.iter().map(ToString::to_string).collect(), pause)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_setting_is_made_when_the_one_before_it_shows() {
    let step =
        |settings| Step::Call(Call::Set { settings, targets: vec![target()], unmet: Vec::new() });
    let last = step(settings()[1..].to_vec());
    assert_eq!(progress_of(&last, Some(&scaled())), Progress::Done);
    let updating = Seen { status: Status::parse("Updating"), ..scaled() };
    assert_eq!(progress_of(&last, Some(&updating)), Progress::Waiting("Updating".to_owned()));
    assert_eq!(progress_of(&last, Some(&seen(Status::InService))), Progress::NotBegun);
    assert_eq!(progress_of(&last, None), Progress::NotBegun);
    let (steps, pause) = instead(progress_of(&step(settings()), Some(&scaled())));
    assert_eq!((steps, pause), (vec![last.to_string(), SCALING.to_owned()], Duration::ZERO));
}

#[test]
fn a_setting_that_fails_holds_up_no_other_and_is_told_in_the_end() {
    let set = |settings: &[Setting], targets, unmet| Call::Set {
        settings: settings.to_vec(),
        targets,
        unmet,
    };
    let rolled_back =
        Seen { failure_reason: Some("no permission".to_owned()), ..seen(Status::InService) };
    let refused = Failure::refused("no permission");
    for (broken, refused) in [(rolled_back, None), (seen(Status::InService), Some(&refused))] {
        let all = set(&settings(), vec![target()], Vec::new());
        let Progress::Instead { steps, .. } = RULES.progress(&all, Some(&broken), refused) else {
            panic!()
        };
        let [
            Step::Call(Call::Set { settings: rest, .. }),
            Step::Call(scale @ Call::Scale { unmet, .. }),
        ] = &steps[..]
        else {
            panic!("{steps:?}")
        };
        assert_eq!(
            (rest, unmet),
            (&settings()[1..].to_vec(), &vec!["weights: AllTraffic 0.5: no permission".to_owned()])
        );
        let told = "weights: AllTraffic 0.5: no permission".to_owned();
        assert_eq!(RULES.progress(scale, Some(&scaled()), None), Progress::Failed(told.clone()));
        // Both settings failed, and there is nothing to scale: the end tells of both.
        let alone = set(&settings()[1..], Vec::new(), vec![told.clone()]);
        let Progress::Instead { steps, .. } = RULES.progress(&alone, Some(&broken), refused) else {
            panic!()
        };
        let why = format!("{told}; the capacity of AllTraffic: 3 × ml.m5.large: no permission");
        assert_eq!(steps, [Step::GiveUp(why)]);
        // The other setting shows: the end tells of the one that failed.
        let Progress::Instead { steps, .. } = RULES.progress(&alone, Some(&scaled()), refused)
        else {
            panic!()
        };
        assert_eq!(steps, [Step::GiveUp(told)]);
    }
}

#[test]
fn capacity_that_aws_lacks_is_asked_for_again_after_the_scaling() {
    let reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";
    let lacking = Seen { failure_reason: Some(reason.to_owned()), ..seen(Status::InService) };
    let capacity = vec![settings()[1].clone()];
    let set =
        |targets| Step::Call(Call::Set { settings: capacity.clone(), targets, unmet: Vec::new() });
    let (steps, pause) = instead(progress_of(&set(vec![target()]), Some(&lacking)));
    assert_eq!(
        (steps, pause),
        (vec![SCALING.to_owned(), set(Vec::new()).to_string()], Duration::ZERO)
    );
    let (steps, pause) = instead(progress_of(&set(Vec::new()), Some(&lacking)));
    assert_eq!((steps, pause), (vec![set(Vec::new()).to_string()], Duration::from_secs(60)));
}

#[test]
fn scaling_is_set_once_it_is_seen() {
    let step = Call::Scale { targets: vec![target()], unmet: Vec::new() };
    let progress =
        |scaling| RULES.progress(&step, Some(&Seen { scaling, ..seen(Status::InService) }), None);
    assert_eq!(progress(Some(Ok(vec![target()]))), Progress::Done);
    assert_eq!(
        progress(Some(Ok(vec![Target { tags: [].into(), ..target() }]))),
        Progress::NotBegun
    );
    assert_eq!(progress(Some(Ok(Vec::new()))), Progress::NotBegun);
    assert_eq!(progress(None), Progress::NotBegun);
    assert_eq!(progress(Some(Err(Failure::refused("no")))), Progress::Failed("no".to_owned()));
    let later = Failure { class: Class::Transient, ..Failure::refused("later") };
    assert_eq!(progress(Some(Err(later))), Progress::Waiting("later".to_owned()));
    let refused = Failure::refused("not this");
    let step = Call::Scale { targets: vec![target()], unmet: vec!["nor that".to_owned()] };
    assert_eq!(
        RULES.progress(&step, Some(&seen(Status::InService)), Some(&refused)),
        Progress::Failed("nor that; not this".to_owned())
    );
}

#[test]
fn a_refused_call_whose_effect_shows_has_worked() {
    let refused = Failure::refused("it is so already");
    let progress = |call: &Call| RULES.progress(call, Some(&scaled()), Some(&refused));
    let scale = Call::Scale { targets: vec![target()], unmet: Vec::new() };
    assert_eq!(progress(&scale), Progress::Done);
    let last = settings()[1..].to_vec();
    let set = Call::Set { settings: last, targets: Vec::new(), unmet: Vec::new() };
    assert_eq!(progress(&set), Progress::Done);
}

#[test]
fn an_endpoint_that_begins_to_change_before_its_deletion_is_waited_for() {
    for status in ["Updating", "SystemUpdating", "Creating"] {
        let changing = seen(Status::parse(status));
        let (steps, pause) = instead(progress_of(&delete(), Some(&changing)));
        assert_eq!(steps, ["wait until it can be deleted", "delete the endpoint"]);
        assert_eq!(pause, Duration::ZERO);
    }
    // A person has updated the endpoint to another config: it is not ours to delete any more.
    let theirs = Seen { config_name: "other".to_owned(), ..seen(Status::InService) };
    let settled = Step::Wait(Wait::Settled { config_name: "risk-config".to_owned() });
    let why = "a person has updated it to other in the meantime: it stays as it is".to_owned();
    assert_eq!(progress_of(&settled, Some(&theirs)), Progress::Failed(why.clone()));
    let create = held(Phase::Stopped).unwrap().original.create();
    assert_eq!(progress_of(&create, Some(&theirs)), Progress::Failed(why));
    // An endpoint that was to be replaced is being created after all.
    let replace = held(Phase::Stopped).unwrap().original.delete_and_create().remove(0);
    let (steps, _) = instead(progress_of(&replace, Some(&seen(Status::Creating))));
    assert_eq!(steps, ["wait until it is in service"]);
}

#[test]
fn a_stop_that_died_does_not_delete_what_a_person_is_updating() {
    for phase in [Phase::Stopping, Phase::Starting] {
        let updating = seen(Status::parse("Updating"));
        assert_eq!(left(RULES.stop(&case(Some(&updating), held(phase)))).0, Verdict::Later);
    }
}

#[test]
fn an_original_is_let_go_only_after_a_deletion_would_have_shown() {
    let there = seen(Status::InService);
    let poll = Duration::from_secs(15);
    let rules = Endpoints { poll };
    let start = change(rules.start(&case(Some(&there), held(Phase::Stopping))));
    assert_eq!(
        (words(&start), start.detail.as_str()),
        (vec!["see whether it is being deleted".to_owned(); 4], "it had not been stopped")
    );
    let Step::Wait(sign) = &start.steps[0] else { panic!("{start:?}") };
    assert!(
        matches!(rules.waited(sign, Some(&there)), Progress::DoneFor { pause, .. } if pause == poll)
    );
    let deleted = |seen: Option<&Seen>| instead(rules.waited(sign, seen)).0;
    let create = "create the endpoint from risk-config";
    assert_eq!(deleted(Some(&seen(Status::Deleting))), ["wait until it is deleted", create]);
    assert_eq!(deleted(None), [create]);
    let again = Seen { created_at: Some(900), ..seen(Status::Creating) };
    assert_eq!(deleted(Some(&again)), ["wait until it is in service"]);
}

#[test]
fn a_start_warns_of_scheduled_actions_that_did_not_run() {
    let action = |name: &str, schedule: &str| Action {
        name: name.to_owned(),
        schedule: schedule.to_owned(),
        timezone: None,
        starts_at: None,
        ends_at: None,
        capacity: None,
    };
    let actions =
        vec![action("old", "at(2026-01-01T00:00:00)"), action("launch", "at(2027-01-16T00:00:00)")];
    let scheduled = Target {
        actions,
        suspended: Suspended { scheduled: false, ..target().suspended },
        ..target()
    };
    let full = Seen { scaling: Some(Ok(vec![scheduled])), ..seen(Status::InService) };
    // An action that had passed before the stop is not saved.
    let original = Original::of(&full);
    assert_eq!(
        original.targets[0].actions.iter().map(|action| action.name.as_str()).collect::<Vec<_>>(),
        ["launch"]
    );
    let held = Some(Held { original, phase: Phase::Stopped });
    let morning = Timestamp::from_second(1_800_100_000).unwrap();
    let warnings = |now| change(RULES.start(&Case { now, ..case(None, held.clone()) })).warnings;
    assert_eq!(warnings(now()), [""; 0]);
    assert_eq!(warnings(morning).len(), 1);
    assert!(
        warnings(morning)[0].contains("launch (at(2027-01-16T00:00:00))"),
        "{:?}",
        warnings(morning)
    );
}

#[test]
fn a_serverless_endpoint_is_worth_a_stop_only_with_provisioned_concurrency() {
    let mut serverless = seen(Status::InService);
    serverless.variants[0] = Variant {
        instance_type: None,
        instances: 0,
        serverless: Some(Serverless { max_concurrency: 5, provisioned: 0, memory_mb: Some(2048) }),
        ..serverless.variants[0].clone()
    };
    assert!(RULES.describe(Some(&serverless)).usage.is_none());
    let (_, why) = left(RULES.stop(&case(Some(&serverless), None)));
    assert!(why.contains("serverless without provisioned concurrency"), "{why}");
    serverless.variants[0].serverless =
        Some(Serverless { max_concurrency: 5, provisioned: 2, memory_mb: Some(2048) });
    assert_eq!(
        RULES.describe(Some(&serverless)).usage,
        Usage::of(bills::SERVERLESS_CONCURRENCY.of(2048), 2)
    );
    change(RULES.stop(&case(Some(&serverless), None)));
}

#[test]
fn shadow_variants_are_told_too() {
    let mut shadowed = seen(Status::InService);
    shadowed.shadows.clone_from(&shadowed.variants);
    let description = RULES.describe(Some(&shadowed));
    assert_eq!(description.summary, "1 × ml.m5.large, 1 × ml.m5.large (shadow)");
}

#[test]
fn an_endpoint_that_only_a_person_can_repair_keeps_our_original() {
    let stuck = Seen { created_at: Some(900), ..seen(Status::parse("UpdateRollbackFailed")) };
    assert_eq!(left(RULES.start(&case(Some(&stuck), held(Phase::Starting)))).0, Verdict::Skipped);
}

#[test]
fn an_original_of_an_earlier_version_is_read() {
    let earlier = serde_json::json!({
        "config_name": "risk-config", "created_at": 100, "tags": {},
        "variants": [{"name": "AllTraffic", "instance_type": "ml.m5.large", "instances": 1, "weight": 1.0}],
    });
    let original: Original = serde_json::from_value(earlier).unwrap();
    assert_eq!((original.targets.len(), original.deployment), (0, None));
}

#[test]
fn what_comes_back_costs_what_was_there() {
    let mut full = seen(Status::InService);
    full.shadows.clone_from(&full.variants);
    full.variants.push(Variant {
        name: "Serverless".to_owned(),
        instance_type: None,
        instances: 0,
        weight: 1.0,
        serverless: Some(Serverless { max_concurrency: 5, provisioned: 2, memory_mb: Some(2048) }),
    });
    let original = Original::of(&full);
    assert_eq!(
        RULES.describe(Some(&original.as_seen())).usage,
        Usage::of(bills::INSTANCE.of("ml.m5.large"), 2)
            .and(bills::SERVERLESS_CONCURRENCY.of(2048), 2)
    );
}

#[test]
fn originals_of_version_0_1_are_understood_and_stay_as_they_are() {
    crate::golden::assert_originals_stay::<Original>("sagemaker");
}

#[test]
fn its_arn_is_read_as_its_kind_and_name() {
    let id = INFO.resource_in("arn:aws:sagemaker:us-east-1:123456789012:endpoint/risk").unwrap();
    assert_eq!(id.to_string(), "sagemaker:risk");
}

/// The numbers are those of AWS's pages, which the rates name as their sources.
#[test]
fn it_keeps_to_its_published_rates() {
    use crate::model::Requests::AllBut;
    assert_eq!(
        INFO.told_rates(),
        [("sagemaker", AllBut(&[]), 10), ("application-autoscaling", AllBut(&[]), 10),]
    );
}
