//! A ledger is the journal with the store behind it.
//!
//! The journal is read, decided upon, and written back if nobody else wrote meanwhile.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::failure::Failure;
use crate::journal::{Journal, Unusable};
use crate::model::{Direction, KindName};
use crate::store::{Newer, Store, Version, WriteError};

/// Says why the state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    #[error("the state at {location} cannot be read, nothing was changed: {failure}")]
    Unreadable { location: String, failure: Failure },
    #[error(
        "the state at {location} cannot be used, nothing was changed and nothing overwritten: {why}; see \
             \"If the state is lost or damaged\" in docs/troubleshooting.md"
    )]
    Unusable { location: String, why: Unusable },
    #[error("the state at {location} cannot be written: {failure}")]
    Unwritable { location: String, failure: Failure },
    #[error("another invocation holds the lease: this one stopped at once")]
    Fenced,
}

/// A write is tried again after this pause where somebody else was faster.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Pauses double up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An identity says whose state it is, and who writes it.
#[derive(Debug, Clone)]
pub struct Identity {
    pub project: String,
    pub environment: String,
    pub kinds: Vec<KindName>,
    /// Savings are booked in the days and months of this time zone.
    pub zone: TimeZone,
    /// The present attempt of the invocation writes under this name, and nobody else does.
    pub holder: String,
}

/// Says who holds the lease, as the stored state tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseIs {
    /// The present invocation holds the lease.
    Ours,
    /// Somebody else holds the lease, or nobody: the journal in hand is outdated.
    Lost,
}

/// A ledger has the journal in hand, and the version that it was read from.
pub struct Ledger<'a> {
    store: &'a dyn Store,
    identity: Identity,
    pub journal: Journal,
    version: Option<Version>,
    writes: u32,
}

impl<'a> Ledger<'a> {
    /// Reads the stored state.
    pub async fn open(store: &'a dyn Store, identity: Identity) -> Result<Self, LedgerError> {
        let journal = Journal::new(&identity.project, &identity.environment);
        let mut ledger = Ledger { store, identity, journal, version: None, writes: 0 };
        ledger.reload().await?;
        Ok(ledger)
    }

    /// Tells whether a state was ever written.
    pub fn exists(&self) -> bool {
        self.version.is_some()
    }

    pub fn holder(&self) -> &str {
        &self.identity.holder
    }

    /// Names the place of the state, for messages to a person.
    pub fn location(&self) -> String {
        self.store.location()
    }

    /// Drops the journal in hand and reads what is stored.
    pub async fn reload(&mut self) -> Result<(), LedgerError> {
        (self.journal, self.version) = self.stored().await?;
        self.journal.zone = self.identity.zone.clone();
        Ok(())
    }

    /// Reads what somebody else wrote since this ledger read or wrote last, if anything.
    async fn stored_since(&self) -> Result<Option<(Journal, Option<Version>)>, LedgerError> {
        let Some(known) = &self.version else { return self.stored().await.map(Some) };
        let unreadable = |failure| LedgerError::Unreadable { location: self.location(), failure };
        match self.store.read_unless(known).await.map_err(unreadable)? {
            Newer::Same => Ok(None),
            Newer::Other(stored) => self.understood(stored).map(Some),
        }
    }

    async fn stored(&self) -> Result<(Journal, Option<Version>), LedgerError> {
        let stored = self.read().await?;
        self.understood(stored)
    }

    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, LedgerError> {
        let unreadable =
            |failure| LedgerError::Unreadable { location: self.store.location(), failure };
        self.store.read().await.map_err(unreadable)
    }

    fn understood(
        &self,
        stored: Option<(Vec<u8>, Version)>,
    ) -> Result<(Journal, Option<Version>), LedgerError> {
        let Identity { project, environment, kinds, .. } = &self.identity;
        let Some((bytes, version)) = stored else {
            return Ok((Journal::new(project, environment), None));
        };
        let journal = Journal::parse(&bytes, project, environment, kinds)
            .map_err(|why| LedgerError::Unusable { location: self.store.location(), why })?;
        Ok((journal, Some(version)))
    }

    /// Writes the journal in hand, if nobody else wrote since it was read.
    ///
    /// `Ok(false)`: somebody did. What is stored has to be read and decided upon again.
    pub async fn save(&mut self) -> Result<bool, LedgerError> {
        self.writes += 1;
        self.journal.write = format!("{}#{}", self.identity.holder, self.writes);
        let body = serde_json::to_vec_pretty(&self.journal).expect("a journal is plain data");
        match self.store.write(body, self.version.as_ref()).await {
            Ok(version) => {
                self.version = Some(version);
                Ok(true)
            }
            Err(WriteError::Conflict) => self.was_our_own_write().await,
            Err(WriteError::Failed(failure)) => {
                // The write may have succeeded, and only its answer may be lost.
                match self.was_our_own_write().await {
                    Ok(true) => Ok(true),
                    _ => Err(LedgerError::Unwritable { location: self.store.location(), failure }),
                }
            }
        }
    }

    /// Tells whether a write met its own success, because the SDK had sent it twice.
    async fn was_our_own_write(&mut self) -> Result<bool, LedgerError> {
        let (stored, version) = self.stored().await?;
        let ours = stored.write == self.journal.write;
        if ours {
            self.version = version;
        }
        Ok(ours)
    }

    /// Writes the journal in hand for the lease's holder. Others may only have left a challenge.
    pub async fn save_as_holder(&mut self) -> Result<(), LedgerError> {
        let mut pause = FIRST_PAUSE;
        while !self.save().await? {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // What is read before the pause is outdated after it.
            let (stored, version) = self.stored().await?;
            if stored.lease.as_ref().is_none_or(|lease| lease.holder != self.identity.holder) {
                return Err(LedgerError::Fenced);
            }
            self.journal.challenger = stored.challenger;
            self.version = version;
        }
        Ok(())
    }

    /// Reads a challenge that others may have left, and says who holds the lease.
    pub async fn see_challenge(&mut self) -> Result<LeaseIs, LedgerError> {
        let Some((stored, version)) = self.stored_since().await? else { return Ok(LeaseIs::Ours) };
        if stored.lease.as_ref().is_none_or(|lease| lease.holder != self.identity.holder) {
            return Ok(LeaseIs::Lost);
        }
        self.journal.challenger = stored.challenger;
        self.version = version;
        Ok(LeaseIs::Ours)
    }

    /// Tells whether somebody who is still waiting wants the opposite of `direction`.
    pub fn is_challenged(&self, direction: Direction, now: Timestamp) -> bool {
        self.journal
            .challenger
            .as_ref()
            .is_some_and(|challenger| challenger.direction != direction && challenger.until > now)
    }
}
