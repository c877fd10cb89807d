//! A declaration that contradicts itself is refused; the error names the setting, the place and the
//! fix.

use sea_orm::{ConnectOptions, DbBackend};
use sea_orm_routing::error::{AvailabilityError, BindingError, ConfigError};
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, RoutingBuilder, RoutingConnection, RoutingError,
};

use crate::entities::warehouse::stock;
use crate::shop::{Files, Result, assert_error, mock, three_mocks};

fn sqlite() -> RoutingBuilder {
    RoutingConnection::builder().database("default", mock(DbBackend::Sqlite))
}

#[track_caller]
fn refused(builder: RoutingBuilder) -> RoutingError {
    builder.build().expect_err("a contradiction")
}

#[test]
fn a_binding_to_nothing() {
    let error = refused(sqlite().bind(stock::Entity, "warehouse"));
    assert_error!(
        error,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, known, .. })
            if what.contains("stock::Entity")
                && database == "warehouse"
                && *known == ["default"]
    );
    let table = refused(sqlite().bind_table("reporting.orders", "warehouse"));
    assert_error!(
        table,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, .. })
            if what == r#"table "reporting.orders""#
                && database == "warehouse"
    );
    let schema = refused(sqlite().bind_schema("reporting", "warehouse"));
    assert_error!(
        schema,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, .. })
            if what == r#"schema "reporting""#
                && database == "warehouse"
    );
    let module = refused(sqlite().bind_module("crate::entities", "warehouse"));
    assert_error!(
        module,
        RoutingError::Binding(BindingError::UnknownBindingTarget { what, database, .. })
            if what == r#"module "crate::entities""#
                && database == "warehouse"
    );
}

#[test]
fn one_table_bound_to_two_databases() {
    let error = refused(
        three_mocks(DbBackend::Sqlite)
            .bind(stock::Entity, "warehouse")
            .bind_table("stock", "archive"),
    );
    assert_error!(
        error,
        RoutingError::Binding(BindingError::ConflictingBindings { table, first, first_database, second_database, .. })
            if table.name() == "stock"
                && first.contains("stock::Entity")
                && &**first_database == "warehouse"
                && &**second_database == "archive"
    );
    let agreed = three_mocks(DbBackend::Sqlite)
        .bind(stock::Entity, "warehouse")
        .bind_table("stock", "warehouse");
    assert!(agreed.build().is_ok());
}

#[test]
fn one_schema_bound_to_two_databases() {
    let built = three_mocks(DbBackend::Postgres)
        .bind_schema("reporting", "warehouse")
        .bind_schema("reporting", "archive")
        .build();
    let error = built.expect_err("two of one kind that disagree are refused");
    assert_error!(
        error,
        RoutingError::Binding(BindingError::ConflictingBindings { table, first_database, second_database, .. })
            if table.schema() == Some("reporting")
                && &**first_database == "warehouse"
                && &**second_database == "archive"
    );
}

#[test]
fn two_dialects_in_one_database() {
    let options = DatabaseOptions::new(mock(DbBackend::Postgres)).replica(mock(DbBackend::MySql));
    let error = refused(sqlite().database("warehouse", options));
    assert_error!(
        error,
        RoutingError::Config(ConfigError::MixedDialects { database, expected: "Postgres", node, found: "MySQL", .. })
            if *database == "warehouse"
                && *node == "warehouse/2"
    );
}

#[tokio::test]
async fn a_url_given_to_build() -> Result {
    let error = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .build();
    let error = error.expect_err("build() does no I/O");
    assert_error!(
        error,
        RoutingError::Availability(AvailabilityError::NotOpen { node, .. })
            if *node == "default/1"
    );
    Ok(())
}

#[tokio::test]
async fn a_private_replica_in_memory() -> Result {
    for url in ["sqlite::memory:", "sqlite://?mode=memory"] {
        let files = Files::new()?;
        let options = DatabaseOptions::new(files.primary("shop")).replica(url);
        let connected = RoutingConnection::builder()
            .database("default", options)
            .connect()
            .await;
        let error = connected.expect_err("a private database");
        assert_error!(
            error,
            RoutingError::Config(ConfigError::PrivateReplica { node, .. })
                if *node == "default/2"
        );
        assert!(
            !files.path("shop").exists(),
            "nothing is opened before the checks"
        );
    }
    Ok(())
}

#[test]
fn an_absurd_weight() {
    for weight in [0, 1_000_001, u32::MAX] {
        let replica = ReplicaOptions::new(mock(DbBackend::Sqlite)).weight(weight);
        let options = DatabaseOptions::new(mock(DbBackend::Sqlite)).replica(replica);
        let error = refused(RoutingConnection::builder().database("default", options));
        assert_error!(
            error,
            RoutingError::Config(ConfigError::InvalidOption { node, value, .. })
                if *node == "default/2"
                    && *value == weight.to_string()
        );
    }
}

#[tokio::test]
async fn an_invalid_url() -> Result {
    for url in [
        "",
        "shop.db",
        "oracle://host/app",
        "mariadb://host/app",
        "postgres://host:port/app",
    ] {
        for options in [DatabaseOptions::new(url), ConnectOptions::new(url).into()] {
            let connected = RoutingConnection::builder()
                .database("default", options)
                .connect();
            let error = connected.await.expect_err(url);
            assert_error!(
                error,
                RoutingError::Config(ConfigError::InvalidUrl { node, .. })
                    if *node == "default/1"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_check_comes_before_anything_is_opened() -> Result {
    let files = Files::new()?;
    let connected = RoutingConnection::builder()
        .database("default", files.primary("shop"))
        .bind_table("orders", "nowhere")
        .connect()
        .await;
    connected.expect_err("a binding to nothing");
    assert!(!files.path("shop").exists());
    Ok(())
}
