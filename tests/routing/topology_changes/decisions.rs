//! Statements decided before a change follow it.

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionTrait};

use super::{LONG, served_by, shop_without_replicas};
use crate::entities::category;
use crate::shop::{Result, Shop, nodes};

async fn run(db: &impl ConnectionTrait, sql: &str) -> Result {
    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_text_that_is_cached_goes_to_the_new_replica_and_back() -> Result {
    let shop = shop_without_replicas().await?;
    let (db, url) = (&shop.db, shop.files.replica("shop"));
    for round in 0..3 {
        assert_eq!(served_by(db, 3).await?, ["default/1".into()].into());
        let name = db.admin().add_replica("default", url.clone()).await?;
        assert_eq!(
            served_by(db, 3).await?,
            [name.to_string()].into(),
            "{round}"
        );
        db.admin().remove_replica(name.as_str(), LONG).await?;
    }
    assert_eq!(served_by(db, 3).await?, ["default/1".into()].into());
    Ok(())
}

#[tokio::test]
async fn every_kind_of_text_stays_where_it_belongs() -> Result {
    let shop = shop_without_replicas().await?;
    let (db, url) = (&shop.db, shop.files.replica("shop"));
    let texts = [
        ("SELECT 1", true),
        ("SELECT name FROM category", true),
        ("SELECT * FROM main.category", true),
        ("SELECT last_insert_rowid()", false),
        ("UPDATE category SET name = 'x' WHERE id = 0", false),
        ("SELECT my_own(1)", false),
    ];
    let places = async || -> Result<Vec<bool>> {
        let mut places = Vec::new();
        for (sql, _) in texts {
            let routes = db.record();
            // The function does not exist; only the node it was sent to matters.
            let _ = run(db, sql).await;
            let explained = db.explain_sql(sql)?;
            let node = nodes(&routes)[0].clone();
            assert_eq!(*explained.node(), *node, "{sql}");
            places.push(node != "default/1");
        }
        Ok(places)
    };
    let replica = texts.map(|(_, replica)| replica);
    for _ in 0..2 {
        assert_eq!(places().await?, [false; 6]);
        let name = db.admin().add_replica("default", url.clone()).await?;
        assert_eq!(places().await?, replica);
        assert_eq!(places().await?, replica);
        db.admin().drain(name.as_str(), LONG).await?;
        assert_eq!(places().await?, [false; 6]);
        db.admin().undrain(name.as_str())?;
        assert_eq!(places().await?, replica);
        db.admin().remove_replica(name.as_str(), LONG).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_added_database_does_not_change_the_others() -> Result {
    let shop = Shop::open().await?;
    let find = category::Entity::find();
    let before = shop.db.explain(&find)?.database().clone();
    shop.db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await?;
    assert_eq!(*shop.db.explain(&find)?.database(), before);
    assert_eq!(served_by(&shop.db, 40).await?.len(), 2);
    shop.db.admin().remove_database("tenant", LONG).await?;
    assert_eq!(served_by(&shop.db, 40).await?.len(), 2);
    Ok(())
}

/// With one database, a statement without a table needs no branch to be assigned to it.
#[tokio::test]
async fn a_tenant_does_not_change_what_transactions_could_do_before() -> Result {
    let shop = crate::shop::Files::new()?;
    let db = sea_orm_routing::RoutingConnection::builder()
        .database("default", shop.primary("shop"))
        .connect()
        .await?;
    for tenant in ["one", "two"] {
        let txn = db.begin().await?;
        run(&txn, "SELECT 1").await?;
        txn.commit().await?;
        db.admin().add_database(tenant, "sqlite::memory:").await?;
    }
    Ok(())
}
