//! What is known about the connection of a branch, and every control statement on it.

mod ended;

use sea_orm::{DatabaseTransaction, DbBackend, DbErr, Statement};

use super::abandon::abandon;
use super::control;
use super::levels::Level;
use super::open::{Driver, Open};
use super::span::Span;
use crate::cluster::{FallbackPermit, Fault, Pool};
use crate::dispatch::OnBranch;
use crate::error::RoutingError;
use crate::name::DatabaseName;
use crate::topology::{NodeId, Role};

/// What is known about the connection of a branch.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) database: DatabaseName,
    dialect: DbBackend,
    /// Nothing before the first statement, and once it has ended.
    open: Option<Open>,
    /// Its pool, where somebody finds out that its node is dead.
    watched: Option<Pool>,
    /// Where it is open.
    pub(super) at: Option<(NodeId, Role)>,
    /// FallbackPermit to read there because no replica serves.
    pub(super) leave: Option<FallbackPermit>,
    /// It is being opened: until that is done, nothing has happened on it.
    opening: bool,
    /// The savepoints on it, innermost last.
    pub(super) savepoints: Vec<Level>,
    /// The control statement that was sent and not answered.
    doubt: Option<&'static str>,
    /// A statement was sent and not answered. sqlx's MySQL driver loses its place when it is cut off
    /// while it prepares a statement.
    running: bool,
    /// Why it can only be rolled back: the server has ended it already.
    pub(super) doomed: Option<String>,
    /// A statement failed or was cut off, so that Postgres may have aborted the transaction.
    failed: bool,
    /// How a statement ended was not seen: it was cut off, or its stream was left.
    unseen: bool,
    /// A statement was sent that may have committed the transaction, and it was not looked at yet.
    may_have_committed: Option<&'static str>,
    /// What has committed it.
    committed_by: Option<&'static str>,
    /// Something was sent to it that may have written.
    pub(super) written: bool,
}

impl State {
    pub(super) fn new(database: DatabaseName, dialect: DbBackend) -> Self {
        Self {
            database,
            dialect,
            open: None,
            watched: None,
            at: None,
            leave: None,
            opening: false,
            savepoints: Vec::new(),
            doubt: None,
            running: false,
            doomed: None,
            failed: false,
            unseen: false,
            may_have_committed: None,
            committed_by: None,
            written: false,
        }
    }

    /// Begins on a connection of a node.
    pub(super) async fn begin(
        &mut self,
        open: Open,
        watched: Option<Pool>,
        at: (NodeId, Role),
        begin: &[String],
    ) -> Result<(), DbErr> {
        self.watched = watched;
        let speaks_sql = open.speaks_sql();
        self.opening = true;
        self.open = Some(open);
        self.at = Some(at);
        if speaks_sql {
            for sql in begin {
                self.doubt = Some("BEGIN");
                let span = Span::begin(self.dialect);
                let begun = self.unless_gone(async |open| span.around(open.begin(sql)).await);
                let begun = begun.await;
                self.clear_doubt(&begun);
                begun?;
            }
        }
        Ok(())
    }

    /// Runs what is to be run before everything else.
    pub(super) async fn run_first(&mut self, statement: &Statement) -> Result<(), DbErr> {
        let run = async |open: &mut Open| open.execute_raw(statement.clone()).await;
        self.unless_gone(run).await.map(drop)
    }

