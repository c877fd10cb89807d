//! What a session did on one database, and what its next read needs.

use std::time::Instant;

use super::Consistency;
use crate::topology::{NodeId, Position, Progress};

/// What a session did on one database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    pub(crate) written: Option<Written>,
    /// Its last read that another node than the primary could have served.
    pub(crate) read: Option<LastRead>,
}

/// The last read of a session from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastRead {
    /// Where; nothing when that is not known here.
    pub(crate) node: Option<NodeId>,
    /// When the last one that was answered was over.
    pub(crate) over: Option<Instant>,
}

/// The last write of a session to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was over at a moment.
    At(Instant),
    /// Another process did it, in a window that ends at a moment.
    Until(Instant),
    /// Another process did it, before the primary stood at a position.
    Before(Position),
    /// Nobody saw its end: the server may finish it at any time.
    InDoubt,
}

/// What a read of a session needs of the node it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    Primary,
    /// Everything the primary had committed before a moment.
    Since(Instant),
    /// Everything up to a position.
    Position(Position),
    /// What no replica can prove.
    Proof,
}

impl Past {
    /// What the next read needs.
    pub(crate) fn need(&self, consistency: Consistency, now: impl FnOnce() -> Instant) -> Need {
        let Some(written) = &self.written else {
            return Need::Nothing;
        };
        match (consistency, written) {
            (Consistency::Eventual, _) => Need::Nothing,
            (Consistency::ReadYourWrites { .. }, Written::InDoubt) => Need::Primary,
            (Consistency::Causal { .. }, Written::InDoubt) => Need::Proof,
            (Consistency::ReadYourWrites { window }, Written::At(over)) => {
                within(now().saturating_duration_since(*over) < window)
            }
            (Consistency::ReadYourWrites { .. }, Written::Until(end)) => within(now() < *end),
            // Its mode is part of a token, so that these do not meet; the stricter serves both.
            (Consistency::ReadYourWrites { .. }, Written::Before(_))
            | (Consistency::Causal { .. }, Written::Until(_)) => Need::Primary,
            (Consistency::Causal { .. }, Written::At(over)) => Need::Since(*over),
            (Consistency::Causal { .. }, Written::Before(position)) => {
                Need::Position(position.clone())
            }
        }
    }
}

fn within(window: bool) -> Need {
    match window {
        true => Need::Primary,
        false => Need::Nothing,
    }
}

impl Need {
    /// Whether a replica that has got so far is good enough.
    pub(crate) fn is_met_by(&self, progress: &Progress) -> bool {
        match self {
            Self::Nothing => true,
            Self::Primary | Self::Proof => false,
            Self::Since(moment) => progress.has_since(*moment),
            Self::Position(position) => {
                let replayed = progress.replayed.as_ref();
                replayed.is_some_and(|replayed| replayed.covers(position))
            }
        }
    }
}

impl Progress {
    /// Whether a replica is known to have everything that was committed before a moment.
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

    fn wrote(written: Written) -> Past {
        Past {
            written: Some(written),
            read: None,
        }
    }

    #[test]
    fn a_session_that_wrote_nothing_needs_nothing() {
        for consistency in [Consistency::Eventual, WINDOW, CAUSAL] {
            let need = Past::default().need(consistency, Instant::now);
            assert_eq!(need, Need::Nothing);
        }
    }

    #[test]
    fn reads_go_to_the_primary_until_the_window_ends() {
        let over = Instant::now();
        let past = wrote(Written::At(over));
        let after = |seconds| past.need(WINDOW, || over + Duration::from_secs(seconds));
        assert_eq!(after(0), Need::Primary);
        assert_eq!(after(4), Need::Primary);
        assert_eq!(after(5), Need::Nothing);
        assert_eq!(past.need(Consistency::Eventual, || over), Need::Nothing);
    }

    #[test]
    fn a_window_of_another_process_ends_when_it_said() {
        let end = Instant::now() + Duration::from_secs(1);
        let past = wrote(Written::Until(end));
        assert_eq!(
            past.need(WINDOW, || end - Duration::from_millis(1)),
            Need::Primary
        );
        assert_eq!(past.need(WINDOW, || end), Need::Nothing);
    }

    #[test]
    fn a_write_whose_end_nobody_saw_needs_the_primary_for_ever() {
        let past = wrote(Written::InDoubt);
        let later = || Instant::now() + Duration::from_secs(3600);
        assert_eq!(past.need(WINDOW, later), Need::Primary);
        assert_eq!(past.need(CAUSAL, later), Need::Proof);
        assert_eq!(past.need(Consistency::Eventual, later), Need::Nothing);
    }

    #[test]
    fn a_causal_read_needs_a_position_that_was_asked_for_after_the_write() {
        let over = Instant::now();
        let need = wrote(Written::At(over)).need(CAUSAL, Instant::now);
        let caught_up = |to| Progress {
            caught_up_to: to,
            ..Progress::default()
        };
        assert!(!need.is_met_by(&caught_up(None)));
        assert!(!need.is_met_by(&caught_up(Some(over))));
        assert!(need.is_met_by(&caught_up(Some(over + Duration::from_nanos(1)))));
    }

    #[test]
    fn a_position_is_met_by_who_has_replayed_it() {
        let need = wrote(Written::Before(Position::Lsn(7))).need(CAUSAL, Instant::now);
        let replayed = |to| Progress {
            replayed: to,
            ..Progress::default()
        };
        assert!(!need.is_met_by(&replayed(None)));
        assert!(!need.is_met_by(&replayed(Some(Position::Lsn(6)))));
        assert!(need.is_met_by(&replayed(Some(Position::Lsn(7)))));
    }
}
