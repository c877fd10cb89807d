//! The handle itself: ping, close, one line to adopt, and the traits the compiler has to see.

use std::fmt::Debug;

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait,
    MockDatabase, PaginatorTrait, StreamTrait, TransactionTrait,
};
use sea_orm_routing::observe::Route;
use sea_orm_routing::topology::Topology;
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, Role, RoutingBuilder, RoutingConnection, RoutingError,
    RoutingTransaction, ScopedTransaction,
};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_says, mock, nodes};

fn send_and_sync<T: Send + Sync>() {}
fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
fn plain<T: Clone + Send + Sync + std::error::Error + 'static>() {}
fn seaorm<T: ConnectionTrait + TransactionTrait + StreamTrait>() {}
fn send<T: Send>(_: &T) {}

#[tokio::test]
async fn handles_cross_threads_and_so_do_their_futures() -> Result {
    shared::<RoutingConnection>();
    shared::<Route>();
    shared::<Topology>();
    plain::<RoutingError>();
    send_and_sync::<RoutingTransaction>();
    send_and_sync::<ScopedTransaction<'_>>();
    send_and_sync::<RoutingBuilder>();
    send_and_sync::<(DatabaseOptions, ReplicaOptions)>();
    seaorm::<RoutingConnection>();
    seaorm::<RoutingTransaction>();
    seaorm::<ScopedTransaction<'_>>();

    let db = RoutingConnection::from(mock(sea_orm::DbBackend::Sqlite));
    send(&RoutingConnection::builder().connect());
    send(&category::Entity::find().all(&db));
    send(&db.begin());
    send(&db.ping());
    send(&db.transaction_async::<_, (), DbErr>(async |_| Ok(())));
    Ok(())
}

#[tokio::test]
async fn an_open_connection_is_adopted_in_one_line() -> Result {
    let db: RoutingConnection = Database::connect("sqlite::memory:").await?.into();
    db.get_schema_builder()
        .register(category::Entity)
        .apply(&db)
        .await?;
    let tea = add_category(&db, "Tea").await?;
    assert_eq!(category::Entity::find().all(&db).await?, [tea]);
    let txn = db.begin().await?;
    add_category(&txn, "Coffee").await?;
    txn.rollback().await?;
    assert_eq!(category::Entity::find().count(&db).await?, 1);
    assert_eq!(*db.explain(&category::Entity::find())?.node(), "default/1");
    Ok(())
}

#[tokio::test]
async fn a_mock_is_adopted_in_one_line() -> Result {
    let tea = category::Model {
        id: 1,
        name: "Tea".to_owned(),
    };
    let mock =
        MockDatabase::new(sea_orm::DbBackend::Postgres).append_query_results([[tea.clone()]]);
    let db = RoutingConnection::from(mock.into_connection());
    assert!(db.is_mock_connection());
    assert_eq!(db.get_database_backend(), sea_orm::DbBackend::Postgres);
    assert_eq!(category::Entity::find().all(&db).await?, [tea]);
    Ok(())
}

#[tokio::test]
async fn databases_in_memory_work() -> Result {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("other", "sqlite::memory:")
        .bind(category::Entity, "other")
        .connect()
        .await?;
    db.get_schema_builder()
        .register(category::Entity)
        .apply(&db)
        .await?;
    add_category(&db, "Tea").await?;
    assert_eq!(
        category::Entity::find().count(&db.using("other")?).await?,
        1
    );
    assert!(
        category::Entity::find()
            .count(&db.using("default")?)
            .await
            .is_err()
    );
    Ok(())
}

#[tokio::test]
async fn ping_asks_every_primary() -> Result {
    let shop = Shop::open().await?;
    shop.db.ping().await?;
    shop.db.primary("warehouse")?.close().await?;
    let failed = shop.db.ping().await.expect_err("warehouse is closed");
    // SeaORM's own, as from a plain connection.
    assert!(matches!(
        failed,
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
    ));
    Ok(())
}

#[tokio::test]
async fn close_ends_every_handle() -> Result {
    let shop = Shop::open().await?;
    let handle = shop.db.using("warehouse")?.session();
    let clone = shop.db.clone();
    shop.db.close().await?;
    assert!(category::Entity::find().all(&clone).await.is_err());
    assert!(
        category::Entity::find()
            .all(&clone.on_primary())
            .await
            .is_err()
    );
    assert!(handle.execute_unprepared("SELECT 1").await.is_err());
    assert!(add_category(&clone.begin().await?, "Tea").await.is_err());
    assert!(clone.ping().await.is_err());
    Ok(())
}

#[tokio::test]
async fn close_ends_a_measured_handle_with_a_pool_that_opened_late() -> Result {
    let late =
        |files: &Files| DatabaseOptions::new(files.primary("shop")).replica(files.replica("late"));
    let shop = Shop::on(late, |builder| builder).await?;
    let mut measured = shop.db.clone();
    measured.set_metric_callback(|_| {});
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    shop.db
        .primary("default")?
        .execute_unprepared(checkpoint)
        .await?;
    std::fs::copy(shop.files.path("shop"), shop.files.path("late"))?;
    let on_replica = measured.using("default/2")?;
    assert_eq!(category::Entity::find().count(&on_replica).await?, 0);

    shop.db.close_by_ref().await?;
    let after = category::Entity::find().count(&on_replica).await;
    assert!(
        after.is_err(),
        "on every handle, statements fail from then on"
    );
    Ok(())
}

#[tokio::test]
async fn clones_share_everything() -> Result {
    let shop = Shop::open().await?;
    let clone = shop.db.clone();
    let routes = shop.db.record();
    add_category(&clone, "Tea").await?;
    assert_eq!(nodes(&routes), ["default/1"]);
    assert_says(
        &format!("{clone:?}"),
        &["RoutingConnection", "default/1", "warehouse/2"],
    );
    Ok(())
}

#[tokio::test]
async fn the_plain_connections_are_the_nodes() -> Result {
    let shop = Shop::open().await?;
    let primary: DatabaseConnection = shop.db.primary("default")?;
    add_category(&primary, "Tea").await?;
    let replica = shop.db.node("default/3")?;
    assert_eq!(category::Entity::find().count(&replica).await?, 1);
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_a_connection() -> Result {
    let shop = Shop::open().await?;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let db = shop.db.clone();
            tokio::spawn(async move {
                let added = add_category(&db, &format!("category {n}")).await?;
                category::Entity::find_by_id(added.id).one(&db).await
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await??.is_some());
    }
    assert_eq!(category::Entity::find().count(&shop.db).await?, 20);
    assert_eq!(
        shop.db
            .on_replica()
            .explain(&category::Entity::find())?
            .role(),
        Role::Replica
    );
    Ok(())
}
