//! Writes whose text starts like another statement count as writes to their database.

use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::{self, options};

#[tokio::test]
async fn a_second_database_is_not_written_in_disguise() {
    let Some(pg) = support::postgres("disguised").await else {
        return;
    };
    let Some(maria) = support::mariadb("disguised").await else {
        return;
    };
    let db = RoutingConnection::builder()
        .database("default", options(pg.cluster.primary_url(pg.name)))
        .database("maria", options(maria.cluster.primary_url(maria.name)))
        .connect()
        .await
        .expect("connected");
    let on = |name: &str| db.using(name).expect("declared");
    for name in ["default", "maria"] {
        let created = on(name).execute_unprepared("CREATE TABLE t (id INT)").await;
        created.expect("a table");
    }
    for (name, other, disguised) in [
        (
            "maria",
            "default",
            "SET STATEMENT max_statement_time = 5 FOR INSERT INTO t VALUES (1)",
        ),
        ("default", "maria", "EXECUTE w"),
    ] {
        let txn = db.begin().await.expect("begun");
        let first = txn.using(other).expect("declared");
        let written = first.execute_unprepared("INSERT INTO t VALUES (9)").await;
        written.expect("the first database");
        let second = txn.using(name).expect("declared");
        let refused = second.execute_unprepared(disguised).await;
        let refused = refused.expect_err("a second database");
        assert!(
            matches!(
                RoutingError::of(&refused),
                Some(RoutingError::Transaction(TxnError::SecondDatabase { .. }))
            ),
            "{disguised}: {refused}"
        );
    }
}
