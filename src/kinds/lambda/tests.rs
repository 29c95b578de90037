use super::*;
use crate::kinds::rules::testing::{change, verdict};
use crate::kinds::rules::{Claim, Held};

fn seen(reserved: Reserved) -> Seen {
    Seen { reserved, ..Seen::default() }
}

fn case(seen: Option<&Seen>, held: Option<(Reserved, Phase)>) -> Case<'_, Seen, Original> {
    let held = held.map(|(reserved, phase)| Held {
        original: Original { reserved, ..Original::default() },
        phase,
    });
    Case {
        name: "work",
        seen,
        held,
        ration: crate::model::Ration::default(),
        now: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn to_zero() -> Step {
    Step::Call(Call::Reserve { n: 0, otherwise: Vec::new() })
}

fn restore(reserved: Reserved) -> Step {
    let unreserve = Step::Call(Call::Unreserve);
    match reserved {
        None => unreserve,
        Some(n) => Step::Call(Call::Reserve { n, otherwise: vec![unreserve] }),
    }
}

#[test]
fn a_reservation_comes_back_as_it_was_unset_or_a_number() {
    for reserved in [None, Some(1), Some(5)] {
        let stop = change(Functions.stop(&case(Some(&seen(reserved)), None)));
        assert_eq!(stop.claim, Claim::Save(Original { reserved, ..Original::default() }));
        assert_eq!(stop.steps, [to_zero()]);
        let start =
            change(Functions.start(&case(Some(&seen(Some(0))), Some((reserved, Phase::Stopped)))));
        assert_eq!(start.steps, [restore(reserved)]);
    }
}

#[test]
fn a_function_that_a_person_set_to_0_is_left_at_0() {
    assert_eq!(
        verdict(&Functions.stop(&case(Some(&seen(Some(0))), None))),
        Verdict::AlreadyStopped
    );
    assert_eq!(verdict(&Functions.start(&case(Some(&seen(Some(0))), None))), Verdict::Skipped);
}

#[test]
fn a_second_stop_saves_nothing() {
    let zero = seen(Some(0));
    assert_eq!(
        verdict(&Functions.stop(&case(Some(&zero), Some((Some(5), Phase::Stopped))))),
        Verdict::AlreadyStopped
    );
    let half_done = change(Functions.stop(&case(Some(&zero), Some((Some(5), Phase::Stopping)))));
    assert_eq!((half_done.claim, half_done.steps.len()), (Claim::Resume, 0));
}

#[test]
fn a_stop_that_died_before_its_call_goes_on() {
    let stop = change(Functions.stop(&case(Some(&seen(None)), Some((None, Phase::Stopping)))));
    assert_eq!((stop.claim, stop.steps), (Claim::Resume, vec![to_zero()]));
}

#[test]
fn what_a_person_set_in_between_wins() {
    let stopped = Some((Some(5), Phase::Stopped));
    assert_eq!(verdict(&Functions.start(&case(Some(&seen(Some(7))), stopped))), Verdict::Released);
    assert_eq!(verdict(&Functions.start(&case(Some(&seen(None)), stopped))), Verdict::Released);
    let stop = change(Functions.stop(&case(Some(&seen(Some(7))), stopped)));
    assert_eq!(stop.claim, Claim::Save(Original { reserved: Some(7), ..Original::default() }));
    assert_eq!(stop.detail, "a person had set it to reserved 7 since the last stop");
}

#[test]
fn a_function_that_was_deleted_is_not_owed_any_more() {
    assert_eq!(
        verdict(&Functions.start(&case(None, Some((None, Phase::Stopped))))),
        Verdict::Released
    );
}

#[test]
fn a_step_is_done_when_the_setting_is_seen() {
    let progress = |seen: Option<&Seen>| Functions.progress(&Call::Unreserve, seen, None);
    assert_eq!(progress(Some(&seen(None))), Progress::Done);
    assert_eq!(progress(Some(&seen(Some(0)))), Progress::NotBegun);
    assert!(matches!(progress(None), Progress::Failed(_)));
}

#[test]
fn a_reservation_costs_nothing_either_way() {
    assert!(Functions.describe(Some(&seen(Some(5)))).usage.is_none());
}

// --- With provisioned concurrency and event sources

const QUEUE: &str = "1-queue";
const STREAM: &str = "2-stream";

fn mapping(source: &str, state: &str) -> Mapping {
    Mapping { source: source.to_owned(), state: MappingState::parse(state) }
}

fn full(reserved: Reserved, live: Option<(u32, Allocation)>, queue: &str, stream: &str) -> Seen {
    Seen {
        reserved,
        provisioned: live
            .map(|(count, status)| ("live".to_owned(), Provisioned { count, status, size: None }))
            .into_iter()
            .collect(),
        mappings: [
            (QUEUE.to_owned(), mapping("sqs orders", queue)),
            (STREAM.to_owned(), mapping("kinesis s", stream)),
        ]
        .into(),
        ..Seen::default()
    }
}

/// Returns a running function: reserved 5, 2 provisioned, the queue enabled, the stream disabled.
fn running() -> Seen {
    full(Some(5), Some((2, Allocation::Ready)), "Enabled", "Disabled")
}

fn down() -> Seen {
    full(Some(0), None, "Disabled", "Disabled")
}

fn saved() -> Original {
    Original {
        reserved: Some(5),
        provisioned: [("live".to_owned(), 2)].into(),
        sizes: BTreeMap::new(),
        mappings: [(QUEUE.to_owned(), "sqs orders".to_owned())].into(),
    }
}

fn full_case(seen: &Seen, phase: Option<Phase>) -> Case<'_, Seen, Original> {
    let held = phase.map(|phase| Held { original: saved(), phase });
    Case {
        name: "work",
        seen: Some(seen),
        held,
        ration: crate::model::Ration::default(),
        now: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// Tells a decision in words: its claim with a word for each step, or its verdict.
fn told(decision: &Decided) -> String {
    match decision {
        Decision::Leave { verdict, .. } => format!("{verdict:?}"),
        Decision::Change(change) => {
            let claim = match change.claim {
                Claim::Save(_) => "save",
                Claim::Resume => "resume",
                Claim::Amend(_) => "amend",
            };
            let steps = change.steps.iter().map(|step| match step {
                Step::Wait(MappingsSettled(_)) => "wait",
                Step::Call(Call::DisableMappings(_)) => "disable",
                Step::Call(Call::RemoveProvisioned(_)) => "remove",
                Step::Call(Call::Reserve { n: 0, .. }) => "zero",
                Step::Call(Call::Reserve { .. }) => "reserve",
                Step::Call(Call::Unreserve) => "unreserve",
                Step::Call(Call::PutProvisioned { .. }) => "provide",
                Step::Call(Call::EnableMappings(_)) => "enable",
                Step::GiveUp(_) => "give up",
            });
            format!("{claim}: {}", steps.collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn a_stop_saves_what_was_enabled_and_takes_everything_down() {
    let stop = change(Functions.stop(&full_case(&running(), None)));
    assert_eq!(stop.claim, Claim::Save(saved()));
    assert_eq!(stop.after, Some(Seen { mappings: running().mappings, ..down() }));
}

#[test]
fn stop_and_start_do_what_is_missing_in_every_phase() {
    use Phase::{Starting, Stopped, Stopping};
    let ready = || Some((2, Allocation::Ready));
    let between = full(Some(5), None, "Disabled", "Disabled");
    let unfit = full(None, ready(), "Enabled", "Disabled");
    let cases: [(&str, Seen, Option<Phase>, &str, &str); 20] = [
        ("untouched", running(), None, "save: disable remove zero", "AlreadyRunning"),
        ("claimed only", running(), Some(Stopping), "resume: disable remove zero", "Released"),
        (
            "sources off",
            full(Some(5), ready(), "Disabled", "Disabled"),
            Some(Stopping),
            "resume: remove zero",
            "resume: enable",
        ),
        (
            "going off",
            full(Some(5), ready(), "Disabling", "Disabled"),
            Some(Stopping),
            "resume: wait disable remove zero",
            "resume: wait enable",
        ),
        (
            "all but the last step",
            between.clone(),
            Some(Stopping),
            "resume: zero",
            "resume: provide enable",
        ),
        ("down, not written", down(), Some(Stopping), "resume: ", "resume: reserve provide enable"),
        ("stopped", down(), Some(Stopped), "AlreadyStopped", "resume: reserve provide enable"),
        (
            "polls again",
            full(Some(0), None, "Enabled", "Disabled"),
            Some(Stopped),
            "resume: disable",
            "resume: reserve provide",
        ),
        (
            "not begun to start",
            down(),
            Some(Starting),
            "resume: ",
            "resume: reserve provide enable",
        ),
        ("reserved again", between, Some(Starting), "resume: zero", "resume: provide enable"),
        (
            "providing",
            full(Some(5), Some((2, Allocation::InProgress)), "Disabled", "Disabled"),
            Some(Starting),
            "resume: remove zero",
            "resume: provide enable",
        ),
        (
            "not provided",
            full(Some(5), Some((2, Allocation::Failed(String::new()))), "Disabled", "Disabled"),
            Some(Starting),
            "resume: remove zero",
            "resume: provide enable",
        ),
        (
            "going on",
            full(Some(5), ready(), "Enabling", "Disabled"),
            Some(Starting),
            "resume: wait disable remove zero",
            "resume: wait",
        ),
        ("up, not written", running(), Some(Starting), "resume: disable remove zero", "resume: "),
        (
            "no room",
            unfit.clone(),
            Some(Starting),
            "resume: disable remove zero",
            "resume: reserve",
        ),
        ("unreserved by a person", unfit, Some(Stopped), "save: disable remove zero", "Released"),
        (
            "reserved by a person",
            full(Some(9), None, "Disabled", "Disabled"),
            Some(Stopped),
            "save: zero",
            "resume: provide enable",
        ),
        (
            "all by a person",
            full(Some(9), Some((3, Allocation::Ready)), "Enabled", "Enabled"),
            Some(Stopped),
            "save: disable remove zero",
            "Released",
        ),
        (
            "0 by a person",
            full(Some(0), None, "Enabled", "Disabled"),
            None,
            "AlreadyStopped",
            "Skipped",
        ),
        (
            "a new source",
            full(Some(5), ready(), "Enabled", "Enabled"),
            Some(Starting),
            "save: disable remove zero",
            "resume: ",
        ),
    ];
    for (what, seen, phase, stop, start) in cases {
        assert_eq!(told(&Functions.stop(&full_case(&seen, phase))), stop, "stop: {what}");
        assert_eq!(told(&Functions.start(&full_case(&seen, phase))), start, "start: {what}");
    }
}

#[test]
fn a_persons_reservation_is_saved_beside_what_is_owed_already() {
    let seen = full(Some(9), None, "Disabled", "Disabled");
    let stop = change(Functions.stop(&full_case(&seen, Some(Phase::Stopped))));
    assert_eq!(stop.claim, Claim::Save(Original { reserved: Some(9), ..saved() }));
}

#[test]
fn a_mapping_that_is_being_created_or_updated_is_looked_at_again() {
    for state in ["Creating", "Updating"] {
        let seen = full(None, None, state, "Disabled");
        assert_eq!(verdict(&Functions.stop(&full_case(&seen, None))), Verdict::Later);
    }
}

#[test]
fn only_what_was_enabled_is_enabled_and_what_was_deleted_is_told() {
    let mut seen = down();
    let start = change(Functions.start(&full_case(&seen, Some(Phase::Stopped))));
    assert_eq!(
        start.steps.last(),
        Some(&Step::Call(Call::EnableMappings([QUEUE.to_owned()].into())))
    );
    assert_eq!(start.warnings, Vec::<String>::new());
    seen.mappings.remove(QUEUE);
    let start = change(Functions.start(&full_case(&seen, Some(Phase::Stopped))));
    assert_eq!(
        start.warnings,
        ["its event source mapping of sqs orders was deleted since: it does not come back"]
    );
}

#[test]
fn a_reservation_that_no_longer_fits_fails_after_all_else_is_back() {
    let start = change(Functions.start(&full_case(&down(), Some(Phase::Stopped))));
    let Step::Call(reserve) = &start.steps[0] else { panic!("{start:?}") };
    let refused = Failure::refused("below its minimum");
    let Progress::Instead { steps, why, .. } =
        Functions.progress(reserve, Some(&down()), Some(&refused))
    else {
        panic!("it goes on");
    };
    assert!(why.ends_with("below its minimum"), "{why}");
    let [
        Step::Call(Call::Unreserve),
        Step::Call(Call::PutProvisioned { otherwise, .. }),
        Step::Call(Call::EnableMappings(_)),
        last,
    ] = &steps[..]
    else {
        panic!("{steps:?}");
    };
    assert_eq!(*last, Step::GiveUp(why.clone()));
    assert_eq!(
        otherwise.last(),
        Some(last),
        "also where provisioned concurrency is refused as well"
    );
    // A refusal does not count where the reservation shows all the same.
    let fits = Seen { reserved: Some(5), ..down() };
    assert_eq!(Functions.progress(reserve, Some(&fits), Some(&refused)), Progress::Done);
}

#[test]
fn a_start_waits_for_provisioned_concurrency_and_tells_why_it_failed() {
    let provide =
        Call::PutProvisioned { configs: [("live".to_owned(), 2)].into(), otherwise: Vec::new() };
    let progress = |status| {
        let seen = full(Some(5), Some((2, status)), "Disabled", "Disabled");
        Functions.progress(&provide, Some(&seen), None)
    };
    assert_eq!(
        progress(Allocation::InProgress),
        Progress::Waiting("provisioned concurrency of live".to_owned())
    );
    assert_eq!(progress(Allocation::Ready), Progress::Done);
    let Progress::Instead { why, .. } = progress(Allocation::Failed("FUNCTION_ERROR".to_owned()))
    else {
        panic!()
    };
    assert_eq!(why, "the provisioned concurrency of live failed: FUNCTION_ERROR");
}

#[test]
fn a_mapping_is_done_when_it_has_the_wanted_state() {
    let disable = Call::DisableMappings([QUEUE.to_owned(), "deleted".to_owned()].into());
    let progress =
        |state| Functions.progress(&disable, Some(&full(Some(5), None, state, "Enabled")), None);
    assert_eq!(progress("Disabled"), Progress::Done);
    assert_eq!(progress("Enabled"), Progress::NotBegun);
    for state in ["Disabling", "Enabling", "Updating", "Creating"] {
        assert_eq!(
            progress(state),
            Progress::Waiting(format!("event source mapping of sqs orders: {state}"))
        );
    }
}

#[test]
fn a_stop_warns_where_asynchronous_events_are_lost() {
    let lost = Seen { async_events: AsyncEvents::Lost, ..running() };
    assert_eq!(change(Functions.stop(&full_case(&lost, None))).warnings.len(), 1);
    assert_eq!(change(Functions.stop(&full_case(&running(), None))).warnings.len(), 0);
}

#[test]
fn an_original_saved_by_an_earlier_version_is_still_read() {
    let original: Original = serde_json::from_str(r#"{"reserved": null}"#).unwrap();
    assert_eq!(original, Original::default());
}

#[test]
fn provisioned_concurrency_is_told() {
    assert_eq!(Functions.describe(Some(&running())).summary, "reserved 5, 2 provisioned (live)");
}

#[test]
fn a_mapping_that_a_person_gave_a_stopped_function_is_told() {
    let seen = full(Some(0), None, "Disabled", "Enabled");
    let Decision::Leave { verdict, why } = Functions.stop(&full_case(&seen, Some(Phase::Stopped)))
    else {
        panic!()
    };
    assert_eq!(verdict, Verdict::AlreadyStopped);
    assert_eq!(
        why,
        "its event source mapping of kinesis s was enabled since, and polls for a function at 0"
    );
}

#[test]
fn a_function_with_scaling_is_not_stopped_but_is_started() {
    let scaled = |seen: Seen| Seen { obstacle: Some("it is scaled".to_owned()), ..seen };
    assert_eq!(verdict(&Functions.stop(&full_case(&scaled(running()), None))), Verdict::Skipped);
    assert_eq!(
        told(&Functions.start(&full_case(&scaled(running()), Some(Phase::Starting)))),
        "resume: "
    );
}

#[test]
fn a_deleted_qualifier_is_not_waited_for_and_is_told() {
    let provide = |names: &[&str]| Call::PutProvisioned {
        configs: names.iter().map(|name| ((*name).to_owned(), 2)).collect(),
        otherwise: Vec::new(),
    };
    let progress = |call: &Call, status| {
        let seen = full(Some(5), Some((2, status)), "Disabled", "Disabled");
        Functions.progress(call, Some(&seen), None)
    };
    let (both, taken) = (provide(&["live", "old"]), provide(&["live"]));
    assert_eq!(progress(&both, Allocation::Ready), Progress::NotBegun);
    assert_eq!(
        progress(&taken, Allocation::InProgress),
        Progress::Waiting("provisioned concurrency of live".to_owned())
    );
    assert_eq!(progress(&taken, Allocation::Ready), Progress::Done);
    assert_eq!(progress(&provide(&[]), Allocation::Ready), Progress::Done);
    assert_eq!(
        deleted_qualifiers([&"old".to_owned()]),
        "its alias or version old was deleted since: its provisioned concurrency does not come back"
    );
}

#[test]
fn provisioned_concurrency_bills_its_versions_size_unless_it_failed() {
    let config = |count, status, memory_mb| {
        let size = Some(Size { memory_mb, is_arm: false });
        Provisioned { count, status, size }
    };
    let provisioned = [
        ("live".to_owned(), config(2, Allocation::Ready, 512)),
        ("next".to_owned(), config(1, Allocation::InProgress, 1024)),
        ("failed".to_owned(), config(9, Allocation::Failed(String::new()), 1024)),
    ];
    let seen = Seen {
        size: Some(Size { memory_mb: 128, is_arm: true }),
        provisioned: provisioned.into(),
        ..running()
    };
    assert_eq!(seen.usage(), Usage::of(&bills::PROVISIONED_GB, 2));
}

#[test]
fn originals_of_version_0_1_are_understood_and_stay_as_they_are() {
    crate::golden::assert_originals_stay::<Original>("lambda");
}

#[test]
fn its_arn_is_read_as_its_kind_and_name() {
    let id = INFO.resource_in("arn:aws:lambda:us-east-1:123456789012:function:work").unwrap();
    assert_eq!(id.to_string(), "lambda:work");
}

/// The numbers are those of AWS's pages, which the rates name as their sources.
#[test]
fn it_keeps_to_its_published_rates() {
    use crate::model::Requests::AllBut;
    assert_eq!(INFO.told_rates(), [("lambda", AllBut(&["invocations"]), 15),]);
}
