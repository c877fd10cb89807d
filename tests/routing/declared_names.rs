//! Names of databases and nodes: each once, none empty, and one of them the default.

use sea_orm::DbBackend;
use sea_orm_routing::error::ConfigError;
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, RoutingBuilder, RoutingConnection, RoutingError,
};

use crate::shop::{assert_error, mock};

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
    assert_error!(
        error,
        RoutingError::Config(ConfigError::DuplicateName { name, .. })
            if name == "default"
    );
}

#[test]
fn two_nodes_of_one_name() {
    let replica = || ReplicaOptions::new(mock(DbBackend::Sqlite)).name("reports");
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite));
    let options = options.replica(replica()).replica(replica());
    let error = refused(RoutingConnection::builder().database("default", options));
    assert_error!(
        error,
        RoutingError::Config(ConfigError::DuplicateName { name, .. })
            if name == "reports"
    );
}

#[test]
fn a_node_named_like_a_database() {
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite)).name("default");
    let error = refused(sqlite().database("warehouse", options));
    assert_error!(
        error,
        RoutingError::Config(ConfigError::DuplicateName { name, .. })
            if name == "default"
    );
}

#[test]
fn a_replica_named_like_the_primary() {
    let replica = ReplicaOptions::new(mock(DbBackend::Sqlite)).name("default/1");
    let options = DatabaseOptions::new(mock(DbBackend::Sqlite)).replica(replica);
    let error = refused(RoutingConnection::builder().database("default", options));
    assert_error!(
        error,
        RoutingError::Config(ConfigError::DuplicateName { name, .. })
            if name == "default/1"
    );
}

#[test]
fn an_empty_name() {
    for name in ["", "  "] {
        let error = refused(sqlite().database(name, mock(DbBackend::Sqlite)));
        assert_error!(
            error,
            RoutingError::Config(ConfigError::InvalidName {
                what: "database",
                ..
            })
        );
        let node = DatabaseOptions::new(mock(DbBackend::Sqlite)).name(name);
        assert_error!(
            refused(sqlite().database("x", node)),
            RoutingError::Config(ConfigError::InvalidName { what: "node", .. })
        );
    }
}

#[test]
fn no_default_database() {
    let builder = || RoutingConnection::builder().database("main", mock(DbBackend::Sqlite));
    let error = refused(builder());
    assert_error!(
        error,
        RoutingError::Config(ConfigError::NoDefault { name, known, .. })
            if name == "default"
                && *known == ["main"]
    );
    assert_error!(
        refused(RoutingConnection::builder()),
        RoutingError::Config(ConfigError::NoDefault { known, .. })
            if known.is_empty()
    );
    assert!(builder().default_database("main").build().is_ok());
}

#[test]
fn a_default_database_that_is_not_declared() {
    let error = refused(sqlite().default_database("main"));
    assert_error!(
        error,
        RoutingError::Config(ConfigError::NoDefault { name, .. })
            if name == "main"
    );
}
