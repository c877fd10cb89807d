//! Futures that are dropped after some polls: the pool stays whole, and no write is half done.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait,
    PaginatorTrait, TransactionTrait,
};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::entities::category::Entity;
use crate::shop::{Files, Result, Shop, add_category};

type Done = std::result::Result<(), DbErr>;

/// Polls a future so many times, whenever it is ready, and drops it; its output, if it finished.
pub(crate) async fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One connection to the primary, with a short acquire timeout.
fn one_connection(files: &Files) -> DatabaseOptions {
    let mut options = ConnectOptions::new(files.primary("shop"));
    options
        .max_connections(1)
        .acquire_timeout(std::time::Duration::from_secs(10));
    DatabaseOptions::new(options)
}

/// Each row takes the server a few milliseconds, so that its reply has to be awaited.
const SLOW: &str = "CREATE TRIGGER slow AFTER INSERT ON category \
                    BEGIN SELECT length(hex(randomblob(500000))); END";

async fn slow_shop() -> Result<(Shop, DatabaseConnection)> {
    let shop = Shop::on(one_connection, |builder| builder).await?;
    shop.db.execute_unprepared(SLOW).await?;
    let others = Database::connect(shop.files.primary("shop")).await?;
    Ok((shop, others))
}

/// Cancels `work` after one poll, two polls, ... until it finishes, and checks each time that the
/// one connection works again and that its writes are not in a transaction left open.
///
/// `work` adds so many rows, all or none.
async fn cut_off_everywhere<W>(rows: u64, work: W) -> Result
where
    W: AsyncFn(&RoutingConnection) -> Done,
{
    let (shop, others) = slow_shop().await?;
    let (mut seen, mut times) = (0, 1);
    for _ in 0..1000 {
        let done = poll_times(work(&shop.db), times).await;
        add_category(&shop.db, "between").await?;
        let now = Entity::find().count(&others).await?;
        let added = now - seen - 1;
        assert!(
            added == 0 || added == rows,
            "{added} of {rows} rows after {times} polls"
        );
        assert_eq!(
            Entity::find().count(&shop.db).await?,
            now,
            "after {times} polls"
        );
        seen = now;
        match done {
            None => times += 1,
            Some(done) => {
                done?;
                assert_eq!(added, rows);
                // Sometimes the server replies at once, and nothing was cancelled.
                if times > 1 {
                    return Ok(());
                }
            }
        }
    }
    panic!("never done, or never cut off");
}

#[tokio::test]
async fn transaction_is_dropped_at_every_poll() -> Result {
    cut_off_everywhere(2, async |db| {
        let txn = db.begin().await?;
        add_category(&txn, "one").await?;
        add_category(&txn, "two").await?;
        txn.commit().await
    })
    .await
}

#[tokio::test]
async fn nested_transaction_is_dropped_at_every_poll() -> Result {
    cut_off_everywhere(3, async |db| {
        let txn = db.begin().await?;
        add_category(&txn, "one").await?;
        let nested = txn.begin().await?;
        add_category(&nested, "two").await?;
        nested.commit().await?;
        let undone = txn.begin().await?;
        add_category(&undone, "undone").await?;
        undone.rollback().await?;
        add_category(&txn, "three").await?;
        txn.commit().await
    })
    .await
}

#[tokio::test]
async fn callback_is_dropped_at_every_poll() -> Result {
    cut_off_everywhere(1, async |db| {
        db.transaction_async::<_, (), DbErr>(async |txn| add_category(txn, "one").await.map(|_| ()))
            .await
            .map_err(|error| DbErr::Custom(error.to_string()))
    })
    .await
}

#[tokio::test]
async fn rollback_is_dropped_at_every_poll() -> Result {
    cut_off_everywhere(0, async |db| {
        let txn = db.begin().await?;
        add_category(&txn, "one").await?;
        txn.rollback().await
    })
    .await
}

#[tokio::test]
async fn write_is_dropped_at_every_poll() -> Result {
    cut_off_everywhere(1, async |db| add_category(db, "one").await.map(|_| ())).await
}

/// A statement of a live transaction is cancelled; the transaction reports it or continues, and
/// never writes outside of itself.
#[tokio::test]
async fn statement_of_a_transaction_is_dropped_at_every_poll() -> Result {
    let (shop, others) = slow_shop().await?;
    for times in 1..1000 {
        let before = Entity::find().count(&others).await?;
        let txn = shop.db.begin().await?;
        let cut = poll_times(add_category(&txn, "cut off"), times).await;
        let went_on = add_category(&txn, "after").await.is_ok();
        assert_eq!(
            Entity::find().count(&others).await?,
            before,
            "nothing is committed yet"
        );
        txn.rollback().await.ok();
        assert_eq!(Entity::find().count(&shop.db).await?, before);
        if let Some(done) = cut {
            done?;
            assert!(went_on);
            return Ok(());
        }
    }
    panic!("never done");
}

/// A nested `begin` sends nothing until its first statement; if that is cancelled, later statements
/// of the parent stay in the transaction.
#[tokio::test]
async fn first_nested_statement_is_dropped_at_every_poll() -> Result {
    let (shop, others) = slow_shop().await?;
    let mut times = 1;
    for _ in 0..1000 {
        let txn = shop.db.begin().await?;
        add_category(&txn, "outer").await?;
        let nested = txn.begin().await?;
        let cut = poll_times(add_category(&nested, "nested"), times).await;
        drop(nested);
        add_category(&txn, "after").await.ok();
        assert_eq!(
            Entity::find().count(&others).await?,
            0,
            "after {times} polls"
        );
        drop(txn);
        assert_eq!(
            Entity::find().count(&shop.db).await?,
            0,
            "after {times} polls"
        );
        match cut {
            None => times += 1,
            Some(_) if times > 1 => return Ok(()),
            // The server replied at once, and nothing was cancelled.
            Some(_) => {}
        }
    }
    panic!("never done, or never cut off");
}
