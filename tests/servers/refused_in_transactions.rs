//! What a transaction over a Postgres and a MariaDB refuses, before anything is sent.

use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::several::{connect, insert_on, names_on};
use crate::support::{mariadb, postgres, value};

const NONE: [&str; 0] = [];

/// `default` on one server, `second` on the other, in both orders; or skips the test.
async fn both_orders(name: &'static str) -> Option<[RoutingConnection; 2]> {
    let (pg, maria) = (postgres(name).await?, mariadb(name).await?);
    let pg = pg.cluster.primary_url(pg.name);
    let maria = maria.cluster.primary_url(maria.name);
    let one = connect([("default", pg.clone()), ("second", maria.clone())]).await;
    let two = RoutingConnection::builder()
        .database("default", maria)
        .database("second", pg);
    Some([one, two.connect().await.expect("connected")])
}

#[tokio::test]
async fn a_write_to_a_second_database() {
    let Some(both) = both_orders("refused_second").await else {
        return;
    };
    for db in both {
        let txn = db.begin().await.expect("begun");
        insert_on(&txn, "default", "one").await.expect("inserted");
        let refused = insert_on(&txn, "second", "two").await;
        let refused = refused.expect_err("a second database");
        match RoutingError::of(&refused) {
            Some(RoutingError::Transaction(TxnError::SecondDatabase { first, second, .. })) => {
                assert_eq!((first.as_str(), second.as_str()), ("default", "second"));
            }
            _ => panic!("{refused}"),
        }
        insert_on(&txn, "default", "three")
            .await
            .expect("the transaction continues");
        txn.rollback().await.expect("rolled back");
        assert_eq!(names_on(&db, "default").await, NONE);
        assert_eq!(names_on(&db, "second").await, NONE);
    }
}

#[tokio::test]
async fn a_statement_without_a_table_and_with_several_branches() {
    let Some(both) = both_orders("refused_which").await else {
        return;
    };
    for db in both {
        let txn = db.begin().await.expect("begun");
        for name in ["default", "second"] {
            let there = txn.using(name).expect("declared");
            assert!(value::<i32>(&there, "SELECT 1").await.is_ok());
        }
        let refused = txn.execute_unprepared("SELECT 1").await;
        let refused = refused.expect_err("which one");
        let is_it = matches!(
            RoutingError::of(&refused),
            Some(RoutingError::Transaction(TxnError::AmbiguousBranch { .. }))
        );
        assert!(is_it, "{refused}");
        txn.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn what_ends_it_by_text_on_either_branch() {
    let Some(both) = both_orders("refused_ends").await else {
        return;
    };
    for db in both {
        let txn = db.begin().await.expect("begun");
        insert_on(&txn, "second", "one").await.expect("inserted");
        for name in ["default", "second"] {
            let there = txn.using(name).expect("declared");
            for sql in ["COMMIT", "ROLLBACK", "BEGIN"] {
                let refused = there.execute_unprepared(sql).await.expect_err(sql);
                let is_it = matches!(
                    RoutingError::of(&refused),
                    Some(RoutingError::Transaction(
                        TxnError::TransactionControl { .. }
                    ))
                );
                assert!(is_it, "{refused}");
            }
        }
        txn.rollback().await.expect("rolled back");
        assert_eq!(names_on(&db, "second").await, NONE);
    }
}
