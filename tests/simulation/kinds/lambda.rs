//! Functions have reserved concurrency here, and no provisioned concurrency or event sources.

use std::collections::BTreeMap;

use aws_resource_manager::kinds::lambda::{Call, Functions, Seen};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::simulated::{Owed, Resources, Setting, Simulated};

const FUNCTIONS: [(&str, Option<u32>); 3] =
    [("shop-work", None), ("shop-act", Some(5)), ("shop-old", Some(0))];

/// The account has the reserved concurrency of each function.
pub struct Account(BTreeMap<String, Option<u32>>);

impl Default for Account {
    fn default() -> Self {
        Account(FUNCTIONS.iter().map(|(name, reserved)| ((*name).into(), *reserved)).collect())
    }
}

impl Resources for Account {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn settings(&self) -> Vec<(String, Setting)> {
        self.0.iter().map(|(name, reserved)| (name.clone(), json!(reserved))).collect()
    }

    fn of_original(&self, original: &Value) -> Option<Setting> {
        Some(json!(original["reserved"].as_u64()))
    }

    fn set(&mut self, name: &str, setting: &Setting, owed: &Owed) -> bool {
        let reserved = setting.as_u64().map(|n| u32::try_from(n).unwrap());
        // Setting a stopped function to 0 changes nothing that could be seen. And in a start that
        // did not come to its end, the program itself falls back to unreserved.
        let unclear = match reserved {
            Some(0) => owed.original.is_some(),
            None => owed.starting,
            Some(_) => false,
        };
        match self.0.get_mut(name).filter(|_| !unclear) {
            Some(function) => *function = reserved,
            None => return false,
        }
        true
    }

    fn delete(&mut self, name: &str) -> bool {
        self.0.remove(name);
        true
    }
}

impl Simulated for Functions {
    type Resources = Account;

    const RULES: Self = Functions;
    const ONLY: &'static str = "lambda";
    const DELETED: Option<&'static str> = Some("shop-act");

    fn changes() -> BoxedStrategy<(&'static str, Setting)> {
        (select(&FUNCTIONS), select(&[None, Some(0), Some(77)]))
            .prop_map(|((name, _), reserved)| (name, json!(reserved)))
            .boxed()
    }

    fn see(account: &Account, name: &str) -> Option<Seen> {
        account.0.get(name).map(|reserved| Seen { reserved: *reserved, ..Seen::default() })
    }

    fn take(account: &mut Account, name: &str, call: &Call) -> Result<(), &'static str> {
        *account.0.get_mut(name).unwrap() = match call {
            Call::Reserve { n, .. } => Some(*n),
            Call::Unreserve => None,
            other => unreachable!("{other}"),
        };
        Ok(())
    }
}
