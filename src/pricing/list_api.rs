//! Prices come from the Price List Query API
//! (docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html).

use async_trait::async_trait;
use aws_sdk_pricing::Client;
use aws_sdk_pricing::config::Region;
use aws_sdk_pricing::types::{Filter, FilterType};

use super::list::{PriceList, ProductQuery};
use crate::failure::Failure;
use crate::lazy::{Lazy, lazy};

/// The API runs in a few regions, such as this one. It tells the prices of all regions.
const HOME: Region = Region::from_static("us-east-1");

/// Asks AWS for prices.
pub struct PriceListApi {
    client: Lazy<Client>,
}

impl PriceListApi {
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        let at_home = |aws: &_| {
            Client::from_conf(aws_sdk_pricing::config::Builder::from(aws).region(HOME).build())
        };
        PriceListApi { client: lazy(aws, at_home) }
    }

    async fn ask(&self, query: &ProductQuery) -> Result<Vec<String>, Failure> {
        let filters = query.filters.iter().map(|(field, value)| {
            Filter::builder().r#type(FilterType::TermMatch).field(*field).value(value).build()
        });
        let filters: Result<Vec<Filter>, _> = filters.collect();
        let mut products = self
            .client
            .get_products()
            .service_code(query.service)
            .set_filters(Some(filters.map_err(|error| Failure::refused(error.to_string()))?))
            .max_results(100)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(product) = products.next().await {
            found.push(product.map_err(|e| Failure::from_sdk("pricing:GetProducts", &e))?);
        }
        Ok(found)
    }
}

#[async_trait]
impl PriceList for PriceListApi {
    async fn products(&self, query: &ProductQuery) -> Option<Vec<String>> {
        let answer = self.ask(query).await;
        let answer = answer.inspect_err(|failure| {
            tracing::warn!(service = query.service, error = %failure, "prices could not be asked for");
        });
        answer.ok()
    }
}
