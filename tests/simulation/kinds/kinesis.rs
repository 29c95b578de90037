//! Streams have shards, and take their time to scale.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_resource_manager::kinds::kinesis::{Mode, ScaleTo, Seen, Status, Streams};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use tokio::time::Instant;

use crate::simulated::{Owed, Resources, Setting, Simulated};

const STREAMS: [(&str, u32); 2] = [("shop-events", 8), ("shop-audit", 2)];
const SCALING_TAKES: Duration = Duration::from_secs(25);
const SHARD_HOUR: f64 = 0.015;

struct Stream {
    shards: u32,
    scaling: Option<(u32, Instant)>,
    /// The function scaled the stream at these times.
    calls: Vec<Instant>,
}

pub struct Account {
    streams: BTreeMap<String, Stream>,
    /// Each stream had at most so many shards.
    peaks: BTreeMap<String, u32>,
}

impl Default for Account {
    fn default() -> Self {
        let stream = |shards| Stream { shards, scaling: None, calls: Vec::new() };
        let streams = STREAMS.iter().map(|(name, shards)| ((*name).into(), stream(*shards)));
        Account { streams: streams.collect(), peaks: BTreeMap::new() }
    }
}

impl Resources for Account {
    fn names(&self) -> Vec<String> {
        self.streams.keys().cloned().collect()
    }

    fn settle(&mut self) {
        let now = Instant::now();
        for (name, stream) in &mut self.streams {
            if let Some((to, _)) = stream.scaling.filter(|(_, until)| *until <= now) {
                (stream.shards, stream.scaling) = (to, None);
            }
            match self.peaks.get_mut(name) {
                Some(peak) => *peak = stream.shards.max(*peak),
                None => drop(self.peaks.insert(name.clone(), stream.shards)),
            }
        }
    }

    fn settings(&self) -> Vec<(String, Setting)> {
        self.streams
            .iter()
            .filter(|(_, stream)| stream.scaling.is_none())
            .map(|(name, stream)| (name.clone(), stream.shards.into()))
            .collect()
    }

    fn of_original(&self, original: &Value) -> Option<Setting> {
        Some(original["shards"].as_u64()?.into())
    }

    fn unspent_per_hour(&self) -> f64 {
        let shards = |name: &String| self.streams.get(name).map_or(0, |stream| stream.shards);
        let missing: u32 =
            self.peaks.iter().map(|(name, peak)| peak.saturating_sub(shards(name))).sum();
        f64::from(missing) * SHARD_HOUR
    }

    fn set(&mut self, name: &str, setting: &Setting, owed: &Owed) -> bool {
        let shards = count(setting);
        // A person's count that the function's steps lead through cannot be told from a step.
        let unclear =
            owed.original.as_ref().is_some_and(|original| ways(count(original)).contains(&shards));
        let stream = self.streams.get_mut(name);
        match stream.filter(|stream| stream.scaling.is_none() && !unclear) {
            Some(stream) => stream.shards = shards,
            None => return false,
        }
        true
    }

    fn delete(&mut self, name: &str) -> bool {
        let there = self.streams.get(name).is_some_and(|stream| stream.scaling.is_none());
        if there {
            self.streams.remove(name);
        }
        there
    }
}

impl Account {
    fn start_scaling(&mut self, name: &str, to: u32) {
        let stream = self.streams.get_mut(name).unwrap();
        let now = Instant::now();
        stream.calls.retain(|call| now.duration_since(*call) < Duration::from_secs(24 * 3600));
        stream.calls.push(now);
        assert!(stream.calls.len() <= 10, "AWS refuses an 11th call in a day to scale {name}");
        assert!(
            to <= stream.shards * 2 && to >= stream.shards.div_ceil(2),
            "{} to {to}",
            stream.shards
        );
        stream.scaling = Some((to, now + SCALING_TAKES));
    }
}

impl Simulated for Streams {
    type Resources = Account;

    const RULES: Self = Streams { longest_stop_hours: 63.0 };
    const ONLY: &'static str = "kinesis";
    const DELETED: Option<&'static str> = Some("shop-audit");

    fn changes() -> BoxedStrategy<(&'static str, Setting)> {
        (select(&STREAMS), 5_u32..8).prop_map(|((name, _), shards)| (name, shards.into())).boxed()
    }

    fn see(account: &Account, name: &str) -> Option<Seen> {
        account.streams.get(name).map(|stream| Seen {
            status: if stream.scaling.is_some() { Status::Updating } else { Status::Active },
            mode: Mode::Provisioned,
            shards: stream.shards,
            retention_hours: 24,
            consumers: 0,
            consumer_names: Vec::new(),
        })
    }

    fn take(account: &mut Account, name: &str, ScaleTo(to): &ScaleTo) -> Result<(), &'static str> {
        if account.streams[name].scaling.is_some() {
            return Err("Stream is not ACTIVE");
        }
        account.start_scaling(name, *to);
        Ok(())
    }
}

fn count(setting: &Setting) -> u32 {
    u32::try_from(setting.as_u64().unwrap()).unwrap()
}

/// Lists the counts between a stream's original and its floor, either way.
fn ways(original: u32) -> Vec<u32> {
    let down = std::iter::successors(Some(original), |n| (*n > 1).then(|| n.div_ceil(2)));
    let up = std::iter::successors(Some(1), |n| (*n < original).then(|| original.min(n * 2)));
    down.chain(up).collect()
}
