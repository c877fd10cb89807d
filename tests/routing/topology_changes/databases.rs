//! Databases that are added and removed.

use sea_orm::{
    ConnectOptions, ConnectionTrait, DbBackend, EntityTrait, MockDatabase, MockExecResult,
    PaginatorTrait, Statement, TransactionTrait,
};
use sea_orm_routing::{
    Bind, BindRequest, DatabaseOptions, RoutingConnection, RoutingError, RoutingPolicy,
};

use super::{LONG, SHORT, names};
use crate::entities::category;
use crate::shop::{
    Files, Result, Shop, add_category, assert_says, database_of, mock, nodes, routing,
};

/// A file with a table for categories.
async fn tenant(files: &Files, name: &str) -> Result<String> {
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
    shop.db.add_database("tenant", url).await?;
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
    shop.db.add_database("no_file", missing).await?;
    let mut server = ConnectOptions::new("postgres://app:secret@127.0.0.1:1/app");
    server.acquire_timeout(SHORT);
    shop.db.add_database("no_server", server).await?;
    for name in ["no_file", "no_server"] {
        let error = shop.db.using(name)?.execute_unprepared("SELECT 1").await;
        let error = error.expect_err("not there");
        assert!(
            matches!(routing(&error), RoutingError::Connect { .. }),
            "{error}"
        );
        assert_says(&error, &[name]);
        assert!(!error.to_string().contains("secret"), "{error}");
        shop.db.remove_database(name, LONG).await?;
    }
    // The others do not mind.
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
    shop.db.add_database("tenant", url).await?;
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
    shop.db.add_database("tenant", url).await?;
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
    db.add_database("tenant", options).await?;
    let routes = db.record();
    assert_eq!(add_category(&db.using("tenant")?, "Tea").await?, tea);
    assert_eq!(nodes(&routes), ["tenant/1", "tenant/1"]);
    Ok(())
}

#[tokio::test]
async fn the_default_and_bound_ones_stay() -> Result {
    let shop = Shop::with(|builder| {
        let builder = builder.database("archive", "sqlite::memory:");
        builder.bind_schema("old", "archive")
    });
    let shop = shop.await?;
    for (name, says) in [
        ("default", "tables without a binding"),
        ("warehouse", "is bound to it"),
        ("archive", "the schema old"),
    ] {
        let error = shop.db.remove_database(name, LONG).await;
        let error = error.expect_err("needed");
        assert!(
            matches!(error, RoutingError::CannotRemove { .. }),
            "{error}"
        );
        assert_says(&error, &[name, says]);
    }
    assert_eq!(names(&shop.db).len(), 6);
    Ok(())
}

#[tokio::test]
async fn a_removed_database_is_gone_on_every_handle() -> Result {
    let shop = Shop::open().await?;
    let url = tenant(&shop.files, "seven").await?;
    let options = DatabaseOptions::new(url.clone()).replica(shop.files.replica("seven"));
    shop.db.add_database("tenant", options).await?;
    let handles = [
        shop.db.using("tenant")?,
        shop.db.using("tenant/1")?,
        shop.db.using("tenant/2")?,
        shop.db.with_bindings([("category", "tenant")])?,
    ];
    for handle in &handles {
        assert_eq!(category::Entity::find().count(handle).await?, 0);
    }
    shop.db.remove_database("tenant", LONG).await?;
    for handle in &handles {
        for error in [
            category::Entity::find().count(handle).await.map(drop),
            add_category(handle, "Tea").await.map(drop),
            category::Entity::find().stream(handle).await.map(drop),
            handle.explain(&category::Entity::find()).map(drop),
        ] {
            let error = error.expect_err("removed");
            assert_says(&error, &["tenant", "was removed"]);
        }
        let txn = handle.begin().await?;
        assert!(category::Entity::find().count(&txn).await.is_err());
        txn.rollback().await?;
    }
    assert!(shop.db.using("tenant").is_err() && shop.db.using("tenant/2").is_err());
    // Its name is free, and the old handles stay with the old one.
    shop.db.add_database("tenant", url).await?;
    assert!(category::Entity::find().count(&handles[0]).await.is_err());
    let new = shop.db.using("tenant")?;
    assert_eq!(category::Entity::find().count(&new).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_transaction_on_a_database_that_is_removed_finishes() -> Result {
    let shop = Shop::open().await?;
    let url = tenant(&shop.files, "seven").await?;
    shop.db.add_database("tenant", url.clone()).await?;
    let txn = shop.db.using("tenant")?.begin().await?;
    add_category(&txn, "Tea").await?;

    let busy = shop.db.remove_database("tenant", SHORT).await;
    let error = busy.expect_err("it is in use");
    assert!(matches!(error, RoutingError::Draining { .. }), "{error}");
    assert_says(&error, &["the database tenant"]);
    assert!(shop.db.using("tenant").is_err());

    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    let plain = sea_orm::Database::connect(&url).await?;
    assert_eq!(category::Entity::find().count(&plain).await?, 2);
    Ok(())
}

#[tokio::test]
async fn an_idle_database_is_removed_with_no_time_at_all() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.primary("seven");
    shop.db.add_database("tenant", url).await?;
    shop.db
        .using("tenant")?
        .execute_unprepared("SELECT 1")
        .await?;
    let removed = shop.db.remove_database("tenant", std::time::Duration::ZERO);
    Ok(removed.await?)
}

#[tokio::test]
async fn one_whose_replica_cannot_be_opened_is_not_added() -> Result {
    let shop = Shop::open().await?;
    let before = shop.db.topology().to_string();
    let missing = shop.files.replica("missing");
    let error = shop.db.add_database("tenant", missing.clone()).await;
    error?;
    shop.db.remove_database("tenant", LONG).await?;
    let options = DatabaseOptions::new(missing).replica(shop.files.replica("missing"));
    let error = shop.db.add_database("tenant", options).await;
    assert!(matches!(error, Err(RoutingError::Connect { .. })));
    assert_eq!(shop.db.topology().to_string(), before);
    shop.db.add_database("tenant", "sqlite::memory:").await?;
    Ok(())
}

/// The plain connection is what migrators take.
#[tokio::test]
async fn the_plain_connection_of_a_database_can_be_had_before_it_was_used() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .add_database("tenant", shop.files.primary("seven"))
        .await?;
    let plain = shop.db.primary("tenant")?;
    plain.execute_unprepared("SELECT 1").await?;
    Ok(())
}

/// The default database is not the first that was declared.
#[tokio::test]
async fn a_transaction_without_a_table_finds_the_only_database_that_is_left() -> Result {
    let db = RoutingConnection::builder()
        .database("other", "sqlite::memory:")
        .database("default", "sqlite::memory:")
        .connect()
        .await?;
    db.remove_database("other", LONG).await?;
    let txn = db.begin().await?;
    let statement = Statement::from_string(DbBackend::Sqlite, "SELECT 1");
    assert!(txn.query_one_raw(statement).await?.is_some());
    txn.commit().await?;
    Ok(())
}
