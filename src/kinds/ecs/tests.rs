use super::*;
use crate::kinds::rules::testing::{change, left};
use crate::kinds::rules::{Change, Claim};
use crate::kinds::scaling::{Action, Scaling};
use crate::model::{Rate, Ration};
use crate::pricing::PriceBook;

/// These rules are for stops of at most twelve hours.
const RULES: Services = Services { longest_stop_hours: 12.0 };
/// The time is 2027-01-15, 08:00.
const NOW: i64 = 1_800_000_000;
const LINUX: Size = Size { vcpus: 0.5, memory_gb: 1.0, storage_gb: 0.0, is_arm: false };

fn seen(desired: u32) -> Seen {
    Seen {
        status: Status::Active,
        created_at: Some(1),
        scheduling: Scheduling::Replica,
        desired,
        running: desired,
        pending: 0,
        deployment: None,
        hindrance: None,
        launch: Launch::Fargate(LINUX),
        tags: BTreeMap::new(),
        scaling: Some(Ok(None)),
    }
}

fn scaled(desired: u32, suspended: Suspended) -> Seen {
    Seen { scaling: Some(Ok(Some(scaling(suspended, Vec::new())))), ..seen(desired) }
}

fn scaling(suspended: Suspended, actions: Vec<Action>) -> Scaling {
    Scaling { min: 1, max: 4, suspended, actions }
}

fn action(name: &str, schedule: &str) -> Action {
    Action {
        name: name.to_owned(),
        schedule: schedule.to_owned(),
        timezone: None,
        starts_at: None,
        ends_at: None,
        capacity: None,
    }
}

fn original(desired: u32, suspended: Option<Suspended>) -> Original {
    Original { desired, created_at: Some(1), suspended, actions: Vec::new() }
}

fn held(original: Original, phase: Phase) -> Option<Held<Original>> {
    Some(Held { original, phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case {
        name: "shop/web",
        seen,
        held,
        ration: Ration::default(),
        now: jiff::Timestamp::from_second(NOW).unwrap(),
    }
}

fn stop(seen: &Seen, held: Option<Held<Original>>) -> Decided {
    RULES.stop(&case(Some(seen), held))
}

fn start(seen: &Seen, held: Option<Held<Original>>) -> Decided {
    RULES.start(&case(Some(seen), held))
}

/// Tells the steps in words.
fn words(change: &Change<Seen, Original, Step>) -> String {
    change.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ")
}

fn failure(class: Class) -> Failure {
    Failure { class, ..Failure::refused("not today") }
}

#[test]
fn a_stop_suspends_the_scaling_before_it_sets_the_count_and_saves_both() {
    let only_in = Suspended { scaling_in: true, ..Suspended::NONE };
    let plan = change(stop(&scaled(3, only_in), None));
    assert_eq!(plan.claim, Claim::Save(original(3, Some(only_in))));
    assert_eq!(words(&plan), "suspend its scaling, then set its desired count to 0");
    assert_eq!(plan.after, Some(scaled(3, only_in).at(0)));
    let plan = change(stop(&seen(2), None));
    assert_eq!(plan.claim, Claim::Save(original(2, None)));
    assert_eq!(words(&plan), "set its desired count to 0");
    // What is suspended already is not suspended again.
    assert_eq!(
        words(&change(stop(&scaled(2, Suspended::ALL), None))),
        "set its desired count to 0"
    );
}

#[test]
fn a_start_sets_the_count_first_and_gives_back_what_was_not_suspended() {
    let before = Suspended { scheduled: true, ..Suspended::NONE };
    let stopped = scaled(0, Suspended::ALL);
    let plan = change(start(&stopped, held(original(3, Some(before)), Phase::Stopped)));
    assert_eq!(plan.claim, Claim::Resume);
    assert_eq!(words(&plan), "set its desired count to 3, then resume its scaling");
    assert_eq!(plan.steps[1], Step::Call(Call::Resume { suspended: before }));
    assert_eq!(plan.after, Some(stopped.at(3)));
    let all = held(original(3, Some(Suspended::ALL)), Phase::Stopped);
    assert_eq!(words(&change(start(&stopped, all))), "set its desired count to 3");
}

#[test]
fn services_that_have_no_count_to_set_are_left_alone_with_the_reason() {
    let daemon = Seen { scheduling: Scheduling::Daemon, ..seen(0) };
    let (verdict, why) = left(stop(&daemon, None));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.contains("DAEMON"), "{why}");
    assert_eq!(
        left(stop(&seen(0), None)),
        (Verdict::AlreadyStopped, "its desired count is 0".to_owned())
    );
    assert_eq!(left(start(&seen(0), None)).0, Verdict::AlreadyRunning);
}

#[test]
fn a_deployment_under_way_is_waited_for() {
    let deploying = Seen { deployment: Some("2 deployments".to_owned()), ..seen(2) };
    let (verdict, why) = left(stop(&deploying, None));
    assert_eq!(verdict, Verdict::Later);
    assert!(why.contains("2 deployments"), "{why}");
    // What we have begun goes on.
    assert_eq!(
        words(&change(stop(&deploying, held(original(2, None), Phase::Stopping)))),
        "set its desired count to 0"
    );
}

#[test]
fn scaling_that_cannot_be_seen_keeps_a_stop_and_no_start() {
    let blind = |desired| Seen { scaling: Some(Err(failure(Class::Denied))), ..seen(desired) };
    let (verdict, why) = left(stop(&blind(2), None));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.ends_with("its scaling cannot be seen: not today"), "{why}");
    let owed = held(original(2, Some(Suspended::NONE)), Phase::Stopped);
    assert_eq!(
        words(&change(start(&blind(0), owed))),
        "set its desired count to 2, then resume its scaling"
    );
}

