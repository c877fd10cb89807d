//! Where a statement comes from: one of SeaORM's builders, or text.

use sea_orm::{DbBackend, QueryTrait, Statement, StatementBuilder};

/// Where a statement comes from, and whether it can be rendered again.
pub(crate) trait Source: Send + Sync {
    /// Whether there is only its text, in one dialect.
    const RAW: bool;

    /// Renders the statement in a dialect; a raw one is returned as it is. It may be called again
    /// only if the statement was [kept](Self::keep).
    fn render(&mut self, dialect: DbBackend) -> Statement;

    /// Keeps what a second attempt needs; called before the first.
    fn keep(&mut self, statement: &Statement);
}

/// One of SeaORM's statement builders: rendered again if it is needed again.
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
pub(crate) struct UnpreparedText<'t>(pub(crate) &'t str);

impl Source for UnpreparedText<'_> {
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
