//! These stories show when the check says that a start was missed.

use super::*;
use crate::event::Schedule;
use crate::journal::{Lease, Note, Operation, Snapshot, Transition};
use crate::kinds::kit::Original;
use crate::model::{KindName, Rate, ResourceId};
use crate::usage::Usage;

/// Returns a time of one week, such as `Mon 18:00`, in the schedules' time zone.
///
/// In that zone the day begins two hours before the day of UTC.
fn at(time: &str) -> Timestamp {
    let (day, time) = time.split_once(' ').unwrap();
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .iter()
        .position(|name| *name == day)
        .unwrap();
    format!("2026-06-{:02}T{time}+02:00", day + 1).parse().unwrap()
}

fn project() -> Journal {
    let mut journal = Journal::new("shop", "dev");
    journal.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    journal
}

/// Carries out an operation on the whole project, which succeeds with these resources.
fn carry_out(
    journal: &mut Journal,
    direction: Direction,
    by_schedule: bool,
    time: &str,
    names: &[&str],
) {
    begin(journal, direction, by_schedule, time, true);
    change(journal, direction, time, names);
}

/// Carries out an operation on these resources only.
fn carry_out_only(
    journal: &mut Journal,
    direction: Direction,
    by_schedule: bool,
    time: &str,
    names: &[&str],
) {
    begin(journal, direction, by_schedule, time, false);
    change(journal, direction, time, names);
}

fn change(journal: &mut Journal, direction: Direction, time: &str, names: &[&str]) {
    for name in names {
        match direction {
            Direction::Stop => stop(journal, name, time),
            Direction::Start => {
                go(journal, name, &Transition::Start, time);
                go(journal, name, &Transition::Restored, time);
            }
        }
    }
    journal.end(at(time));
}

fn begin(
    journal: &mut Journal,
    direction: Direction,
    by_schedule: bool,
    time: &str,
    everything: bool,
) {
    let time = at(time);
    let id = format!("{direction} {time}");
    let schedule = by_schedule.then(|| Schedule { arn: "arn:x".to_owned(), time });
    let operation = Operation {
        id,
        direction,
        only: Vec::new(),
        reason: None,
        request_id: "request".to_owned(),
        schedule,
        started_at: time,
        depth: 0,
        finished_at: None,
    };
    // A delivery comes some seconds after its time.
    let now = time + Duration::from_secs(20);
    journal.begin(operation, Lease { holder: "x".to_owned(), until: now }, everything, now);
}

fn stop(journal: &mut Journal, name: &str, time: &str) {
    let claim = match journal.resources.get(&id(name).to_string()).and_then(Record::held) {
        None => Transition::Save(Original(serde_json::json!(2))),
        Some(_) => Transition::Resume,
    };
    // A stop does nothing with a resource that is stopped already.
    if journal
        .resources
        .get(&id(name).to_string())
        .is_none_or(|record| record.phase != Phase::Stopped)
    {
        go(journal, name, &claim, time);
        go(journal, name, &Transition::Stopped, time);
    }
}

fn id(name: &str) -> ResourceId {
    ResourceId::new(KindName::new("kinesis"), name)
}

fn go(journal: &mut Journal, name: &str, transition: &Transition, time: &str) {
    let snapshot = Snapshot { summary: String::new(), usage: Usage::none(), rate: Rate::UNKNOWN };
    let note = Note {
        before: snapshot.clone(),
        after: snapshot,
        detail: String::new(),
        warnings: Vec::new(),
    };
    let operation = journal.operation.as_ref().unwrap().id.clone();
    let later = at(time) + Duration::from_secs(40);
    journal.record_transition(&id(name), transition, note, &operation, later).unwrap();
}

const ALL: [&str; 2] = ["a", "b"];
const BY_SCHEDULE: bool = true;
const BY_HAND: bool = false;

/// Asserts whether the check at `deadline` says, after a story, that a start was missed.
#[track_caller]
fn check(missed: bool, deadline: &str, story: impl FnOnce(&mut Journal)) {
    let mut journal = project();
    story(&mut journal);
    assert_eq!(start_was_missed(&journal, at(deadline)), missed);
}

#[test]
fn a_project_that_was_never_stopped_misses_nothing() {
    check(false, "Mon 09:30", |_| {});
    check(false, "Mon 09:30", |j| carry_out(j, Direction::Start, BY_SCHEDULE, "Mon 08:00", &[]));
}

