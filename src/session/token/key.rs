//! The key that signs tokens.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest key in bytes, as long as the MAC: RFC 2104 discourages shorter ones.
const SHORTEST: usize = 32;

/// The purpose that every MAC covers, so that a MAC of another use of the same secret is not valid here.
const PURPOSE: &[u8] = b"sea-orm-routing session token\0";

/// A MAC.
pub(super) type Signature = [u8; 32];

/// A key that signs tokens and verifies them: HMAC-SHA256. Processes that accept each other's tokens
/// have the same key. It is never shown.
#[derive(Clone)]
pub(crate) struct TokenKey {
    /// The MAC after the key and the purpose.
    mac: Hmac<Sha256>,
}

/// A key that is too short to be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has only {length} bytes; use at least {SHORTEST} random bytes")]
pub(crate) struct WeakKey {
    length: usize,
}

impl TokenKey {
    /// A key of at least 32 random bytes. A password is not a key.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, WeakKey> {
        let weak = WeakKey {
            length: bytes.len(),
        };
        if bytes.len() < SHORTEST {
            return Err(weak);
        }
        // HMAC takes keys of every length.
        let mut mac = Hmac::<Sha256>::new_from_slice(bytes).map_err(|_| weak)?;
        mac.update(PURPOSE);
        Ok(Self { mac })
    }

    /// A random key: only this process accepts its tokens.
    pub(crate) fn random() -> Self {
        let bytes: [u8; 64] = rand::random();
        let mut mac = Hmac::<Sha256>::new(&bytes.into());
        mac.update(PURPOSE);
        Self { mac }
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Signature {
        self.mac_of(bytes).finalize().into_bytes().into()
    }

    /// Compares in constant time, so that timing does not show how much of a forged MAC is right.
    pub(super) fn verifies(&self, bytes: &[u8], mac: &Signature) -> bool {
        self.mac_of(bytes).verify_slice(mac).is_ok()
    }

    fn mac_of(&self, bytes: &[u8]) -> Hmac<Sha256> {
        self.mac.clone().chain_update(bytes)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = TokenKey::new(&[b'k'; SHORTEST]).expect("long enough");
        assert_eq!(format!("{key:?}"), "TokenKey(..)");
    }

    #[test]
    fn a_short_key_is_none() {
        let refused = TokenKey::new(&[7; SHORTEST - 1]).map(|_| ());
        assert_eq!(refused, Err(WeakKey { length: 31 }));
        assert!(TokenKey::new(&[]).is_err());
        assert!(TokenKey::new(&[7; 1_000]).is_ok());
    }

    #[test]
    fn the_mac_is_hmac_sha256_of_the_purpose_and_the_bytes() {
        let key = [b'k'; 40];
        let mut plain = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        plain.update(b"sea-orm-routing session token\0abc");
        let expected: Signature = plain.finalize().into_bytes().into();
        let key = TokenKey::new(&key).expect("long enough");
        assert_eq!(key.sign(b"abc"), expected);
        assert!(key.verifies(b"abc", &expected));
        assert!(!key.verifies(b"abd", &expected));
    }
}
