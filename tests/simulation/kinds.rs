//! The kinds are listed here, in the order of reports.
//!
//! A new kind has a file in this folder and its lines below.

mod cloudwatch;
mod ecs;
mod kinesis;
mod lambda;
mod sagemaker;

use aws_resource_manager::kinds;
use aws_resource_manager::kinds::info::Info;
use aws_resource_manager::kinds::kit;
use aws_resource_manager::lazy::ready;
use proptest::strategy::BoxedStrategy;

use super::remotes::Calls;
use super::simulated::{Resources, Setting, Simulated};

pub const KINDS: &[Kind] = &[
    Kind::of::<kinds::sagemaker::Endpoints>(),
    Kind::of::<kinds::kinesis::Streams>(),
    Kind::of::<kinds::ecs::Services>(),
    Kind::of::<kinds::lambda::Functions>(),
    Kind::of::<kinds::cloudwatch::Alarms>(),
];

/// A kind is seen here without its types.
pub struct Kind {
    pub info: &'static Info,
    pub resources: fn() -> Box<dyn Resources>,
    /// Opens the program's own rules, with calls to the account in memory.
    pub open: fn(&Calls) -> kit::Kind,
    pub changes: fn() -> BoxedStrategy<(&'static str, Setting)>,
    pub only: &'static str,
    pub deleted: Option<&'static str>,
}

impl Kind {
    const fn of<R: Simulated>() -> Self {
        Kind {
            info: R::INFO,
            resources: || Box::new(R::Resources::default()),
            open: |calls| kit::Kind::managed(R::RULES, ready(calls.clone())),
            changes: R::changes,
            only: R::ONLY,
            deleted: R::DELETED,
        }
    }

    /// Writes an id: `kinesis:shop-events`.
    pub fn id(&self, name: &str) -> String {
        format!("{}:{name}", self.info.name)
    }
}