#[test]
fn a_count_that_a_person_set_stays_and_our_suspension_is_given_back_all_the_same() {
    let night = scaled(5, Suspended::ALL);
    let owed = || held(original(2, Some(Suspended::NONE)), Phase::Stopped);
    let plan = change(start(&night, owed()));
    assert_eq!(words(&plan), "resume its scaling");
    assert_eq!(plan.detail, "a person set its desired count to 5: it stays so");
    assert_eq!(plan.after, Some(night));
    let (verdict, why) = left(start(&seen(5), held(original(2, None), Phase::Stopped)));
    assert_eq!(verdict, Verdict::Released);
    assert_eq!(why, "a person set its desired count to 5: it stays so");
    // Also the same count: somebody has brought it back.
    assert_eq!(left(start(&seen(2), held(original(2, None), Phase::Stopped))).0, Verdict::Released);
}

#[test]
fn flags_that_a_person_set_meanwhile_stay_one_by_one() {
    let before = Suspended { scaling_in: true, ..Suspended::NONE };
    // A person has resumed what was suspended before, and what we had suspended of scaling out.
    let now = Suspended { scheduled: true, ..Suspended::NONE };
    assert_eq!(original(2, Some(before)).to_resume(&scaled(0, now)), Some(Suspended::NONE));
    assert_eq!(original(2, Some(before)).to_resume(&scaled(0, Suspended::NONE)), None);
    assert_eq!(original(2, Some(before)).to_resume(&scaled(0, Suspended::ALL)), Some(before));
    // There is nothing to give back to a target that is gone, or that was made meanwhile.
    assert_eq!(original(2, Some(before)).to_resume(&seen(0)), None);
    assert_eq!(original(2, None).to_resume(&scaled(0, Suspended::ALL)), None);
}

