//! The judge on a MariaDB replica.
//!
//! The driver connects with `IGNORE_SPACE`, so white space between a built-in function and its `(`
//! does not make it a stored function; a comment does.

use routing_servers::{MariaDbCluster, Node};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_routing::sql::{Operation, Server};

use super::texts::{self, Texts};
use super::{Answer, LOST, between, complaint, connect, judge};

const TEMPLATES: &str = include_str!("mysql.txt");
/// On the list of functions because MySQL has it.
const ELSEWHERE: [&str; 1] = ["grouping"];
/// The columns of the table `words` that are not named like a word.
const COLUMNS: [&str; 3] = ["a", "b", "c"];
/// Words, and functions, which are words to the lexer when `(` follows.
const WORDS: &str = "SELECT word FROM information_schema.keywords
    UNION SELECT function FROM information_schema.sql_functions";
/// A server that only reads refused to write, or could not in a transaction that only reads.
const REFUSED: [&str; 2] = ["1290", "1792"];
/// There is no such function, or it takes other arguments.
const CALLED: [&str; 3] = ["1305", "1318", "1630"];

/// A replica, with the functions in one database and without them in another.
struct Replica {
    cluster: MariaDbCluster,
    functions: DatabaseConnection,
    bare: DatabaseConnection,
    /// Without the functions too, in the modes that read texts in another way.
    modes: Vec<DatabaseConnection>,
}

/// Modes of a session that read texts in another way.
const MODES: [&str; 3] = ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ORACLE"];
/// What `ANALYZE TABLE` changes, although the server is read-only.
const LOGGED: &str = "SELECT @@global.gtid_binlog_pos";

#[tokio::test]
async fn mariadb_calls_no_function_in_what_is_proven_a_read() {
    let Some(cluster) = routing_servers::mariadb(1).await else {
        return;
    };
    let rows = cluster.sql(Node::Primary, "mysql", WORDS).await;
    let rows = rows.expect("the words of the server");
    let words = texts::words(rows.lines().map(str::to_owned));
    let replica = Replica::new(cluster, &words).await;
    let texts = Texts::new(TEMPLATES, &words, '`');
    let logged = replica.logged().await;
    let access = |sql: &str| Operation::on(sql, Server::MariaDb).access();
    judge("MariaDB", access, texts, async |sql| {
        replica.answer(sql).await
    })
    .await;
    assert_eq!(
        replica.logged().await,
        logged,
        "it logged a write of its own"
    );
}

impl Replica {
    async fn logged(&self) -> String {
        let logged = self.cluster.sql(Node::Replica(0), "mysql", LOGGED).await;
        logged.expect("a position")
    }

    async fn new(cluster: MariaDbCluster, words: &[String]) -> Self {
        for database in ["functions", "bare"] {
            cluster.create_database(database).await.expect("a database");
            let created = cluster.sql(Node::Primary, database, &tables(words)).await;
            created.expect("tables");
        }
        create_functions(&cluster.primary_url("functions"), words).await;
        cluster
            .wait_caught_up()
            .await
            .expect("a replica that follows");
        limit(&cluster).await;
        let mut modes = Vec::new();
        for mode in MODES {
            let db = connect(&cluster.replica_url(0, "bare")).await;
            let set = format!("SET sql_mode = '{mode}'");
            db.execute_unprepared(&set).await.expect(mode);
            modes.push(db);
        }
        Self {
            functions: connect(&cluster.replica_url(0, "functions")).await,
            bare: connect(&cluster.replica_url(0, "bare")).await,
            modes,
            cluster,
        }
    }

    /// Runs a text where no function is, which tells which it would call, then where they are.
    async fn answer(&self, sql: &str) -> Answer {
        let mut invalid = false;
        let everywhere = [&self.bare, &self.functions].into_iter().chain(&self.modes);
        for db in everywhere {
            let Some((code, said)) = complaint(db, sql).await else {
                continue;
            };
            if code == LOST {
                self.revive(sql).await;
                return Answer::Invalid;
            }
            if let Some(refused) = refusal(&said) {
                return refused;
            }
            invalid = true;
        }
        match invalid {
            true => Answer::Invalid,
            false => Answer::Ran,
        }
    }

    /// Starts the server again: some queries crash MariaDB, such as
    /// `VALUES (1), (2) ORDER BY (SELECT abs(1))`.
    async fn revive(&self, sql: &str) {
        eprintln!("the connection was lost in {sql}");
        self.cluster.stop_replica(0).await.expect("no replica");
        self.cluster.start_replica(0).await.expect("a replica");
        limit(&self.cluster).await;
    }
}

/// What a complaint says against a read: "1305 (42000): FUNCTION bare.word does not exist".
fn refusal(said: &str) -> Option<Answer> {
    let number = said.split_once(' ').map_or("", |(number, _)| number);
    let called = between(said, "FUNCTION ", " ").unwrap_or_default();
    let called = called.rsplit('.').next().unwrap_or_default();
    let called = called.to_ascii_lowercase();
    let elsewhere = called.is_empty() || ELSEWHERE.contains(&called.as_str());
    let called = match () {
        () if REFUSED.contains(&number) => None,
        () if CALLED.contains(&number) && !elsewhere => Some(called),
        () => return None,
    };
    let said = said.to_owned();
    Some(Answer::Refused { called, said })
}

/// Ends a text that would run for long.
async fn limit(cluster: &MariaDbCluster) {
    let limit = "SET GLOBAL max_statement_time = 0.5";
    let limited = cluster.sql(Node::Replica(0), "mysql", limit).await;
    limited.expect("a limit");
}

/// The table `words` with two rows, one with a history, and one to write to.
fn tables(words: &[String]) -> String {
    let others = |word: &&String| !COLUMNS.contains(&word.as_str());
    let words = words
        .iter()
        .filter(others)
        .take(1000)
        .cloned()
        .collect::<Vec<_>>();
    let columns = texts::columns(&words, '`');
    format!(
        "CREATE TABLE words (a INT, b INT, c VARCHAR(9), FULLTEXT (c){columns});
        INSERT INTO words (a, b, c) VALUES (1, 2, 'x'), (2, 1, 'y');
        CREATE TABLE history (a INT) WITH SYSTEM VERSIONING;
        INSERT INTO history VALUES (1);
        CREATE TABLE log (a INT);"
    )
}

/// A function with one argument for each word, which writes. The server refuses some names.
async fn create_functions(url: &str, words: &[String]) {
    let primary = connect(url).await;
    let mut created = 0;
    for word in words
        .iter()
        .filter(|word| !ELSEWHERE.contains(&word.as_str()))
    {
        let sql = format!(
            "CREATE FUNCTION `{word}` (x INT) RETURNS INT MODIFIES SQL DATA
            BEGIN INSERT INTO log VALUES (x); RETURN 1; END"
        );
        created += usize::from(primary.execute_unprepared(&sql).await.is_ok());
    }
    assert!(
        created > words.len() / 2,
        "{created} functions of {}",
        words.len()
    );
}
