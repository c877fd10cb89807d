//! What a statement is sent for: run it, read one row, read all rows.

use std::future::Future;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, ExecResult, QueryResult, Statement};

use super::Answer;

/// What a statement is sent for.
pub(crate) trait Action: Send + 'static {
    type Output: Send + 'static;

    /// The name of SeaORM's span around the action.
    const SPAN: &'static str;

    /// How many rows were returned or changed.
    fn rows(output: &Self::Output) -> Option<u64>;

    /// Performs the action on a pool.
    fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, Self::Output>;

    /// Performs the action on the branch of a transaction.
    fn on_branch<B: OnBranch>(
        branch: &mut B,
        statement: Statement,
    ) -> impl Future<Output = Result<Self::Output, DbErr>> + Send;
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident -> $output:ty, $method:ident, $span:literal, $rows:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Action for $name {
            type Output = $output;

            const SPAN: &'static str = $span;

            fn rows(output: &$output) -> Option<u64> {
                let rows: fn(&$output) -> u64 = $rows;
                Some(rows(output))
            }

            fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, $output> {
                pool.$method(statement)
            }

            async fn on_branch<B: OnBranch>(
                branch: &mut B,
                statement: Statement,
            ) -> Result<$output, DbErr> {
                branch.$method(statement).await
            }
        }
    };
}

action!(
    /// Runs a statement for its effect.
    Execute -> ExecResult, execute_raw, "sea_orm.execute", ExecResult::rows_affected
);
action!(
    /// Reads at most one row.
    QueryOne -> Option<QueryResult>, query_one_raw, "sea_orm.query_one", |row| u64::from(row.is_some())
);
action!(
    /// Reads all rows.
    QueryAll -> Vec<QueryResult>, query_all_raw, "sea_orm.query_all", |rows| rows.len() as u64
);

/// Runs a text for its effect without preparing it.
#[derive(Debug)]
pub(crate) struct Unprepared;

impl Action for Unprepared {
    type Output = ExecResult;

    const SPAN: &'static str = "sea_orm.execute_unprepared";

    /// A text of several statements returns the count of only one.
    fn rows(_: &ExecResult) -> Option<u64> {
        None
    }

    fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, ExecResult> {
        Box::pin(async move { pool.execute_unprepared(&statement.sql).await })
    }

    async fn on_branch<B: OnBranch>(
        branch: &mut B,
        statement: Statement,
    ) -> Result<ExecResult, DbErr> {
        branch.execute_unprepared(&statement.sql).await
    }
}

/// Runs statements on the branch of a transaction.
pub(crate) trait OnBranch: Send {
    fn execute_raw(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<ExecResult, DbErr>> + Send;

    fn query_one_raw(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Option<QueryResult>, DbErr>> + Send;

    fn query_all_raw(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send;

    fn execute_unprepared(
        &mut self,
        sql: &str,
    ) -> impl Future<Output = Result<ExecResult, DbErr>> + Send;
}
