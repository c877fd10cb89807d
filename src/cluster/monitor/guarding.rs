//! Replicas behind a pooler that does not take their guard as an option at the start of a connection.

use std::collections::HashMap;

use super::probe::ProbeOutcome;
use super::servers::Listener;

const IGNORED: &str =
    "the option default_transaction_read_only is ignored at the start of a connection";

/// How many replicas are tried in vain before the others wait for the next answer.
const PATIENCE: u32 = 3;

/// What is known of the pooler before a server.
#[derive(Debug, Default)]
pub(super) struct Guarding {
    /// Why the option is of no use.
    why: Option<String>,
    /// Whether clients share connections, for each database: a pooler may do so for some alone.
    shares: HashMap<Option<Box<str>>, bool>,
}

impl Guarding {
    /// Finds another way to guard the replicas, if an answer shows that the option is of no use. Returns whether
    /// a pool was replaced, so that the server is to be asked again.
    pub(super) async fn apply(&mut self, listeners: &[&Listener], answer: &ProbeOutcome) -> bool {
        match answer {
            ProbeOutcome::OptionRefused(reason) => self.why = Some(reason.clone()),
            ProbeOutcome::Observed(seen) if seen.is_guarded == Some(false) => {
                self.why = Some(IGNORED.to_owned());
            }
            _ => {}
        }
        let Some(why) = &self.why else {
            return false;
        };
        let (mut replaced, mut failures) = (false, 0);
        for listener in listeners {
            // The pooler does not answer now.
            if failures == PATIENCE {
                break;
            }
            let member = &listener.member;
            let Some(state) = member.watch.state.upgrade() else {
                continue;
            };
            if !state.is_guarded_at_start(member.node) {
                continue;
            }
            // Where one database shares connections, no guard is set for the others: that is safe.
            let shared = self.shares.values().any(|shares| *shares).then_some(true);
            let known = self.shares.get(&member.catalog).copied().or(shared);
            match state.guard_otherwise(member.node, why, known).await {
                Some(shares) => {
                    self.shares.insert(member.catalog.clone(), shares);
                    replaced = true;
                }
                None => failures += 1,
            }
        }
        replaced
    }
}
