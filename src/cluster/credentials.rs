//! The credentials of a database, after they were rotated at run time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Rotated credentials, shared by the plans of all nodes of a database. Empty before a rotation.
#[derive(Clone, Default)]
pub(crate) struct CredentialCell(Arc<Mutex<Option<Credentials>>>);

/// A user and a password.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl CredentialCell {
    pub(super) fn set(&self, credentials: Credentials) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }

    pub(super) fn get(&self) -> Option<Credentials> {
        let cell = self.0.lock();
        cell.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for CredentialCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCell").finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    /// Never shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
