//! Tests read a report by these functions.

use serde_json::Value;

pub fn lines(report: &Value) -> &[Value] {
    report["resources"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Finds the row of one resource.
#[track_caller]
pub fn line<'a>(report: &'a Value, kind: &str, name: &str) -> &'a Value {
    lines(report)
        .iter()
        .find(|line| line["kind"] == kind && line["name"] == name)
        .unwrap_or_else(|| panic!("no line of {kind} {name} in {report:#}"))
}

#[track_caller]
pub fn result_of<'a>(report: &'a Value, kind: &str, name: &str) -> &'a str {
    line(report, kind, name)["result"].as_str().expect("a result is a word")
}

/// Lists the rows as `kind:name result`, in the report's order.
pub fn results(report: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines(report)
        .iter()
        .map(|line| {
            format!("{}:{} {}", word(&line["kind"]), word(&line["name"]), word(&line["result"]))
        })
        .collect()
}
