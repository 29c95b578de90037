//! Snapshots are compared here, and their differences are shown.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Lists the differences, a line each.
pub fn differences(now: &Value, expected: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", now, expected, &mut found);
    found
}

fn compare(path: &str, now: &Value, expected: &Value, found: &mut Vec<String>) {
    match (now, expected) {
        (Value::Object(now), Value::Object(expected)) => {
            let none = Value::Null;
            let of = |map: &Map<String, Value>, key: &str| {
                map.get(key).cloned().unwrap_or_else(|| none.clone())
            };
            for key in now.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
                compare(&format!("{path}/{key}"), &of(now, key), &of(expected, key), found);
            }
        }
        _ if now != expected => found.push(format!("{path} is {now}, expected {expected}")),
        _ => {}
    }
}

/// Panics with the differences only: a snapshot is long.
#[track_caller]
pub fn assert_same(now: &Value, expected: &Value, when: &str) {
    let found = differences(now, expected);
    assert!(found.is_empty(), "{when}, it differs:\n{}", found.join("\n"));
}
