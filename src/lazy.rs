//! What is made from the shared configuration when it is first used, and not at the start of the
//! process: most invocations use few of the clients.

use std::sync::LazyLock;

use aws_config::SdkConfig;

/// Something that is made when it is first used.
pub type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// What `new` makes when it is first used.
pub fn lazy<T: 'static>(aws: &SdkConfig, new: fn(&SdkConfig) -> T) -> Lazy<T> {
    let aws = aws.clone();
    LazyLock::new(Box::new(move || new(&aws)))
}

/// What is made already.
pub fn ready<T: Send + 'static>(made: T) -> Lazy<T> {
    LazyLock::new(Box::new(move || made))
}
