//! Metric callbacks: called after each statement that a handle has run, with its node.

use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionTrait};
use sea_orm_routing::RoutingConnection;

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock};

/// What a callback received: the node, the first word of the text, and whether the statement
/// failed.
type Calls = Arc<Mutex<Vec<(String, String, bool)>>>;

/// A handle with a callback.
fn measured(db: &RoutingConnection) -> (RoutingConnection, Calls) {
    let calls = Calls::default();
    let write = Arc::clone(&calls);
    let mut db = db.clone();
    db.set_node_metric_callback(move |node, info| {
        let word = info
            .statement
            .sql
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned();
        write
            .lock()
            .expect("not poisoned")
            .push((node.to_string(), word, info.failed));
    });
    (db, calls)
}

fn take(calls: &Calls) -> Vec<(String, String, bool)> {
    std::mem::take(&mut *calls.lock().expect("not poisoned"))
}

fn ran(node: &str, word: &str) -> (String, String, bool) {
    (node.to_owned(), word.to_owned(), false)
}

#[tokio::test]
async fn it_receives_the_node_of_each_statement() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    add_category(&db, "Tea").await?;
    add_stock(&db, 1, 1).await?;
    stock::Entity::find().all(&db).await?;
    category::Entity::find()
        .one(&db.using("default/3")?)
        .await?;
    let expected = [
        ran("default/1", "INSERT"),
        ran("warehouse/1", "INSERT"),
        ran("warehouse/2", "SELECT"),
        ran("default/3", "SELECT"),
    ];
    assert_eq!(take(&calls), expected);
    Ok(())
}

#[tokio::test]
async fn it_receives_failures() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT missing FROM category");
    db.query_all_raw(sql).await.expect_err("no such column");
    let calls = take(&calls);
    assert_eq!(calls.len(), 1);
    assert!(calls[0].2, "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn it_belongs_to_one_handle_and_what_is_made_from_it() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    category::Entity::find().all(&shop.db).await?;
    assert!(take(&calls).is_empty());
    category::Entity::find()
        .all(&db.session().on_primary())
        .await?;
    assert_eq!(take(&calls), [ran("default/1", "SELECT")]);
    Ok(())
}

#[tokio::test]
async fn it_receives_a_stream() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db.using("default/2")?);
    category::Entity::find()
        .stream(&db)
        .await?
        .try_collect::<Vec<_>>()
        .await?;
    assert_eq!(take(&calls), [ran("default/2", "SELECT")]);
    Ok(())
}

#[tokio::test]
async fn it_receives_statements_in_a_transaction() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await?;
    category::Entity::find().all(&txn).await?;
    txn.commit().await?;
    let calls: Vec<_> = take(&calls)
        .into_iter()
        .filter(|(_, word, _)| word != "BEGIN")
        .collect();
    assert_eq!(
        calls,
        [ran("default/1", "INSERT"), ran("default/1", "SELECT")]
    );
    Ok(())
}

#[tokio::test]
async fn it_receives_a_stream_in_a_transaction() -> Result {
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    let txn = db.begin().await?;
    category::Entity::find()
        .stream(&txn)
        .await?
        .try_collect::<Vec<_>>()
        .await?;
    txn.commit().await?;
    assert_eq!(take(&calls), [ran("default/1", "SELECT")]);
    Ok(())
}

/// A branch reports the same as a pool, statement for statement.
#[tokio::test]
async fn it_receives_the_same_with_and_without_a_transaction() -> Result {
    async fn run(db: &impl ConnectionTrait) -> Result {
        let raw = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
        db.execute_unprepared("DELETE FROM category").await?;
        add_category(db, "Tea").await?;
        db.execute_raw(raw("UPDATE category SET name = 'Coffee'"))
            .await?;
        category::Entity::find().one(db).await?;
        db.query_all_raw(raw("SELECT id FROM category")).await?;
        db.query_one_raw(raw("SELECT missing FROM category"))
            .await
            .expect_err("no such column");
        category::Entity::delete_many().exec(db).await?;
        Ok(())
    }
    let shop = Shop::open().await?;
    let (db, calls) = measured(&shop.db);
    run(&db.on_primary()).await?;
    let without = take(&calls);
    let txn = db.begin().await?;
    run(&txn).await?;
    let nested = txn.begin().await?;
    run(&nested.using("default")?).await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(take(&calls), [without.clone(), without].concat());
    Ok(())
}

#[tokio::test]
async fn another_callback_takes_the_place_of_the_first() -> Result {
    let shop = Shop::open().await?;
    let (first, of_first) = measured(&shop.db);
    let (second, of_second) = measured(&first);
    category::Entity::find().all(&second.on_primary()).await?;
    assert!(take(&of_first).is_empty());
    assert_eq!(take(&of_second), [ran("default/1", "SELECT")]);
    Ok(())
}

#[tokio::test]
async fn the_callback_of_seaorm_receives_the_same() -> Result {
    let shop = Shop::open().await?;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let write = Arc::clone(&calls);
    let mut db = shop.db.clone();
    db.set_metric_callback(move |info| {
        write
            .lock()
            .expect("not poisoned")
            .push(info.statement.sql.clone());
    });
    category::Entity::find().all(&db).await?;
    let expected = "SELECT \"category\".\"id\", \"category\".\"name\" FROM \"category\"";
    assert_eq!(*calls.lock().expect("not poisoned"), [expected]);
    Ok(())
}
