//! Alarms have their actions enabled or not.

use std::collections::BTreeMap;

use aws_resource_manager::kinds::cloudwatch::{Alarms, Form, Seen, Switch};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::simulated::{Owed, Resources, Setting, Simulated};

const ALARMS: [(&str, bool); 3] =
    [("shop-errors", true), ("shop-latency", true), ("shop-off", false)];

/// The account tells of each alarm whether its actions are enabled.
pub struct Account(BTreeMap<String, bool>);

impl Default for Account {
    fn default() -> Self {
        Account(ALARMS.iter().map(|(name, on)| ((*name).into(), *on)).collect())
    }
}

impl Resources for Account {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn settings(&self) -> Vec<(String, Setting)> {
        self.0.iter().map(|(name, on)| (name.clone(), (*on).into())).collect()
    }

    fn of_original(&self, original: &Value) -> Option<Setting> {
        Some(original["actions_enabled"].as_bool()?.into())
    }

    fn set(&mut self, name: &str, setting: &Setting, owed: &Owed) -> bool {
        let on = *setting == true;
        let unclear = !on && owed.original.is_some();
        match self.0.get_mut(name).filter(|_| !unclear) {
            Some(alarm) => *alarm = on,
            None => return false,
        }
        true
    }

    fn delete(&mut self, name: &str) -> bool {
        self.0.remove(name);
        true
    }
}

impl Simulated for Alarms {
    type Resources = Account;

    const RULES: Self = Alarms;
    const ONLY: &'static str = "cloudwatch:shop-errors";
    const DELETED: Option<&'static str> = Some("shop-latency");

    fn changes() -> BoxedStrategy<(&'static str, Setting)> {
        (select(&ALARMS), any::<bool>()).prop_map(|((name, _), on)| (name, on.into())).boxed()
    }

    fn see(account: &Account, name: &str) -> Option<Seen> {
        let form = Form::Metric { metrics: 1, high_resolution: false };
        account.0.get(name).map(|on| Seen { actions_enabled: *on, form, drives_scaling: false })
    }

    fn take(account: &mut Account, name: &str, call: &Switch) -> Result<(), &'static str> {
        *account.0.get_mut(name).unwrap() = *call == Switch::Enable;
        Ok(())
    }
}
