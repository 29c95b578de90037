//! States of version 0.1, as it wrote them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::pricing::PriceBook;
use crate::usage::Billable;
use crate::{golden, kinds};

const PROJECT: &str = "user-journey-analytics";
const KINDS: [KindName; 4] = [
    KindName::new("cloudwatch"),
    KindName::new("kinesis"),
    KindName::new("lambda"),
    KindName::new("sagemaker"),
];

/// All that 0.1 called what bills. It stands in states, and in the prices that are kept.
const BILLS: [&str; 20] = [
    "hosting ml.m5.large",
    "serverless concurrency 2048 MB",
    "shard",
    "on-demand stream",
    "extended retention shard",
    "fan-out shard",
    "provisioned concurrency GB",
    "provisioned concurrency GB arm",
    "alarm metric",
    "high-resolution alarm metric",
    "composite alarm",
    "RCU",
    "WCU",
    "infrequent-access RCU",
    "infrequent-access WCU",
    "million reads",
    "million writes",
    "infrequent-access million reads",
    "infrequent-access million writes",
    "unpriced log alarm",
];

fn journals() -> Vec<(String, Journal)> {
    let parse = |(file, bytes): (String, Vec<u8>)| {
        let journal = Journal::parse(&bytes, PROJECT, "dev", &KINDS);
        (file.clone(), journal.unwrap_or_else(|why| panic!("{file}: {why}")))
    };
    golden::states().into_iter().map(parse).collect()
}

#[test]
fn a_state_of_version_0_1_is_written_back_with_the_same_fields_and_values() {
    for (file, bytes) in golden::states() {
        let written: Value = serde_json::from_slice(&bytes).unwrap();
        let journal = Journal::parse(&bytes, PROJECT, "dev", &KINDS).unwrap();
        assert_same("", &serde_json::to_value(&journal).unwrap(), &written, &file);
    }
}

/// Fails with the one field that differs: a state is long.
#[track_caller]
fn assert_same(path: &str, now: &Value, written: &Value, file: &str) {
    if let (Value::Object(now), Value::Object(written)) = (now, written) {
        for key in now.keys().chain(written.keys()) {
            let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
            let (Some(now), Some(written)) = (of(now), of(written)) else {
                panic!("{file}: {path}/{key} is {:?} and was {:?}", of(now), of(written))
            };
            assert_same(&format!("{path}/{key}"), &now, &written, file);
        }
    } else {
        assert_eq!(now, written, "{file}: {path}");
    }
}

/// A line of what is told apart by the tests that read these files.
#[test]
fn the_states_of_version_0_1_are_of_every_phase() {
    let about = |(file, journal): &(String, Journal)| {
        let mut words = vec![file.trim_end_matches(".state.json").to_owned()];
        let phases: BTreeSet<String> =
            journal.resources.values().map(|record| format!("{:?}", record.phase)).collect();
        words.extend(phases);
        for (word, holds) in [
            ("lease", journal.lease.is_some()),
            ("depth", journal.operation.as_ref().is_some_and(|operation| operation.depth > 0)),
            ("scheduled", journal.scheduled.is_some()),
            ("challenger", journal.challenger.is_some()),
            ("ended", !journal.ended.is_empty()),
            ("counted", !journal.rationed.made.is_empty()),
            ("planned", !journal.rationed.planned.is_empty()),
            ("refused", !journal.rationed.refused.is_empty()),
            ("unpriced", !journal.unpriced.is_empty()),
            ("two months", journal.savings.months.len() == 2),
        ] {
            words.extend(holds.then(|| word.to_owned()));
        }
        words.join(" ")
    };
    let table: Vec<String> = journals().iter().map(about).collect();
    insta::assert_snapshot!(table.join("\n"), @"
    challenged Starting lease challenger ended counted planned unpriced
    handed-on Stopped Stopping depth counted
    never-stopped ended
    refused Stopped Stopping ended counted refused
    started Running scheduled ended counted unpriced two months
    starting Starting lease scheduled ended counted planned unpriced
    stopped Stopped scheduled ended counted
    stopping Stopping lease scheduled planned
    unpriced Running ended counted unpriced two months
    ");
}

#[test]
fn what_bills_is_called_as_in_version_0_1() {
    let prices = PriceBook::built_in(kinds::bills(), "us-east-1");
    for name in BILLS {
        let billable: Billable = serde_json::from_value(name.into()).unwrap();
        assert_eq!(serde_json::to_value(&billable).unwrap(), name);
        let is_known = !prices.to_ask([&billable], Timestamp::UNIX_EPOCH).is_empty();
        assert_eq!(is_known, !name.starts_with("unpriced "), "{name}");
    }
}

/// A name that were not understood would bill as something without a price.
#[test]
fn all_that_bills_in_the_states_of_version_0_1_is_understood() {
    let prices = PriceBook::built_in(kinds::bills(), "us-east-1");
    let mut names = BTreeSet::new();
    for (file, journal) in journals() {
        for billable in journal.usages() {
            let name = billable.to_string();
            let is_known = !prices.to_ask([billable], Timestamp::UNIX_EPOCH).is_empty();
            assert!(is_known || name == "unpriced log alarm", "{file}: {name}");
            names.insert(name);
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    insta::assert_snapshot!(names.join("\n"), @"
    alarm metric
    composite alarm
    extended retention shard
    fan-out shard
    high-resolution alarm metric
    hosting ml.c5.large
    hosting ml.m5.large
    provisioned concurrency GB
    provisioned concurrency GB arm
    serverless concurrency 2048 MB
    shard
    unpriced log alarm
    ");
}

#[test]
fn times_of_version_0_1_without_a_price_are_booked_when_there_is_one() {
    let bytes = golden::file("unpriced.state.json");
    let mut journal = Journal::parse(&bytes, PROJECT, "dev", &KINDS).unwrap();
    let before = journal.savings.total_usd;
    let cache: Value = serde_json::from_slice(&golden::file("stopped.prices.json")).unwrap();
    let listed = serde_json::from_value(cache["prices"].clone()).unwrap();
    let now = journal.ended.last().unwrap().at;
    journal.price(&PriceBook::with(kinds::bills(), "us-east-1", listed), now);
    // 40 days of 4 × $0.036 an hour. The log alarm has no price, and is waited for.
    let booked = journal.savings.total_usd - before;
    assert!((booked - 40.0 * 24.0 * 4.0 * 0.036).abs() < 0.01, "{booked}");
    assert_eq!(journal.unpriced.len(), 1);
}
