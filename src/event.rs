//! JSON → [`Request`]. Everything that is wrong with an event is found here, before any AWS call.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::model::{Action, KindName};
use crate::select::{Only, Selector};

/// The longest `reason` that is taken.
pub const MAX_REASON: usize = 200;
/// Lambda's recursive-loop detection ends a chain after about 16 self-invocations
/// (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html): stay well below.
pub const MAX_DEPTH: u32 = 12;

/// A valid event.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub action: Action,
    /// `None`: as `DRY_RUN_DEFAULT` says.
    pub dry_run: Option<bool>,
    pub only: Only,
    pub reason: Option<String>,
    pub wait: bool,
    pub notify: bool,
    pub schedule: Option<Schedule>,
    pub continuation: Option<Continuation>,
    /// The key of a kept report, below the state's prefix, whose originals a start is to bring back
    /// because the state that held them is lost.
    pub originals_from: Option<String>,
}

/// One planned run of one schedule. The same pair twice is the same operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub arn: String,
    pub time: Timestamp,
}

/// Written by the function itself when it hands an operation on to its next invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    pub operation_id: String,
    pub depth: u32,
    /// When the operation was asked for: of two that are opposed, the newer wins.
    pub asked_at: Timestamp,
}

/// All that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the event was refused, nothing was changed: {}", .0.join("; "))]
pub struct BadEvent(pub Vec<String>);

/// A field of an event, in the words of docs/reference.md, which is made from it.
pub struct Field {
    pub name: &'static str,
    pub form: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

/// The fields that an event may have.
pub const FIELDS: [Field; 9] = [
    Field {
        name: "action",
        form: "`stop` `start` `status`",
        default: "required",
        meaning: "what to do",
    },
    Field {
        name: "dry_run",
        form: "bool",
        default: "`DRY_RUN_DEFAULT`",
        meaning: "look, plan and price; write nothing but the report",
    },
    Field {
        name: "only",
        form: "list of `kind` or `kind:name-pattern`",
        default: "everything managed",
        meaning: "selects among what is managed, adds nothing",
    },
    Field {
        name: "reason",
        form: "text, at most 200 characters",
        default: "none",
        meaning: "kept in the state, the report and the mail",
    },
    Field {
        name: "wait",
        form: "bool",
        default: "true",
        meaning: "false: make the calls that need no waiting, answer `in_progress`, and let the next invocation wait",
    },
    Field {
        name: "notify",
        form: "bool",
        default: "false",
        meaning: "send a message for a `status` or a dry run too; a real stop or start always sends one at its end",
    },
    Field {
        name: "schedule",
        form: "`{\"arn\", \"time\"}`",
        default: "none",
        meaning: "filled by EventBridge Scheduler's context attributes; the same pair twice is one operation",
    },
    Field {
        name: "originals_from",
        form: "`operations/….json`",
        default: "none",
        meaning: "`start` only: bring back the originals of a kept report, see \
                  [recovery](troubleshooting.md#if-the-state-is-lost-or-damaged)",
    },
    Field {
        name: "continuation",
        form: "object",
        default: "none",
        meaning: "written by the function itself, when it goes on in another invocation",
    },
];

impl Request {
    /// Reads an event, raw or in an EventBridge envelope.
    pub fn parse(event: &Value, kinds: &[KindName]) -> Result<Self, BadEvent> {
        let Some(object) = event.as_object() else {
            return Err(BadEvent(vec![format!(
                "the event is {}; it must be an object such as {{\"action\": \"status\"}}",
                shown(event)
            )]));
        };
        let (fields, prefix) = unwrap_envelope(object)?;
        let mut reader = Reader { fields, prefix, problems: Vec::new() };
        let request = reader.request(kinds);
        match request {
            Some(request) if reader.problems.is_empty() => Ok(request),
            _ => Err(BadEvent(reader.problems)),
        }
    }

