//! The log of a server.

use std::fs;
use std::path::PathBuf;

use crate::error::Result;

const TAIL: usize = 15;

/// A file with all output of a server.
pub(crate) struct Log(pub(crate) PathBuf);

impl Log {
    /// Whether the log reports that the server's port was in use.
    pub(crate) fn names_taken_port(&self) -> bool {
        self.contains("Address already in use")
    }

    /// Whether the text is anywhere in the log.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The last lines.
    pub(crate) fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    /// Clears the log of a failed attempt.
    pub(crate) fn clear(&self) -> Result<()> {
        Ok(fs::remove_file(&self.0)?)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap_or_default()
    }
}
