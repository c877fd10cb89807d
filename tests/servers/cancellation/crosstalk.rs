//! A statement is cancelled while the server prepares it. No later statement, of the transaction or
//! of the pool's next user, may receive the replies that were still in flight for it.

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionTrait, Value};
use sea_orm_routing::RoutingConnection;

use crate::support::cut::{Dropped, cut};
use crate::support::item::{self, insert};
use crate::support::slow_link::slow_link;
use crate::support::{self, options, single, soon, value};

/// With and without values, with and without rows: the server's reply differs for each.
const TEXTS: [&str; 5] = [
    "DELETE FROM item WHERE name = 'nobody ROUND'",
    "SELECT 'cut ROUND'",
    "SELECT name FROM item WHERE name <> 'ROUND'",
    "UPDATE item SET name = 'nobody' WHERE name = 'nobody ROUND'",
    "UPDATE item SET name = 'nobody ROUND' WHERE id = PLACEHOLDER",
];

const WAYS: [(usize, Dropped); 4] = [
    (1, Dropped::AtOnce),
    (1, Dropped::WhenAnswered),
    (2, Dropped::AtOnce),
    (2, Dropped::WhenAnswered),
];

/// One connection, so that the next user gets the one whose statement was cancelled, if it is still
/// open.
async fn one_connection(url: &str) -> RoutingConnection {
    let mut options = options(slow_link(url).await);
    options.max_connections(1);
    let db = single(options.into()).await;
    item::create(&db).await;
    db
}

/// Replies whose content proves that they belong to the statement that was sent.
async fn own_answers(db: &impl ConnectionTrait, round: &str) -> Result<(), String> {
    for n in 0..3 {
        let expected = format!("answer {n} of {round}");
        let found = value::<String>(db, &format!("SELECT '{expected}'")).await;
        match found {
            Ok(found) if found == expected => {}
            Ok(found) => return Err(format!("{round}: {found:?} for {expected:?}")),
            Err(error) => return Err(format!("{round}: no answer: {error}")),
        }
    }
    Ok(())
}

/// What is done after the cut, before the connection has its next user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Commit,
    Drop,
}

/// Cancels every text in every way and returns the faults. An error is acceptable; a row of another
/// statement, or a commit that reports success without committing, is a fault.
async fn cut_off(db: &RoutingConnection, then: Then) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, text) in TEXTS.iter().enumerate() {
        for (polls, dropped) in WAYS {
            let round = format!("{then:?}, {dropped:?} after {polls}, text {index}");
            let txn = db.begin().await.expect("begun");
            soon("an insert", insert(&txn, &round))
                .await
                .expect("inserted");
            let backend = db.get_database_backend();
            let placeholder = if backend == DbBackend::Postgres {
                "$1"
            } else {
                "?"
            };
            let values = vec![Value::Int(Some(0)); text.matches("PLACEHOLDER").count()];
            let sql = text
                .replace("ROUND", &round)
                .replace("PLACEHOLDER", placeholder);
            let statement = Statement::from_sql_and_values(backend, sql, values);
            let _ = cut(polls, dropped, txn.query_all_raw(statement)).await;
            if then == Then::GoOn {
                let answers = soon("own answers", own_answers(&txn, &round)).await;
                wrong.extend(answers.err().filter(|error| !error.contains("no answer")));
            }
            let committed = match then {
                Then::Drop => {
                    drop(txn);
                    Ok(false)
                }
                Then::GoOn | Then::Commit => soon("a commit", txn.commit()).await.map(|()| true),
            };
            wrong.extend(soon("own answers", own_answers(db, &round)).await.err());
            let rows = item::Entity::find().all(db).await.expect("a read");
            let kept = rows.iter().any(|row| row.name == round);
            if kept != *committed.as_ref().unwrap_or(&false) {
                wrong.push(format!("{round}: committed {committed:?}, kept {kept}"));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn on_postgres() {
    let Some(pg) = support::postgres("crosstalk").await else {
        return;
    };
    let db = one_connection(&pg.cluster.primary_url(pg.name)).await;
    let mut wrong = cut_off(&db, Then::GoOn).await;
    wrong.extend(cut_off(&db, Then::Commit).await);
    wrong.extend(cut_off(&db, Then::Drop).await);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn on_mariadb() {
    let Some(maria) = support::mariadb("crosstalk").await else {
        return;
    };
    let db = one_connection(&maria.cluster.primary_url(maria.name)).await;
    let mut wrong = cut_off(&db, Then::GoOn).await;
    wrong.extend(cut_off(&db, Then::Commit).await);
    wrong.extend(cut_off(&db, Then::Drop).await);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
