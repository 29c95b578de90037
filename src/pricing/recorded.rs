//! Recorded answers stand for the Price List in tests, as in the simulated account.

use serde_json::Value;

use super::list::ProductQuery;

/// Finds the recorded products that a query matches. Panics if the service has no record.
pub fn products(query: &ProductQuery) -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/account/prices");
    let path = format!("{folder}/{}.json", query.service);
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_slice(&file).unwrap();
    let is_asked_for = |product: &&Value| {
        let description = &product["product"];
        query.filters.iter().all(|(field, value)| {
            let told = if *field == "productFamily" {
                &description[field]
            } else {
                &description["attributes"][field]
            };
            told == value
        })
    };
    file["products"].as_array().unwrap().iter().filter(is_asked_for).map(Value::to_string).collect()
}
