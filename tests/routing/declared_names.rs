//! Names of databases and nodes: each once, none empty, and one of them the default.

use sea_orm::DbBackend;
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, RoutingBuilder, RoutingConnection, RoutingError,
};

use crate::shop::{assert_says, mock};

fn sqlite() -> RoutingBuilder {
    RoutingConnection::builder().database("default", mock(DbBackend::Sqlite))
}

#[track_caller]
fn refused(builder: RoutingBuilder) -> RoutingError {
    builder.build().expect_err("a contradiction")
}

#[test]
fn two_databases_of_one_name() {
    let error = refused(sqlite().database("default", mock(DbBackend::Sqlite)));
    assert!(matches!(error, RoutingError::DuplicateName { .. }));
    assert_says(&error, &["\"default\" is declared twice", "name(..)"]);
}

#[test]
fn two_nodes_of_one_name() {
    let replica = || ReplicaOptions::new(mock(DbBackend::Sqlite)).name("reports");
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite));
    let options = options.replica(replica()).replica(replica());
    let error = refused(RoutingConnection::builder().database("default", options));
    assert_says(&error, &["\"reports\" is declared twice"]);
}

#[test]
fn a_node_named_like_a_database() {
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite)).name("default");
    let error = refused(sqlite().database("warehouse", options));
    assert_says(&error, &["\"default\" is declared twice"]);
}

#[test]
fn a_replica_named_like_the_primary() {
    let replica = ReplicaOptions::new(mock(DbBackend::Sqlite)).name("default/1");
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite)).replica(replica);
    let error = refused(RoutingConnection::builder().database("default", options));
    assert_says(&error, &["\"default/1\" is declared twice"]);
}

#[test]
fn an_empty_name() {
    for name in ["", "  "] {
        let error = refused(sqlite().database(name, mock(DbBackend::Sqlite)));
        assert!(matches!(error, RoutingError::InvalidName { .. }));
        assert_says(&error, &["no name for a database", "must not be empty"]);
        let node = DatabaseOptions::new(mock(DbBackend::Sqlite)).name(name);
        assert_says(
            &refused(sqlite().database("x", node)),
            &["no name for a node"],
        );
    }
}

#[test]
fn no_default_database() {
    let builder = || RoutingConnection::builder().database("main", mock(DbBackend::Sqlite));
    let error = refused(builder());
    assert!(matches!(error, RoutingError::NoDefault { .. }));
    assert_says(
        &error,
        &["\"default\"", "declared: \"main\"", "default_database(..)"],
    );
    assert_says(&refused(RoutingConnection::builder()), &["declared: none"]);
    assert!(builder().default_database("main").build().is_ok());
}

#[test]
fn a_default_database_that_is_not_declared() {
    let error = refused(sqlite().default_database("main"));
    assert_says(&error, &["\"main\""]);
}
