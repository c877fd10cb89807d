//! A branch: a transaction's part on one database.

use std::time::Duration;

use sea_orm::{DatabaseTransaction, DbBackend, DbErr, TransactionOptions, TransactionTrait};
use tokio::sync::{Mutex, MutexGuard};

use super::control;
use super::levels::Level;
use super::open::{Driver, Open, innermost};
use crate::cluster::{Fault, Pool};
use crate::error::RoutingError;
use crate::name::DatabaseName;

/// A transaction's part on one database: one connection, one owner.
#[derive(Debug)]
pub(super) struct Branch {
    database: DatabaseName,
    dialect: DbBackend,
    state: Mutex<State>,
}

/// What is known about the connection of a branch.
#[derive(Debug)]
pub(super) struct State {
    /// Gone once the branch has ended.
    open: Option<Open>,
    /// The savepoints on it, innermost last.
    savepoints: Vec<Level>,
    /// The control statement that was sent and not answered.
    doubt: Option<&'static str>,
    /// A statement was sent and not answered. sqlx's MySQL driver loses its place when it is cut off
    /// while it prepares a statement.
    running: bool,
    /// Why it can only be rolled back: the server has ended it already.
    doomed: Option<String>,
}

impl Branch {
    /// Takes a connection of the pool and begins.
    pub(super) async fn begin(
        pool: &Pool,
        database: DatabaseName,
        dialect: DbBackend,
        options: &TransactionOptions,
    ) -> Result<Self, DbErr> {
        let branch = Self {
            database,
            dialect,
            state: Mutex::new(State {
                open: Some(Open::acquire(pool, *options).await?),
                savepoints: Vec::new(),
                doubt: None,
                running: false,
                doomed: None,
            }),
        };
        // From here on, a branch that is dropped cleans up after itself.
        let mut state = branch.state.lock().await;
        if state.open.as_ref().is_some_and(Open::speaks_sql) {
            for sql in control::begin(dialect, options) {
                state.control("BEGIN", &sql).await?;
            }
        }
        drop(state);
        Ok(branch)
    }

    /// The connection, with exactly the savepoints of `levels` on it. They are asked for once the
    /// branch is held: while a statement waits for it, nested transactions come and go.
    pub(super) async fn enter(
        &self,
        levels: impl FnOnce() -> Result<Vec<Level>, RoutingError> + Send,
    ) -> Result<MutexGuard<'_, State>, DbErr> {
        let mut state = self.lock().await;
        state.check(&self.database)?;
        let levels = levels()?;
        let kept = state
            .savepoints
            .iter()
            .zip(&levels)
            .take_while(|(a, b)| a == b)
            .count();
        if let Some(abandoned) = state.savepoints.get(kept).copied() {
            state.roll_back_to(abandoned).await?;
        }
        for level in &levels[kept..] {
            state.nest(*level).await?;
        }
        Ok(state)
    }

    /// Makes the changes of a nested transaction part of the one around it.
    pub(super) async fn release(&self, level: Level) -> Result<(), DbErr> {
        let mut state = self.lock().await;
        state.check(&self.database)?;
        match state.savepoints.contains(&level) {
            true => state.release(level).await,
            false => Ok(()),
        }
    }

    /// Undoes a nested transaction.
    pub(super) async fn roll_back_to(&self, level: Level) -> Result<(), DbErr> {
        let mut state = self.lock().await;
        if let Some(doubt) = state.doubt {
            return Err(self.in_doubt(doubt).into());
        }
        match state.savepoints.contains(&level) && state.doomed.is_none() {
            true => state.roll_back_to(level).await,
            false => Ok(()),
        }
    }

    pub(super) async fn commit(&self) -> Result<(), DbErr> {
        let mut state = self.enter(|| Ok(Vec::new())).await?;
        state.commit(control::commit(self.dialect)).await
    }

    pub(super) async fn roll_back(&self) -> Result<(), DbErr> {
        let mut state = self.lock().await;
        if let Some(doubt) = state.doubt {
            return Err(self.in_doubt(doubt).into());
        }
        state.roll_back().await
    }

    /// The state, after a look at what was left running.
    async fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().await;
        if state.running {
            state.running = false;
            state.cut_off(self.dialect);
        }
        state
    }

    fn in_doubt(&self, statement: &'static str) -> RoutingError {
        RoutingError::InDoubt {
            database: self.database.clone(),
            statement,
        }
    }
}

impl State {
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

    fn cut_off(&mut self, dialect: DbBackend) {
        if dialect == DbBackend::MySql && self.doomed.is_none() {
            let reason = "a statement was cut off, and its connection may be out of step";
            self.doomed = Some(reason.to_owned());
        }
    }

    /// Takes note of an error that ends the transaction on the server.
    pub(super) async fn failed(&mut self, error: &DbErr) {
        if Fault::of(error) == Fault::Lost {
            self.doomed = Some("its connection is lost".to_owned());
        } else if Fault::ends_transaction(error) || self.sqlite_has_ended(error).await {
            self.doomed = Some(format!("the server rolled it back: {error}"));
        }
    }

    /// SQLite says so when it is asked to begin what is under way.
    async fn sqlite_has_ended(&mut self, error: &DbErr) -> bool {
        if !Fault::may_end_sqlite_transaction(error) {
            return false;
        }
        match self.control("BEGIN", "BEGIN").await {
            Ok(()) => true,
            Err(alive) => !alive.to_string().contains("within a transaction"),
        }
    }

