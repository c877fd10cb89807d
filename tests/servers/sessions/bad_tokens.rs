//! Tokens that must be rejected.

use std::time::Duration;

use sea_orm_routing::error::{SessionError, TokenError};
use sea_orm_routing::{DatabaseOptions, RoutingBuilder, RoutingConnection, RoutingError};

use super::side::Side;
use super::{CAUSAL, has, write};
use crate::support::options;

const KEY: [u8; 32] = [7; 32];

fn builder() -> RoutingBuilder {
    RoutingConnection::builder().token_key(KEY)
}

async fn connect(builder: RoutingBuilder) -> RoutingConnection {
    builder.connect().await.expect("connected")
}

/// A token of a session that has written and read.
async fn token(db: &RoutingConnection, id: i32) -> String {
    let session = db.session_with(CAUSAL);
    write(&session, id).await.expect("written");
    assert!(has(&session, id).await);
    session.session_token().await.expect("a token")
}

#[track_caller]
fn refused(db: &RoutingConnection, token: &str) -> TokenError {
    match db.resume_session(token).expect_err("not to be believed") {
        RoutingError::Session(SessionError::InvalidToken { source, .. }) => source,
        error => panic!("{error}"),
    }
}

async fn bad_tokens(side: Side) {
    side.create("shop").await;
    let db = connect(builder().database("default", side.options("shop"))).await;
    let good = token(&db, 1).await;
    db.resume_session(&good).expect("accepted");

    for place in 0..good.len() {
        for other in ["A", "z", "_", "=", "+", " ", "\u{e9}", "\0", ""] {
            let mut forged = good.clone();
            forged.replace_range(place..=place, other);
            if forged != good {
                refused(&db, &forged);
            }
        }
    }
    for cut in 0..good.len() {
        refused(&db, &good[..cut]);
        refused(&db, &good[good.len() - cut..]);
    }
    refused(&db, &format!("{good}{good}"));
    for garbage in [
        "",
        " ",
        "null",
        "../../etc/passwd",
        "\u{1f370}",
        "%00",
        "AA==",
    ] {
        assert!(matches!(
            refused(&db, garbage),
            TokenError::Unreadable { .. }
        ));
    }
    assert!(matches!(
        refused(&db, &"A".repeat(1 << 20)),
        TokenError::TooLong { .. }
    ));
    assert!(matches!(
        refused(&db, &"\u{e9}".repeat(8000)),
        TokenError::TooLong { .. }
    ));

    let other_key = builder().token_key([8; 32]);
    let other_key = connect(other_key.database("default", side.options("shop"))).await;
    assert!(matches!(
        refused(&other_key, &good),
        TokenError::Forged { .. }
    ));
    let random = RoutingConnection::builder().database("default", side.options("shop"));
    assert!(matches!(
        refused(&connect(random).await, &good),
        TokenError::Forged { .. }
    ));

    let short = builder().token_life(Duration::from_millis(200));
    let short = connect(short.database("default", side.options("shop"))).await;
    let old = token(&short, 2).await;
    short.resume_session(&old).expect("accepted at first");
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(matches!(refused(&short, &old), TokenError::Expired { .. }));
    assert!(matches!(refused(&db, &old), TokenError::Expired { .. }));
    let never = builder().token_life(Duration::ZERO);
    let never = never.database("default", side.options("shop"));
    never.connect().await.expect_err("no token would be good");
    let ever = builder().token_life(Duration::MAX);
    let ever = connect(ever.database("default", side.options("shop"))).await;
    ever.resume_session(&token(&ever, 4).await)
        .expect("accepted");

    let unknown = builder().default_database("main");
    let unknown = connect(unknown.database("main", side.options("shop"))).await;
    assert!(matches!(
        refused(&unknown, &good),
        TokenError::UnknownDatabase { .. }
    ));
}

#[tokio::test]
async fn bad_tokens_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        bad_tokens(side).await;
    }
}

#[tokio::test]
async fn bad_tokens_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        bad_tokens(side).await;
    }
}

/// A database of the same name on another cluster, and on a server of another kind.
#[tokio::test]
async fn a_token_of_another_cluster() {
    let (Some(one), Some(two)) = (Side::postgres(1).await, Side::postgres(1).await) else {
        return;
    };
    let Some(three) = Side::mariadb(1).await else {
        return;
    };
    for side in [&one, &two, &three] {
        side.create("shop").await;
    }
    let open = |side: &Side| connect(builder().database("default", side.options("shop")));
    let (here, there, maria) = (open(&one).await, open(&two).await, open(&three).await);
    assert!(matches!(
        refused(&there, &token(&here, 1).await),
        TokenError::ForeignCluster { .. }
    ));
    assert!(matches!(
        refused(&maria, &token(&here, 2).await),
        TokenError::InvalidPosition { .. }
    ));
    assert!(matches!(
        refused(&here, &token(&maria, 3).await),
        TokenError::InvalidPosition { .. }
    ));
}

/// Where a token proves nothing, entering the session fails, instead of starting a session without
/// history.
#[tokio::test]
async fn a_handle_without_session_has_no_token() {
    let Some(side) = Side::postgres(0).await else {
        return;
    };
    side.create("shop").await;
    let Side::Postgres(pg) = &side else { return };
    let database = DatabaseOptions::new(options(pg.primary_url("shop")));
    let db = connect(builder().database("default", database)).await;
    let none = db.session_token().await.expect_err("no session");
    assert!(
        matches!(
            RoutingError::of(&none),
            Some(RoutingError::Session(SessionError::NoSession { .. }))
        ),
        "{none}"
    );
    db.resume_session(&token(&db, 1).await).expect("accepted");
}
