//! A hundred tenants that are added and removed while other tenants run statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};

use super::LONG;
use crate::entities::category;
use crate::shop::{Result, Shop, add_category};

const TENANTS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_tenants_come_and_go_under_load() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let (over, failed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let done = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (db, over) = (shop.db.clone(), Arc::clone(&over));
            let (failed, done) = (Arc::clone(&failed), Arc::clone(&done));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let read = category::Entity::find().count(&db).await;
                    let text = db.execute_unprepared("SELECT 1").await;
                    let fine = read.is_ok_and(|count| count == 1) && text.is_ok();
                    failed.fetch_add(usize::from(!fine), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let tenants = (0..TENANTS).map(|number| {
        let db = shop.db.clone();
        tokio::spawn(async move {
            let name = format!("tenant_{number}");
            for _ in 0..2 {
                db.admin().add_database(&*name, "sqlite::memory:").await?;
                let tenant = db.using(&name)?;
                let sql = "CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
                tenant.execute_unprepared(sql).await?;
                let txn = tenant.begin().await?;
                add_category(&txn, &name).await?;
                txn.commit().await?;
                let own = category::Entity::find().one(&tenant).await?;
                assert_eq!(own.map(|own| own.name), Some(name.clone()));
                db.admin().remove_database(&name, LONG).await?;
            }
            Ok::<_, sea_orm::DbErr>(())
        })
    });
    let tenants: Vec<_> = tenants.collect();
    for tenant in tenants {
        tenant.await??;
    }
    over.store(true, Ordering::Relaxed);
    for task in load {
        task.await?;
    }
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert!(done.load(Ordering::Relaxed) > 0);
    assert_eq!(shop.db.topology().databases().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_ping_of_the_connection_asks_tenants_too() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await?;
    shop.db.ping().await?;
    shop.db.admin().remove_database("tenant", LONG).await?;
    shop.db.ping().await?;
    Ok(())
}

#[tokio::test]
async fn a_session_that_used_a_tenant_goes_on_after_it_was_removed() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await?;
    let session = shop.db.session();
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY)";
    session.using("tenant")?.execute_unprepared(sql).await?;
    add_category(&session, "Tea").await?;
    shop.db.admin().remove_database("tenant", LONG).await?;
    let token = session.session_token().await?;
    let resumed = shop.db.resume_session(&token)?;
    assert_eq!(category::Entity::find().count(&resumed).await?, 1);
    Ok(())
}
