use super::*;
use crate::event::Schedule;
use crate::kinds::{self, kinesis};
use crate::model::{Direction, Rate, UsdPerHour};
use crate::pricing::PriceBook;
use crate::usage::Usage;
use serde_json::json;
use std::collections::BTreeSet;

const KINESIS: KindName = KindName::new("kinesis");

fn id() -> ResourceId {
    ResourceId::new(KINESIS, "events")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn original(shards: u32) -> Original {
    Original(json!({"shards": shards}))
}

fn note(before: f64, after: f64) -> Note {
    let snapshot = |usd: f64| Snapshot {
        summary: format!("{usd}"),
        usage: Usage::none(),
        rate: Rate(Some(UsdPerHour(usd))),
    };
    Note {
        before: snapshot(before),
        after: snapshot(after),
        detail: String::new(),
        warnings: Vec::new(),
    }
}

fn journal() -> Journal {
    Journal::new("shop", "dev")
}

/// No resource was seen running.
fn nobody() -> BTreeSet<String> {
    BTreeSet::new()
}

impl Journal {
    fn go(&mut self, transition: Transition) -> Result<(), IllegalTransition> {
        self.record_transition(&id(), &transition, note(2.0, 1.0), "op", at(0))
    }

    pub(crate) fn in_phase(phase: Phase) -> Self {
        let mut journal = journal();
        let path: &[Transition] = match phase {
            Phase::Running => &[],
            Phase::Stopping => &[Transition::Save(original(8))],
            Phase::Stopped => &[Transition::Save(original(8)), Transition::Stopped],
            Phase::Starting => {
                &[Transition::Save(original(8)), Transition::Stopped, Transition::Start]
            }
        };
        for transition in path {
            journal.go(transition.clone()).unwrap();
        }
        journal
    }
}

#[test]
fn exactly_the_transitions_of_the_diagram_are_legal() {
    use Phase::{Running, Starting, Stopped, Stopping};
    let all = [
        Transition::Save(original(1)),
        Transition::Adopt(original(4)),
        Transition::Resume,
        Transition::Amend(original(8)),
        Transition::Stopped,
        Transition::Start,
        Transition::Restored,
        Transition::Release,
    ];
    let mut legal = Vec::new();
    for from in [Running, Stopping, Stopped, Starting] {
        for transition in &all {
            let mut journal = Journal::in_phase(from);
            let before = journal.clone();
            match journal.go(transition.clone()) {
                Ok(()) => legal.push(format!(
                    "{from:?} --{}--> {:?}",
                    transition.name(),
                    journal.record(&id()).map_or(Running, |record| record.phase)
                )),
                Err(_) => assert_eq!(journal, before, "an illegal transition changes nothing"),
            }
        }
    }
    insta::assert_snapshot!(legal.join("\n"), @"
    Running --saving an original--> Stopping
    Stopping --adopting a person's change--> Stopping
    Stopping --going on with a stop--> Stopping
    Stopping --amending an original--> Stopping
    Stopping --having been stopped--> Stopped
    Stopping --starting--> Starting
    Stopping --a release--> Running
    Stopped --adopting a person's change--> Stopping
    Stopped --going on with a stop--> Stopping
    Stopped --starting--> Starting
    Stopped --a release--> Running
    Starting --adopting a person's change--> Stopping
    Starting --going on with a stop--> Stopping
    Starting --amending an original--> Stopping
    Starting --starting--> Starting
    Starting --having been restored--> Running
    Starting --a release--> Running
    ");
}

#[test]
fn a_saved_original_is_not_replaced_by_saving_again() {
    for phase in [Phase::Stopping, Phase::Stopped, Phase::Starting] {
        let mut journal = Journal::in_phase(phase);
        assert!(journal.go(Transition::Save(original(1))).is_err());
        assert_eq!(journal.record(&id()).unwrap().held(), Some(&original(8)));
    }
}

#[test]
fn the_original_survives_every_transition_but_a_persons_change_and_the_end() {
    let mut journal = journal();
    for transition in [
        Transition::Save(original(8)),
        Transition::Resume,
        Transition::Start,
        Transition::Resume,
        Transition::Stopped,
        Transition::Start,
        Transition::Start,
    ] {
        journal.go(transition).unwrap();
        assert_eq!(journal.record(&id()).unwrap().held(), Some(&original(8)));
    }
    journal.go(Transition::Restored).unwrap();
    assert_eq!(journal.record(&id()).unwrap().held(), None);
}

#[test]
fn a_persons_change_becomes_the_original() {
    let mut journal = Journal::in_phase(Phase::Stopped);
    journal.go(Transition::Adopt(original(4))).unwrap();
    assert_eq!(journal.record(&id()).unwrap().held(), Some(&original(4)));
}

#[test]
fn a_state_survives_being_written_and_read() {
    let mut journal = Journal::in_phase(Phase::Starting);
    journal.begin(operation("a"), lease("x", 60), true, at(0));
    journal.end(at(1));
    let bytes = serde_json::to_vec(&journal).unwrap();
    assert_eq!(Journal::parse(&bytes, "shop", "dev", &[KINESIS]), Ok(journal));
}

fn operation(id: &str) -> Operation {
    Operation {
        id: id.to_owned(),
        direction: Direction::Stop,
        only: Vec::new(),
        reason: None,
        request_id: "r".to_owned(),
        schedule: None,
        started_at: at(0),
        depth: 0,
        finished_at: None,
    }
}

fn lease(holder: &str, until: i64) -> Lease {
    Lease { holder: holder.to_owned(), until: at(until) }
}

#[test]
fn a_state_that_cannot_be_understood_is_refused_by_its_own_reason() {
    let parse = |value: serde_json::Value| {
        Journal::parse(&serde_json::to_vec(&value).unwrap(), "shop", "dev", &[KINESIS])
            .unwrap_err()
            .to_string()
    };
    let stored = |edit: fn(&mut serde_json::Value)| {
        let mut value = serde_json::to_value(Journal::in_phase(Phase::Stopped)).unwrap();
        edit(&mut value);
        value
    };
    assert!(Journal::parse(b"{\"schema\": 1,", "shop", "dev", &[KINESIS]).is_err());
    insta::assert_snapshot!(parse(json!({"schema": 2, "anything": true})), @"it has schema 2, and this program knows 1: a newer version wrote it");
    insta::assert_snapshot!(parse(stored(|s| s["project"] = json!("other"))), @"it belongs to project `other`, environment `dev`");
    insta::assert_snapshot!(parse(stored(|s| s["environment"] = json!("prod"))), @"it belongs to project `shop`, environment `prod`");
    insta::assert_snapshot!(parse(stored(|s| s["resources"]["kinesis:events"]["original"] = json!(null))), @"it is not a state of this program: `kinesis:events` has no original");
    insta::assert_snapshot!(parse(stored(|s| {
        let record = s["resources"]["kinesis:events"].take();
        s["resources"] = json!({"queue:x": record});
    })), @"it is not a state of this program: `queue:x` is of no kind that this program knows");
    assert!(parse(stored(|s| s["future"] = json!(1))).contains("unknown field `future`"));
}

#[test]
fn a_new_operation_ends_the_one_that_it_supersedes() {
    let mut journal = journal();
    journal.begin(operation("a"), lease("x", 60), true, at(0));
    journal.begin(operation("b"), lease("y", 60), true, at(1));
    assert!(journal.has_ended("a"));
    assert!(!journal.has_ended("b"));
    assert_eq!(journal.generation, 2);
}

#[test]
fn going_on_with_an_operation_keeps_its_beginning_and_its_generation() {
    let mut journal = journal();
    journal.begin(operation("a"), lease("x", 60), true, at(0));
    journal.hand_over(1);
    assert_eq!(journal.lease, None);
    journal.begin(
        Operation { started_at: at(500), depth: 1, ..operation("a") },
        lease("y", 900),
        true,
        at(500),
    );
    assert_eq!(journal.operation.as_ref().unwrap().started_at, at(0));
    assert_eq!(journal.generation, 1);
    assert!(!journal.has_ended("a"));
}

#[test]
fn going_on_with_an_operation_keeps_what_was_asked_for() {
    let mut journal = journal();
    let schedule = Some(Schedule { arn: "arn:x".to_owned(), time: at(-20) });
    let only = vec!["kinesis".to_owned()];
    let asked = Operation { schedule, only, reason: Some("evening".to_owned()), ..operation("a") };
    journal.begin(asked.clone(), lease("x", 60), false, at(0));
    journal.hand_over(1);
    let goes_on = Operation { request_id: "s".to_owned(), depth: 1, ..operation("a") };
    journal.begin(goes_on, lease("y", 900), false, at(500));
    let expected = Operation { request_id: "s".to_owned(), depth: 1, ..asked };
    assert_eq!(journal.operation, Some(expected));
}

#[test]
fn the_newest_scheduled_operation_on_the_whole_project_is_remembered() {
    let mut journal = journal();
    let scheduled = |id: &str, time: i64| {
        let schedule = Some(Schedule { arn: "arn:x".to_owned(), time: at(time) });
        Operation { schedule, ..operation(id) }
    };
    journal.begin(scheduled("a", 0), lease("x", 60), true, at(5));
    journal.begin(operation("b"), lease("x", 60), true, at(10));
    journal.begin(scheduled("c", 20), lease("x", 60), false, at(25));
    // Its own next invocation does not make it newer.
    journal.begin(operation("c"), lease("x", 60), false, at(30));
    let expected = Scheduled { direction: Direction::Stop, planned: at(0), began_at: at(5) };
    assert_eq!(journal.scheduled, Some(expected));
}

#[test]
fn a_state_of_before_schedules_were_remembered_is_read() {
    let mut value = serde_json::to_value(Journal::in_phase(Phase::Stopped)).unwrap();
    value.as_object_mut().unwrap().remove("scheduled").unwrap();
    let bytes = serde_json::to_vec(&value).unwrap();
    assert_eq!(
        Journal::parse(&bytes, "shop", "dev", &[KINESIS]).unwrap(),
        Journal::in_phase(Phase::Stopped)
    );
}

#[test]
fn a_selective_operation_does_not_set_the_goal_of_the_project() {
    let mut journal = journal();
    journal.begin(operation("a"), lease("x", 60), false, at(0));
    assert_eq!(journal.goal, None);
    journal.begin(operation("b"), lease("x", 60), true, at(0));
    assert_eq!(journal.goal, Some(Goal::Stopped));
}

#[test]
fn ended_operations_are_forgotten_after_a_week() {
    let mut journal = journal();
    for (name, time) in [("a", 0), ("b", 6 * 86_400), ("c", 8 * 86_400)] {
        journal.begin(operation(name), lease("x", time), true, at(time));
        journal.end(at(time));
    }
    assert!(!journal.has_ended("a"));
    assert!(journal.has_ended("b") && journal.has_ended("c"));
}

#[test]
fn records_that_owe_nothing_go_when_the_next_operation_begins() {
    let mut journal = Journal::in_phase(Phase::Starting);
    journal.go(Transition::Restored).unwrap();
    assert!(journal.record(&id()).is_some());
    journal.begin(operation("next"), lease("x", 60), true, at(0));
    assert!(journal.record(&id()).is_none());
}

#[test]
fn a_stopped_resource_saves_the_difference_for_as_long_as_it_was_off() {
    let mut journal = Journal::in_phase(Phase::Stopped);
    // 2.0 running, 1.0 stopped: one dollar an hour, ten hours.
    assert!((journal.saved_this_stop(&nobody(), at(36_000)) - 10.0).abs() < 1e-9);
    assert!((journal.savings_at(&nobody(), at(36_000)).total_usd - 10.0).abs() < 1e-9);
    journal.record_transition(&id(), &Transition::Start, note(1.0, 2.0), "b", at(36_000)).unwrap();
    assert!((journal.savings.total_usd - 10.0).abs() < 1e-9);
    // On its way up it saves nothing more, and what was booked is not booked again.
    journal
        .record_transition(&id(), &Transition::Restored, note(1.0, 2.0), "b", at(72_000))
        .unwrap();
    assert!((journal.savings_at(&nobody(), at(99_000)).total_usd - 10.0).abs() < 1e-9);
    assert!((journal.saved_this_stop(&nobody(), at(99_000)) - 10.0).abs() < 1e-9);
}

/// Stopped, and of a stream whose price is not known: 4 shards, then 1.
fn stopped_without_a_price() -> Journal {
    let mut journal = journal();
    let shards = |n: f64| Snapshot {
        summary: format!("{n}"),
        usage: Usage::of(&kinesis::bills::SHARD, n),
        rate: Rate::UNKNOWN,
    };
    let note = Note {
        before: shards(4.0),
        after: shards(1.0),
        detail: String::new(),
        warnings: Vec::new(),
    };
    journal
        .record_transition(&id(), &Transition::Save(original(4)), note.clone(), "a", at(0))
        .unwrap();
    journal.record_transition(&id(), &Transition::Stopped, note, "a", at(0)).unwrap();
    journal
}

#[test]
fn an_unknown_price_saves_nothing_that_could_be_told() {
    let journal = stopped_without_a_price();
    assert!(journal.savings_at(&nobody(), at(36_000)).total_usd.abs() < 1e-9);
    assert!(!journal.savings_are_complete());
}

#[test]
fn a_price_that_comes_after_the_stop_is_put_to_all_of_it_once() {
    let mut journal = stopped_without_a_price();
    journal.record_transition(&id(), &Transition::Start, note(1.0, 4.0), "b", at(36_000)).unwrap();
    assert!(!journal.savings_are_complete());
    for now in [at(40_000), at(50_000)] {
        journal.price(&PriceBook::built_in(kinds::bills(), "us-east-1"), now);
        // Three shards less for ten hours: 3 × 0.015 × 10.
        assert!((journal.savings.total_usd - 0.45).abs() < 1e-9);
        assert!((journal.saved_this_stop(&nobody(), now) - 0.45).abs() < 1e-9);
        assert!(journal.savings_are_complete());
    }
}

#[test]
fn a_price_that_never_comes_is_waited_for_two_months() {
    let mut journal = stopped_without_a_price();
    journal.record_transition(&id(), &Transition::Start, note(1.0, 4.0), "b", at(36_000)).unwrap();
    let nowhere = PriceBook::built_in(kinds::bills(), "eu-central-1");
    journal.price(&nowhere, at(36_000 + 61 * 86_400));
    assert_eq!(journal.unpriced.len(), 1);
    journal.price(&nowhere, at(36_000 + 62 * 86_400));
    assert!(journal.unpriced.is_empty());
}

#[test]
fn a_newer_price_replaces_an_older_one_and_an_unknown_one_does_not() {
    let mut snapshot = stopped_without_a_price().record(&id()).unwrap().running.clone();
    for (region, usd) in
        [("eu-central-1", None), ("us-east-1", Some(0.06)), ("eu-central-1", Some(0.06))]
    {
        snapshot.price(&PriceBook::built_in(kinds::bills(), region));
        assert_eq!(snapshot.rate, Rate(usd.map(UsdPerHour)), "{region}");
    }
}

#[test]
fn what_is_seen_running_saves_nothing_more() {
    let journal = Journal::in_phase(Phase::Stopped);
    let running = [id().to_string()].into();
    assert!(journal.saved_this_stop(&running, at(36_000)).abs() < 1e-9);
    assert!(journal.savings_at(&running, at(36_000)).total_usd.abs() < 1e-9);
}

#[test]
fn an_operation_knows_what_it_has_booked_itself() {
    let mut journal = Journal::in_phase(Phase::Stopped);
    journal.savings.total_usd = 100.0;
    journal.begin(operation("start"), lease("x", 60), true, at(36_000));
    journal
        .record_transition(&id(), &Transition::Start, note(1.0, 2.0), "start", at(36_000))
        .unwrap();
    assert!((journal.saved_by_operation() - 10.0).abs() < 1e-9);
    journal.begin(operation("start"), lease("y", 60), true, at(36_001));
    assert!((journal.saved_by_operation() - 10.0).abs() < 1e-9, "also in its next invocation");
    journal.begin(operation("again"), lease("z", 60), true, at(36_002));
    assert!(journal.saved_by_operation().abs() < 1e-9);
}

#[test]
fn an_operation_in_several_invocations_reports_what_its_first_one_found() {
    let mut journal = Journal::in_phase(Phase::Stopping);
    journal.record_transition(&id(), &Transition::Resume, note(1.5, 1.0), "op", at(60)).unwrap();
    assert_eq!(journal.record(&id()).unwrap().before.summary, "2");
    journal.record_transition(&id(), &Transition::Resume, note(1.5, 1.0), "other", at(60)).unwrap();
    assert_eq!(journal.record(&id()).unwrap().before.summary, "1.5");
    assert_eq!(journal.record(&id()).unwrap().running.summary, "2", "what it comes back as");
}

#[test]
fn attempts_count_the_operations_that_tried() {
    let mut journal = Journal::in_phase(Phase::Stopped);
    for (operation, attempts) in [("a", 1), ("a", 1), ("b", 2), ("c", 3)] {
        journal
            .record_transition(&id(), &Transition::Start, note(1.0, 2.0), operation, at(0))
            .unwrap();
        assert_eq!(journal.record(&id()).unwrap().attempts, attempts);
    }
}