#[test]
fn a_service_made_anew_is_a_persons_and_the_suspension_of_its_name_is_given_back() {
    let anew = Seen { created_at: Some(2), ..scaled(0, Suspended::ALL) };
    let owed = |phase| held(original(2, Some(Suspended::NONE)), phase);
    let plan = change(start(&anew, owed(Phase::Stopped)));
    assert_eq!(words(&plan), "resume its scaling");
    assert_eq!(plan.detail, "a person made it anew with 0 tasks: it stays so");
    // A stop saves what is there, and of the scaling what was there before us.
    let plan = change(stop(&anew.at(4), owed(Phase::Stopped)));
    let expected = Original { created_at: Some(2), ..original(4, Some(Suspended::NONE)) };
    assert_eq!(plan.claim, Claim::Save(expected));
    assert_eq!(words(&plan), "set its desired count to 0");
    let (verdict, why) = left(stop(&anew, owed(Phase::Stopped)));
    assert_eq!(verdict, Verdict::AlreadyStopped);
    assert_eq!(why, "a person made it anew, and its desired count is 0");
}

#[test]
fn a_deleted_service_is_owed_nothing_also_while_its_last_tasks_run() {
    let draining = Seen { status: Status::Draining, ..seen(0) };
    for gone in [None, Some(&draining)] {
        let owed = held(original(2, None), Phase::Stopped);
        assert_eq!(left(RULES.start(&case(gone, owed.clone()))).0, Verdict::Released);
        assert_eq!(left(RULES.stop(&case(gone, owed))).0, Verdict::Released);
        assert_eq!(left(RULES.stop(&case(gone, None))).0, Verdict::Skipped);
    }
}

#[test]
fn a_second_stop_adopts_a_persons_count_and_never_a_stopped_one() {
    let owed = |phase| held(original(2, Some(Suspended::NONE)), phase);
    let stopped = scaled(0, Suspended::ALL);
    assert_eq!(
        left(stop(&stopped, owed(Phase::Stopped))),
        (Verdict::AlreadyStopped, String::new())
    );
    for phase in [Phase::Stopping, Phase::Starting] {
        assert_eq!(change(stop(&stopped, owed(phase))).claim, Claim::Resume);
    }
    let plan = change(stop(&scaled(5, Suspended::ALL), owed(Phase::Stopped)));
    assert_eq!(plan.claim, Claim::Save(original(5, Some(Suspended::NONE))));
    assert_eq!(plan.detail, "a person had set its desired count to 5 since the last stop");
}

#[test]
fn a_stop_that_had_not_got_to_the_count_is_undone_with_certainty() {
    // A call that set 0 a moment before may show late: so the count is set whatever shows.
    let plan = change(start(&scaled(2, Suspended::ALL), {
        held(original(2, Some(Suspended::NONE)), Phase::Stopping)
    }));
    assert_eq!(words(&plan), "set its desired count to 2, then resume its scaling");
}

#[test]
fn a_count_that_scaling_changed_before_it_was_suspended_is_saved_anew() {
    let suspend = Call::Suspend { desired: 2 };
    let progress = |seen: &Seen| RULES.progress(&suspend, Some(seen), None);
    assert_eq!(progress(&scaled(2, Suspended::NONE)), Progress::NotBegun);
    assert_eq!(progress(&scaled(2, Suspended::ALL)), Progress::Done);
    let grown = scaled(3, Suspended::ALL);
    let why = "its scaling had changed its count to 3".to_owned();
    assert_eq!(progress(&grown), Progress::Anew(why));
    let plan = change(stop(&grown, held(original(2, Some(Suspended::NONE)), Phase::Stopping)));
    assert_eq!(plan.claim, Claim::Save(original(3, Some(Suspended::NONE))));
    assert_eq!(plan.detail, "its desired count had become 3 meanwhile");
    // A target that a person has deregistered scales nothing.
    assert_eq!(progress(&seen(2)), Progress::Done);
}

#[test]
fn a_stop_is_done_when_no_task_runs() {
    let call = Call::Count { to: 0, resume: None };
    let progress = |seen: &Seen| RULES.progress(&call, Some(seen), None);
    assert_eq!(progress(&seen(2)), Progress::NotBegun);
    let stopping = Seen { running: 1, pending: 1, ..seen(0) };
    assert_eq!(progress(&stopping), Progress::Waiting("2 tasks to stop".to_owned()));
    assert_eq!(progress(&seen(0)), Progress::Done);
    assert_eq!(
        RULES.progress(&call, None, None),
        Progress::Failed("the service was deleted".to_owned())
    );
}

