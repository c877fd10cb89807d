//! A connection for one statement outside of a transaction, which is closed when that is cut off.
//!
//! sqlx's MySQL driver loses its place when it is cut off in the middle of an answer, and then waits
//! for ever to give its connection back to the pool: after as many as the pool has, nothing runs any
//! more. So on MySQL a statement that is cut off takes its connection with it.

use sea_orm::{DbErr, Statement};

use super::open::Open;
use super::span::Span;
#[cfg(feature = "stream")]
use super::stream::{Holder, rows};
use crate::cluster::Pool;
use crate::dispatch::Action;
#[cfg(feature = "stream")]
use crate::dispatch::RowStream;

/// A connection for one statement.
pub(crate) struct Lease {
    /// Gone once it is closed.
    open: Option<Open>,
    running: bool,
}

impl Lease {
    /// A connection of a MySQL pool; nothing where there is another one behind the name, a mock.
    pub(crate) async fn take(pool: &Pool) -> Result<Option<Self>, DbErr> {
        let open = Open::lease_mysql(pool).await?;
        Ok(open.map(|open| Self {
            open: Some(open),
            running: false,
        }))
    }

    /// Runs the statement.
    pub(crate) async fn run<A: Action>(mut self, statement: Statement) -> Result<A::Output, DbErr> {
        self.running = true;
        let result = match &mut self.open {
            Some(open) => {
                let span = Span::statement(A::SPAN, &statement, open.traces_texts);
                span.around(A::on_branch(open, statement)).await
            }
            None => Err(DbErr::RecordNotFound("the connection".to_owned())),
        };
        self.running = false;
        result
    }

    /// Its rows, one by one.
    #[cfg(feature = "stream")]
    pub(crate) fn rows(self, statement: Statement) -> RowStream<'static> {
        rows(self, statement)
    }
}

#[cfg(feature = "stream")]
impl Holder for Lease {
    fn open_and_running(&mut self) -> Result<(&mut Open, &mut bool), DbErr> {
        match &mut self.open {
            Some(open) => Ok((open, &mut self.running)),
            None => Err(DbErr::RecordNotFound("the connection".to_owned())),
        }
    }

    fn begins(&mut self) {}

    async fn ended(&mut self, _: Option<&DbErr>) {
        self.running = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.running
            && let Some(open) = self.open.take()
        {
            open.close();
        }
    }
}
