//! Stops a project's AWS resources in the evening, and brings them back in the morning.
//!
//! They come back exactly as they were. Data flows one way, and no stage imports a later one:
//!
//! ```text
//!  event ──▶ observe ──▶ plan ──▶ apply ⇄ journal ──▶ report ──▶ notify
//!  (parse)   (kinds,     (pure)   (kinds)  (store)    (pure)     (SNS)
//!             tags)
//! ```
//!
//! - [`event`] and [`config`] turn text into types that cannot be wrong.
//! - [`observe`] asks the [`kinds`] what is there, and the tags what to include and what to keep.
//! - [`plan`] makes every choice, from what was seen and what the [`journal`] remembers.
//! - [`apply`] makes none: it carries out the plan's steps and looks what came of them.
//! - [`operation`] carries out one stop or start: lease, claims, moves, end. [`ledger`] holds its
//!   journal and writes it to the [`store`].
//! - [`report`] says what was done, and [`notify`] sends it.
//! - [`invocation`] handles one event, by a [`preview`] or an [`operation`]. Both work in a
//!   [`session`], and reach everything outside through the [`program`].

#![cfg_attr(not(test), warn(clippy::unwrap_used))]
#![cfg_attr(
    test,
    allow(
        clippy::needless_pass_by_value,
        clippy::too_many_lines,
        clippy::unnecessary_wraps,
        reason = "tests are read more than run"
    )
)]

pub mod apply;
pub mod aws;
pub mod clock;
pub mod config;
pub mod event;
pub mod failure;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod house;
pub mod invocation;
pub mod journal;
pub mod kinds;
pub mod lazy;
pub mod ledger;
pub mod metrics;
pub mod model;
pub mod notify;
pub mod observe;
pub mod operation;
pub mod pace;
pub mod plan;
pub mod preview;
pub mod pricing;
pub mod program;
#[cfg(test)]
mod reference;
pub mod refusal;
pub mod report;
pub mod savings;
pub mod select;
pub mod session;
pub mod store;
pub mod successor;
pub mod tally;
pub mod trouble;
pub mod usage;