    /// Everything that was to be done first is done.
    pub(super) fn opened(&mut self) {
        self.opening = false;
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The connection of a branch that was entered.
    pub(super) fn open(&mut self) -> Result<&mut Open, DbErr> {
        self.open.as_mut().ok_or_else(|| over().into())
    }

    /// The connection, and what tells that a statement is under way.
    #[cfg(feature = "stream")]
    pub(super) fn open_and_running(&mut self) -> Result<(&mut Open, &mut bool), DbErr> {
        match &mut self.open {
            Some(open) => Ok((open, &mut self.running)),
            None => Err(over().into()),
        }
    }

    /// A statement is sent; until [`answered`](Self::answered), its future may be dropped.
    pub(super) fn sending(&mut self) {
        self.running = true;
    }

    /// The statement that was sent has an answer.
    pub(super) fn answered(&mut self) {
        self.running = false;
    }

    /// A look at what was left running. An opening that was cut off has changed nothing: the next
    /// statement opens the branch anew.
    pub(super) fn settle(&mut self) {
        if self.opening {
            self.doubt = Some("BEGIN");
            return self.give_up();
        }
        if !std::mem::take(&mut self.running) {
            return;
        }
        self.unseen = true;
        if self.dialect == DbBackend::MySql && self.doomed.is_none() {
            let reason = "a statement was cut off, and its connection may be out of step";
            self.doomed = Some(reason.to_owned());
        }
    }

    fn is_alive(&self) -> bool {
        let speaks_sql = self.open.as_ref().is_some_and(Open::speaks_sql);
        speaks_sql && self.doubt.is_none() && self.doomed.is_none()
    }

    /// A stream begins. Until its last row is taken, the server may say that it failed, unseen.
    #[cfg(feature = "stream")]
    pub(super) fn streaming(&mut self) {
        self.unseen = true;
    }

    /// The last row of a stream was taken.
    #[cfg(feature = "stream")]
    pub(super) fn streamed(&mut self) {
        self.unseen = false;
    }

    /// Refuses what cannot go on.
    pub(super) fn check(&self) -> Result<(), RoutingError> {
        self.check_doubt()?;
        match &self.doomed {
            Some(reason) => Err(RoutingError::Doomed {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn check_doubt(&self) -> Result<(), RoutingError> {
        match self.doubt {
            Some(statement) => Err(RoutingError::InDoubt {
                database: self.database.clone(),
                statement,
            }),
            None => Ok(()),
        }
    }

    /// Sends a control statement: in doubt from before it is sent until it is answered. An error
    /// of the server is an answer, a broken connection is none.
    pub(super) async fn control(&mut self, name: &'static str, sql: &str) -> Result<(), DbErr> {
        self.doubt = Some(name);
        let result = self.unless_gone(async |open| open.control(sql).await).await;
        self.clear_doubt(&result);
        self.failed |= result.is_err();
        result
    }

    /// Does something on the connection, until its node is known to be dead.
    pub(super) async fn unless_gone<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Open) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let role = self.at.map_or(Role::Primary, |(_, role)| role);
        let watched = self.watched.clone();
        let work = work(self.open()?);
        match watched {
            Some(pool) => pool.unless_gone(role, work).await,
            None => work.await,
        }
    }

    /// It can only be rolled back.
    pub(super) fn doom(&mut self, reason: String) {
        self.doomed.get_or_insert(reason);
    }

    fn clear_doubt(&mut self, result: &Result<(), DbErr>) {
        match result {
            Err(error) if matches!(Fault::of(error), Fault::Lost | Fault::Protocol) => {}
            _ => self.doubt = None,
        }
    }

    /// The stack of SeaORM's transactions, where there is one.
    pub(super) fn stack(&mut self) -> Option<&mut Vec<DatabaseTransaction>> {
        match &mut self.open.as_mut()?.driver {
            Driver::SeaOrm(levels) => Some(levels),
            #[cfg(feature = "sqlx-dep")]
            _ => None,
        }
    }

    /// Commits; its connection goes back to the pool.
    pub(super) async fn commit(&mut self) -> Result<(), DbErr> {
        if let Some(stack) = self.stack() {
            let transaction = stack.pop().ok_or_else(over)?;
            self.open = None;
            return transaction.commit().await;
        }
        self.doubt = Some("COMMIT");
        let sql = control::commit(self.dialect, self.failed || self.unseen);
        let span = Span::commit(self.dialect);
        let committed = self.unless_gone(async |open| span.around(open.commit(sql)).await);
        let committed = committed.await;
        self.clear_doubt(&committed);
        committed?;
        self.open = None;
        Ok(())
    }

    /// Asks whether the transaction is alive.
    pub(super) async fn probe(&mut self) -> Result<(), DbErr> {
        match self.open()?.speaks_sql() {
            true => self.control("SELECT 1", "SELECT 1").await,
            false => Ok(()),
        }
    }

    /// Rolls back; its connection goes back to the pool, or is closed when it is of no more use.
    pub(super) async fn roll_back(&mut self) -> Result<(), DbErr> {
        self.check_doubt()?;
        if let Some(stack) = self.stack() {
            while let Some(transaction) = stack.pop() {
                transaction.rollback().await?;
            }
        } else if let Some(reason) = self.doomed.clone() {
            let committed = self.committed_by.is_some();
            self.give_up();
            if committed {
                return Err(RoutingError::Doomed { reason }.into());
            }
        } else if self.is_open() {
            self.doubt = Some("ROLLBACK");
            let span = Span::roll_back(self.dialect);
            let rolled_back = self.unless_gone(async |open| span.around(open.roll_back()).await);
            let rolled_back = rolled_back.await;
            self.clear_doubt(&rolled_back);
            rolled_back?;
        }
        self.forget_all();
        Ok(())
    }

    /// Rolls back, whatever is known of it; the next statement opens it anew.
    pub(super) async fn start_over(&mut self) -> Result<(), DbErr> {
        match self.check() {
            Ok(()) => self.roll_back().await,
            Err(_) => {
                self.give_up();
                Ok(())
            }
        }
    }

    /// Lets go of the connection, whatever is under way on it. The next statement opens another.
    pub(super) fn give_up(&mut self) {
        let uncertain = self.doubt.is_some() || self.doomed.is_some();
        if let Some(open) = self.open.take() {
            abandon(open, uncertain);
        }
        self.forget_all();
    }

    fn forget_all(&mut self) {
        self.open = None;
        self.watched = None;
        self.at = None;
        self.leave = None;
        self.opening = false;
        self.savepoints.clear();
        self.doubt = None;
        self.running = false;
        self.doomed = None;
        self.failed = false;
        self.unseen = false;
        self.may_have_committed = None;
        self.committed_by = None;
        self.written = false;
    }
}

impl Drop for State {
    /// What was neither committed nor rolled back is rolled back, or closed when it is in doubt.
    fn drop(&mut self) {
        self.settle();
        self.give_up();
    }
}

fn over() -> RoutingError {
    RoutingError::Doomed {
        reason: "it is over".to_owned(),
    }
}
