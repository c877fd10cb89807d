//! Ten thousand reads, each right after the write of its row, on each server: none is stale.

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use sea_orm::{DbErr, EntityTrait, Set};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, causal, forget_follow_up, name_of, write};
use crate::support::item;

const TASKS: usize = 20;

/// Inserts or updates a row and reads it at once; returns how many reads were stale.
async fn reread(db: RoutingConnection, times: usize) -> Result<usize, DbErr> {
    static NEXT: AtomicI32 = AtomicI32::new(1);
    let (mut id, mut stale) = (0, 0);
    for time in 0..times {
        let name = match time % 2 {
            0 => {
                id = NEXT.fetch_add(1, Ordering::Relaxed);
                write(&db, id).await?;
                format!("item {id}")
            }
            _ => {
                let name = format!("changed {id}");
                let row = item::ActiveModel {
                    id: Set(id),
                    name: Set(name.clone()),
                };
                item::Entity::update(row).validate()?.exec(&db).await?;
                forget_follow_up(&db);
                name
            }
        };
        stale += usize::from(name_of(&db, id).await? != Some(name));
    }
    Ok(stale)
}

/// Several sessions at once; returns how many of that many reads were stale.
async fn stale(db: &RoutingConnection, consistency: Consistency, reads: usize) -> usize {
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(reread(db.session_with(consistency), reads / TASKS)))
        .collect();
    let mut stale = 0;
    for task in tasks {
        stale += task.await.expect("no panic").expect("no error");
    }
    stale
}

/// `delay` is the shortest delay the server supports.
async fn no_read_is_stale(side: Side, delay: Duration) {
    let db = side.connect().await;
    side.pause(0).await;
    let control = stale(&db, Consistency::Eventual, 200).await;
    assert_eq!(control, 200, "the replica should be stale");
    assert_eq!(stale(&db, WINDOW, 2500).await, 0, "paused, in the window");
    assert_eq!(stale(&db, CAUSAL, 2500).await, 0, "paused, causal");
    side.resume(0).await;

    side.delay(0, delay).await;
    let control = stale(&db, Consistency::Eventual, 200).await;
    assert!(control > 100, "the replica should be late: {control}");
    assert_eq!(stale(&db, CAUSAL, 2500).await, 0, "late, causal");
    side.delay(0, Duration::ZERO).await;
    side.caught_up().await;

    // Each read goes to the replica as soon as it may.
    let routes = db.record();
    let waits = causal(10_000, OnTimeout::Error);
    assert_eq!(stale(&db, waits, 2500).await, 0, "on the replica, causal");
    let routes = routes.routes();
    let on_replica = routes.iter().filter(|it| it.role() == Role::Replica);
    assert_eq!(on_replica.count(), 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        no_read_is_stale(side, Duration::from_millis(150)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        no_read_is_stale(side, Duration::from_secs(1)).await;
    }
}
