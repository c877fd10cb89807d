//! The key that signs tokens.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest key in bytes, as long as the MAC: RFC 2104 discourages shorter ones.
const SHORTEST: usize = 32;

/// What a MAC of this crate is for, so that one of another use of the same secret is none here.
const PURPOSE: &[u8] = b"sea-orm-routing session token\0";

/// A MAC.
pub(super) type Tag = [u8; 32];

/// A key that signs tokens and checks them: HMAC-SHA256. Every process that takes the tokens of
/// another has the same one. It is never shown.
#[derive(Clone)]
pub(crate) struct TokenKey {
    /// Begun with the key and the purpose.
    mac: Hmac<Sha256>,
}

/// A key of too few bytes to keep a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key of {length} bytes is too short: take {SHORTEST} random ones or more")]
pub(crate) struct WeakKey {
    length: usize,
}

impl TokenKey {
    /// A key of at least 32 bytes, which are to be random: a password is no key.
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

    /// A random key: its tokens are good for this process.
    pub(crate) fn random() -> Self {
        let bytes: [u8; 64] = rand::random();
        let mut mac = Hmac::<Sha256>::new(&bytes.into());
        mac.update(PURPOSE);
        Self { mac }
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Tag {
        self.mac_of(bytes).finalize().into_bytes().into()
    }

    /// In constant time: how much of a forged MAC is right does not show.
    pub(super) fn verifies(&self, bytes: &[u8], mac: &Tag) -> bool {
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
        let expected: Tag = plain.finalize().into_bytes().into();
        let key = TokenKey::new(&key).expect("long enough");
        assert_eq!(key.sign(b"abc"), expected);
        assert!(key.verifies(b"abc", &expected));
        assert!(!key.verifies(b"abd", &expected));
    }
}
