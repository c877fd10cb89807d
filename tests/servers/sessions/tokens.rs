//! A session continues in another process, which has a connection of its own.

use std::time::Duration;

use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, Role, RoutingBuilder, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, causal, has, next_read, write};
use crate::support::{eventually, soon};

const KEY: [u8; 32] = [7; 32];

fn builder(side: &Side) -> RoutingBuilder {
    let builder = RoutingConnection::builder().token_key(KEY);
    builder.database("default", side.options("shop"))
}

async fn connect(builder: RoutingBuilder) -> RoutingConnection {
    builder.connect().await.expect("connected")
}

async fn handed_over(from: &RoutingConnection, to: &RoutingConnection) -> RoutingConnection {
    let token = from.session_token().await.expect("a token");
    let text = token.bytes();
    let fits = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    assert!(text.into_iter().all(fits), "it fits a header: {token}");
    let next = to.resume_session(&token).expect("accepted");
    let (before, after) = (from.current_session(), next.current_session());
    let consistency =
        |session: Option<&sea_orm_routing::Session>| session.map(|it| it.consistency());
    assert_eq!(consistency(before), consistency(after));
    next
}

/// Rows written here are read in the next process, and in the one after it, though no replica has
/// them.
async fn nothing_is_stale(side: Side) {
    side.create("shop").await;
    let (here, there) = (connect(builder(&side)).await, connect(builder(&side)).await);
    side.pause(0).await;
    let modes = [WINDOW, CAUSAL, causal(50, OnTimeout::Primary)];
    for (id, mode) in (1..).zip(modes) {
        let session = here.session_with(mode);
        let unused = handed_over(&session, &there).await;
        assert_eq!(next_read(&unused), Role::Replica, "nothing was written");
        write(&session, id).await.expect("written");
        let next = handed_over(&session, &there).await;
        assert!(has(&next, id).await, "{mode:?}");
        assert_eq!(next_read(&next), Role::Primary);
        // From one process to the next, with another write in between.
        let third = handed_over(&next, &here).await;
        assert!(has(&third, id).await, "{mode:?}, the third");
        write(&third, id + 100).await.expect("written");
        let fourth = handed_over(&third, &there).await;
        assert!(has(&fourth, id).await && has(&fourth, id + 100).await);
        // The processes it came from know nothing of that write.
        assert_eq!(next_read(&unused), Role::Replica);
    }
    let eventual = here.session_with(Consistency::Eventual);
    write(&eventual, 50).await.expect("written");
    let next = handed_over(&eventual, &there).await;
    assert!(!has(&next, 50).await, "it said it would not mind");

    let session = here.session_with(causal(15_000, OnTimeout::Error));
    write(&session, 60).await.expect("written");
    let next = handed_over(&session, &there).await;
    let waits = next.clone();
    let read = tokio::spawn(async move { has(&waits, 60).await });
    side.resume(0).await;
    assert!(soon("the read", read).await.expect("no panic"));
    let returns = || async { next_read(&next) == Role::Replica };
    eventually("reads go to the replica", returns).await;
    assert!(has(&next, 60).await);
    the_window_ends_there(&side, &here, &there).await;
}

async fn the_window_ends_there(side: &Side, here: &RoutingConnection, there: &RoutingConnection) {
    let window = Duration::from_millis(500);
    let session = here.session_with(Consistency::ReadYourWrites { window });
    side.pause(0).await;
    write(&session, 70).await.expect("written");
    let next = handed_over(&session, there).await;
    assert_eq!(next_read(&next), Role::Primary);
    let ends = || async { next_read(&next) == Role::Replica };
    eventually("the window ends", ends).await;
    side.resume(0).await;
}

#[tokio::test]
async fn nothing_is_stale_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        nothing_is_stale(side).await;
    }
}

#[tokio::test]
async fn nothing_is_stale_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        nothing_is_stale(side).await;
    }
}

/// Rows seen here are seen in the next process, although one of two replicas lags.
#[tokio::test]
async fn no_row_vanishes_on_the_way() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    side.create("shop").await;
    let (here, there) = (connect(builder(&side)).await, connect(builder(&side)).await);
    side.pause(1).await;
    write(&here, 1).await.expect("written");
    side.has(0, 1).await;
    for mode in [Consistency::Eventual, WINDOW, CAUSAL] {
        let mut seen = 0;
        for _ in 0..40 {
            let session = here.session_with(mode);
            if !has(&session, 1).await {
                continue;
            }
            seen += 1;
            let next = handed_over(&session, &there).await;
            for _ in 0..5 {
                assert!(has(&next, 1).await, "{mode:?}: the row is missing");
            }
        }
        assert!((3..38).contains(&seen), "{seen} of 40: no control");
    }
}

/// The next process names its replicas differently: it reads from one that has caught up.
#[tokio::test]
async fn no_row_vanishes_where_the_replica_has_another_name() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    side.create("shop").await;
    let here = connect(builder(&side)).await;
    let Side::Postgres(pg) = &side else { return };
    let replica = |n, name: &str| {
        let url = pg.replica_url(n, "shop");
        sea_orm_routing::ReplicaOptions::new(url.as_str()).name(name)
    };
    let primary = crate::support::options(pg.primary_url("shop"));
    let others = sea_orm_routing::DatabaseOptions::new(primary)
        .replica(replica(0, "north"))
        .replica(replica(1, "south"))
        .probe_interval(Duration::from_millis(20));
    let others = RoutingConnection::builder().database("default", others);
    let there = connect(others.token_key(KEY)).await;
    side.pause(1).await;
    write(&here, 1).await.expect("written");
    side.has(0, 1).await;
    for mode in [Consistency::Eventual, CAUSAL] {
        for _ in 0..30 {
            let session = here.session_with(mode);
            if has(&session, 1).await {
                let next = handed_over(&session, &there).await;
                assert!(has(&next, 1).await, "{mode:?}: the row is missing");
            }
        }
    }
}