    /// The event with which the function calls itself to go on with this operation.
    pub fn continue_as(&self, continuation: &Continuation) -> Value {
        let mut event = Map::new();
        event.insert("action".into(), self.action.as_str().into());
        event.insert("dry_run".into(), false.into());
        if !self.only.everything() {
            event.insert("only".into(), self.only.0.iter().map(ToString::to_string).collect());
        }
        if let Some(reason) = &self.reason {
            event.insert("reason".into(), reason.as_str().into());
        }
        if let Some(key) = &self.originals_from {
            event.insert("originals_from".into(), key.as_str().into());
        }
        event.insert("continuation".into(), serde_json::json!(continuation));
        Value::Object(event)
    }
}

/// EventBridge puts the event it was given under `detail`
/// (docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
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

struct Reader<'a> {
    fields: &'a Map<String, Value>,
    prefix: &'static str,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    fn request(&mut self, kinds: &[KindName]) -> Option<Request> {
        let allowed = FIELDS.map(|field| field.name);
        for unknown in self.fields.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.problems.push(format!(
                "unknown field `{}{unknown}` (value {}); allowed are {}",
                self.prefix,
                shown(&self.fields[unknown]),
                allowed.join(", ")
            ));
        }
        let action = self.action();
        let request = Request {
            action: action.unwrap_or(Action::Status),
            dry_run: self.boolean("dry_run"),
            only: self.only(kinds).unwrap_or_default(),
            reason: self.reason(),
            wait: self.boolean("wait").unwrap_or(true),
            notify: self.boolean("notify").unwrap_or(false),
            schedule: self.schedule(),
            continuation: self.continuation(),
            originals_from: self.originals_from(action),
        };
        if request.continuation.is_some() && action == Some(Action::Status) {
            self.problem("continuation", "a status has none; leave it out");
        }
        action.map(|_| request)
    }

    fn action(&mut self) -> Option<Action> {
        let allowed = Action::ALL.map(|action| format!("\"{action}\"")).join(", ");
        match self.fields.get("action") {
            None => {
                self.problems.push(format!(
                    "`{}action` is missing; it must be one of {allowed}",
                    self.prefix
                ));
                None
            }
            Some(value) => {
                let found =
                    Action::ALL.into_iter().find(|action| value.as_str() == Some(action.as_str()));
                if found.is_none() {
                    self.problem("action", &format!("must be one of {allowed}"));
                }
                found
            }
        }
    }

    fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.fields.get(name)?;
        if value.as_bool().is_none() {
            self.problem(name, "must be true or false");
        }
        value.as_bool()
    }

    fn reason(&mut self) -> Option<String> {
        let value = self.fields.get("reason")?;
        match value.as_str() {
            Some(text) if text.chars().count() <= MAX_REASON => Some(text.to_owned()),
            Some(text) => {
                let length = text.chars().count();
                self.problem(
                    "reason",
                    &format!("has {length} characters; at most {MAX_REASON} are allowed"),
                );
                None
            }
            None => {
                self.problem(
                    "reason",
                    &format!("must be a string of at most {MAX_REASON} characters"),
                );
                None
            }
        }
    }

    fn originals_from(&mut self, action: Option<Action>) -> Option<String> {
        let value = self.fields.get("originals_from")?;
        let is_key = |key: &&str| {
            key.starts_with("operations/")
                && Path::new(key).extension().is_some_and(|extension| extension == "json")
        };
        let key = value.as_str().filter(is_key);
        if key.is_none() {
            self.problem(
                "originals_from",
                "must be the key of a kept report: operations/YYYY/MM/DD/ID.json",
            );
        } else if action != Some(Action::Start) {
            self.problem("originals_from", "goes with the action \"start\" only");
        }
        key.map(str::to_owned)
    }

    fn only(&mut self, kinds: &[KindName]) -> Option<Only> {
        let value = self.fields.get("only")?;
        let allowed = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let rule =
            format!("must be a list of `kind` or `kind:name-pattern`; the kinds are {allowed}");
        let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
            self.problem("only", &rule);
            return None;
        };
        let mut selectors = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.as_str().map(|text| Selector::parse(text, kinds)) {
                Some(Ok(selector)) => selectors.push(selector),
                Some(Err(kind)) => self.problems.push(format!(
                    "`{}only[{index}]` is {}: `{kind}` is not a kind; the kinds are {allowed}",
                    self.prefix,
                    shown(item)
                )),
                None => self.problems.push(format!(
                    "`{}only[{index}]` is {}; it must be a string: `kind` or `kind:name-pattern`",
                    self.prefix,
                    shown(item)
                )),
            }
        }
        Some(Only(selectors))
    }

    fn schedule(&mut self) -> Option<Schedule> {
        let object = self.object("schedule", &["arn", "time"])?;
        // A schedule replaces these words when it fires. A person who sends the sample by hand
        // has no schedule behind it, and must not be taken for a second delivery of the first.
        let unfilled = |value: Option<&Value>| {
            value.and_then(Value::as_str).is_some_and(|text| text.starts_with("<aws.scheduler."))
        };
        if unfilled(object.get("arn")) || unfilled(object.get("time")) {
            return None;
        }
        let arn = object.get("arn").and_then(Value::as_str).filter(|arn| arn.starts_with("arn:"));
        let time = object.get("time").and_then(Value::as_str).and_then(|time| time.parse().ok());
        if arn.is_none() {
            self.nested_problem("schedule", "arn", object, "must be the ARN of the schedule");
        }
        if time.is_none() {
            self.nested_problem(
                "schedule",
                "time",
                object,
                "must be a time such as \"2026-11-23T18:00:00Z\"",
            );
        }
        Some(Schedule { arn: arn?.to_owned(), time: time? })
    }

    fn continuation(&mut self) -> Option<Continuation> {
        let object = self.object("continuation", &["operation_id", "depth", "asked_at"])?;
        let operation_id =
            object.get("operation_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let depth = object
            .get("depth")
            .and_then(Value::as_u64)
            .and_then(|depth| u32::try_from(depth).ok())
            .filter(|depth| (1..=MAX_DEPTH).contains(depth));
        if operation_id.is_none() {
            self.nested_problem(
                "continuation",
                "operation_id",
                object,
                "must be the id of an operation",
            );
        }
        if depth.is_none() {
            self.nested_problem(
                "continuation",
                "depth",
                object,
                &format!("must be 1 to {MAX_DEPTH}"),
            );
        }
        let asked_at =
            object.get("asked_at").and_then(Value::as_str).and_then(|time| time.parse().ok());
        if asked_at.is_none() {
            self.nested_problem("continuation", "asked_at", object, "must be a time");
        }
        Some(Continuation {
            operation_id: operation_id?.to_owned(),
            depth: depth?,
            asked_at: asked_at?,
        })
    }

    fn object(&mut self, name: &str, allowed: &[&str]) -> Option<&'a Map<String, Value>> {
        let value = self.fields.get(name)?;
        let Some(object) = value.as_object() else {
            self.problem(name, &format!("must be an object with {}", allowed.join(" and ")));
            return None;
        };
        for unknown in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.nested_problem(
                name,
                unknown,
                object,
                &format!("is unknown; allowed are {}", allowed.join(", ")),
            );
        }
        Some(object)
    }

    fn problem(&mut self, name: &str, rule: &str) {
        let value = self.fields.get(name).map_or_else(|| "missing".to_owned(), shown);
        self.problems.push(format!("`{}{name}` is {value}; it {rule}", self.prefix));
    }

    fn nested_problem(&mut self, outer: &str, name: &str, object: &Map<String, Value>, rule: &str) {
        let value = object.get(name).map_or_else(|| "missing".to_owned(), shown);
        self.problems.push(format!("`{}{outer}.{name}` is {value}; it {rule}", self.prefix));
    }
}

/// A value as it stood in the event, shortened.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KINDS: [KindName; 2] = [KindName::new("kinesis"), KindName::new("lambda")];

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
