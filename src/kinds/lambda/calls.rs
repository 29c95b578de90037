//! These calls change a function.

use std::collections::{BTreeMap, BTreeSet};

use super::Functions;
use super::convert::{classify, is_missing, is_too_much, number};
use super::data::{Call, Reserved, Seen, Step, deleted_qualifiers};
use super::remote::Api;
use crate::failure::{Class, Failure, unless_missing};
use crate::kinds::remote::{Answer, AnswerOf};

impl Api {
    pub(super) async fn send(&self, name: &str, call: &Call) -> AnswerOf<Functions> {
        match call {
            Call::DisableMappings(ids) => self.switch_mappings(ids, false).await.into(),
            Call::EnableMappings(ids) => self.switch_mappings(ids, true).await.into(),
            Call::RemoveProvisioned(qualifiers) => {
                self.remove_provisioned(name, qualifiers).await.into()
            }
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
                    Ok(_) => Answer::Shown(self.remember_reserved(name, None)),
                    Err(error) => Answer::Failed(Failure::from_sdk(
                        "lambda:DeleteFunctionConcurrency",
                        &error,
                    )),
                }
            }
            Call::PutProvisioned { configs, otherwise } => {
                self.put_provisioned(name, configs, otherwise).await
            }
        }
    }

    async fn reserve(&self, name: &str, n: u32) -> Result<Seen, Failure> {
        let request = self.client.put_function_concurrency().function_name(name);
        let answer = request.reserved_concurrent_executions(number(n)).send().await;
        let answer =
            answer.map_err(|e| classify(Failure::from_sdk("lambda:PutFunctionConcurrency", &e)))?;
        Ok(self.remember_reserved(
            name,
            answer.reserved_concurrent_executions.and_then(|n| n.try_into().ok()),
        ))
    }

    /// Remembers the new reservation, which AWS's answer tells: no look has to ask for it.
    fn remember_reserved(&self, name: &str, reserved: Reserved) -> Seen {
        let mut known = self.known();
        let seen = known.entry(name.to_owned()).or_default();
        seen.reserved = reserved;
        seen.clone()
    }

    /// Tells the account's concurrency in words. The text is empty where AWS does not tell it.
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

    async fn remove_provisioned(
        &self,
        name: &str,
        qualifiers: &BTreeSet<String>,
    ) -> Result<(), Failure> {
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
            .map_err(classify)?;
        }
        Ok(())
    }

    async fn put_provisioned(
        &self,
        name: &str,
        configs: &BTreeMap<String, u32>,
        otherwise: &[Step],
    ) -> AnswerOf<Functions> {
        let (mut taken, mut missing, mut refused) = (configs.clone(), Vec::new(), None);
        for (qualifier, n) in configs {
            match self.put_provisioned_config(name, qualifier, *n).await {
                Ok(()) => {}
                Err(failure) if failure.class == Class::Transient => {
                    return Answer::Failed(failure);
                }
                // The alias or the version was deleted: there is nothing to bring back. If the
                // function itself was deleted, the next look shows it.
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
                call: Call::PutProvisioned { configs: taken, otherwise: otherwise.to_vec() },
                remark: deleted_qualifiers(&missing),
            },
        }
    }

    async fn put_provisioned_config(
        &self,
        name: &str,
        qualifier: &str,
        n: u32,
    ) -> Result<(), Failure> {
        self.client
            .put_provisioned_concurrency_config()
            .function_name(name)
            .qualifier(qualifier)
            .provisioned_concurrent_executions(number(n))
            .send()
            .await
            .map(drop)
            .map_err(|e| classify(Failure::from_sdk("lambda:PutProvisionedConcurrencyConfig", &e)))
    }

    /// Enables or disables each of these mappings, also after one of them was refused.
    ///
    /// Of several failures, it returns one that will not pass, if there is one.
    async fn switch_mappings(&self, ids: &BTreeSet<String>, enabled: bool) -> Result<(), Failure> {
        let mut failures = Vec::new();
        for id in ids {
            let answer =
                self.client.update_event_source_mapping().uuid(id).enabled(enabled).send().await;
            failures.extend(
                unless_missing("lambda:UpdateEventSourceMapping", answer, is_missing)
                    .map_err(classify)
                    .err(),
            );
        }
        failures.sort_by_key(|failure| failure.class == Class::Transient);
        failures.into_iter().next().map_or(Ok(()), Err)
    }
}
