//! What a session did on one database, and what that requires of the node its next read goes to.

use std::time::Instant;

use super::Consistency;
use crate::topology::{NodeId, Position, Progress};

/// What a session did on one database.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionHistory {
    pub(crate) written: Option<Written>,
    /// When it last read from the primary, other than because no replica could serve the read.
    pub(crate) saw_primary: Option<Instant>,
    /// The last read that a node other than the primary could have served.
    pub(crate) read: Option<LastRead>,
}

/// The last read of a session from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastRead {
    /// The node. `None` if it is unknown here, for example after a token of another process.
    pub(crate) node: Option<NodeId>,
    /// When the last answered read ended.
    pub(crate) ended: Option<Instant>,
}

/// The last write of a session to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "session-tokens"),
    allow(dead_code, reason = "tokens carry them")
)]
pub(crate) enum Written {
    /// The write ended at this instant.
    At(Instant),
    /// Another process wrote; its window ends at this instant.
    Until(Instant),
    /// Another process wrote, before the primary reached this position.
    Before(Position),
    /// The end of the write was not observed: the server may finish it at any time.
    InDoubt,
}

/// What a read of a session requires of the node it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadRequirement {
    Nothing,
    Primary,
    /// Everything the primary had committed before this instant.
    Since(Instant),
    /// Everything up to this position.
    Position(Position),
    /// A state that no replica can prove.
    Unprovable,
}

impl SessionHistory {
    /// The last write, or what was read from the primary after it, which counts alike.
    pub(crate) fn seen(&self) -> Option<Written> {
        match (&self.written, self.saw_primary) {
            (Some(Written::At(wrote)), Some(saw)) => Some(Written::At(saw.max(*wrote))),
            // The primary had what the other process wrote.
            (Some(Written::Before(_)) | None, Some(saw)) => Some(Written::At(saw)),
            // A window of another process proves nothing.
            (written @ Some(Written::InDoubt | Written::Until(_)), Some(_)) => (*written).clone(),
            (written, None) => written.clone(),
        }
    }

    /// What the next read requires.
    pub(crate) fn requirement(&self, consistency: Consistency, now: Instant) -> ReadRequirement {
        let Some(written) = self.seen() else {
            return ReadRequirement::Nothing;
        };
        match (consistency, &written) {
            (Consistency::Eventual, _) => ReadRequirement::Nothing,
            (Consistency::ReadYourWrites { .. }, Written::InDoubt) => ReadRequirement::Primary,
            (Consistency::Causal { .. }, Written::InDoubt) => ReadRequirement::Unprovable,
            (Consistency::ReadYourWrites { window }, Written::At(ended)) => {
                within(now.saturating_duration_since(*ended) < window)
            }
            (Consistency::ReadYourWrites { .. }, Written::Until(end)) => within(now < *end),
            // The mode is part of a token, so these do not meet; the stricter rule covers both.
            (Consistency::ReadYourWrites { .. }, Written::Before(_))
            | (Consistency::Causal { .. }, Written::Until(_)) => ReadRequirement::Primary,
            (Consistency::Causal { .. }, Written::At(ended)) => ReadRequirement::Since(*ended),
            (Consistency::Causal { .. }, Written::Before(position)) => {
                ReadRequirement::Position(position.clone())
            }
        }
    }
}

fn within(window: bool) -> ReadRequirement {
    match window {
        true => ReadRequirement::Primary,
        false => ReadRequirement::Nothing,
    }
}

impl ReadRequirement {
    /// Whether a replica with this progress meets the requirement.
    pub(crate) fn is_met_by(&self, progress: &Progress) -> bool {
        match self {
            Self::Nothing => true,
            Self::Primary | Self::Unprovable => false,
            Self::Since(moment) => progress.has_since(*moment),
            Self::Position(position) => {
                let replayed = progress.replayed.as_ref();
                replayed.is_some_and(|replayed| replayed.covers(position))
            }
        }
    }
}

impl Progress {
    /// Whether a replica is known to have everything that was committed before an instant.
    pub(crate) fn has_since(&self, moment: Instant) -> bool {
        self.caught_up_to
            .is_some_and(|caught_up| caught_up > moment)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::OnTimeout;

    const WINDOW: Consistency = Consistency::ReadYourWrites {
        window: Duration::from_secs(5),
    };
    const CAUSAL: Consistency = Consistency::Causal {
        max_wait: Duration::ZERO,
        on_timeout: OnTimeout::Primary,
    };

    fn wrote(written: Written) -> SessionHistory {
        SessionHistory {
            written: Some(written),
            saw_primary: None,
            read: None,
        }
    }

    #[test]
    fn a_session_that_wrote_nothing_requires_nothing() {
        for consistency in [Consistency::Eventual, WINDOW, CAUSAL] {
            let requirement = SessionHistory::default().requirement(consistency, Instant::now());
            assert_eq!(requirement, ReadRequirement::Nothing);
        }
    }

    #[test]
    fn reads_go_to_the_primary_until_the_window_ends() {
        let ended = Instant::now();
        let history = wrote(Written::At(ended));
        let after = |seconds| history.requirement(WINDOW, ended + Duration::from_secs(seconds));
        assert_eq!(after(0), ReadRequirement::Primary);
        assert_eq!(after(4), ReadRequirement::Primary);
        assert_eq!(after(5), ReadRequirement::Nothing);
        assert_eq!(
            history.requirement(Consistency::Eventual, ended),
            ReadRequirement::Nothing
        );
    }

    #[test]
    fn a_window_of_another_process_ends_when_it_said() {
        let end = Instant::now() + Duration::from_secs(1);
        let history = wrote(Written::Until(end));
        assert_eq!(
            history.requirement(WINDOW, end - Duration::from_millis(1)),
            ReadRequirement::Primary
        );
        assert_eq!(history.requirement(WINDOW, end), ReadRequirement::Nothing);
    }

    #[test]
    fn a_write_whose_end_was_not_observed_needs_the_primary_for_ever() {
        let history = wrote(Written::InDoubt);
        let later = Instant::now() + Duration::from_secs(3600);
        assert_eq!(history.requirement(WINDOW, later), ReadRequirement::Primary);
        assert_eq!(
            history.requirement(CAUSAL, later),
            ReadRequirement::Unprovable
        );
        assert_eq!(
            history.requirement(Consistency::Eventual, later),
            ReadRequirement::Nothing
        );
    }

    #[test]
    fn a_causal_read_needs_a_position_that_was_asked_for_after_the_write() {
        let ended = Instant::now();
        let requirement = wrote(Written::At(ended)).requirement(CAUSAL, Instant::now());
        let caught_up = |to| Progress {
            caught_up_to: to,
            ..Progress::default()
        };
        assert!(!requirement.is_met_by(&caught_up(None)));
        assert!(!requirement.is_met_by(&caught_up(Some(ended))));
        assert!(requirement.is_met_by(&caught_up(Some(ended + Duration::from_nanos(1)))));
    }

    #[test]
    fn a_position_is_met_by_a_replica_that_has_replayed_it() {
        let requirement =
            wrote(Written::Before(Position::lsn(7))).requirement(CAUSAL, Instant::now());
        let replayed = |to| Progress {
            replayed: to,
            ..Progress::default()
        };
        assert!(!requirement.is_met_by(&replayed(None)));
        assert!(!requirement.is_met_by(&replayed(Some(Position::lsn(6)))));
        assert!(requirement.is_met_by(&replayed(Some(Position::lsn(7)))));
    }
}
