//! A semaphore lets so many go on at once, over all tests of the process.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub struct Semaphore {
    pub size: usize,
    taken: Mutex<usize>,
    freed: Condvar,
}

/// A turn ends when it is dropped, also by a test that fails.
pub struct Turn<'a>(&'a Semaphore);

impl Semaphore {
    pub const fn new(size: usize) -> Self {
        Semaphore { size, taken: Mutex::new(0), freed: Condvar::new() }
    }

    pub fn acquire(&self) -> Turn<'_> {
        let mut taken = self
            .freed
            .wait_while(self.taken(), |taken| *taken >= self.size)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Turn(self)
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.freed.notify_one();
    }
}
