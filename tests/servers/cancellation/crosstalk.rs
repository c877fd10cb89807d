//! A statement is cut off while the server prepares it. No later statement, of the transaction or
//! of the pool's next user, may take the answers that were on their way for its own.

use sea_orm::{ConnectOptions, ConnectionTrait, DbErr, EntityTrait, Statement, TransactionTrait};
use sea_orm_routing::RoutingConnection;

use crate::support::cut::{Dropped, cut};
use crate::support::item::{self, insert};
use crate::support::slow_link::slow_link;
use crate::support::{self, options, single, soon, value};

/// With values or without, with rows or without: what the server answers differs.
const TEXTS: [&str; 4] = [
    "DELETE FROM item WHERE name = 'nobody ROUND'",
    "SELECT 'cut ROUND'",
    "SELECT name FROM item WHERE name <> 'ROUND'",
    "UPDATE item SET name = 'nobody' WHERE name = 'nobody ROUND'",
];

/// One connection, so that the next user has the one that was cut off, if it is still there.
async fn one_connection(url: &str) -> RoutingConnection {
    let mut options: ConnectOptions = options(slow_link(url).await);
    options.max_connections(1);
    let db = single(options.into()).await;
    item::create(&db).await;
    db
}

fn raw(db: &RoutingConnection, sql: String) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}

/// Answers that can only be right by being one's own.
async fn own_answers(db: &impl ConnectionTrait, round: &str) -> Result<(), String> {
    for n in 0..3 {
        let expected = format!("answer {n} of {round}");
        let found = value::<String>(db, &format!("SELECT '{expected}'")).await;
        match found {
            Ok(found) if found == expected => {}
            Ok(found) => return Err(format!("{round}: {found:?} for {expected:?}")),
            Err(error) => return Err(format!("{round}: {error} for {expected:?}")),
        }
    }
    Ok(())
}

/// In a transaction that then goes on, or fails: an error is an answer, a wrong row is none.
async fn in_a_transaction(db: &RoutingConnection) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, text) in TEXTS.iter().enumerate() {
        for (polls, dropped) in [
            (1, Dropped::AtOnce),
            (1, Dropped::WhenAnswered),
            (2, Dropped::AtOnce),
            (2, Dropped::WhenAnswered),
        ] {
            let round = format!("{dropped:?} after {polls}, text {index}");
            let txn = db.begin().await.expect("begun");
            soon("an insert", insert(&txn, &round))
                .await
                .expect("inserted");
            let sql = text.replace("ROUND", &round);
            let _ = cut(polls, dropped, txn.query_all_raw(raw(db, sql))).await;
            let same = soon("own answers", own_answers(&txn, &round)).await;
            let ended: Result<(), DbErr> = soon("a commit", txn.commit()).await;
            let after = soon("own answers", own_answers(db, &format!("{round}, after"))).await;
            let kept = item::Entity::find().all(db).await;
            let kept = kept.map(|rows| rows.iter().any(|row| row.name == round));
            if same.as_ref().is_err_and(|error| error.contains("\" for ")) {
                wrong.push(format!("in the transaction, {same:?}"));
            }
            if after.is_err() || kept != Ok(ended.is_ok()) {
                wrong.push(format!(
                    "{round}: commit {ended:?}, kept {kept:?}, then {after:?}"
                ));
            }
        }
    }
    wrong
}

/// In a transaction that is dropped with the statement.
async fn with_its_transaction(db: &RoutingConnection) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, text) in TEXTS.iter().enumerate() {
        for (polls, dropped) in [
            (1, Dropped::AtOnce),
            (1, Dropped::WhenAnswered),
            (2, Dropped::AtOnce),
            (2, Dropped::WhenAnswered),
        ] {
            let round = format!("dropped {dropped:?} after {polls}, text {index}");
            let txn = db.begin().await.expect("begun");
            soon("an insert", insert(&txn, &round))
                .await
                .expect("inserted");
            let sql = text.replace("ROUND", &round);
            let _ = cut(polls, dropped, txn.query_all_raw(raw(db, sql))).await;
            drop(txn);
            wrong.extend(soon("own answers", own_answers(db, &round)).await.err());
        }
    }
    wrong
}

#[tokio::test]
async fn a_transaction_on_postgres() {
    let Some(pg) = support::postgres("crosstalk").await else {
        return;
    };
    let db = one_connection(&pg.cluster.primary_url(pg.name)).await;
    assert_eq!(in_a_transaction(&db).await, [""; 0]);
}

#[tokio::test]
async fn a_dropped_transaction_on_postgres() {
    let Some(pg) = support::postgres("crosstalk_drop").await else {
        return;
    };
    let db = one_connection(&pg.cluster.primary_url(pg.name)).await;
    assert_eq!(with_its_transaction(&db).await, [""; 0]);
}

#[tokio::test]
async fn a_transaction_on_mariadb() {
    let Some(maria) = support::mariadb("crosstalk").await else {
        return;
    };
    let db = one_connection(&maria.cluster.primary_url(maria.name)).await;
    assert_eq!(in_a_transaction(&db).await, [""; 0]);
}

#[tokio::test]
async fn a_dropped_transaction_on_mariadb() {
    let Some(maria) = support::mariadb("crosstalk_drop").await else {
        return;
    };
    let db = one_connection(&maria.cluster.primary_url(maria.name)).await;
    assert_eq!(with_its_transaction(&db).await, [""; 0]);
}
#[tokio::test]
async fn zz_plain_seaorm() {
    let Some(maria) = support::mariadb("crosstalk_plain").await else {
        return;
    };
    let db = one_connection(&maria.cluster.primary_url(maria.name)).await;
    let mut wrong = Vec::new();
    let plain = db.primary("default").expect("x");
    for (index, text) in TEXTS.iter().enumerate() {
        for (polls, dropped) in [
            (1, Dropped::AtOnce),
            (1, Dropped::WhenAnswered),
            (2, Dropped::AtOnce),
            (2, Dropped::WhenAnswered),
        ] {
            let round = format!("plain {dropped:?} after {polls}, text {index}");
            let sql = text.replace("ROUND", &round);
            let _ = cut(polls, dropped, plain.query_all_raw(raw(&db, sql))).await;
            wrong.extend(soon("own answers", own_answers(&plain, &round)).await.err());
        }
    }
    assert_eq!(wrong, [""; 0]);
}