#[test]
fn a_start_is_done_when_as_many_tasks_run_and_says_what_hinders_them() {
    let call = Call::Count { to: 2, resume: None };
    let progress = |seen: &Seen| RULES.progress(&call, Some(seen), None);
    assert_eq!(progress(&seen(0)), Progress::NotBegun);
    let one = Seen { running: 1, pending: 1, ..seen(2) };
    assert_eq!(progress(&one), Progress::Waiting("1 of 2 tasks to run".to_owned()));
    let words = "(service web) was unable to place a task";
    let hindered = Seen { hindrance: Some(words.to_owned()), ..one };
    assert_eq!(progress(&hindered), Progress::Waiting(format!("1 of 2 tasks to run: {words}")));
    assert_eq!(progress(&Seen { running: 3, ..seen(2) }), Progress::Done);
    // A person has set another count meanwhile: it stays.
    assert_eq!(progress(&seen(1)), Progress::Done);
}

#[test]
fn where_the_count_is_refused_for_good_the_scaling_is_resumed_at_once() {
    let call = Call::Count { to: 0, resume: Some(Suspended::NONE) };
    let why = failure(Class::Refused);
    let progress = RULES.progress(&call, Some(&scaled(2, Suspended::ALL)), Some(&why));
    let Progress::Instead { steps, pause, .. } = progress else { panic!("{progress:?}") };
    let resume = Step::Call(Call::Resume { suspended: Suspended::NONE });
    assert_eq!(steps, [resume, Step::GiveUp("not today".to_owned())]);
    assert_eq!(pause, Duration::ZERO);
    // It shows all the same, or there is no scaling to resume.
    assert_eq!(RULES.progress(&call, Some(&seen(0)), Some(&why)), Progress::Done);
    let plain = Call::Count { to: 0, resume: None };
    assert_eq!(RULES.progress(&plain, Some(&seen(2)), Some(&why)), Progress::NotBegun);
}

#[test]
fn a_count_that_a_deployment_keeps_from_being_set_is_set_after_it() {
    let why = failure(Class::Refused);
    let deploying = |desired| Seen { deployment: Some("2 task sets".to_owned()), ..seen(desired) };
    // What was to follow the count on the way up still does.
    let resume = Some(Suspended::NONE);
    let resumed = Step::Call(Call::Resume { suspended: Suspended::NONE });
    for (to, desired, then) in [(0, 2, vec![]), (2, 0, vec![resumed])] {
        let call = Call::Count { to, resume };
        let progress = RULES.progress(&call, Some(&deploying(desired)), Some(&why));
        let Progress::Instead { steps, why, pause } = progress else { panic!("{progress:?}") };
        let expected = [vec![Step::Wait(Deployed), Step::Call(call)], then].concat();
        assert_eq!(steps, expected);
        assert_eq!((why.as_str(), pause), ("its deployment (2 task sets)", DEPLOYMENT_PAUSE));
    }
    let waited = |seen: &Seen| RULES.waited(&Deployed, Some(seen));
    let waiting = "its deployment (2 task sets)".to_owned();
    assert_eq!(waited(&deploying(0)), Progress::Waiting(waiting));
    assert_eq!(waited(&seen(0)), Progress::Done);
}

#[test]
fn resuming_is_done_when_nothing_is_suspended_that_was_not() {
    let before = Suspended { scaling_out: true, ..Suspended::NONE };
    let call = Call::Resume { suspended: before };
    let progress = |seen: &Seen| RULES.progress(&call, Some(seen), None);
    assert_eq!(progress(&scaled(2, Suspended::ALL)), Progress::NotBegun);
    assert_eq!(progress(&scaled(2, before)), Progress::Done);
    // A person has resumed even more meanwhile.
    assert_eq!(progress(&scaled(2, Suspended::NONE)), Progress::Done);
    let blind = |class| Seen { scaling: Some(Err(failure(class))), ..seen(2) };
    assert_eq!(progress(&blind(Class::Transient)), Progress::Waiting("not today".to_owned()));
    assert_eq!(progress(&blind(Class::Denied)), Progress::Failed("not today".to_owned()));
}

