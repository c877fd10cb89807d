//! SeaORM reads a row after it wrote it, and finds it although it never reaches the replica.

use std::future::Future;
use std::pin::pin;

use routing_servers::MariaDbCluster;
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, Set};
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection};
use tokio::sync::OnceCell;
use tokio::task::LocalSet;

use crate::support::{item, options, single};

/// Rows that each test writes, three times each.
const ROWS: usize = 240;

/// A MariaDB whose replica has the table `item` but never receives its rows.
async fn lagging() -> Option<&'static MariaDbCluster> {
    static CLUSTER: OnceCell<Option<MariaDbCluster>> = OnceCell::const_new();
    let start = || async {
        let maria = routing_servers::mariadb(1).await?;
        maria.create_database("lag").await.expect("a database");
        item::create(&single(maria.primary_url("lag").into()).await).await;
        maria.wait_caught_up().await.expect("caught up");
        maria.pause_replay(0).await.expect("paused");
        Some(maria)
    };
    CLUSTER.get_or_init(start).await.as_ref()
}

async fn connect(maria: &MariaDbCluster) -> RoutingConnection {
    let mut primary = options(maria.primary_url("lag"));
    primary.max_connections(10);
    single(DatabaseOptions::new(primary).replica(maria.replica_url(0, "lag"))).await
}

/// Inserts, updates and saves, each of which reads its row back.
async fn write(db: &RoutingConnection, prefix: String, rows: usize) -> Result<(), DbErr> {
    for n in 0..rows {
        let name = format!("{prefix} {n}");
        let inserted = item::named(&name).insert(db).await?;
        assert_eq!(inserted.name, name);

        let mut changed = inserted.into_active_model();
        changed.name = Set(format!("{name} updated"));
        let updated = changed.update(db).await?;
        assert_eq!(updated.name, format!("{name} updated"));

        let mut changed = updated.into_active_model();
        changed.name = Set(format!("{name} saved"));
        let saved = changed.save(db).await?;
        assert_eq!(saved.name.unwrap(), format!("{name} saved"));
    }
    Ok(())
}

/// Reads the same table, without consuming the follow-up mark of the writers.
async fn read(db: &RoutingConnection, times: usize) -> Result<(), DbErr> {
    for _ in 0..times {
        assert_eq!(
            item::Entity::find().count(db).await?,
            0,
            "the replica is stale"
        );
    }
    Ok(())
}

/// Runs writers and then shows that the replica has none of their rows.
async fn never_misses<F, Fut>(prefix: &str, run: F)
where
    F: FnOnce(RoutingConnection) -> Fut,
    Fut: Future<Output = ()>,
{
    let Some(maria) = lagging().await else {
        return;
    };
    let db = connect(maria).await;
    run(db.clone()).await;

    let routes = db.record();
    let seen = item::Entity::find().all(&db).await.expect("a read");
    assert!(
        seen.is_empty(),
        "the replica should lag, and has {} rows",
        seen.len()
    );
    routes.assert_routed(item::Entity, "default", Role::Replica);
    let written = item::names(&db).await;
    let own = written
        .iter()
        .filter(|name| name.starts_with(&format!("{prefix} ")));
    let saved = own.filter(|name| name.ends_with(" saved"));
    assert_eq!(saved.count(), ROWS);
    assert_eq!(db.reads_refused_by_replicas(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn plain_await_on_one_thread() {
    let run = async |db: RoutingConnection| {
        write(&db, "one thread".to_owned(), ROWS)
            .await
            .expect("no row is missed");
    };
    never_misses("one thread", run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn plain_await_on_many_threads() {
    let run = async |db: RoutingConnection| {
        write(&db, "many threads".to_owned(), ROWS)
            .await
            .expect("no row is missed");
    };
    never_misses("many threads", run).await;
}

async fn eight_tasks(db: RoutingConnection, prefix: &'static str) {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move { write(&db, format!("{prefix} {task}"), ROWS / 8).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("no row is missed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_on_many_threads() {
    never_misses("spawned", |db| eight_tasks(db, "spawned")).await;
}

#[tokio::test(flavor = "current_thread")]
async fn eight_tasks_on_one_thread() {
    never_misses("interleaved", |db| eight_tasks(db, "interleaved")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn joined_writers_and_readers() {
    let run = async |db: RoutingConnection| {
        let (a, b, c, reads) = tokio::join!(
            write(&db, "joined a".to_owned(), ROWS / 3),
            write(&db, "joined b".to_owned(), ROWS / 3),
            write(&db, "joined c".to_owned(), ROWS / 3),
            read(&db, ROWS),
        );
        a.and(b).and(c).and(reads).expect("no row is missed");
    };
    never_misses("joined", run).await;
}

#[tokio::test(flavor = "current_thread")]
async fn selected_writers() {
    let run = async |db: RoutingConnection| {
        let mut a = pin!(write(&db, "selected a".to_owned(), ROWS / 2));
        let mut b = pin!(write(&db, "selected b".to_owned(), ROWS / 2));
        let (mut a_done, mut b_done) = (false, false);
        while !(a_done && b_done) {
            tokio::select! {
                result = &mut a, if !a_done => { result.expect("no row is missed"); a_done = true; }
                result = &mut b, if !b_done => { result.expect("no row is missed"); b_done = true; }
            }
        }
    };
    never_misses("selected", run).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_local_set_of_writers() {
    let run = async |db: RoutingConnection| {
        let local = LocalSet::new();
        for task in 0..4 {
            let db = db.clone();
            let prefix = format!("local {task}");
            local.spawn_local(async move {
                write(&db, prefix, ROWS / 4)
                    .await
                    .expect("no row is missed");
            });
        }
        local.await;
    };
    never_misses("local", run).await;
}
