//! AWS clients are made when they are first used.
//!
//! Most invocations use few clients, and making all at the start of a process takes time.

use std::sync::LazyLock;

use aws_config::SdkConfig;

/// A lazy thing is made when it is first used.
pub type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// Makes a thing by `new` from the shared configuration, when the thing is first used.
pub fn lazy<T: 'static>(aws: &SdkConfig, new: fn(&SdkConfig) -> T) -> Lazy<T> {
    let aws = aws.clone();
    LazyLock::new(Box::new(move || new(&aws)))
}

/// Wraps a thing that is made already.
pub fn ready<T: Send + 'static>(made: T) -> Lazy<T> {
    LazyLock::new(Box::new(move || made))
}
