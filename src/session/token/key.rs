//! The key that tokens are encrypted with.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;

/// The shortest secret in bytes, as long as the key that is derived from it.
const SHORTEST: usize = 32;

/// The purpose that the key is derived for, so that another use of the same secret has another key.
const PURPOSE: &[u8] = b"sea-orm-routing session token";

/// The nonce before the encrypted text. It is long enough to be random for every token.
pub(super) type Nonce = [u8; 24];

/// A key that encrypts tokens: XChaCha20-Poly1305, with a key that HKDF-SHA256 derives from the secret.
/// Processes that accept each other's tokens have the same secret. It is never shown.
#[derive(Clone)]
pub(crate) struct TokenKey {
    cipher: XChaCha20Poly1305,
}

/// A secret that is too short to be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has only {length} bytes; use at least {SHORTEST} random bytes")]
pub(crate) struct WeakKey {
    length: usize,
}

impl TokenKey {
    /// A key from at least 32 random bytes. A password is not a key.
    pub(crate) fn new(secret: &[u8]) -> Result<Self, WeakKey> {
        let weak = WeakKey {
            length: secret.len(),
        };
        if secret.len() < SHORTEST {
            return Err(weak);
        }
        let mut key = [0; 32];
        // HKDF derives keys of up to 8160 bytes.
        let derived = Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut key);
        derived.map_err(|_| weak)?;
        Ok(Self::of(key))
    }

    /// A random key: only this process accepts its tokens.
    pub(crate) fn random() -> Self {
        Self::of(rand::random())
    }

    fn of(key: [u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&Key::from(key));
        Self { cipher }
    }

    /// The encrypted text. `header` is not part of it, and must be the same to decrypt it. Returns `None` if it
    /// is longer than the cipher can encrypt.
    pub(super) fn encrypt(&self, header: u8, nonce: Nonce, text: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: text,
            aad: &[header],
        };
        self.cipher.encrypt(&XNonce::from(nonce), payload).ok()
    }

    /// The text. Returns `None` if any of it was changed, or another key encrypted it.
    pub(super) fn decrypt(&self, header: u8, nonce: Nonce, sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: &[header],
        };
        self.cipher.decrypt(&XNonce::from(nonce), payload).ok()
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
    fn what_is_decrypted_is_what_was_encrypted_with_the_same_key_and_header() {
        let key = TokenKey::new(&[b'k'; 40]).expect("long enough");
        let sealed = key.encrypt(2, [9; 24], b"abc").expect("short enough");
        assert_eq!(key.decrypt(2, [9; 24], &sealed), Some(b"abc".to_vec()));
        assert_eq!(key.decrypt(3, [9; 24], &sealed), None);
        assert_eq!(key.decrypt(2, [8; 24], &sealed), None);
        let other = TokenKey::new(&[b'o'; 40]).expect("long enough");
        assert_eq!(other.decrypt(2, [9; 24], &sealed), None);
    }
}
