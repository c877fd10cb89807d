//! A session as text, for the next request of the same user.
//!
//! Another process may serve that request, and it must know what the session wrote. A header or a
//! cookie carries that there, by way of a client that cannot be trusted. A token is the claims of a
//! session with its time of expiry, encrypted and authenticated:
//!
//! ```text
//! base64url( version: 1 byte | nonce: 24 bytes | XChaCha20-Poly1305( claims in postcard's format ) )
//! ```
//!
//! The version is authenticated with the rest. A client can neither read the names of databases, nodes and
//! clusters in it, nor change them; it can use the token until that expires. A token says what a session has
//! seen; it identifies no user.
//!
//! Clocks come in as arguments, in milliseconds since 1970 (Unix time).

mod claims;
mod key;
mod settings;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) use claims::{Claims, ConsistencyClaim, DatabaseClaim, WrittenClaim};
use key::Nonce;
pub(crate) use key::TokenKey;
pub(crate) use settings::{TokenSettings, Tokens};

use crate::error::TokenError;

/// The first byte of a token: how the rest is laid out and encrypted.
const VERSION: u8 = 2;

/// The longest token in characters. Servers refuse headers of more than 8 or 16 KiB.
pub(crate) const LONGEST: usize = 8 * 1024;

const TOO_LONG: TokenError = TokenError::TooLong { limit: LONGEST };

/// How far the clock of a token's issuer may be ahead, in milliseconds.
const SKEW_MS: u64 = 60_000;

/// The claims as a token: letters, digits, `-` and `_`, so that it fits a URL, a header and a
/// cookie.
///
/// # Errors
///
/// [`TokenError::TooLong`] if the token could not be opened again, as with thousands of intervals
/// in a MySQL position.
pub(crate) fn seal(claims: &Claims, key: &TokenKey) -> Result<String, TokenError> {
    let encoded = postcard::to_allocvec(claims).map_err(|_| TOO_LONG)?;
    let nonce: Nonce = rand::random();
    let encrypted = key.encrypt(VERSION, nonce, &encoded).ok_or(TOO_LONG)?;
    let text = URL_SAFE_NO_PAD.encode([&[VERSION], &nonce[..], &encrypted].concat());
    match text.len() <= LONGEST {
        true => Ok(text),
        false => Err(TOO_LONG),
    }
}

/// The claims of a token that was [sealed](seal) with this key and has not expired at `now_ms`.
pub(crate) fn open(text: &str, key: &TokenKey, now_ms: u64) -> Result<Claims, TokenError> {
    if text.len() > LONGEST {
        return Err(TOO_LONG);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| TokenError::Unreadable)?;
    // Processes of other versions may hold the same key.
    let encoded = decrypt(&bytes, key)?;
    let Ok((claims, [])) = postcard::take_from_bytes(&encoded) else {
        return Err(TokenError::Unreadable);
    };
    check_times(&claims, now_ms)?;
    Ok(claims)
}

/// The encoded claims, if nothing was changed.
fn decrypt(bytes: &[u8], key: &TokenKey) -> Result<Vec<u8>, TokenError> {
    let (version, rest) = bytes.split_first().ok_or(TokenError::Unreadable)?;
    let (nonce, encrypted) = rest.split_first_chunk().ok_or(TokenError::Unreadable)?;
    // The version determines the layout of the rest.
    if *version != VERSION {
        return Err(TokenError::UnknownVersion);
    }
    let claims = key.decrypt(VERSION, *nonce, encrypted);
    claims.ok_or(TokenError::Forged)
}

fn check_times(claims: &Claims, now_ms: u64) -> Result<(), TokenError> {
    if claims.issued_ms > now_ms.saturating_add(SKEW_MS) {
        return Err(TokenError::IssuedInFuture);
    }
    match now_ms.checked_sub(claims.expires_ms) {
        Some(ago_ms) => Err(TokenError::Expired {
            ago: Duration::from_millis(ago_ms),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
