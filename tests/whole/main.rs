//! The built function runs here as in Lambda, against a simulated AWS account over HTTP.
//!
//! Nothing of the crate is linked: the tests see just what is deployed.

#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here happens in another process, in real time"
)]

mod alarms;
mod calls;
mod continuations;
mod crashes;
mod documents;
mod dry_run;
mod endpoints;
mod events;
mod failures;
mod functions;
mod money;
mod people;
mod permissions;
mod races;
mod recovery;
mod round_trip;
mod selective;
mod services;
mod state;
mod streams;
mod support;
mod upgrade;
