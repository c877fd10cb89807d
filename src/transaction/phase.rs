//! The phases of a branch, without its connection: what follows which event, and what each refuses.
//!
//! ```text
//!  Idle ──open──▶ Opening ──opened──▶ Active ──commit, roll back──▶ Idle
//!                    │                  ├── control statement unanswered ──▶ InDoubt
//!                    └─ cut off: Idle   └── the server ended it, connection lost ──▶ Doomed
//! ```
//!
//! `InDoubt` and `Doomed` run no statement. Both end by closing the connection, so that the server
//! rolls back; only the error differs: after a doubt the outcome is unknown.

use sea_orm::{DbBackend, DbErr};

use super::in_flight::InFlight;
use super::levels::Level;
use crate::cluster::Fault;
use crate::error::{RoutingError, TxnError};
use crate::name::DatabaseName;

#[derive(Debug, Default)]
pub(super) enum Phase {
    /// No connection: before the first statement, and after the end.
    #[default]
    Idle,
    /// `BEGIN` and the statements that run first. The user's statement was not sent yet, so that the
    /// next one can open the branch again.
    Opening,
    /// Takes statements.
    Active(Active),
    /// A control statement was not answered: it may have taken effect or not.
    InDoubt { statement: &'static str, kept: Kept },
    /// Can only be rolled back.
    Doomed { reason: String, kept: Kept },
}

/// What is known about a branch that takes statements.
#[derive(Debug, Default)]
pub(super) struct Active {
    /// The savepoints on the server, innermost last.
    pub(super) savepoints: Vec<Level>,
    /// A statement failed or its outcome was not seen: Postgres may have aborted the transaction.
    pub(super) may_be_aborted: bool,
    /// A statement that may write was sent.
    pub(super) written: bool,
    /// A statement that may hold a lock until the end was sent: a locking read, or a function that is not
    /// known.
    pub(super) locks: bool,
    /// A statement on the session ran that is not proven to be harmless, such as `NOTIFY`.
    pub(super) unproven: bool,
    /// The keyword of a statement that may have committed the transaction. The commit canary, a
    /// savepoint that a commit removes, was set before it and not checked since.
    pub(super) canary: Option<&'static str>,
}

/// Whether a statement, not our `COMMIT`, committed what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    No,
    Possible,
    Yes,
}

/// What the server replied to a control statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ControlReply {
    Done,
    /// An error of the server: the statement had no effect.
    Refused,
    /// The connection broke first.
    Missing,
}

impl ControlReply {
    pub(super) fn of(result: &Result<(), DbErr>) -> Self {
        match result.as_ref().map_err(Fault::of) {
            Ok(()) => Self::Done,
            Err(Fault::Lost | Fault::Protocol) => Self::Missing,
            Err(
                Fault::NoConnection
                | Fault::RecoveryConflict
                | Fault::RefusedAsWrite
                | Fault::NotSupported
                | Fault::Statement,
            ) => Self::Refused,
        }
    }
}

