//! Passwords that cost nothing and that nothing protects: for tests and simulations, like all of the model.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::ports::Passwords;
use crate::refusal::{Error, Fault};

/// Its hash is the password itself. Counts what real ones would have had to work.
#[derive(Debug, Default)]
pub struct FakePasswords {
    hashed: AtomicUsize,
    verified: AtomicUsize,
}

impl FakePasswords {
    /// How many were hashed so far.
    #[must_use]
    pub fn hashed(&self) -> usize {
        self.hashed.load(Ordering::Relaxed)
    }

    /// How many were compared so far, with a hash or with none.
    #[must_use]
    pub fn verified(&self) -> usize {
        self.verified.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Passwords for FakePasswords {
    async fn hash(&self, password: &str) -> Result<String, Error> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        Ok(format!("plain:{password}"))
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        self.verified.fetch_add(1, Ordering::Relaxed);
        let Some(hash) = hash else { return Ok(false) };
        let plain = hash.strip_prefix("plain:");
        Ok(plain.ok_or_else(|| Fault::Corrupt("a password's hash is none".to_owned()))? == password)
    }
}
