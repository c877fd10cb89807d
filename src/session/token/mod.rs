//! A session as a text, for the next request of the same user.
//!
//! What a session wrote must be known where its next request is served: in another process, by way
//! of a header or a cookie, and so of somebody who must not be believed. A token is the claims of a
//! session with a moment it expires and a MAC over all of it:
//!
//! ```text
//! base64url( version: 1 byte | claims: encoded | MAC: 32 bytes )
//! ```
//!
//! The MAC is HMAC-SHA256 (RFC 2104), compared in constant time, before anything of the claims is
//! looked at. The claims are signed, not hidden: who holds a token can read the names of the
//! databases and nodes in it. Whoever holds it can use it, until it expires: it says what a session
//! has seen, never who somebody is.
//!
//! Clocks come in as arguments, in milliseconds since 1970 (Unix time).

mod claims;
mod decode;
mod encode;
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) use claims::{Claims, ConsistencyClaim, DatabaseClaim, Written};
use decode::Reader;
pub(crate) use key::{TokenKey, WeakKey};

/// The first byte of a token: how the rest is laid out and signed.
const VERSION: u8 = 1;

/// The longest token in characters. Servers refuse headers of more than 8 or 16 KiB.
pub(crate) const LONGEST: usize = 8 * 1024;

/// How far the clock of who issued a token may be ahead, in milliseconds.
const SKEW_MS: u64 = 60_000;

/// Why a text is no token to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TokenError {
    /// Not the form of a token: cut off, or something else altogether.
    #[error("it is no token")]
    Garbage,
    /// Changed after it was signed, or signed with another key.
    #[error("it was not signed with this key, or changed since")]
    Forged,
    /// Its time is over.
    #[error("it expired {ago_ms} ms ago")]
    Expired {
        /// For how long, in milliseconds.
        ago_ms: u64,
    },
    /// Issued later than now, by more than clocks differ.
    #[error("it was issued in the future: the clocks of its issuer and of this host differ")]
    FromTheFuture,
    /// More than 8 KiB.
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
    /// Written by another version of this crate.
    #[error("it was written by another version of sea-orm-routing")]
    Version,
}

/// The claims as a token: letters, digits, `-` and `_`, so that it fits a URL, a header and a
/// cookie. [`TokenError::TooLong`] when it would not be opened again, as with thousands of
/// intervals in a MySQL position.
pub(crate) fn seal(claims: &Claims, key: &TokenKey) -> Result<String, TokenError> {
    let mut bytes = vec![VERSION];
    encode::claims(claims, &mut bytes);
    let mac = key.sign(&bytes);
    bytes.extend_from_slice(&mac);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    match text.len() <= LONGEST {
        true => Ok(text),
        false => Err(TokenError::TooLong),
    }
}

/// The claims of a token that was [sealed](seal) with this key and is not expired at `now_ms`.
pub(crate) fn open(text: &str, key: &TokenKey, now_ms: u64) -> Result<Claims, TokenError> {
    if text.len() > LONGEST {
        return Err(TokenError::TooLong);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Garbage)?;
    let claims = Reader::new(verify(&bytes, key)?)
        .claims()
        .ok_or(TokenError::Garbage)?;
    check_times(&claims, now_ms)?;
    Ok(claims)
}

/// The encoded claims, once their MAC is right.
fn verify<'a>(bytes: &'a [u8], key: &TokenKey) -> Result<&'a [u8], TokenError> {
    let (signed, mac) = bytes.split_last_chunk().ok_or(TokenError::Garbage)?;
    let (version, claims) = signed.split_first().ok_or(TokenError::Garbage)?;
    // What is signed, and how, is for the version to say.
    if *version != VERSION {
        return Err(TokenError::Version);
    }
    match key.verifies(signed, mac) {
        true => Ok(claims),
        false => Err(TokenError::Forged),
    }
}

fn check_times(claims: &Claims, now_ms: u64) -> Result<(), TokenError> {
    if claims.issued_ms > now_ms.saturating_add(SKEW_MS) {
        return Err(TokenError::FromTheFuture);
    }
    match now_ms.checked_sub(claims.expires_ms) {
        Some(ago_ms) => Err(TokenError::Expired { ago_ms }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
