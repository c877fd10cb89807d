//! From bytes to claims, as [`encode`](super::encode) writes them.
//!
//! The bytes are signed, but processes of other versions may hold the same key, so they are still
//! parsed defensively. No length is trusted before its bytes are there.

use super::claims::{Claims, ConsistencyClaim, DatabaseClaim, WrittenClaim};

/// The bytes that are still to be read. Every method returns `None` if they are not what it reads.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The claims, with no bytes after them.
    pub(super) fn claims(mut self) -> Option<Claims> {
        let mut claims = Claims {
            issued_ms: self.number()?,
            expires_ms: self.number()?,
            consistency: self.consistency()?,
            databases: Vec::new(),
        };
        for _ in 0..self.number()? {
            claims.databases.push(self.database()?);
        }
        self.rest.is_empty().then_some(claims)
    }

    fn consistency(&mut self) -> Option<ConsistencyClaim> {
        let tag = self.byte()?;
        match tag {
            0 => Some(ConsistencyClaim::Eventual),
            1 => Some(ConsistencyClaim::ReadYourWrites {
                window_ms: self.number()?,
            }),
            2 | 3 => Some(ConsistencyClaim::Causal {
                max_wait_ms: self.number()?,
                on_timeout_error: tag == 3,
            }),
            _ => None,
        }
    }

    fn database(&mut self) -> Option<DatabaseClaim> {
        Some(DatabaseClaim {
            name: self.text()?,
            cluster: self.optional_text()?,
            written: self.written()?,
            replica: self.optional_text()?,
        })
    }

    fn written(&mut self) -> Option<Option<WrittenClaim>> {
        match self.byte()? {
            0 => Some(None),
            1 => Some(Some(WrittenClaim::Until {
                unix_ms: self.number()?,
            })),
            2 => Some(Some(WrittenClaim::At {
                position: self.text()?,
            })),
            _ => None,
        }
    }

    fn optional_text(&mut self) -> Option<Option<String>> {
        match self.byte()? {
            0 => Some(None),
            1 => Some(Some(self.text()?)),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    /// At most ten bytes, and no more bits than a `u64` has.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }
}
