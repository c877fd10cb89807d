//! Observers: the events that each statement, branch and change of the topology leads to.

use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionTrait};
use sea_orm_routing::observe::{Event, EventKind, Observer};
use sea_orm_routing::{DatabaseOptions, TransactionMode};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, add_stock};

/// Writes down each event as a line.
#[derive(Debug)]
struct Log {
    lines: Mutex<Vec<String>>,
    wanted: &'static [EventKind],
    with_statements: bool,
}

impl Log {
    fn of(wanted: &'static [EventKind]) -> Arc<Self> {
        Arc::new(Self {
            lines: Mutex::default(),
            wanted,
            with_statements: false,
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().expect("not poisoned"))
    }
}

impl Observer for Log {
    fn wants(&self, kind: EventKind) -> bool {
        self.wanted.contains(&kind)
    }

    fn wants_statements(&self) -> bool {
        self.with_statements
    }

    fn observe(&self, event: &Event<'_>) {
        let line = match event {
            Event::Decided { route, .. } => format!("decided {}", route.node()),
            Event::Attempted { route, .. } => format!("attempted {}", route.node()),
            Event::Finished {
                node,
                statement,
                rows,
                error,
                ..
            } => {
                let end = match (error, rows) {
                    (Some(_), _) => "failed".to_owned(),
                    (None, Some(rows)) => format!("finished with {rows}"),
                    (None, None) => "finished".to_owned(),
                };
                let text =
                    statement.map_or_else(String::new, |statement| format!(": {}", statement.sql));
                format!("{node} {end}{text}")
            }
            Event::Cancelled { node, .. } => format!("{node} cancelled"),
            Event::Retried { from, route, .. } => format!("retried {from} -> {}", route.node()),
            Event::Refused { .. } => "refused".to_owned(),
            Event::BranchOpened { node, .. } => format!("opened on {node}"),
            Event::BranchEnded {
                database, outcome, ..
            } => format!("{database} {outcome:?}"),
            Event::NodeAdded { database, node, .. } => format!("{database} has {node}"),
            Event::HealthChanged { node, from, to, .. } => format!("{node} {from} -> {to}"),
            other => format!("{:?}", other.kind()),
        };
        self.lines.lock().expect("not poisoned").push(line);
    }
}

const STATEMENTS: &[EventKind] = &[
    EventKind::Decided,
    EventKind::Attempted,
    EventKind::Finished,
    EventKind::Retried,
    EventKind::Refused,
];

async fn shop(log: &Arc<Log>) -> Result<Shop> {
    let shop = Shop::with(|builder| builder.observer(log.clone())).await?;
    log.take();
    Ok(shop)
}

/// Takes SQLite longer than one poll.
const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
                    SELECT COUNT(*) FROM n";

fn select(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn a_statement_is_decided_attempted_and_finished() -> Result {
    let log = Log::of(STATEMENTS);
    let shop = shop(&log).await?;
    add_category(&shop.db, "Tea").await?;
    let on_first = shop.db.using("default/2")?;
    category::Entity::find().all(&on_first).await?;
    let expected = [
        "decided default/1",
        "attempted default/1",
        "default/1 finished with 1",
        "decided default/2",
        "attempted default/2",
        "default/2 finished with 1",
    ];
    assert_eq!(log.take(), expected);
    Ok(())
}

#[tokio::test]
async fn a_statement_that_fails_on_its_node_is_finished_with_an_error() -> Result {
    let log = Log::of(&[EventKind::Finished]);
    let shop = shop(&log).await?;
    let on_first = shop.db.using("default/2")?;
    let failed = on_first.query_all_raw(select("SELECT missing FROM category"));
    failed.await.expect_err("no such column");
    assert_eq!(log.take(), ["default/2 failed"]);
    Ok(())
}

/// The statement that comes first on the branch was sent, so its failure is no refusal.
#[tokio::test]
async fn a_branch_that_does_not_open_is_no_refusal() -> Result {
    let log = Log::of(&[EventKind::Refused, EventKind::Finished]);
    let shop = shop(&log).await?;
    let db = shop
        .db
        .on_branch_begin("default", select("SELECT 1 FROM missing"))?;
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await.expect_err("no such table");
    assert_eq!(log.take(), ["default/1 failed"]);
    Ok(())
}

#[tokio::test]
async fn a_statement_over_two_databases_is_refused_and_never_attempted() -> Result {
    let log = Log::of(STATEMENTS);
    let shop = shop(&log).await?;
    let joined = shop
        .db
        .query_all_raw(select("SELECT * FROM category, stock"));
    joined.await.expect_err("two databases");
    assert_eq!(log.take(), ["refused"]);
    Ok(())
}

#[tokio::test]
async fn a_statement_is_copied_only_for_an_observer_that_asks_for_it() -> Result {
    let without = Log::of(&[EventKind::Finished]);
    let shop = shop(&without).await?;
    let sql = "SELECT id FROM category";
    shop.db.on_primary().query_all_raw(select(sql)).await?;
    assert_eq!(without.take(), ["default/1 finished with 0"]);

    let with = Arc::new(Log {
        lines: Mutex::default(),
        wanted: &[EventKind::Finished],
        with_statements: true,
    });
    let shop = self::shop(&with).await?;
    shop.db.on_primary().query_all_raw(select(sql)).await?;
    let expected = format!("default/1 finished with 0: {sql}");
    assert_eq!(with.take(), [expected]);
    Ok(())
}

#[tokio::test]
async fn a_read_of_a_missing_replica_is_retried_elsewhere() -> Result {
    let log = Log::of(STATEMENTS);
    let one_missing = |files: &Files| {
        DatabaseOptions::new(files.primary("shop")).replica(files.replica("missing"))
    };
    let shop = Shop::on(one_missing, |builder| builder.observer(log.clone())).await?;
    log.take();
    category::Entity::find().all(&shop.db).await?;
    let expected = [
        "decided default/2",
        "attempted default/2",
        "default/2 failed",
        "retried default/2 -> default/1",
        "attempted default/1",
        "default/1 finished with 0",
    ];
    assert_eq!(log.take(), expected);
    Ok(())
}

/// A shop with two rows to stream, and the log of what finishes.
async fn shop_with_two_rows() -> Result<(Shop, Arc<Log>)> {
    let log = Log::of(&[EventKind::Finished]);
    let shop = shop(&log).await?;
    for name in ["Tea", "Coffee"] {
        add_category(&shop.db, name).await?;
    }
    log.take();
    Ok((shop, log))
}

#[tokio::test]
async fn a_stream_is_finished_with_its_last_row() -> Result {
    let (shop, log) = shop_with_two_rows().await?;
    let db = shop.db.using("default/2")?;
    let mut rows = category::Entity::find().stream(&db).await?;
    rows.next().await.expect("a row")?;
    assert!(log.take().is_empty(), "there is another row");
    rows.try_collect::<Vec<_>>().await?;
    assert_eq!(log.take(), ["default/2 finished with 2"]);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_finished_with_the_rows_so_far() -> Result {
    let (shop, log) = shop_with_two_rows().await?;
    let db = shop.db.using("default/2")?;
    let mut rows = category::Entity::find().stream(&db).await?;
    rows.next().await.expect("a row")?;
    drop(rows);
    assert_eq!(log.take(), ["default/2 finished with 1"]);

    let txn = shop.db.begin().await?;
    let mut rows = category::Entity::find().stream(&txn).await?;
    rows.next().await.expect("a row")?;
    drop(rows);
    assert_eq!(log.take(), ["default/1 finished with 1"]);
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn a_statement_whose_future_is_dropped_is_cancelled() -> Result {
    let log = Log::of(&[EventKind::Finished, EventKind::Cancelled]);
    let shop = shop(&log).await?;
    let db = shop.db.using("default/2")?;
    let mut read = Box::pin(db.query_all_raw(select(SLOW)));
    assert!(read.as_mut().now_or_never().is_none());
    drop(read);
    assert_eq!(log.take(), ["default/2 cancelled"]);

    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    log.take();
    let mut read = Box::pin(txn.query_all_raw(select(SLOW)));
    assert!(read.as_mut().now_or_never().is_none());
    drop(read);
    assert_eq!(log.take(), ["default/1 cancelled"]);
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn a_transaction_opens_its_branches_and_ends_them() -> Result {
    const KINDS: &[EventKind] = &[
        EventKind::BranchOpened,
        EventKind::BranchEnded,
        EventKind::Finished,
    ];
    let log = Log::of(KINDS);
    let shop = shop(&log).await?;
    let db = shop.db.transaction_mode(TransactionMode::Independent);
    let txn = db.begin().await?;
    assert!(log.take().is_empty(), "no statement has been sent");
    add_category(&txn, "Tea").await?;
    add_stock(&txn, 1, 1).await?;
    let rows = category::Entity::find().stream(&txn).await?;
    rows.try_collect::<Vec<_>>().await?;
    let expected = [
        "opened on default/1",
        "default/1 finished with 1",
        "opened on warehouse/1",
        "warehouse/1 finished with 1",
        "default/1 finished with 1",
    ];
    assert_eq!(log.take(), expected);
    txn.commit().await?;
    let mut ended = log.take();
    ended.sort();
    assert_eq!(ended, ["default Committed", "warehouse Committed"]);

    let txn = shop.db.begin().await?;
    add_category(&txn, "Coffee").await?;
    log.take();
    txn.rollback().await?;
    assert_eq!(log.take(), ["default RolledBack"]);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_is_dropped_ends_its_branch() -> Result {
    let log = Log::of(&[EventKind::BranchEnded]);
    let shop = shop(&log).await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    drop(txn);
    // The next transaction needs the connection, or finds the branch ended.
    let next = shop.db.begin().await?;
    add_category(&next, "Coffee").await?;
    assert_eq!(log.take(), ["default RolledBack"]);
    next.commit().await?;
    Ok(())
}

#[tokio::test]
async fn nodes_that_come_and_go_are_events() -> Result {
    let log = Log::of(&[EventKind::NodeAdded, EventKind::HealthChanged]);
    let shop = shop(&log).await?;
    let url = shop.files.replica("shop");
    let added = shop.db.admin().add_replica("default", url).await?;
    assert_eq!(
        log.take().first().map(String::as_str),
        Some("default has default/4")
    );
    let timeout = std::time::Duration::from_secs(10);
    shop.db
        .admin()
        .remove_replica(added.as_str(), timeout)
        .await?;
    let last = log.take().pop();
    assert_eq!(last.as_deref(), Some("default/4 draining -> removed"));
    Ok(())
}

#[tokio::test]
async fn an_observer_that_panics_fails_no_statement() -> Result {
    #[derive(Debug)]
    struct Panics;
    impl Observer for Panics {
        fn observe(&self, _: &Event<'_>) {
            panic!("an observer of a test");
        }
    }
    let log = Log::of(&[EventKind::Finished]);
    let shop = Shop::with(|builder| {
        let builder = builder.observer(Arc::new(Panics));
        builder.observer(log.clone())
    })
    .await?;
    log.take();
    add_category(&shop.db, "Tea").await?;
    assert_eq!(log.take(), ["default/1 finished with 1"]);
    Ok(())
}
