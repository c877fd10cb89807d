//! A declaration that contradicts itself is refused, with what, where and the way out.

use sea_orm::{ConnectOptions, DbBackend};
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, RoutingBuilder, RoutingConnection, RoutingError,
};

use crate::entities::warehouse::stock;
use crate::shop::{Files, Result, assert_says, mock, three_mocks};

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
    assert!(matches!(error, RoutingError::BindingToNothing { .. }));
    assert_says(
        &error,
        &["stock::Entity", "\"warehouse\"", "declared are \"default\""],
    );
    let table = refused(sqlite().bind_table("reporting.orders", "warehouse"));
    assert_says(&table, &["the table reporting.orders", "\"warehouse\""]);
    let schema = refused(sqlite().bind_schema("reporting", "warehouse"));
    assert_says(&schema, &["the schema reporting", "\"warehouse\""]);
    let module = refused(sqlite().bind_module("crate::entities", "warehouse"));
    assert_says(&module, &["the module crate::entities", "\"warehouse\""]);
}

#[test]
fn one_table_bound_to_two_databases() {
    let error = refused(
        three_mocks(DbBackend::Sqlite)
            .bind(stock::Entity, "warehouse")
            .bind_table("stock", "archive"),
    );
    assert!(matches!(error, RoutingError::Twins { .. }));
    assert_says(
        &error,
        &[
            "stock::Entity",
            "the table stock",
            "\"warehouse\"",
            "\"archive\"",
            "schema name",
            "using(..)",
        ],
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
    assert_says(&error, &["reporting", "\"warehouse\"", "\"archive\""]);
}

#[test]
fn two_dialects_in_one_database() {
    let options = DatabaseOptions::new(mock(DbBackend::Postgres)).replica(mock(DbBackend::MySql));
    let error = refused(sqlite().database("warehouse", options));
    assert!(matches!(error, RoutingError::MixedDialects { .. }));
    assert_says(
        &error,
        &[
            "the database warehouse is Postgres",
            "warehouse/2 is MySQL",
            "declare two databases",
        ],
    );
}

#[tokio::test]
async fn a_url_given_to_build() -> Result {
    let error = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .build();
    let error = error.expect_err("build() does no I/O");
    assert!(matches!(error, RoutingError::NotOpen { .. }));
    assert_says(&error, &["is not open", "default/1", "connect().await"]);
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
        assert!(
            matches!(error, RoutingError::PrivateReplica { .. }),
            "{url}: {error}"
        );
        assert_says(&error, &["default/2", "private in-memory", "use a file"]);
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
        assert!(matches!(error, RoutingError::InvalidOption { .. }));
        assert_says(
            &error,
            &[
                "weight",
                "default/2",
                &weight.to_string(),
                "from 1 to 1,000,000",
            ],
        );
    }
}

#[tokio::test]
async fn an_invalid_url() -> Result {
    for url in [
        "",
        "shop.db",
        "oracle://host/app",
        "postgres://host:port/app",
    ] {
        for options in [DatabaseOptions::new(url), ConnectOptions::new(url).into()] {
            let connected = RoutingConnection::builder()
                .database("default", options)
                .connect();
            let error = connected.await.expect_err(url);
            assert!(
                matches!(error, RoutingError::InvalidUrl { .. }),
                "{url}: {error}"
            );
            assert_says(&error, &["the URL of the node default/1"]);
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
