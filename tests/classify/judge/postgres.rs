//! The judge on a Postgres standby.

use std::collections::HashSet;

use routing_servers::{Node, PostgresCluster};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_routing::sql::{Operation, Server};

use super::texts::{self, Texts};
use super::{Answer, between, complaint, connect, judge};

const TEMPLATES: &str = include_str!("postgres.txt");
const NO_FUNCTION: &str = "42883";
const READ_ONLY: &str = "25006";
/// Built-ins that act on a standby too, or only fail there.
const ACTING: [&str; 2] = ["pg_advisory_lock", "nextval"];
/// On the list of functions because an extension has it.
const ELSEWHERE: [&str; 1] = ["cube"];
/// The columns of the table `words` that are not named like a word.
const COLUMNS: [&str; 4] = ["a", "b", "c", "l"];

/// A standby, with the functions in one database and without them in another.
struct Standby {
    functions: DatabaseConnection,
    bare: DatabaseConnection,
    /// Without the functions, and with backslashes that escape in every string.
    escaping: DatabaseConnection,
    built_in: HashSet<String>,
}

#[tokio::test]
async fn postgres_calls_no_function_in_what_is_proven_a_read() {
    let Some(cluster) = routing_servers::postgres(1).await else {
        return;
    };
    let keywords = lines(&cluster, "SELECT word FROM pg_get_keywords()").await;
    let words = texts::words(keywords.into_iter().chain(ACTING.map(str::to_owned)));
    let standby = Standby::new(&cluster, &words).await;
    let texts = Texts::new(TEMPLATES, &words, '"');
    let access = |sql: &str| Operation::on(sql, Server::Postgres(15)).access();
    judge("Postgres", access, texts, async |sql| {
        standby.answer(sql).await
    })
    .await;
    assert_eq!(standby.locks().await, 0, "a text took a lock");
}

impl Standby {
    async fn new(cluster: &PostgresCluster, words: &[String]) -> Self {
        for database in ["functions", "bare"] {
            create(cluster, database, &tables(words)).await;
        }
        let create = functions(words);
        let created = cluster.sql(Node::Primary, "functions", &create).await;
        created.expect("functions");
        cluster
            .wait_caught_up()
            .await
            .expect("a standby that follows");
        let built_in =
            "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace";
        let escaping = connect(&cluster.replica_url(0, "bare")).await;
        let set = escaping.execute_unprepared("SET standard_conforming_strings = off");
        set.await.expect("another mode");
        Self {
            functions: connect(&cluster.replica_url(0, "functions")).await,
            bare: connect(&cluster.replica_url(0, "bare")).await,
            escaping,
            built_in: lines(cluster, built_in).await.into_iter().collect(),
        }
    }

    /// Runs a text where no function is, which tells which it would call, then where they are.
    async fn answer(&self, sql: &str) -> Answer {
        for db in [&self.bare, &self.escaping] {
            let Some((code, said)) = complaint(db, sql).await else {
                continue;
            };
            let called = between(&said, "function ", "(").map(str::to_owned);
            let unknown = |name: &String| !self.is_built_in(name);
            if code == NO_FUNCTION && called.as_ref().is_some_and(unknown) {
                return Answer::Refused { called, said };
            }
        }
        match complaint(&self.functions, sql).await {
            Some((code, said)) if code == READ_ONLY => Answer::Refused { called: None, said },
            None => Answer::Ran,
            _ => Answer::Invalid,
        }
    }

    /// The advisory locks that the texts took: a standby takes them too.
    async fn locks(&self) -> u64 {
        let count = "SELECT FROM pg_locks WHERE locktype = 'advisory'";
        let locks = self.functions.execute_unprepared(count).await;
        locks.expect("the locks").rows_affected()
    }

    /// Whether it is a function of the server, perhaps with other arguments.
    fn is_built_in(&self, name: &str) -> bool {
        let bare = name.strip_prefix("pg_catalog.").unwrap_or(name);
        self.built_in.contains(bare) || ELSEWHERE.contains(&bare)
    }
}

async fn create(cluster: &PostgresCluster, database: &str, tables: &str) {
    cluster.create_database(database).await.expect("a database");
    let created = cluster.sql(Node::Primary, database, tables).await;
    created.expect("tables");
    let limit = format!("ALTER DATABASE {database} SET statement_timeout = '500ms'");
    let limited = cluster.sql(Node::Primary, database, &limit).await;
    limited.expect("a limit");
}

/// The table `words` with two rows, and one to write to.
fn tables(words: &[String]) -> String {
    let others = |word: &&String| !COLUMNS.contains(&word.as_str());
    let words = words.iter().filter(others).cloned().collect::<Vec<_>>();
    let columns = texts::columns(&words, '"');
    format!(
        "CREATE TABLE words (a INT, b INT, c TEXT, l INT[]{columns});
        INSERT INTO words VALUES (1, 2, 'x', '{{1}}'), (2, 1, 'y', '{{2}}');
        CREATE TABLE log (a INT);"
    )
}

/// A function of each name that `pg_catalog` does not have, with up to three arguments, and a type.
fn functions(words: &[String]) -> String {
    let words = words.iter().map(|word| format!("'{word}'"));
    let words = words.collect::<Vec<_>>().join(", ");
    format!(
        "SET statement_timeout = 0;
        DO $do$ DECLARE word text; arguments text; BEGIN
        FOREACH word IN ARRAY ARRAY[{words}] LOOP
            BEGIN EXECUTE format('CREATE DOMAIN %I AS int', word);
            EXCEPTION WHEN OTHERS THEN NULL; END;
            CONTINUE WHEN word = 'cube' OR EXISTS (SELECT FROM pg_proc WHERE proname = word);
            FOREACH arguments IN ARRAY ARRAY['', 'anyelement', 'text', 'anyelement, anyelement',
                'anyelement, anyelement, anyelement'] LOOP
                EXECUTE format('CREATE FUNCTION %I(%s) RETURNS int LANGUAGE plpgsql AS '
                    '''BEGIN INSERT INTO log VALUES (1); RETURN 1; END''', word, arguments);
            END LOOP;
        END LOOP; END $do$"
    )
}

async fn lines(cluster: &PostgresCluster, sql: &str) -> Vec<String> {
    let rows = cluster.sql(Node::Primary, "postgres", sql).await;
    rows.expect("rows").lines().map(str::to_owned).collect()
}
