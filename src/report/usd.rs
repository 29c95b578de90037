//! Amounts in US dollars are written here, for people and for JSON.

use serde::{Serialize, Serializer};

/// A resource costs this many US dollars a day before and after. `null` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BeforeAfter {
    #[serde(serialize_with = "rounded_if_known")]
    pub before: Option<f64>,
    #[serde(serialize_with = "rounded_if_known")]
    pub after: Option<f64>,
}

/// Amounts below half a cent are not worth a line.
pub(super) const SMALLEST: f64 = 0.005;

/// Writes US dollars for people: `$2.76`, or `unknown`.
pub fn money(usd: Option<f64>) -> String {
    usd.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.2}"))
}

/// Rounds to hundredths of a cent, which is finer than any bill.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn rounded<S: Serializer>(usd: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // Adding zero turns -0 into 0.
    serializer.serialize_f64((usd * 10_000.0).round() / 10_000.0 + 0.0)
}

#[allow(clippy::ref_option, reason = "serde's signature")]
fn rounded_if_known<S: Serializer>(usd: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match usd {
        Some(usd) => rounded(usd, serializer),
        None => serializer.serialize_none(),
    }
}