    fn check(&self, database: &DatabaseName) -> Result<(), RoutingError> {
        if let Some(statement) = self.doubt {
            return Err(RoutingError::InDoubt {
                database: database.clone(),
                statement,
            });
        }
        match &self.doomed {
            Some(reason) => Err(RoutingError::Doomed {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Sends a control statement: in doubt from before it is sent until it is answered. An error
    /// of the server is an answer, a broken connection is none.
    async fn control(&mut self, name: &'static str, sql: &str) -> Result<(), DbErr> {
        self.doubt = Some(name);
        let result = self.open()?.control(sql).await;
        self.clear_doubt(&result);
        result
    }

    fn clear_doubt(&mut self, result: &Result<(), DbErr>) {
        match result {
            Err(error) if matches!(Fault::of(error), Fault::Lost | Fault::Protocol) => {}
            _ => self.doubt = None,
        }
    }

    /// The stack of SeaORM's transactions, where there is one.
    fn stack(&mut self) -> Option<&mut Vec<DatabaseTransaction>> {
        match &mut self.open.as_mut()?.driver {
            Driver::SeaOrm(levels) => Some(levels),
            #[cfg(feature = "sqlx-dep")]
            _ => None,
        }
    }

    async fn nest(&mut self, level: Level) -> Result<(), DbErr> {
        match self.stack() {
            Some(stack) => {
                let nested = innermost(stack)?.begin().await?;
                stack.push(nested);
            }
            None => {
                self.control("SAVEPOINT", &control::savepoint(level))
                    .await?
            }
        }
        self.savepoints.push(level);
        Ok(())
    }

    async fn release(&mut self, level: Level) -> Result<(), DbErr> {
        match self.stack() {
            Some(stack) => {
                if let Some(nested) = stack.pop() {
                    nested.commit().await?;
                }
            }
            None => {
                self.control("RELEASE SAVEPOINT", &control::release(level))
                    .await?
            }
        }
        self.forget(level);
        Ok(())
    }

    async fn roll_back_to(&mut self, level: Level) -> Result<(), DbErr> {
        let depth = self
            .savepoints
            .iter()
            .rev()
            .take_while(|l| **l != level)
            .count()
            + 1;
        match self.stack() {
            Some(stack) => {
                for _ in 0..depth {
                    if let Some(nested) = stack.pop() {
                        nested.rollback().await?;
                    }
                }
            }
            None => {
                let name = "ROLLBACK TO SAVEPOINT";
                self.control(name, &control::roll_back_to(level)).await?;
                self.control("RELEASE SAVEPOINT", &control::release(level))
                    .await?;
            }
        }
        self.forget(level);
        Ok(())
    }

    fn forget(&mut self, level: Level) {
        if let Some(place) = self.savepoints.iter().position(|l| *l == level) {
            self.savepoints.truncate(place);
        }
    }

    async fn commit(&mut self, sql: &str) -> Result<(), DbErr> {
        if let Some(stack) = self.stack() {
            let transaction = stack.pop().ok_or_else(over)?;
            self.open = None;
            return transaction.commit().await;
        }
        self.control("COMMIT", sql).await?;
        self.open = None;
        Ok(())
    }

    async fn roll_back(&mut self) -> Result<(), DbErr> {
        if let Some(stack) = self.stack() {
            while let Some(transaction) = stack.pop() {
                transaction.rollback().await?;
            }
        } else if self.doomed.is_none() {
            self.control("ROLLBACK", "ROLLBACK").await?;
        } else if let Some(open) = self.open.take() {
            abandon(open, true);
        }
        self.open = None;
        Ok(())
    }
}

fn over() -> RoutingError {
    RoutingError::Doomed {
        reason: "it is over".to_owned(),
    }
}

impl Drop for Branch {
    /// A branch that was neither committed nor rolled back is rolled back, or closed when it is in
    /// doubt.
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if state.running {
            state.cut_off(self.dialect);
        }
        let uncertain = state.doubt.is_some() || state.doomed.is_some();
        if let Some(open) = state.open.take() {
            abandon(open, uncertain);
        }
    }
}

/// Gives up a connection with an open transaction: rolled back in the background and returned to
/// its pool, or closed.
fn abandon(open: Open, uncertain: bool) {
    if !open.speaks_sql() || uncertain && !open.must_survive() {
        return open.close();
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let abandoned = Abandoned(Some(open));
            drop(runtime.spawn(abandoned.roll_back()));
        }
        Err(_) => open.close(),
    }
}

/// A connection that does not roll back within this time is closed.
const LONGEST_ROLLBACK: Duration = Duration::from_secs(5);

/// Closes its connection, unless it was rolled back first.
struct Abandoned(Option<Open>);

impl Abandoned {
    async fn roll_back(mut self) {
        let Some(open) = &mut self.0 else {
            return;
        };
        let sent = tokio::time::timeout(LONGEST_ROLLBACK, open.control("ROLLBACK"));
        let Ok(rolled_back) = sent.await else {
            return;
        };
        // SQLite says so when the transaction never began, or was rolled back by itself.
        let nothing_open = |error: &DbErr| error.to_string().contains("no transaction is active");
        if rolled_back.is_ok() || rolled_back.is_err_and(|error| nothing_open(&error)) {
            // Back to its pool.
            drop(self.0.take());
        }
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.close();
        }
    }
}
