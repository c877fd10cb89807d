//! Handles made from a handle with a session belong to the same session.

use std::collections::BTreeSet;

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::SessionError;
use sea_orm_routing::{Consistency, RoutingError};

use super::{WINDOW, on_primary, read, route};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error};

#[tokio::test]
async fn every_scope_keeps_the_session() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    let id = session.current_session().expect("a session").id();
    let handles = [
        session.clone(),
        session.using("default")?,
        session.using("default/1")?,
        session.for_entity(category::Entity)?,
        session.on_primary(),
        session.on_replica(),
        session.read_only(),
        session.with_bindings([("category", "default")])?,
        session.transaction_mode(sea_orm_routing::TransactionMode::Independent),
    ];
    for handle in &handles {
        assert_eq!(handle.current_session().map(|it| it.id()), Some(id));
    }
    for handle in [
        &handles[1],
        &handles[2],
        &handles[3],
        &handles[4],
        &handles[7],
    ] {
        let session = shop.db.session_with(WINDOW);
        let same = session.current_session().expect("a session").clone();
        let handle = handle.in_session(same)?;
        add_category(&handle, "Tea").await?;
        assert!(on_primary(&session)?);
    }
    Ok(())
}

#[tokio::test]
async fn a_write_through_one_handle_is_seen_by_all() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    let (reads, entity) = (session.read_only(), session.for_entity(category::Entity)?);
    let txn = session.begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "Tea").await?;
    nested.commit().await?;
    assert!(!on_primary(&reads)?, "not before it is committed");
    txn.commit().await?;
    for handle in [&session, &reads, &entity] {
        assert!(on_primary(handle)?);
    }
    Ok(())
}

#[tokio::test]
async fn callbacks_of_transactions_belong_to_the_session() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    session
        .transaction_async(async |txn| add_category(txn, "Tea").await.map(drop))
        .await?;
    assert!(on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn a_session_can_be_left_and_entered_again() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(WINDOW);
    let same = session.current_session().expect("a session").clone();
    assert_eq!(same.consistency(), WINDOW);
    add_category(&session, "Tea").await?;
    assert!(!on_primary(&shop.db)?);
    assert!(!on_primary(&session.session())?, "another session");
    assert!(on_primary(&shop.db.in_session(same)?)?);
    Ok(())
}

#[tokio::test]
async fn the_consistency_of_the_connection_is_that_of_its_sessions() -> Result {
    let shop = Shop::with(|builder| builder.consistency(WINDOW)).await?;
    let session = shop.db.session();
    add_category(&session, "Tea").await?;
    assert!(on_primary(&session)?);
    // A handle without a session has none.
    add_category(&shop.db, "Coffee").await?;
    assert!(!on_primary(&shop.db)?);
    assert!(shop.db.current_session().is_none());
    Ok(())
}

#[tokio::test]
async fn an_eventual_session_reads_from_replicas_whatever_it_wrote() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(Consistency::Eventual);
    add_category(&session, "Tea").await?;
    assert!(!on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_mark_or_to_export() -> Result {
    let shop = Shop::open().await?;
    let error = shop.db.mark_written("default").expect_err("no session");
    assert_error!(
        error,
        RoutingError::Session(SessionError::NoSession { what, .. })
            if what.contains("mark_written")
    );
    let error = shop.db.session_token().await.expect_err("no session");
    let error = RoutingError::of(&error).expect("of the routing layer");
    assert_error!(
        error,
        RoutingError::Session(SessionError::NoSession { what, .. })
            if what.contains("session_token()")
    );
    Ok(())
}

#[tokio::test]
async fn sessions_of_many_tasks_at_once_keep_apart() -> Result {
    let shop = Shop::open().await?;
    let ids: BTreeSet<_> = (0..100)
        .map(|_| shop.db.session().current_session().expect("one").id())
        .collect();
    assert_eq!(ids.len(), 100);
    let tasks = (0..16).map(|number| {
        let session = shop.db.session_with(WINDOW);
        tokio::spawn(async move {
            if number % 2 == 0 {
                add_category(&session, "Tea").await.expect("a row");
            }
            read(&session).await.expect("a read");
            route(&session).expect("a route").node() == "default/1"
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await?, number % 2 == 0);
    }
    assert_eq!(category::Entity::find().count(&shop.db).await?, 8);
    Ok(())
}

/// Each connection numbers its databases and nodes anew.
#[tokio::test]
async fn a_session_is_refused_by_another_connection() -> Result {
    let (here, there) = (Shop::open().await?, Shop::open().await?);
    let session = here.db.session_with(WINDOW);
    add_category(&session, "Tea").await?;
    let session = session.current_session().expect("a session").clone();
    let error = there
        .db
        .in_session(session)
        .expect_err("another connection");
    assert_error!(
        error,
        RoutingError::Session(SessionError::ForeignSession { .. })
    );
    Ok(())
}
