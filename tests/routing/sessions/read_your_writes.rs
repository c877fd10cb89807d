//! For a while after a write, reads of that database go to its primary.

use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::{Consistency, RoutingError};

use super::{WINDOW, on_primary, read, route, warehouse_on_primary};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, add_stock, assert_says};

#[tokio::test]
async fn a_read_after_a_write_goes_to_the_primary_and_says_why() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    assert!(!on_primary(&session)?);
    add_category(&session, "Tea").await?;
    let route = route(&session)?;
    assert_eq!(*route.node(), "default/1");
    let why = "its session has written there a moment ago";
    assert_eq!(route.why_role(), why);
    assert_says(&route, &[why, "there is one primary"]);
    assert_eq!(read(&session).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_write_counts_for_its_database_and_session_alone() -> Result {
    let shop = Shop::open().await?;
    let (session, other) = (shop.db.session_with(WINDOW), shop.db.session_with(WINDOW));
    add_stock(&session, 1, 1).await?;
    assert!(warehouse_on_primary(&session)?);
    assert!(!on_primary(&session)?);
    for db in [&other, &shop.db] {
        assert!(!warehouse_on_primary(db)?);
    }
    Ok(())
}

#[tokio::test]
async fn the_window_ends() -> Result {
    let shop = Shop::open().await?;
    let window = Duration::from_millis(150);
    let session = shop.db.session_with(Consistency::ReadYourWrites { window });
    add_category(&session, "Tea").await?;
    assert!(on_primary(&session)?);
    tokio::time::sleep(window).await;
    assert!(!on_primary(&session)?);
    add_category(&session, "Coffee").await?;
    assert!(on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn what_may_have_written_counts_and_what_reads_does_not() -> Result {
    let shop = Shop::open().await?;
    for (sql, counts) in [
        ("SELECT name FROM category", false),
        ("UPDATE category SET name = 'x' WHERE id = 0", true),
        ("SELECT my_own(1)", true),
        ("CREATE INDEX i ON category (name)", true),
        ("INSERT INTO category (nothing) VALUES (1)", true),
    ] {
        let session = shop.db.session_with(WINDOW);
        // Some fail: they count as writes all the same.
        let _ = session.execute_unprepared(sql).await;
        assert_eq!(on_primary(&session)?, counts, "{sql}");
    }
    Ok(())
}

#[tokio::test]
async fn a_commit_is_a_write_and_a_rollback_is_none_of_its_session() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    let txn = session.begin().await?;
    add_category(&txn, "Tea").await?;
    txn.rollback().await?;
    let txn = session.begin().await?;
    category::Entity::find().all(&txn).await?;
    txn.commit().await?;
    assert!(!on_primary(&session)?);

    let txn = session.begin().await?;
    add_category(&txn, "Tea").await?;
    txn.commit().await?;
    assert!(on_primary(&session)?);
    assert!(!warehouse_on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn a_write_that_was_cut_off_counts() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    let writing = add_category(&session, "Tea");
    let mut writing = Box::pin(writing);
    // On a fast machine the write ends at once.
    let _ = (&mut writing).now_or_never();
    drop(writing);
    assert!(on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn a_write_made_elsewhere_is_marked() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    session.mark_written("warehouse")?;
    assert!(warehouse_on_primary(&session)?);
    assert!(!on_primary(&session)?);
    let error = session.mark_written("nowhere").expect_err("unknown");
    assert!(matches!(
        error,
        RoutingError::Topology(TopologyError::UnknownDatabase { .. })
    ));
    Ok(())
}

#[tokio::test]
async fn a_replica_that_is_requested_is_used() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    add_category(&session, "Tea").await?;
    assert!(!on_primary(&session.on_replica())?);
    assert_eq!(*route(&session.using("default/3")?)?.node(), "default/3");
    Ok(())
}

/// The fallback is for replicas that cannot serve; these can, but are too stale for the session.
#[tokio::test]
async fn where_reads_may_not_fall_back_they_go_to_the_primary_all_the_same() -> Result {
    let strict = |files: &crate::shop::Files| {
        let options = files.with_two_replicas("shop");
        options.primary_reads(PrimaryReads::Never)
    };
    let shop = Shop::on(strict, |builder| builder).await?;
    let session = shop.db.session_with(WINDOW);
    add_category(&session, "Tea").await?;
    assert!(on_primary(&session)?);
    Ok(())
}
