//! What the simulation has to know of a kind.

use std::any::Any;

use aws_resource_manager::kinds::rules::Rules;
use proptest::strategy::BoxedStrategy;
use serde_json::Value;

/// What a resource is to a person: what has to come back.
pub type Setting = Value;

/// One kind's resources in the account, as its owner left them at first.
pub trait Resources: Any + Send {
    fn names(&self) -> Vec<String>;

    /// Ends the transitions whose time has come.
    fn settle(&mut self) {}

    /// Each resource as it is. One in transition is none of its settings.
    fn settings(&self) -> Vec<(String, Setting)>;

    /// The setting that an original, as the journal has it, would bring back.
    fn of_original(&self, original: &Value) -> Option<Setting>;

    /// What an hour of this costs less than the most that it ever cost.
    fn unspent_per_hour(&self) -> f64 {
        0.0
    }

    /// A person's change, where AWS allows it and it can be told from the function's own. Whether
    /// it was made.
    fn set(&mut self, name: &str, setting: &Setting, owed: &Owed) -> bool;

    /// Deletes a resource as a person does. Whether there is nothing to expect of it any more.
    fn delete(&mut self, _: &str) -> bool {
        false
    }

    /// The next so many resources that are started will not come up.
    fn lack_capacity(&mut self, _failures: u32) {}
}

/// What the state holds of a resource.
pub struct Owed {
    pub original: Option<Setting>,
    /// Whether a start began that did not come to its end.
    pub starting: bool,
}

/// The rules of a kind, and how they see and change its resources in the account.
pub trait Simulated: Rules {
    type Resources: Resources + Default;

    /// The program's own.
    const RULES: Self;
    /// What selective operations name.
    const ONLY: &'static str;
    /// What a person may delete.
    const DELETED: Option<&'static str>;

    /// A resource and what a person may set it to.
    fn changes() -> BoxedStrategy<(&'static str, Setting)>;
    fn see(resources: &Self::Resources, name: &str) -> Option<Self::Seen>;
    /// `Err`: AWS's refusal.
    fn take(
        resources: &mut Self::Resources,
        name: &str,
        call: &Self::Call,
    ) -> Result<(), &'static str>;
}