#[test]
fn scheduled_actions_are_told_before_and_after_unless_they_were_suspended() {
    let actions = vec![
        action("night", "cron(0 20 * * ? *)"),
        action("launch", "at(2027-01-15T10:00:00)"),
        action("someday", "at(2099-01-01T00:00:00)"),
        action("past", "at(2020-01-01T00:00:00)"),
    ];
    let with = |suspended| Seen {
        scaling: Some(Ok(Some(scaling(suspended, actions.clone())))),
        ..seen(2)
    };
    let plan = change(stop(&with(Suspended::NONE), None));
    assert_eq!(
        plan.warnings,
        [
            "scheduled actions that fall due while it is stopped are not taken, and not made up for: \
          night (cron(0 20 * * ? *)), launch (at(2027-01-15T10:00:00))"
        ]
    );
    let Claim::Save(saved) = plan.claim else { panic!("{:?}", plan.claim) };
    let names: Vec<&str> = saved.actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(names, ["night", "launch", "someday"]);
    let stopped = with(Suspended::ALL).at(0);
    let morning = Case {
        now: jiff::Timestamp::from_second(NOW + 14 * 3600).unwrap(),
        ..case(Some(&stopped), held(saved, Phase::Stopped))
    };
    assert_eq!(
        change(RULES.start(&morning)).warnings,
        [
            "scheduled actions that fell due while it was stopped were not taken, its range is as when it was stopped: \
          night (cron(0 20 * * ? *)), launch (at(2027-01-15T10:00:00))"
        ]
    );
    let scheduled = Suspended { scheduled: true, ..Suspended::NONE };
    assert_eq!(change(stop(&with(scheduled), None)).warnings, [""; 0]);
}

#[test]
fn a_description_tells_tasks_state_and_what_they_run_on() {
    let described = |seen: &Seen| {
        let description = RULES.describe(Some(seen));
        (description.state, description.summary)
    };
    assert_eq!(described(&seen(2)), (State::Running, "2 tasks".to_owned()));
    assert_eq!(described(&seen(0)), (State::Stopped, "0 tasks".to_owned()));
    let starting = Seen { running: 1, ..seen(2) };
    assert_eq!(described(&starting), (State::Pending, "1 of 2 tasks".to_owned()));
    let stopping = Seen { running: 1, ..seen(0) };
    assert_eq!(described(&stopping), (State::Pending, "1 of 0 tasks".to_owned()));
    let daemon = Seen { scheduling: Scheduling::Daemon, running: 3, ..seen(0) };
    assert_eq!(described(&daemon), (State::Running, "daemon, 3 tasks".to_owned()));
    let draining = Seen { status: Status::Draining, ..seen(0) };
    assert_eq!(described(&draining), (State::Pending, "DRAINING".to_owned()));
    let notes = |seen: &Seen| RULES.describe(Some(seen)).notes;
    assert_eq!(notes(&seen(2)), [""; 0]);
    let instances = Seen { launch: Launch::Instances, ..seen(2) };
    assert!(notes(&instances)[0].contains("bill on"));
    assert!(notes(&scaled(0, Suspended::NONE))[0].contains("a minimum of 1"));
    assert_eq!(notes(&scaled(0, Suspended::ALL)), [""; 0]);
}

