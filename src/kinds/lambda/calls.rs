//! The calls that change a function.

use std::collections::{BTreeMap, BTreeSet};

use super::Functions;
use super::data::{Call, Reserved, Seen, Step, gone};
use super::form::{is_missing, is_too_much, number, passing};
use super::remote::Api;
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::remote::{Answer, AnswerOf};

impl Api {
    pub(super) async fn send(&self, name: &str, call: &Call) -> AnswerOf<Functions> {
        match call {
            Call::Disable(ids) => self.switch(ids, false).await.into(),
            Call::Enable(ids) => self.switch(ids, true).await.into(),
            Call::Withdraw(qualifiers) => self.withdraw(name, qualifiers).await.into(),
            Call::Reserve { n, otherwise } => match self.reserve(name, *n).await {
                Ok(seen) => Answer::Shown(seen),
                Err(failure) if !otherwise.is_empty() && is_too_much(&failure) => {
                    let message = format!("{}{}", failure.message, self.account_limits().await);
                    Answer::Refused(Failure { message, ..failure })
                }
                Err(failure) => Answer::Failed(failure),
            },
            Call::Unreserve => {
                let call = self.client.delete_function_concurrency().function_name(name).send();
                match call.await {
                    Ok(_) => Answer::Shown(self.is_reserved(name, None)),
                    Err(error) => Answer::Failed(Failure::from_sdk(
                        "lambda:DeleteFunctionConcurrency",
                        &error,
                    )),
                }
            }
            Call::Provide { configs, otherwise } => self.provide(name, configs, otherwise).await,
        }
    }

    async fn reserve(&self, name: &str, n: u32) -> Result<Seen, Failure> {
        let request = self.client.put_function_concurrency().function_name(name);
        let answer = request.reserved_concurrent_executions(number(n)).send().await;
        let answer =
            answer.map_err(|e| passing(Failure::from_sdk("lambda:PutFunctionConcurrency", &e)))?;
        Ok(self.is_reserved(
            name,
            answer.reserved_concurrent_executions.and_then(|n| n.try_into().ok()),
        ))
    }

    /// AWS's answer is the function's new setting: it need not be asked again.
    fn is_reserved(&self, name: &str, reserved: Reserved) -> Seen {
        let mut known = self.known();
        let seen = known.entry(name.to_owned()).or_default();
        seen.reserved = reserved;
        seen.clone()
    }

    /// The account's numbers, where they can be had.
    async fn account_limits(&self) -> String {
        let Ok(settings) = self.client.get_account_settings().send().await else {
            return String::new();
        };
        settings.account_limit().map_or_else(String::new, |limit| {
            let unreserved = limit.unreserved_concurrent_executions().unwrap_or_default();
            format!(
                " (the account has {}, of which {unreserved} are unreserved)",
                limit.concurrent_executions()
            )
        })
    }

    async fn withdraw(&self, name: &str, qualifiers: &BTreeSet<String>) -> Result<(), Failure> {
        for qualifier in qualifiers {
            let request = self
                .client
                .delete_provisioned_concurrency_config()
                .function_name(name)
                .qualifier(qualifier);
            unless_missing(
                "lambda:DeleteProvisionedConcurrencyConfig",
                request.send().await,
                is_missing,
            )
            .map_err(passing)?;
        }
        Ok(())
    }

    async fn provide(
        &self,
        name: &str,
        configs: &BTreeMap<String, u32>,
        otherwise: &[Step],
    ) -> AnswerOf<Functions> {
        let (mut taken, mut missing, mut refused) = (configs.clone(), Vec::new(), None);
        for (qualifier, n) in configs {
            match self.provide_one(name, qualifier, *n).await {
                Ok(()) => {}
                Err(failure) if failure.class == Class::Transient => {
                    return Answer::Failed(failure);
                }
                // An alias or a version that was deleted is nobody's to bring back. (If it is the
                // function, the look finds that.)
                Err(failure) if failure.code.as_deref() == Some("ResourceNotFoundException") => {
                    missing.extend(taken.remove_entry(qualifier).map(|(qualifier, _)| qualifier));
                }
                Err(failure) => {
                    let message = format!(
                        "the provisioned concurrency of {qualifier} did not come back: {failure}"
                    );
                    refused.get_or_insert(Failure { message, ..failure });
                }
            }
        }
        match refused {
            Some(failure) => Answer::Refused(failure),
            None if missing.is_empty() => Answer::Accepted,
            None => Answer::Partly {
                call: Call::Provide { configs: taken, otherwise: otherwise.to_vec() },
                remark: gone(&missing),
            },
        }
    }

    async fn provide_one(&self, name: &str, qualifier: &str, n: u32) -> Result<(), Failure> {
        self.client
            .put_provisioned_concurrency_config()
            .function_name(name)
            .qualifier(qualifier)
            .provisioned_concurrent_executions(number(n))
            .send()
            .await
            .map(drop)
            .map_err(|e| passing(Failure::from_sdk("lambda:PutProvisionedConcurrencyConfig", &e)))
    }

    /// One that is in transition, or cannot be changed, does not keep the others from being
    /// changed.
    async fn switch(&self, ids: &BTreeSet<String>, enabled: bool) -> Result<(), Failure> {
        let mut failures = Vec::new();
        for id in ids {
            let answer =
                self.client.update_event_source_mapping().uuid(id).enabled(enabled).send().await;
            failures.extend(
                unless_missing("lambda:UpdateEventSourceMapping", answer, is_missing)
                    .map_err(passing)
                    .err(),
            );
        }
        // What will not pass is worth more words than what will.
        failures.sort_by_key(|failure| failure.class == Class::Transient);
        failures.into_iter().next().map_or(Ok(()), Err)
    }
}
