//! SeaORM is the reference: what a program sees over `DatabaseConnection`, it sees over
//! `RoutingConnection` too.
//!
//! Each scenario is played on the bare connection and on the router in three layouts, on fresh
//! databases, plainly and inside a transaction. What it sees (values, errors with their kind and
//! text, affected rows) and every row left in the tables must be the same, except for what
//! `exceptions.rs` lists and the page "What does not work" documents.

mod compare;
mod db;
mod entities;
mod exceptions;
mod journal;
mod scenarios;
mod seed;
mod stage;
mod suite;

/// A test for each subject on an engine.
macro_rules! on {
    ($module:ident, $engine:ident: $($subject:ident),+ $(,)?) => {
        mod $module {
            use crate::scenarios;
            use crate::stage::{Engine, block_on};
            use crate::suite::conform;

            $(
                #[test]
                fn $subject() {
                    block_on(conform::<scenarios::$subject::Scenarios>(
                        Engine::$engine,
                        stringify!($subject),
                    ));
                }
            )+
        }
    };
}

/// The subjects of every engine.
macro_rules! on_all {
    ($($subjects:tt)+) => {
        on!(sqlite, Sqlite: $($subjects)+);
        on!(postgres, Postgres: $($subjects)+);
        on!(mariadb, MariaDb: $($subjects)+);
    };
}

on_all!(
    across,
    callbacks,
    cursors,
    delete,
    entity_loader,
    errors,
    hooks,
    insert,
    linked,
    loaders,
    nested_saves,
    paginators,
    partial_models,
    raw_sql,
    relations,
    savepoints,
    schema,
    select,
    self_reference,
    streams,
    transactions,
    update,
    upserts,
    values,
);

on!(postgres_only, Postgres: arrays, enum_types);
