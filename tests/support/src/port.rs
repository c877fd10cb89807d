//! Free ports on the loopback interface.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::error::{Result, ServerError};

const LOWEST: u16 = 15_000;
const ATTEMPTS: usize = 1_000;

/// A port that was free a moment ago.
///
/// It lies below the range the kernel takes the ports of outgoing connections
/// from. So no client takes the port of a server that is stopped for a while, and
/// no client can end up connected to itself there.
pub(crate) fn free_port() -> Result<u16> {
    let width = u64::from(ephemeral_start().max(LOWEST + 1_000) - LOWEST);
    (0..ATTEMPTS)
        .map(|attempt| RandomState::new().hash_one(attempt) % width)
        .map(|offset| LOWEST + u16::try_from(offset).expect("the width fits a u16"))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| ServerError::new("no free port on 127.0.0.1"))
}

/// The lowest port of outgoing connections; Linux's default if not known.
fn ephemeral_start() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(32_768)
}