/// The sums are made by hand, in US dollars a month of 730 hours.
///
/// They are at the prices of us-east-1.
#[test]
fn the_cost_model_agrees_with_sums_made_by_hand() {
    let of = |size: Size, tasks| Seen { launch: Launch::Fargate(size), ..seen(tasks) }.usage();
    let arm = Size { is_arm: true, ..LINUX };
    let stored = Size { storage_gb: 30.0, ..LINUX };
    let cases = [
        ("(0.5 × 0.04048 + 0.004445) × 730", 18.020_05, of(LINUX, 1)),
        ("3 × (0.5 × 0.04048 + 0.004445) × 730", 54.060_15, of(LINUX, 3)),
        ("2 × (0.5 × 0.03238 + 0.00356) × 730", 28.835, of(arm, 2)),
        ("(0.5 × 0.04048 + 0.004445 + 30 × 0.000111) × 730", 20.450_95, of(stored, 1)),
        ("no task", 0.0, of(LINUX, 0)),
        ("on instances", 0.0, Seen { launch: Launch::Instances, ..seen(2) }.usage()),
    ];
    let book = PriceBook::built_in(crate::kinds::bills(), "us-east-1");
    for (sum, usd, usage) in cases {
        let monthly = book.rate(&usage).0.unwrap_or_else(|| panic!("{sum}: unknown")).per_month();
        assert!((monthly - usd).abs() < 1e-6, "{sum}: {usd} by hand, {monthly} here");
    }
    let spot = Seen { launch: Launch::Unpriced("tasks on Fargate Spot".to_owned()), ..seen(2) };
    assert_eq!(book.rate(&spot.usage()), Rate::UNKNOWN);
    assert_eq!(book.rate(&spot.at(0).usage()), Rate::ZERO);
}

#[test]
fn every_row_has_its_own_price_in_every_region() {
    let cases = [
        (&bills::VCPU, 0.040_48, 0.046_56),
        (&bills::MEMORY_GB, 0.004_445, 0.005_11),
        (&bills::VCPU_ARM, 0.032_38, 0.037_25),
        (&bills::MEMORY_GB_ARM, 0.003_56, 0.004_09),
        (&bills::STORAGE_GB, 0.000_111, 0.000_133),
    ];
    for (bill, virginia, frankfurt) in cases {
        for (region, usd) in [("us-east-1", virginia), ("eu-central-1", frankfurt)] {
            let told = crate::kinds::the_bills::listed(&bill.into(), region)
                .unwrap_or_else(|| panic!("{} in {region} is not there once", bill.name));
            assert!((told - usd).abs() < 1e-12, "{} in {region}: {told}", bill.name);
        }
    }
}

#[test]
fn an_original_is_written_as_it_is_read_and_a_field_of_a_newer_version_is_refused() {
    let saved = Original {
        actions: vec![action("night", "cron(0 20 * * ? *)")],
        ..original(2, Some(Suspended { scaling_out: true, ..Suspended::NONE }))
    };
    let written = serde_json::to_value(&saved).unwrap();
    assert_eq!(serde_json::from_value::<Original>(written.clone()).unwrap(), saved);
    let mut newer = written;
    newer["placement"] = "zone".into();
    assert!(serde_json::from_value::<Original>(newer).is_err());
}

/// The numbers are those of AWS's pages, which the rates name as their sources.
#[test]
fn the_rates_are_the_published_ones() {
    use crate::model::Requests::{AllBut, Of};
    assert_eq!(
        INFO.told_rates(),
        [
            ("ecs", Of("ListClusters"), 20),
            ("ecs", Of("ListServices"), 20),
            ("ecs", Of("DescribeServices"), 20),
            ("ecs", Of("DescribeTaskDefinition"), 20),
            ("ecs", Of("UpdateService"), 5),
            ("application-autoscaling", AllBut(&[]), 10),
        ]
    );
}

#[test]
fn an_arn_of_a_service_is_read_with_its_cluster() {
    let read = |arn| INFO.resource_in(arn).map(|id| id.to_string());
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
    assert_eq!(read(arn), Some("ecs:shop/web".to_owned()));
    assert_eq!(read("arn:aws:ecs:us-east-1:123456789012:cluster/shop"), None);
}
