//! A program has the ports of one process, and what all invocations need of them.

use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::journal::Journal;
use crate::kinds::kit::Kind;
use crate::ledger::{Identity, Ledger, LedgerError};
use crate::metrics::Metrics;
use crate::model::KindName;
use crate::notify::{self, Notifier, Topic};
use crate::observe::{TagIndex, TaggingApi};
use crate::pricing::desk::Desk;
use crate::pricing::list::PriceList;
use crate::pricing::list_api::PriceListApi;
use crate::report::text::Whereabouts;
use crate::report::{self, Kept, Report};
use crate::select::spelling::Spelling;
use crate::store::{Bucket, Store};
use crate::successor::{Successor, ThisFunction};
use crate::trouble::Trouble;

/// A program holds everything outside that an invocation needs.
///
/// Tests have ports of their own.
pub struct Program {
    pub config: Config,
    /// The kinds with their clients, in the order of reports.
    pub registry: Vec<Kind>,
    pub store: Box<dyn Store>,
    pub tags: Box<dyn TagIndex>,
    /// The notifier sends reports. `None`: there is no topic.
    pub notifier: Option<Box<dyn Notifier>>,
    pub successor: Box<dyn Successor>,
    pub clock: Box<dyn Clock>,
    pub metrics: Metrics,
    pub prices: Arc<dyn PriceList>,
}

impl Program {
    /// Connects a program to AWS.
    ///
    /// Clients are made when they are first used.
    pub fn connect(
        config: Config,
        registry: Vec<Kind>,
        aws: &aws_config::SdkConfig,
        metrics: Metrics,
    ) -> Self {
        let tags = TaggingApi::new(aws, registry.iter().map(Kind::info));
        let topic = |arn: &String| -> Box<dyn Notifier> { Box::new(Topic::new(aws, arn)) };
        Program {
            registry,
            store: Box::new(Bucket::connect(aws, &config.state_bucket, &config.state_prefix)),
            tags: Box::new(tags),
            notifier: config.topic_arn.as_ref().map(topic),
            successor: Box::new(ThisFunction::new(aws, config.function_name.clone())),
            clock: Box::new(SystemClock),
            metrics,
            prices: Arc::new(PriceListApi::new(aws)),
            config,
        }
    }

    /// Lists the names of the kinds, in the order of reports.
    pub fn kind_names(&self) -> Vec<KindName> {
        self.registry.iter().map(|kind| kind.info().name).collect()
    }

    /// Returns how the kinds' names are written.
    pub fn spellings(&self) -> Vec<Spelling> {
        self.registry.iter().map(|kind| kind.info().spelling()).collect()
    }

    /// Reads the state, for a process that writes under the name `holder`.
    pub async fn open_ledger(&self, holder: String) -> Result<Ledger<'_>, LedgerError> {
        let identity = Identity {
            project: self.config.project.clone(),
            environment: self.config.environment.clone(),
            kinds: self.kind_names(),
            zone: self.config.schedule_timezone.clone(),
            holder,
        };
        Ledger::open(self.store.as_ref(), identity).await
    }

    /// Opens the desk at which this invocation's prices are asked for.
    pub async fn open_desk(&self) -> Desk {
        let (store, list) = (self.store.as_ref(), Arc::clone(&self.prices));
        let bills = self.registry.iter().flat_map(|kind| kind.info().bills).copied().collect();
        Desk::open(store, list, bills, &self.config.region, self.clock.now()).await
    }

    /// Keeps a report and its page, and says where they are.
    ///
    /// An operation is not undone by a report that cannot be kept: that is one of its errors.
    pub async fn archive(&self, report: &mut Report, journal: &Journal) -> Whereabouts {
        let mut whereabouts = self.whereabouts();
        let kept = Kept { report, originals: journal.originals() };
        let body = serde_json::to_vec_pretty(&kept).expect("a report is plain data");
        match self.store.archive(&report.key(), body).await {
            Ok(()) => whereabouts.report = Some(self.place(&report.key())),
            Err(failure) => report.errors.push(Trouble::NotKept(failure)),
        }
        // One after the other: in a small function both at once are too much.
        let page = report::html::page(report).into_bytes();
        match self.store.archive(&report.page_key(), page).await {
            Ok(()) => whereabouts.page = Some(self.place(&report.page_key())),
            Err(failure) => report.errors.push(Trouble::PageNotKept(failure)),
        }
        whereabouts
    }

    /// Names the whereabouts of a report that is not kept, or not yet.
    pub fn whereabouts(&self) -> Whereabouts {
        Whereabouts { function: self.config.function_name.clone(), ..Whereabouts::default() }
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{}/{key}", self.config.state_bucket, self.config.state_prefix)
    }

    /// Sends a report to whoever subscribed, where there is a topic.
    pub async fn notify(&self, report: &mut Report, whereabouts: &Whereabouts) {
        let Some(notifier) = &self.notifier else { return };
        let message = notify::compose(report, whereabouts);
        if let Err(failure) = notifier.send(&message).await {
            report.errors.push(Trouble::NotSent(failure));
        }
    }
}
