//! How the tokens of a connection are made.

use std::time::Duration;

use super::key::{TokenKey, WeakKey};

/// How long a token is valid if nothing is said.
const LIFE: Duration = Duration::from_secs(3600);

/// What was declared of tokens.
#[derive(Debug)]
pub(crate) struct TokenSettings {
    pub(crate) key: Option<Result<TokenKey, WeakKey>>,
    pub(crate) life: Duration,
}

/// How tokens are made and accepted.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) key: TokenKey,
    pub(crate) life: Duration,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            key: None,
            life: LIFE,
        }
    }
}

impl TokenSettings {
    /// # Errors
    ///
    /// What is wrong with them.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.key {
            Some(Err(weak)) => Err(weak.to_string()),
            _ if self.life.is_zero() => {
                Err("token_life(..) is zero: no token would be accepted".to_owned())
            }
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

impl From<TokenSettings> for Tokens {
    /// Without a key of its own, a connection has a random one.
    fn from(settings: TokenSettings) -> Self {
        let own = settings.key.and_then(Result::ok);
        Self {
            key: own.unwrap_or_else(TokenKey::random),
            life: settings.life,
        }
    }
}