impl Phase {
    pub(super) fn active(&self) -> Option<&Active> {
        match self {
            Self::Active(active) => Some(active),
            Self::Idle | Self::Opening | Self::InDoubt { .. } | Self::Doomed { .. } => None,
        }
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Active> {
        match self {
            Self::Active(active) => Some(active),
            Self::Idle | Self::Opening | Self::InDoubt { .. } | Self::Doomed { .. } => None,
        }
    }

    /// Everything that runs before the user's first statement is done.
    pub(super) fn opened(&mut self) {
        *self = Self::Active(Active::default());
    }

    /// A control statement was answered, or will never be.
    pub(super) fn control_ended(&mut self, statement: &'static str, reply: ControlReply) {
        match (reply, self) {
            (ControlReply::Missing, phase) => phase.doubt(statement),
            (ControlReply::Refused, Self::Active(active)) => active.may_be_aborted = true,
            (ControlReply::Done | ControlReply::Refused, _) => {}
        }
    }

    /// The server may have aborted the transaction.
    pub(super) fn statement_failed(&mut self) {
        if let Self::Active(active) = self {
            active.may_be_aborted = true;
        }
    }

    /// The future that used the branch was dropped and left this in flight. Returns whether the
    /// outcome of a statement was not seen.
    pub(super) fn interrupted(&mut self, in_flight: InFlight, dialect: DbBackend) -> bool {
        match (in_flight, &mut *self) {
            (_, Self::Opening) => self.doubt("BEGIN"),
            (InFlight::Control(statement), _) => self.doubt(statement),
            (InFlight::Statement, Self::Active(_)) if dialect == DbBackend::MySql => {
                // sqlx's driver loses its place in the protocol.
                self.doom("a statement was cut off, and its connection may be out of step");
            }
            (InFlight::Statement | InFlight::Rows, Self::Active(active)) => {
                active.may_be_aborted = true;
                return true;
            }
            (InFlight::Nothing | InFlight::Statement | InFlight::Rows, _) => {}
        }
        false
    }

    /// It can only be rolled back. The first reason is kept, and a doubt stays a doubt.
    pub(super) fn doom(&mut self, reason: impl Into<String>) {
        match self {
            Self::Opening | Self::Active(_) => {
                *self = Self::Doomed {
                    kept: self.kept(),
                    reason: reason.into(),
                };
            }
            Self::Idle | Self::InDoubt { .. } | Self::Doomed { .. } => {}
        }
    }

    /// A statement, by its keyword, has committed it.
    pub(super) fn committed_by(&mut self, keyword: &str, database: &DatabaseName) {
        self.doom(format!(
            "{keyword} has ended it on {database}: what was done until then is committed or rolled back"
        ));
        if let Self::InDoubt { kept, .. } | Self::Doomed { kept, .. } = self {
            *kept = Kept::Yes;
        }
    }

    /// Whether its changes may have been committed: by a statement, or by an unanswered `COMMIT`.
    pub(super) fn may_be_committed(&self) -> bool {
        let unanswered = matches!(self, Self::InDoubt { statement, .. } if *statement == "COMMIT");
        unanswered || self.kept() != Kept::No
    }

    fn doubt(&mut self, statement: &'static str) {
        let kept = self.kept();
        *self = Self::InDoubt { statement, kept };
    }

    /// Whether a statement committed it, or may have.
    pub(super) fn kept(&self) -> Kept {
        match self {
            Self::Idle | Self::Opening => Kept::No,
            Self::Active(active) => match active.canary {
                Some(_) => Kept::Possible,
                None => Kept::No,
            },
            Self::InDoubt { kept, .. } | Self::Doomed { kept, .. } => *kept,
        }
    }

    /// Refuses a statement where none can run.
    pub(super) fn check(&self, database: &DatabaseName) -> Result<(), RoutingError> {
        self.check_doubt(database)?;
        match self {
            Self::Doomed { reason, .. } => Err(RoutingError::Transaction(TxnError::Doomed {
                reason: reason.clone(),
            })),
            Self::Idle | Self::Opening | Self::Active(_) | Self::InDoubt { .. } => Ok(()),
        }
    }

    /// Refuses to go on after a control statement without an answer.
    pub(super) fn check_doubt(&self, database: &DatabaseName) -> Result<(), RoutingError> {
        match self {
            Self::InDoubt { statement, .. } => Err(RoutingError::Transaction(TxnError::InDoubt {
                database: database.clone(),
                statement,
            })),
            Self::Idle | Self::Opening | Self::Active(_) | Self::Doomed { .. } => Ok(()),
        }
    }

    /// Whether its connection has to be closed, since the server's state is unknown.
    pub(super) fn must_close(&self) -> bool {
        match self {
            Self::InDoubt { .. } | Self::Doomed { .. } => true,
            Self::Idle | Self::Opening | Self::Active(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: InFlight = InFlight::Statement;
    const COMMIT: InFlight = InFlight::Control("COMMIT");

    fn database() -> DatabaseName {
        DatabaseName::new("warehouse")
    }

    fn active() -> Phase {
        Phase::Active(Active::default())
    }

    fn doomed() -> Phase {
        let mut phase = active();
        phase.doom("on purpose");
        phase
    }

    fn in_doubt(phase: &Phase) -> Option<&'static str> {
        match phase.check(&database()) {
            Err(RoutingError::Transaction(TxnError::InDoubt { statement, .. })) => Some(statement),
            _ => None,
        }
    }

    #[test]
    fn statements_run_while_idle_and_active() {
        let mut phase = Phase::Opening;
        phase.opened();
        for phase in [Phase::Idle, phase] {
            phase.check(&database()).expect("lets statements in");
            assert!(!phase.must_close());
        }
    }

    #[test]
    fn a_control_statement_without_an_answer_is_a_doubt() {
        let mut phase = active();
        phase.control_ended("COMMIT", ControlReply::Missing);
        assert_eq!(in_doubt(&phase), Some("COMMIT"));
        assert!(phase.must_close());
        let mut phase = active();
        assert!(!phase.interrupted(COMMIT, DbBackend::Postgres));
        assert_eq!(in_doubt(&phase), Some("COMMIT"));
    }

    #[test]
    fn a_refused_control_statement_may_have_aborted_the_transaction() {
        let mut phase = active();
        phase.control_ended("SAVEPOINT", ControlReply::Done);
        assert!(!phase.active().expect("active").may_be_aborted);
        phase.control_ended("SAVEPOINT", ControlReply::Refused);
        assert!(phase.active().expect("active").may_be_aborted);
    }

    #[test]
    fn a_statement_that_was_cut_off_dooms_on_mysql_and_is_unseen_elsewhere() {
        for dialect in [DbBackend::Postgres, DbBackend::Sqlite] {
            let mut phase = active();
            assert!(phase.interrupted(STATEMENT, dialect));
            assert!(phase.active().expect("active").may_be_aborted);
        }
        let mut phase = active();
        phase.interrupted(STATEMENT, DbBackend::MySql);
        assert!(matches!(phase, Phase::Doomed { .. }));
    }

    #[test]
    fn a_stream_left_between_two_rows_is_unseen_on_every_dialect() {
        for dialect in [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite] {
            let mut phase = active();
            assert!(phase.interrupted(InFlight::Rows, dialect));
            phase.check(&database()).expect("lets statements in");
        }
    }

    #[test]
    fn nothing_in_flight_changes_nothing() {
        let mut phase = active();
        assert!(!phase.interrupted(InFlight::Nothing, DbBackend::MySql));
        assert!(!phase.active().expect("active").may_be_aborted);
    }

    #[test]
    fn an_opening_that_was_cut_off_is_closed_whatever_it_sent() {
        for in_flight in [InFlight::Nothing, STATEMENT, InFlight::Control("BEGIN")] {
            let mut phase = Phase::Opening;
            assert!(!phase.interrupted(in_flight, DbBackend::Postgres));
            assert!(phase.must_close());
        }
    }

    #[test]
    fn the_first_reason_is_kept_and_a_doubt_stays_one() {
        let mut phase = doomed();
        phase.doom("later");
        let refused = phase.check(&database()).expect_err("doomed");
        assert!(
            matches!(refused, RoutingError::Transaction(TxnError::Doomed { reason }) if reason == "on purpose")
        );
        phase.interrupted(COMMIT, DbBackend::Postgres);
        phase.doom("later");
        assert_eq!(in_doubt(&phase), Some("COMMIT"));
    }

    #[test]
    fn a_canary_makes_it_possible_that_something_was_kept() {
        let mut phase = active();
        phase.active_mut().expect("active").canary = Some("CALL");
        assert_eq!(phase.kept(), Kept::Possible);
        phase.doom("lost");
        assert_eq!(phase.kept(), Kept::Possible);
        let mut phase = active();
        phase.committed_by("CALL", &database());
        assert_eq!(phase.kept(), Kept::Yes);
        assert_eq!(doomed().kept(), Kept::No);
    }
}
