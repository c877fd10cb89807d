//! Databases that are added.

use sea_orm::{
    ConnectOptions, ConnectionTrait, DbBackend, EntityTrait, MockDatabase, MockExecResult,
    PaginatorTrait, TransactionTrait,
};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::{
    Bind, BindRequest, DatabaseOptions, RoutingConnection, RoutingError, RoutingPolicy,
};

use super::{LONG, SHORT};
use crate::entities::category;
use crate::shop::{
    Files, Result, Shop, add_category, assert_says, database_of, mock, nodes, routing,
};

/// A file with a table for categories.
pub(super) async fn tenant(files: &Files, name: &str) -> Result<String> {
    let url = files.primary(name);
    let plain = sea_orm::Database::connect(&url).await?;
    let sql = "CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    plain.execute_unprepared(sql).await?;
    plain.close().await?;
    Ok(url)
}

#[tokio::test]
async fn a_database_is_opened_when_it_is_first_used() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.primary("lazy");
    shop.db.admin().add_database("tenant", url).await?;
    assert!(!shop.files.path("lazy").exists());
    let handle = shop.db.using("tenant")?;
    assert!(!shop.files.path("lazy").exists());
    handle.execute_unprepared("SELECT 1").await?;
    assert!(shop.files.path("lazy").exists());
    Ok(())
}

#[tokio::test]
async fn one_that_cannot_be_opened_says_so_when_it_is_used() -> Result {
    let shop = Shop::open().await?;
    let missing = shop.files.replica("missing");
    shop.db.admin().add_database("no_file", missing).await?;
    let mut server = ConnectOptions::new("postgres://app:secret@127.0.0.1:1/app");
    server.acquire_timeout(SHORT);
    shop.db.admin().add_database("no_server", server).await?;
    for name in ["no_file", "no_server"] {
        let error = shop.db.using(name)?.execute_unprepared("SELECT 1").await;
        let error = error.expect_err("not there");
        assert!(
            matches!(
                routing(&error),
                RoutingError::Availability(AvailabilityError::Connect { .. })
            ),
            "{error}"
        );
        assert_says(&error, &[name]);
        assert!(!error.to_string().contains("secret"), "{error}");
        shop.db.admin().remove_database(name, LONG).await?;
    }
    // Statements on the other databases are not affected.
    add_category(&shop.db, "Tea").await?;
    Ok(())
}

#[tokio::test]
async fn it_is_usable_in_every_way() -> Result {
    #[derive(Debug)]
    struct Tenants;
    impl RoutingPolicy for Tenants {
        fn get_bind(
            &self,
            request: &BindRequest<'_>,
        ) -> std::result::Result<Option<Bind>, sea_orm::DbErr> {
            let mut tables = request.operation.tables().iter();
            let theirs = tables.any(|table| table.name() == "invoice");
            Ok(theirs.then(|| Bind::database("tenant")))
        }
    }
    let shop = Shop::with(|builder| builder.policy(Tenants)).await?;
    let unknown = shop.db.explain_sql("SELECT * FROM invoice");
    assert_says(&unknown.expect_err("not yet"), &["tenant"]);

    let url = tenant(&shop.files, "seven").await?;
    shop.db.admin().add_database("tenant", url).await?;
    assert_eq!(database_of(&shop.db, "SELECT * FROM invoice")?, "tenant");

    add_category(&shop.db.using("tenant")?, "Tea").await?;
    let rebound = shop.db.with_bindings([("category", "tenant")])?;
    assert_eq!(category::Entity::find().count(&rebound).await?, 1);
    assert_eq!(category::Entity::find().count(&shop.db).await?, 0);

    let txn = shop.db.begin().await?;
    add_category(&txn.using("tenant")?, "Coffee").await?;
    txn.commit().await?;
    assert_eq!(category::Entity::find().count(&rebound).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_began_before_can_use_it() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    let url = tenant(&shop.files, "seven").await?;
    shop.db.admin().add_database("tenant", url).await?;
    add_category(&txn.using("tenant")?, "Tea").await?;
    txn.commit().await?;
    let tenant = shop.db.using("tenant")?;
    assert_eq!(category::Entity::find().count(&tenant).await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_row_that_mysql_was_just_given_is_read_from_its_primary() -> Result {
    let tea = category::Model {
        id: 7,
        name: "Tea".to_owned(),
    };
    let result = MockExecResult {
        last_insert_id: 7,
        rows_affected: 1,
    };
    let primary = MockDatabase::new(DbBackend::MySql)
        .append_exec_results([result])
        .append_query_results([[tea.clone()]])
        .into_connection();
    let db = RoutingConnection::builder()
        .database("default", mock(DbBackend::Postgres))
        .build()?;
    let options = DatabaseOptions::new(primary).replica(mock(DbBackend::MySql));
    db.admin().add_database("tenant", options).await?;
    let routes = db.record();
    assert_eq!(add_category(&db.using("tenant")?, "Tea").await?, tea);
    assert_eq!(nodes(&routes), ["tenant/1", "tenant/1"]);
    Ok(())
}

#[tokio::test]
async fn one_whose_replica_cannot_be_opened_is_not_added() -> Result {
    let shop = Shop::open().await?;
    let before = shop.db.topology().to_string();
    let missing = shop.files.replica("missing");
    let error = shop
        .db
        .admin()
        .add_database("tenant", missing.clone())
        .await;
    error?;
    shop.db.admin().remove_database("tenant", LONG).await?;
    let options = DatabaseOptions::new(missing).replica(shop.files.replica("missing"));
    let error = shop.db.admin().add_database("tenant", options).await;
    assert!(matches!(
        error,
        Err(RoutingError::Availability(
            AvailabilityError::Connect { .. }
        ))
    ));
    assert_eq!(shop.db.topology().to_string(), before);
    shop.db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await?;
    Ok(())
}

/// The plain connection is what migrators take.
#[tokio::test]
async fn the_plain_connection_of_a_database_can_be_had_once_it_is_opened() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .admin()
        .add_database("tenant", shop.files.primary("seven"))
        .await?;
    assert!(shop.db.primary("tenant").is_err());
    shop.db.admin().open_database("tenant").await?;
    let plain = shop.db.primary("tenant")?;
    plain.execute_unprepared("SELECT 1").await?;
    Ok(())
}
