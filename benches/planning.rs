//! The bench plans and claims a stop and a start of 10,000 alarms.
//!
//! No call is made.

use std::hint::black_box;
use std::time::Duration;

use async_trait::async_trait;
use aws_resource_manager::failure::Failure;
use aws_resource_manager::journal::{Journal, Transition};
use aws_resource_manager::kinds;
use aws_resource_manager::kinds::cloudwatch::{Alarms, Form, INFO, Seen, Step, Switch};
use aws_resource_manager::kinds::kit::{self, Kind};
use aws_resource_manager::kinds::remote::{AnswerOf, Observe, Remote, Sighting};
use aws_resource_manager::lazy::ready;
use aws_resource_manager::model::{Direction, ResourceId};
use aws_resource_manager::observe::{Candidate, Inventory};
use aws_resource_manager::operation::claims::claim;
use aws_resource_manager::pace::Pace;
use aws_resource_manager::plan::{Circumstances, Outlook, plan};
use aws_resource_manager::pricing::PriceBook;
use aws_resource_manager::select::Wanted;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;

const ALARMS: usize = 10_000;

/// Planning makes no call.
struct Nobody;

#[async_trait]
impl Observe<Alarms> for Nobody {
    async fn observe(&self, _: &Wanted, _: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Remote<Alarms> for Nobody {
    async fn look(&self, _: &[(String, Step)], _: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        Vec::new()
    }
    async fn perform(&self, _: &[(String, Switch)], _: &Pace) -> Vec<AnswerOf<Alarms>> {
        Vec::new()
    }
}

fn inventory(actions_enabled: bool) -> Inventory {
    let form = Form::Metric { metrics: 1, high_resolution: false };
    let seen = Seen { actions_enabled, form, drives_scaling: false };
    let seen = kit::Seen::of(seen);
    let candidate = |n| Candidate {
        id: ResourceId::new(INFO.name, format!("shop-alarm-{n}")),
        seen: Ok(Some(seen.clone())),
        selected: true,
        keep: false,
    };
    Inventory { candidates: (0..ALARMS).map(candidate).collect(), ..Inventory::default() }
}

fn planning(criterion: &mut Criterion) {
    let registry = [Kind::managed(Alarms, ready(Nobody))];
    let prices = PriceBook::built_in(kinds::bills(), "us-east-1");
    let circumstances = Circumstances {
        prices: &prices,
        now: Timestamp::UNIX_EPOCH,
        time_left: Duration::from_secs(900),
    };
    let mut journal = Journal::new("shop", "dev");
    let running = inventory(true);
    let first = plan(Direction::Stop, &registry, &running, &journal, &circumstances);
    criterion.bench_function("plan a stop of 10,000 alarms", |bencher| {
        bencher.iter(|| {
            plan(Direction::Stop, &registry, black_box(&running), &journal, &circumstances)
        });
    });
    criterion.bench_function("claim 10,000 alarms for a stop", |bencher| {
        let fresh = || (first.clone(), journal.clone());
        bencher.iter_batched(
            fresh,
            |(mut plan, mut journal)| {
                claim(&mut plan, &mut journal, "op", Timestamp::UNIX_EPOCH);
                (plan, journal)
            },
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("merge another look at 10,000 alarms", |bencher| {
        let fresh = || (first.clone(), first.clone());
        bencher.iter_batched(
            fresh,
            |(mut plan, again)| {
                plan.merge(again);
                plan
            },
            BatchSize::LargeInput,
        );
    });
    for item in &first.items {
        let Outlook::Change(change) = &item.outlook else { continue };
        for transition in [change.claim.clone(), Transition::Stopped] {
            let recorded = journal.record_transition(
                &item.id,
                &transition,
                change.note.clone(),
                "op",
                Timestamp::UNIX_EPOCH,
            );
            recorded.expect("a legal transition");
        }
    }
    let stopped = inventory(false);
    criterion.bench_function("plan a start of 10,000 alarms", |bencher| {
        bencher.iter(|| {
            plan(Direction::Start, &registry, black_box(&stopped), &journal, &circumstances)
        });
    });
}

criterion_group!(benches, planning);
criterion_main!(benches);
