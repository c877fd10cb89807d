//! How the session tokens of a connection are made.

use std::time::Duration;

use super::RoutingBuilder;
use crate::session::TokenKey;

/// Session tokens, with the feature `session-tokens`.
impl RoutingBuilder {
    /// The secret that session tokens are encrypted with (XChaCha20-Poly1305), at least 32 random bytes, the
    /// same in every process that is to accept them. Defaults to a random one: tokens are then valid in this
    /// process only.
    #[must_use]
    pub fn token_key(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.tokens.key = Some(TokenKey::new(secret.as_ref()));
        self
    }

    /// How long a session token is valid. Defaults to an hour.
    #[must_use]
    pub fn token_life(mut self, life: Duration) -> Self {
        self.tokens.life = life;
        self
    }
}
