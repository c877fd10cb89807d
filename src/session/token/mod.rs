//! A session as text, for the next request of the same user.
//!
//! Another process may serve that request, and it must know what the session wrote. A header or a
//! cookie carries that there, by way of a client that cannot be trusted. A token is the claims of a
//! session with its time of expiry and a MAC over all of it:
//!
//! ```text
//! base64url( version: 1 byte | claims: encoded | MAC: 32 bytes )
//! ```
//!
//! The MAC is HMAC-SHA256 (RFC 2104), compared in constant time before any claim is decoded. The
//! claims are signed, not hidden: a client that holds a token can read the names of the databases
//! and nodes in it, and can use it until it expires. A token says what a session has seen; it
//! identifies no user.
//!
//! Clocks come in as arguments, in milliseconds since 1970 (Unix time).

mod claims;
mod decode;
mod encode;
mod key;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) use claims::{Claims, ConsistencyClaim, DatabaseClaim, WrittenClaim};
use decode::Reader;
pub(crate) use key::{TokenKey, WeakKey};

use crate::error::TokenError;

/// The first byte of a token: how the rest is laid out and signed.
const VERSION: u8 = 1;

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
    let mut bytes = vec![VERSION];
    encode::claims(claims, &mut bytes);
    let mac = key.sign(&bytes);
    bytes.extend_from_slice(&mac);
    let text = URL_SAFE_NO_PAD.encode(bytes);
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
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Unreadable)?;
    let claims = Reader::new(verify(&bytes, key)?)
        .claims()
        .ok_or(TokenError::Unreadable)?;
    check_times(&claims, now_ms)?;
    Ok(claims)
}

/// The encoded claims, if their MAC is right.
fn verify<'a>(bytes: &'a [u8], key: &TokenKey) -> Result<&'a [u8], TokenError> {
    let (signed, mac) = bytes.split_last_chunk().ok_or(TokenError::Unreadable)?;
    let (version, claims) = signed.split_first().ok_or(TokenError::Unreadable)?;
    // The version determines what is signed and how.
    if *version != VERSION {
        return Err(TokenError::UnknownVersion);
    }
    match key.verifies(signed, mac) {
        true => Ok(claims),
        false => Err(TokenError::Forged),
    }
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
