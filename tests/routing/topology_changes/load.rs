//! Reads continue while replicas are added and removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::RoutingConnection;

use super::LONG;
use crate::entities::category;
use crate::shop::{Result, Shop, add_category};

/// The results of 32 reading tasks while the topology changed.
struct Readers {
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Readers {
    fn start(db: &RoutingConnection) -> Self {
        let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let tasks = (0..32)
            .map(|number| {
                tokio::spawn(read(
                    number,
                    db.clone(),
                    Arc::clone(&over),
                    Arc::clone(&done),
                ))
            })
            .collect();
        Self { over, done, tasks }
    }

    async fn stop(self) -> Result<usize> {
        self.over.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for task in self.tasks {
            failures.extend(task.await?);
        }
        let first = failures.first();
        assert_eq!(failures.len(), 0, "first: {first:?}");
        Ok(self.done.load(Ordering::Relaxed))
    }
}

async fn read(
    number: usize,
    db: RoutingConnection,
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut failures = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let session = db.session();
        let db = if number.is_multiple_of(4) {
            &session
        } else {
            &db
        };
        let read = match number % 2 {
            0 => category::Entity::find().count(db).await,
            _ => {
                async {
                    let rows = category::Entity::find().stream(db).await?;
                    let rows: Vec<_> = rows.try_collect().await?;
                    Ok(rows.len() as u64)
                }
                .await
            }
        };
        match read {
            Ok(3) => {}
            Ok(other) => failures.push(format!("{other} rows")),
            Err(error) => failures.push(error.to_string()),
        }
        done.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    failures
}

async fn shop() -> Result<Shop> {
    let shop = Shop::open().await?;
    for name in ["Tea", "Coffee", "Cocoa"] {
        add_category(&shop.db, name).await?;
    }
    Ok(shop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_fails_while_replicas_come_and_go() -> Result {
    let shop = shop().await?;
    let readers = Readers::start(&shop.db);
    let url = shop.files.replica("shop");
    for _ in 0..30 {
        let name = shop.db.admin().add_replica("default", url.clone()).await?;
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        shop.db.admin().remove_replica(name.as_str(), LONG).await?;
    }
    assert!(readers.stop().await? > 0);
    assert_eq!(shop.db.topology().databases()[0].nodes().count(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_fails_while_replicas_are_drained_and_put_back() -> Result {
    let shop = shop().await?;
    let readers = Readers::start(&shop.db);
    for round in 0..40 {
        let node = ["default/2", "default/3"][round % 2];
        shop.db.admin().drain(node, LONG).await?;
        shop.db.admin().undrain(node)?;
    }
    assert!(readers.stop().await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_fails_while_the_only_replica_comes_and_goes() -> Result {
    let shop = shop().await?;
    shop.db.admin().remove_replica("default/3", LONG).await?;
    let readers = Readers::start(&shop.db);
    let (url, mut name) = (shop.files.replica("shop"), "default/2".to_owned());
    for _ in 0..20 {
        shop.db.admin().remove_replica(&name, LONG).await?;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        name = shop
            .db
            .admin()
            .add_replica("default", url.clone())
            .await?
            .to_string();
    }
    assert!(readers.stop().await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_many_at_once_are_all_made() -> Result {
    let shop = shop().await?;
    let readers = Readers::start(&shop.db);
    let changing = (0..8).map(|number| {
        let (db, url) = (shop.db.clone(), shop.files.replica("shop"));
        tokio::spawn(async move {
            for round in 0..10 {
                let tenant = format!("tenant_{number}_{round}");
                let added = db.admin().add_replica("default", url.clone()).await?;
                db.admin().add_database(&*tenant, "sqlite::memory:").await?;
                db.admin().drain(added.as_str(), LONG).await?;
                db.admin().undrain(added.as_str())?;
                db.admin().remove_replica(added.as_str(), LONG).await?;
                db.admin().remove_database(&tenant, LONG).await?;
            }
            Ok::<_, sea_orm_routing::RoutingError>(())
        })
    });
    let changing: Vec<_> = changing.collect();
    let changed = async {
        for task in changing {
            task.await??;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), changed).await??;
    readers.stop().await?;
    assert_eq!(super::names(&shop.db).len(), 5);
    Ok(())
}
