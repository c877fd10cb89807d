//! The routing cases of MySQL, checked on a read-only MariaDB.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;

use crate::hot_standby::{reads, run};
use crate::support::{self, error_of, single};

const TABLES: &str = "
CREATE TABLE a (id int, x varchar(10), y datetime, z int, i int, j int,
    FULLTEXT (x), INDEX i (i), INDEX j (j)) WITH SYSTEM VERSIONING;
INSERT INTO a (id, x) VALUES (1, 'n');
CREATE TABLE user (id int);
CREATE TABLE `2a` (id int);
CREATE TABLE t (id int);
";

#[tokio::test]
async fn a_read_only_mariadb_refuses_no_case_that_is_called_a_read() {
    // One of the cases names the database.
    let Some(maria) = support::mariadb("db").await else {
        return;
    };
    maria.sql(TABLES).await;
    maria.caught_up().await;
    let db = single(maria.options()).await;
    let replica = db.node("default/2").expect("declared");
    let refusal = error_of(replica.execute_unprepared("DELETE FROM a").await);
    assert!(
        refusal.contains("1290") || refusal.contains("1792"),
        "{refusal}"
    );

    let mut ran = 0;
    let mut failed = BTreeMap::new();
    for sql in reads("mysql") {
        match run(&replica, sql).await {
            Ok(_) => ran += 1,
            Err(error) => drop(failed.insert(sql, error.to_string())),
        }
    }
    eprintln!(
        "{ran} cases ran on a read-only MariaDB, {} failed: {failed:#?}",
        failed.len()
    );
    let codes = ["1290", "1792", "1836"];
    let refused = |error: &&String| codes.iter().any(|code| error.contains(code));
    assert_eq!(failed.values().filter(refused).collect::<Vec<_>>(), [""; 0]);
    assert!(
        ran >= 18 && failed.len() * 3 <= ran,
        "only {ran} cases ran: {failed:#?}"
    );
}
