//! The Lambda API.

use async_trait::async_trait;
use aws_sdk_lambda::Client;

use super::{Functions, Seen, Step};
use crate::failure::{Failure, unless_missing};
use crate::kinds::{Remote, Sighting};
use crate::pace::Pace;
use crate::select::Wanted;

pub struct Api {
    client: Client,
}

impl Api {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Api { client: Client::new(aws) }
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut pages = self.client.list_functions().into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(function) = pages.next().await {
            let function = function.map_err(|e| Failure::from_sdk("lambda:ListFunctions", &e))?;
            names.extend(function.function_name);
        }
        Ok(names)
    }

    async fn describe(&self, name: &str) -> Result<Option<Seen>, Failure> {
        let answer = self.client.get_function_concurrency().function_name(name).send().await;
        let answer =
            unless_missing("lambda:GetFunctionConcurrency", answer, |code, _| code == "ResourceNotFoundException")?;
        Ok(answer.map(|answer| seen(answer.reserved_concurrent_executions)))
    }

    async fn take(&self, name: &str, step: &Step) -> Result<Option<Seen>, Failure> {
        let Some(n) = step.reserve else {
            let call = self.client.delete_function_concurrency().function_name(name).send();
            call.await.map_err(|e| Failure::from_sdk("lambda:DeleteFunctionConcurrency", &e))?;
            return Ok(None);
        };
        let answer = self
            .client
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(i32::try_from(n).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|e| Failure::from_sdk("lambda:PutFunctionConcurrency", &e))?;
        // The answer is the function's new setting: it need not be asked again.
        Ok(Some(seen(answer.reserved_concurrent_executions)))
    }
}

#[async_trait]
impl Remote<Functions> for Api {
    async fn observe(&self, wanted: &Wanted, pace: &Pace) -> Result<Vec<Sighting<Seen>>, Failure> {
        let names = wanted.among(self.list().await?);
        let seen = pace.ask_each(&names, |name| self.describe(name)).await;
        Ok(names.into_iter().zip(seen).map(|(name, seen)| Sighting { name, seen }).collect())
    }

    async fn look(&self, names: &[String], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.ask_each(names, |name| self.describe(name)).await
    }

    async fn perform(&self, tasks: &[(String, Step)], pace: &Pace) -> Vec<Result<Option<Seen>, Failure>> {
        pace.change_each(tasks, |(name, step)| self.take(name, step), || Err(Failure::halted())).await
    }
}

fn seen(reserved: Option<i32>) -> Seen {
    Seen { reserved: reserved.and_then(|n| n.try_into().ok()) }
}
