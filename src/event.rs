//! An event becomes a [`Request`] here, or every problem with it is named at once.
//!
//! An event is read before AWS is asked anything.

mod fields;
mod reader;
mod request;

use serde_json::{Map, Value};
use thiserror::Error;

pub use self::fields::{FIELDS, Field};
use self::reader::{FieldReader, shown};
pub use self::request::{Continuation, MAX_DEPTH, MAX_REASON, Request, Schedule};
use crate::select::spelling::Spelling;

/// Tells all that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the event was refused, nothing was changed: {}", .0.join("; "))]
pub struct BadEvent(pub Vec<String>);

impl Request {
    /// Reads an event, raw or in an EventBridge envelope.
    pub fn parse(event: &Value, kinds: &[Spelling]) -> Result<Self, BadEvent> {
        let Some(object) = event.as_object() else {
            return Err(BadEvent(vec![format!(
                "the event is {}; it must be an object such as {{\"action\": \"status\"}}",
                shown(event)
            )]));
        };
        let (fields, prefix) = unwrap_envelope(object)?;
        let mut reader = FieldReader { fields, prefix, problems: Vec::new() };
        let request = reader.request(kinds);
        match request {
            Some(request) if reader.problems.is_empty() => Ok(request),
            _ => Err(BadEvent(reader.problems)),
        }
    }
}

/// Opens the envelope in which EventBridge delivers an event, under `detail`
/// (docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
///
/// Returns the event's fields, and what stands before their names when a problem is told.
fn unwrap_envelope(
    object: &Map<String, Value>,
) -> Result<(&Map<String, Value>, &'static str), BadEvent> {
    match object.get("detail") {
        Some(detail) if !object.contains_key("action") => match detail.as_object() {
            Some(detail) => Ok((detail, "detail.")),
            None => Err(BadEvent(vec![format!(
                "`detail` is {}; in an EventBridge envelope it must be an object such as {{\"action\": \"stop\"}}",
                shown(detail)
            )])),
        },
        _ => Ok((object, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, KindName};
    use crate::select::spelling::Characters;
    use serde_json::json;

    const fn kind(name: &'static str) -> Spelling {
        let characters = Characters::LettersDigitsAnd("-_");
        let kind = KindName::new(name);
        Spelling { kind, characters, ignores_case: false, in_clusters: false }
    }

    const KINDS: [Spelling; 2] = [kind("kinesis"), kind("lambda")];

    fn parse(event: Value) -> Result<Request, BadEvent> {
        Request::parse(&event, &KINDS)
    }

    fn problem(event: Value) -> String {
        let BadEvent(problems) = parse(event).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.into_iter().next().unwrap()
    }

    #[test]
    fn the_shortest_event_has_the_defaults() {
        let request = parse(json!({"action": "stop"})).unwrap();
        assert_eq!(request.action, Action::Stop);
        assert_eq!(request.dry_run, None);
        assert!(request.only.everything());
        assert!(request.wait);
        assert!(!request.notify);
    }

    #[test]
    fn an_eventbridge_envelope_is_opened() {
        let request = parse(json!({
            "version": "0", "source": "ops", "detail-type": "stop", "detail": {"action": "stop", "dry_run": true}
        }))
        .unwrap();
        assert_eq!(request.dry_run, Some(true));
    }

    #[test]
    fn a_problem_inside_an_envelope_names_the_path() {
        insta::assert_snapshot!(
            problem(json!({"detail-type": "x", "detail": {"action": "halt"}})),
            @r#"`detail.action` is "halt"; it must be one of "stop", "start", "status""#
        );
    }

    #[test]
    fn each_problem_names_the_field_the_value_and_the_rule() {
        insta::assert_snapshot!(problem(json!({})), @r#"`action` is missing; it must be one of "stop", "start", "status""#);
        insta::assert_snapshot!(problem(json!({"action": "Stop"})), @r#"`action` is "Stop"; it must be one of "stop", "start", "status""#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "dryrun": true})), @"unknown field `dryrun` (value true); allowed are action, dry_run, only, reason, wait, notify, schedule, originals_from, continuation");
        insta::assert_snapshot!(problem(json!({"action": "stop", "dry_run": "yes"})), @r#"`dry_run` is "yes"; it must be true or false"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "dry_run": null})), @"`dry_run` is null; it must be true or false");
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": "kinesis"})), @r#"`only` is "kinesis"; it must be a list of `kind` or `kind:name-pattern`; the kinds are kinesis, lambda"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": []})), @"`only` is []; it must be a list of `kind` or `kind:name-pattern`; the kinds are kinesis, lambda");
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": ["rds:x"]})), @r#"`only[0]` is "rds:x": `rds` is not a kind; the kinds are kinesis, lambda"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": ["lambda:"]})), @r#"`only[0]` is "lambda:"; it must have a name or glob after the colon; the kind alone selects all of it"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": ["lambda", "lambda:!a"]})), @r#"`only[1]` is "lambda:!a"; it must select: only RESOURCES excludes"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": ["*:a"]})), @r#"`only[0]` is "*:a"; it must name a kind: for several kinds, name each"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "only": ["lambda", 3]})), @"`only[1]` is 3; it must be a string: `kind` or `kind:name-pattern`");
        insta::assert_snapshot!(problem(json!({"action": "stop", "schedule": {"arn": "arn:aws:x", "time": "soon"}})), @r#"`schedule.time` is "soon"; it must be a time such as "2026-11-23T18:00:00Z""#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "continuation": {"operation_id": "a", "depth": 13, "asked_at": "2026-11-23T18:00:00Z"}})), @"`continuation.depth` is 13; it must be 1 to 12");
        insta::assert_snapshot!(problem(json!({"action": "start", "originals_from": "state.json"})), @r#"`originals_from` is "state.json"; it must be the key of a kept report: operations/YYYY/MM/DD/ID.json"#);
        insta::assert_snapshot!(problem(json!({"action": "stop", "originals_from": "operations/a.json"})), @r#"`originals_from` is "operations/a.json"; it goes with the action "start" only"#);
        insta::assert_snapshot!(problem(json!([])), @r#"the event is []; it must be an object such as {"action": "status"}"#);
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let BadEvent(problems) = parse(json!({"action": "halt", "wait": 1, "x": 2})).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_reason_of_200_characters_is_taken_and_of_201_is_not() {
        assert!(parse(json!({"action": "stop", "reason": "ü".repeat(200)})).is_ok());
        let problem = problem(json!({"action": "stop", "reason": "ü".repeat(201)}));
        assert!(problem.ends_with("has 201 characters; at most 200 are allowed"), "{problem}");
    }

    #[test]
    fn context_attributes_that_no_schedule_filled_are_no_schedule() {
        let request = parse(json!({
            "action": "stop",
            "schedule": {"arn": "<aws.scheduler.schedule-arn>", "time": "<aws.scheduler.scheduled-time>"}
        }))
        .unwrap();
        assert_eq!(request.schedule, None);
    }

    #[test]
    fn a_continuation_carries_the_request_on() {
        let request =
            parse(json!({"action": "start", "only": ["lambda:a*"], "reason": "r"})).unwrap();
        let asked_at = "2026-11-23T18:00:00Z".parse().unwrap();
        let next = Continuation { operation_id: "op".into(), depth: 2, asked_at };
        let again = parse(request.continue_as(&next)).unwrap();
        assert_eq!(again.continuation, Some(next));
        assert_eq!(
            (again.action, again.only, again.reason),
            (request.action, request.only, request.reason)
        );
    }
}
