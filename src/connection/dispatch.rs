//! The one way of every statement: from SeaORM's call to a node and back.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, QueryTrait,
    Statement, StatementBuilder,
};

use super::core::{Core, Known, Settled};
use crate::error::{RoutingError, dialect_name};
use crate::route::Decision;
use crate::scope::Scope;
use crate::sql::Access;
use crate::topology::Topology;

/// Something statements can be sent through: a connection, a transaction, a view of one.
pub(crate) trait Dispatch: Sync {
    fn core(&self) -> &Core;

    fn scope(&self) -> &Scope;

    /// Sends a statement where it belongs. What is decided is decided by this call; the future only
    /// waits for the node.
    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output>;
}

/// What a node will answer.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, DbErr>>;

/// What is to be done with a statement.
pub(crate) trait Action: Send + 'static {
    type Output: Send + 'static;

    /// Does it on a pool.
    fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, Self::Output>;

    /// Does it on the branch of a transaction.
    fn on_branch(
        branch: &mut crate::transaction::Open,
        statement: Statement,
    ) -> impl Future<Output = Result<Self::Output, DbErr>> + Send;
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident -> $output:ty, $method:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Action for $name {
            type Output = $output;

            fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, $output> {
                pool.$method(statement)
            }

            async fn on_branch(
                branch: &mut crate::transaction::Open,
                statement: Statement,
            ) -> Result<$output, DbErr> {
                branch.$method(statement).await
            }
        }
    };
}

action!(
    /// Runs it for its effect.
    Execute -> ExecResult, execute_raw
);
action!(
    /// Reads at most one row.
    QueryOne -> Option<QueryResult>, query_one_raw
);
action!(
    /// Reads all rows.
    QueryAll -> Vec<QueryResult>, query_all_raw
);

/// Runs a text for its effect without preparing it.
#[derive(Debug)]
pub(crate) struct Unprepared;

impl Action for Unprepared {
    type Output = ExecResult;

    fn on_pool(pool: &DatabaseConnection, statement: Statement) -> Answer<'_, ExecResult> {
        Box::pin(async move { pool.execute_unprepared(&statement.sql).await })
    }

    async fn on_branch(
        branch: &mut crate::transaction::Open,
        statement: Statement,
    ) -> Result<ExecResult, DbErr> {
        branch.execute_unprepared(&statement.sql).await
    }
}

/// Where a statement comes from, and whether it can be rendered once more.
pub(crate) trait Source: Send + Sync {
    /// Whether only its text is known, in one dialect.
    const RAW: bool;

    /// The statement in a dialect; a raw one is what it is. It may be asked again only of one that
    /// was [kept](Self::keep).
    fn render(&mut self, dialect: DbBackend) -> Statement;

    /// Keeps what a second try needs; called before the first.
    fn keep(&mut self, statement: &Statement);
}

/// A statement builder of SeaORM's: rendered again when it is needed again.
#[derive(Debug)]
pub(crate) struct Built<'s, S>(pub(crate) &'s S);

impl<S: StatementBuilder> Source for Built<'_, S> {
    const RAW: bool = false;

    fn render(&mut self, dialect: DbBackend) -> Statement {
        self.0.build(&dialect)
    }

    fn keep(&mut self, _: &Statement) {}
}

/// A statement as the user wrote it.
#[derive(Debug)]
pub(crate) struct Raw(pub(crate) Option<Statement>);

impl Source for Raw {
    const RAW: bool = true;

    fn render(&mut self, dialect: DbBackend) -> Statement {
        self.0
            .take()
            .unwrap_or_else(|| Statement::from_string(dialect, String::new()))
    }

    fn keep(&mut self, statement: &Statement) {
        self.0 = Some(statement.clone());
    }
}

/// A text to run unprepared.
#[derive(Debug)]
pub(crate) struct Text<'t>(pub(crate) &'t str);

impl Source for Text<'_> {
    const RAW: bool = true;

    fn render(&mut self, dialect: DbBackend) -> Statement {
        Statement::from_string(dialect, self.0)
    }

    fn keep(&mut self, _: &Statement) {}
}

/// A query that is explained, not run.
#[derive(Debug)]
pub(crate) struct Explained<'q, Q>(pub(crate) &'q Q);

impl<Q: QueryTrait + Sync> Source for Explained<'_, Q> {
    const RAW: bool = false;

    fn render(&mut self, dialect: DbBackend) -> Statement {
        self.0.build(dialect)
    }

    fn keep(&mut self, _: &Statement) {}
}

/// A statement, what is known about it, and what was decided.
pub(crate) struct Planned {
    pub(crate) statement: Statement,
    pub(crate) known: Arc<Known>,
    pub(crate) decision: Decision,
}

/// Renders a statement and decides where it goes, or takes what is settled.
///
/// One for a node of another dialect than the handle's is rendered once more for the node and
/// decided again, if it is a builder's read; everything else is refused.
pub(crate) fn plan<S: Source>(
    core: &Core,
    scope: &Scope,
    source: &mut S,
    settled: impl FnOnce(&Known) -> Option<Settled>,
    decide: impl FnOnce(&Topology, &Known, DbBackend) -> Result<Decision, DbErr>,
) -> Result<Planned, DbErr> {
    let statement = source.render(scope.dialect);
    let known = core.know(&statement.sql, statement.db_backend);
    if let Some(settled) = settled(&known)
        && settled.dialect == scope.dialect
        && settled.dialect == statement.db_backend
    {
        return Ok(Planned {
            statement,
            known,
            decision: settled.decision,
        });
    }
    let topology = core.cluster.topology();
    let decision = decide(&topology, &known, statement.db_backend)?;
    let dialect = topology.database(decision.database).dialect;
    if dialect == scope.dialect && dialect == statement.db_backend {
        return Ok(Planned {
            statement,
            known,
            decision,
        });
    }
    if S::RAW || known.operation.access() != Access::Read {
        return Err(foreign::<S>(&topology, scope, &statement, &known, decision).into());
    }
    let first = known;
    let statement = source.render(dialect);
    let known = core.know(&statement.sql, dialect);
    let same = known.operation.access() == Access::Read
        && known.operation.tables() == first.operation.tables();
    if !same {
        return Err(foreign::<S>(&topology, scope, &statement, &known, decision).into());
    }
    Ok(Planned {
        statement,
        known,
        decision,
    })
}

/// The refusal of a statement in another dialect than its handle's or its node's.
#[cold]
fn foreign<S: Source>(
    topology: &Topology,
    scope: &Scope,
    statement: &Statement,
    known: &Known,
    decision: Decision,
) -> RoutingError {
    let database = topology.database(decision.database);
    if database.dialect == scope.dialect {
        return RoutingError::StatementDialect {
            statement_dialect: dialect_name(statement.db_backend),
            database: database.name.clone(),
            node: topology.node(decision.node).name.clone(),
            node_dialect: dialect_name(database.dialect),
        };
    }
    let what = match S::RAW {
        true => "raw SQL".to_owned(),
        false => format!("this statement ({})", known.operation.access()),
    };
    RoutingError::ForeignDialect {
        what,
        database: database.name.clone(),
        node_dialect: dialect_name(database.dialect),
        handle_dialect: dialect_name(scope.dialect),
        way_out: format!(
            "the handle for_entity(..) of the entity, or using({:?}), which speaks {}",
            database.name.as_str(),
            dialect_name(database.dialect)
        ),
    }
}