#[test]
fn a_morning_that_came_is_not_missed() {
    check(false, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        carry_out(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", &ALL);
    });
    // The schedule did not start the project, so a person did.
    check(false, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        carry_out(j, Direction::Start, BY_HAND, "Tue 09:00", &ALL);
    });
}

#[test]
fn a_morning_that_did_not_come_is_missed_whoever_stopped() {
    check(true, "Tue 09:30", |j| carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL));
    // A person stopped the project once more: after a stop that succeeded in part, at night.
    check(true, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &["a"]);
        carry_out(j, Direction::Stop, BY_HAND, "Mon 23:00", &ALL);
    });
    // People worked at the weekend.
    check(true, "Sun 09:30", |j| {
        carry_out(j, Direction::Start, BY_SCHEDULE, "Thu 08:00", &[]);
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Thu 18:00", &ALL);
        carry_out(j, Direction::Start, BY_HAND, "Fri 10:00", &ALL);
        carry_out(j, Direction::Stop, BY_HAND, "Fri 16:00", &ALL);
    });
    // A person stopped the project in the evening, or after midnight of the day itself.
    for time in ["Mon 17:00", "Tue 00:30", "Tue 07:59"] {
        check(true, "Tue 09:30", |j| {
            carry_out(j, Direction::Start, BY_SCHEDULE, "Mon 08:00", &[]);
            carry_out(j, Direction::Stop, BY_HAND, time, &ALL);
        });
    }
}

#[test]
fn what_a_person_stops_after_the_start_is_not_missed_that_day() {
    let stopped_by_hand = |j: &mut Journal| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        carry_out(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", &ALL);
        carry_out(j, Direction::Stop, BY_HAND, "Tue 09:00", &ALL);
    };
    check(false, "Tue 09:30", stopped_by_hand);
    check(true, "Wed 09:30", stopped_by_hand);
    // A person starts one of them again, and the other stays stopped.
    check(false, "Tue 09:30", |j| {
        stopped_by_hand(j);
        carry_out_only(j, Direction::Start, BY_HAND, "Tue 09:10", &["a"]);
    });
    // The day is that of the schedules: in UTC both starts are on Monday.
    check(true, "Tue 01:30", |j| {
        carry_out(j, Direction::Start, BY_SCHEDULE, "Mon 08:00", &[]);
        carry_out(j, Direction::Stop, BY_HAND, "Mon 20:00", &ALL);
    });
}

#[test]
fn a_selective_stop_by_hand_excuses_nothing_but_what_it_stopped() {
    check(true, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        carry_out(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", &["a"]);
        carry_out_only(j, Direction::Stop, BY_HAND, "Tue 09:00", &["a"]);
    });
    // A person stopped one at noon. Neither the evening's stop nor the morning's start came.
    check(true, "Tue 09:30", |j| {
        carry_out(j, Direction::Start, BY_SCHEDULE, "Mon 08:00", &[]);
        carry_out_only(j, Direction::Stop, BY_HAND, "Mon 12:00", &["a"]);
    });
}

#[test]
fn a_start_that_left_something_behind_is_missed() {
    check(true, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        carry_out(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", &["a"]);
    });
    // The start began, and did not come to its end.
    let on_its_way = |j: &mut Journal| {
        carry_out(j, Direction::Stop, BY_SCHEDULE, "Mon 18:00", &ALL);
        begin(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", true);
        for name in ALL {
            go(j, name, &Transition::Start, "Tue 08:00");
        }
    };
    check(true, "Tue 09:30", on_its_way);
    // A person stopped the project during the start, and wants it so.
    check(false, "Tue 09:30", |j| {
        on_its_way(j);
        carry_out(j, Direction::Stop, BY_HAND, "Tue 08:05", &ALL);
    });
}

#[test]
fn a_schedule_for_a_part_of_the_project_is_not_the_morning() {
    check(true, "Tue 09:30", |j| {
        carry_out(j, Direction::Stop, BY_HAND, "Mon 18:00", &ALL);
        carry_out_only(j, Direction::Start, BY_SCHEDULE, "Tue 07:00", &["a"]);
    });
    check(false, "Tue 09:30", |j| {
        carry_out(j, Direction::Start, BY_SCHEDULE, "Tue 08:00", &[]);
        carry_out_only(j, Direction::Stop, BY_SCHEDULE, "Tue 09:00", &["a"]);
    });
}

#[test]
fn before_the_first_scheduled_start_whatever_is_owed_is_missed() {
    check(true, "Mon 09:30", |j| carry_out(j, Direction::Stop, BY_HAND, "Mon 09:00", &ALL));
}
