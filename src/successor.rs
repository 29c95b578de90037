//! A successor is the next invocation of this function, in which an operation goes on.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use crate::failure::Failure;
use crate::lazy::{Lazy, lazy};

/// Calls the next invocation.
#[async_trait]
pub trait Successor: Send + Sync {
    /// Returns when Lambda has accepted the event.
    async fn call(&self, event: &Value) -> Result<(), Failure>;
}

/// Calls this function through Lambda, by its own name.
pub struct ThisFunction {
    client: Lazy<Client>,
    name: Option<String>,
}

impl ThisFunction {
    pub fn new(aws: &aws_config::SdkConfig, name: Option<String>) -> Self {
        ThisFunction { client: lazy(aws, Client::new), name }
    }
}

#[async_trait]
impl Successor for ThisFunction {
    async fn call(&self, event: &Value) -> Result<(), Failure> {
        let Some(name) = &self.name else {
            return Err(Failure::refused(
                "AWS_LAMBDA_FUNCTION_NAME is not set: there is no function to call",
            ));
        };
        self.client
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|e| Failure::from_sdk("lambda:InvokeFunction", &e))
    }
}
