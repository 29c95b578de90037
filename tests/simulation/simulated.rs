//! The simulation has to know some things of every kind.

use std::any::Any;

use aws_resource_manager::kinds::rules::Rules;
use proptest::strategy::BoxedStrategy;
use serde_json::Value;

/// A setting is what a resource is to a person. It has to come back.
pub type Setting = Value;

/// Resources are what the account has of one kind.
pub trait Resources: Any + Send {
    fn names(&self) -> Vec<String>;

    /// Ends the transitions whose time has come.
    fn settle(&mut self) {}

    /// Lists each resource as it is, without those in transition.
    fn settings(&self) -> Vec<(String, Setting)>;

    /// Returns the setting that an original of the journal would bring back.
    fn of_original(&self, original: &Value) -> Option<Setting>;

    /// Tells how far the cost of an hour is below its peak, in US dollars.
    fn unspent_per_hour(&self) -> f64 {
        0.0
    }

    /// Makes a person's change, and returns whether it was made.
    ///
    /// AWS may not allow it, or it could not be told from the function's own.
    fn set(&mut self, name: &str, setting: &Setting, owed: &Owed) -> bool;

    /// Deletes a resource as a person does. Returns whether nothing is to be expected of it now.
    fn delete(&mut self, _: &str) -> bool {
        false
    }

    /// Keeps the next so many resources from coming up.
    fn lack_capacity(&mut self, _failures: u32) {}
}

/// The state holds so much of a resource.
pub struct Owed {
    pub original: Option<Setting>,
    /// A start began that did not come to its end.
    pub starting: bool,
}

/// A kind's rules see and change the kind's resources in the account.
pub trait Simulated: Rules {
    type Resources: Resources + Default;

    /// The rules are the program's own.
    const RULES: Self;
    /// Selective operations name this resource.
    const ONLY: &'static str;
    /// A person may delete this resource.
    const DELETED: Option<&'static str>;

    /// Chooses a resource, and what a person may set it to.
    fn changes() -> BoxedStrategy<(&'static str, Setting)>;
    fn see(resources: &Self::Resources, name: &str) -> Option<Self::Seen>;
    /// Carries out a call. `Err`: AWS's refusal.
    fn take(
        resources: &mut Self::Resources,
        name: &str,
        call: &Self::Call,
    ) -> Result<(), &'static str>;
}
