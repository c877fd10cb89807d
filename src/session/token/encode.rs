//! From claims to bytes.
//!
//! A number is LEB128 (seven bits a byte, the lowest first), a text its length and its UTF-8, an
//! optional or one of several a tag byte before it. [`decode`](super::decode) reads it.

use super::claims::{Claims, ConsistencyClaim, DatabaseClaim, WrittenClaim};

pub(super) fn claims(claims: &Claims, out: &mut Vec<u8>) {
    number(claims.issued_ms, out);
    number(claims.expires_ms, out);
    consistency(claims.consistency, out);
    number(claims.databases.len() as u64, out);
    for claim in &claims.databases {
        database(claim, out);
    }
}

fn consistency(claim: ConsistencyClaim, out: &mut Vec<u8>) {
    match claim {
        ConsistencyClaim::Eventual => out.push(0),
        ConsistencyClaim::ReadYourWrites { window_ms } => {
            out.push(1);
            number(window_ms, out);
        }
        ConsistencyClaim::Causal {
            max_wait_ms,
            on_timeout_error,
        } => {
            out.push(if on_timeout_error { 3 } else { 2 });
            number(max_wait_ms, out);
        }
    }
}

fn database(claim: &DatabaseClaim, out: &mut Vec<u8>) {
    text(&claim.name, out);
    optional_text(claim.cluster.as_deref(), out);
    match &claim.written {
        None => out.push(0),
        Some(WrittenClaim::Until { unix_ms }) => {
            out.push(1);
            number(*unix_ms, out);
        }
        Some(WrittenClaim::At { position }) => {
            out.push(2);
            text(position, out);
        }
    }
    optional_text(claim.replica.as_deref(), out);
}

fn optional_text(value: Option<&str>, out: &mut Vec<u8>) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            text(value, out);
        }
    }
}

fn text(value: &str, out: &mut Vec<u8>) {
    number(value.len() as u64, out);
    out.extend_from_slice(value.as_bytes());
}

fn number(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
