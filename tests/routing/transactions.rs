//! Transactions: committed writes stay, all others leave no trace.

use sea_orm::{
    ActiveModelTrait, ConnectOptions, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    SqliteTransactionMode, TransactionOptions, TransactionSession, TransactionTrait,
};
use sea_orm_routing::{DatabaseOptions, Role};

use crate::entities::category::Entity;
use crate::shop::{Files, Result, Shop, add_category};

/// The rows that other clients see.
async fn committed(shop: &Shop) -> Result<u64> {
    Ok(Entity::find().count(&shop.db.on_replica()).await?)
}

#[tokio::test]
async fn a_commit_is_seen_by_others_and_not_before() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    assert_eq!(Entity::find().count(&txn).await?, 1);
    assert_eq!(committed(&shop).await?, 0);
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_rollback_leaves_nothing() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    txn.rollback().await?;
    assert_eq!(Entity::find().count(&shop.db.on_primary()).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_drop_rolls_back() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    drop(txn);
    assert_eq!(Entity::find().count(&shop.db.on_primary()).await?, 0);
    add_category(&shop.db, "Coffee").await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_transaction_without_a_statement_opens_nothing() -> Result {
    let shop = Shop::open().await?;
    let (one, two) = (shop.db.begin().await?, shop.db.begin().await?);
    // The primary has one connection; neither of the two transactions holds it.
    add_category(&shop.db, "Tea").await?;
    one.commit().await?;
    two.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn everything_in_it_runs_on_the_primary() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = shop.db.begin().await?;
    Entity::find().all(&txn).await?;
    add_category(&txn, "Tea").await?;
    Entity::find().all(&txn).await?;
    txn.commit().await?;
    assert_eq!(routes.routes().len(), 3);
    routes.assert_routed(Entity, "default", Role::Primary);
    assert_eq!(routes.routes()[0].why_role(), "it is in a transaction");
    Ok(())
}

#[tokio::test]
async fn a_failed_statement_leaves_the_transaction_usable() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let tea = add_category(&txn, "Tea").await?;
    let duplicate = tea.into_active_model().reset_all();
    assert!(Entity::insert(duplicate).exec(&txn).await.is_err());
    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 2);
    Ok(())
}

#[tokio::test]
async fn the_trait_of_seaorm_ends_it_too() -> Result {
    async fn end<T: TransactionSession>(txn: T, commit: bool) -> std::result::Result<(), DbErr> {
        match commit {
            true => txn.commit().await,
            false => txn.rollback().await,
        }
    }
    let shop = Shop::open().await?;
    for commit in [true, false] {
        let txn = shop.db.begin().await?;
        add_category(&txn, "Tea").await?;
        end(txn, commit).await?;
    }
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_immediate_transaction_locks_out_other_writers_at_once() -> Result {
    let shop = Shop::open().await?;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let txn = shop.db.begin_with_options(options).await?;
    Entity::find().all(&txn).await?;

    let mut other = ConnectOptions::new(shop.files.primary("shop"));
    other.map_sqlx_sqlite_opts(|options| options.busy_timeout(std::time::Duration::ZERO));
    let other = sea_orm::Database::connect(other).await?;
    let locked = add_category(&other, "Tea").await.expect_err("locked");
    assert!(
        locked.to_string().contains("database is locked"),
        "{locked}"
    );
    txn.rollback().await?;
    add_category(&other, "Tea").await?;
    Ok(())
}

#[tokio::test]
async fn a_hundred_dropped_transactions_leave_a_pool_of_one_whole() -> Result {
    let one = |files: &Files| {
        let mut options = ConnectOptions::new(files.primary("shop"));
        options
            .max_connections(1)
            .acquire_timeout(std::time::Duration::from_secs(10));
        DatabaseOptions::new(options).replica(files.replica("shop"))
    };
    let shop = Shop::on(one, |builder| builder).await?;
    for n in 0..100 {
        let txn = shop.db.begin().await?;
        add_category(&txn, &format!("dropped {n}")).await?;
        if n % 2 == 0 {
            let nested = txn.begin().await?;
            add_category(&nested, "dropped inside").await?;
        }
    }
    add_category(&shop.db, "kept").await?;
    let rows = Entity::find().all(&shop.db).await?;
    assert_eq!(
        rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
        ["kept"]
    );
    Ok(())
}

#[tokio::test]
async fn a_dropped_transaction_keeps_a_database_in_memory() -> Result {
    let db = sea_orm_routing::RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .connect()
        .await?;
    db.get_schema_builder().register(Entity).apply(&db).await?;
    for _ in 0..5 {
        let txn = db.begin().await?;
        add_category(&txn, "dropped").await?;
    }
    add_category(&db, "kept").await?;
    assert_eq!(Entity::find().count(&db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn two_first_statements_at_once_share_one_branch() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let (one, two) = tokio::join!(add_category(&txn, "one"), add_category(&txn, "two"));
    assert_ne!(one?.id, two?.id);
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 2);
    Ok(())
}

#[tokio::test]
async fn task_panics_in_a_transaction() -> Result {
    let shop = Shop::open().await?;
    let db = shop.db.clone();
    let task = tokio::spawn(async move {
        let txn = db.begin().await.expect("begun");
        add_category(&txn, "Tea").await.expect("added");
        panic!("on purpose");
    });
    assert!(task.await.is_err_and(|error| error.is_panic()));
    add_category(&shop.db, "kept").await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[test]
fn transaction_is_dropped_outside_of_a_runtime() -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (shop, txn) = runtime.block_on(async {
        let shop = Shop::open().await?;
        let txn = shop.db.begin().await?;
        add_category(&txn, "lost").await?;
        Result::Ok((shop, txn))
    })?;
    drop(txn);
    runtime.block_on(async {
        add_category(&shop.db, "kept").await?;
        assert_eq!(committed(&shop).await?, 1);
        Ok(())
    })
}
