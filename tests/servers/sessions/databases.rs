//! The history of a session belongs to that session, and is kept per database.

use std::time::Duration;

use sea_orm_routing::{Consistency, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, has, next_read, write};
use crate::support::eventually;

async fn two(side: &Side) -> RoutingConnection {
    side.create("shop").await;
    side.create("second").await;
    let builder = RoutingConnection::builder()
        .database("default", side.options("shop"))
        .database("second", side.options("second"));
    builder.connect().await.expect("connected")
}

async fn it_stays_with_session_and_database(side: Side) {
    let db = two(&side).await;
    side.pause(0).await;
    for (id, consistency) in [(1, WINDOW), (2, CAUSAL)] {
        let (mine, other) = (db.session_with(consistency), db.session_with(consistency));
        let second = mine.using("second").expect("declared");
        write(&mine, id).await.expect("written");
        assert_eq!(next_read(&mine), Role::Primary);
        assert_eq!(next_read(&mine.clone()), Role::Primary, "the same session");
        let same = db.in_session(mine.current_session().expect("one").clone());
        let same = same.expect("its own connection");
        assert_eq!(next_read(&same), Role::Primary, "the same session");
        assert_eq!(next_read(&second), Role::Replica, "the other database");
        assert_eq!(next_read(&other), Role::Replica, "the other session");
        assert_eq!(next_read(&db), Role::Replica, "no session");
        assert!(!has(&other, id).await, "the replica should be stale");

        write(&second, id).await.expect("written");
        assert_eq!(next_read(&second), Role::Primary);
        assert!(has(&second, id).await && has(&mine, id).await);
        let second = other.using("second").expect("declared");
        assert_eq!(next_read(&second), Role::Replica);
    }
    the_window_ends(&db).await;
    side.resume(0).await;
}

/// Positions are not tracked: a stale row shows once the window is over, as documented.
async fn the_window_ends(db: &RoutingConnection) {
    let window = Duration::from_millis(400);
    let session = db.session_with(Consistency::ReadYourWrites { window });
    write(&session, 3).await.expect("written");
    let start = std::time::Instant::now();
    let mut reads = 0;
    while start.elapsed() < window / 2 {
        assert!(has(&session, 3).await || start.elapsed() >= window);
        reads += 1;
    }
    assert!(reads > 0, "no read within the window");
    eventually("the window ends", || async {
        next_read(&session) == Role::Replica && !has(&session, 3).await
    })
    .await;
}

#[tokio::test]
async fn it_stays_with_session_and_database_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        it_stays_with_session_and_database(side).await;
    }
}

#[tokio::test]
async fn it_stays_with_session_and_database_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        it_stays_with_session_and_database(side).await;
    }
}
