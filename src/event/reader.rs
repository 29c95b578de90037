//! An event's fields are read here, each by a rule of its own.

use std::path::Path;

use serde_json::{Map, Value};

use super::fields::FIELDS;
use super::request::{Continuation, MAX_DEPTH, MAX_REASON, Request, Schedule};
use crate::model::Action;
use crate::select::spelling::Spelling;
use crate::select::{BadSelector, Only, Selector};

/// Reads one field after the other, and collects the problems.
pub(super) struct FieldReader<'a> {
    pub fields: &'a Map<String, Value>,
    /// A problem's text has this prefix before the field's name, such as `detail.`.
    pub prefix: &'static str,
    pub problems: Vec<String>,
}

impl<'a> FieldReader<'a> {
    pub fn request(&mut self, kinds: &[Spelling]) -> Option<Request> {
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

    fn only(&mut self, kinds: &[Spelling]) -> Option<Only> {
        let value = self.fields.get("only")?;
        let allowed = kinds.iter().map(|known| known.kind.as_str()).collect::<Vec<_>>().join(", ");
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
                Some(Err(BadSelector::NoKind(kind))) => self.problems.push(format!(
                    "`{}only[{index}]` is {}: `{kind}` is not a kind; the kinds are {allowed}",
                    self.prefix,
                    shown(item)
                )),
                Some(Err(BadSelector::Breaks(rule))) => self.problems.push(format!(
                    "`{}only[{index}]` is {}; it {rule}",
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
        // A schedule replaces these words when it fires. Nobody does so where a person sends the
        // sample by hand: then all such events would look like deliveries of one schedule's run.
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

/// Writes a value as it stood in the event, shortened.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}
