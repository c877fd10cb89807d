//! Migrators in processes of their own: this test binary once more, as a command line.

use std::process::Stdio;

use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{MigrationError, Migrations, SqlMigration, Steps, cli};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{
    Engine, Result, Site, Sites, TableGate, creates, eventually, soon, tables_of,
};

/// Tells the other process where its database is, and which migration it has.
const URL: &str = "MIGRATIONS_TEST_URL";
const SQL: &str = "MIGRATIONS_TEST_SQL";
const LINE: &str = "MIGRATIONS_TEST_LINE";

fn migrations(sql: &str) -> Migrations {
    let slow = SqlMigration::new("m_slow", sql).down("SELECT 1");
    let last = SqlMigration::new("m_last", "CREATE TABLE last (id INTEGER)");
    let last = last.down("DROP TABLE last");
    let set = creates(&["a"]).with(slow).with(last);
    Migrations::new().database("default", set)
}

/// What the other process runs; without that environment, it migrates a database in memory.
#[tokio::test]
async fn a_migrator_of_its_own() {
    let url = std::env::var(URL).unwrap_or_else(|_| "sqlite::memory:".to_owned());
    let sql = std::env::var(SQL).unwrap_or_else(|_| "SELECT 1".to_owned());
    let connect = async || {
        let builder = RoutingConnection::builder().database("default", url);
        builder.connect().await
    };
    let line = std::env::var(LINE).unwrap_or_else(|_| "up".to_owned());
    let arguments = ["migration"].into_iter().chain(line.split_whitespace());
    let code = cli::run_from(migrations(&sql), connect, arguments).await;
    assert_eq!(code, std::process::ExitCode::SUCCESS);
}

/// This binary as a migrator of that database.
fn process(site: &Site, sql: &str) -> Result<Child> {
    Ok(command(site, sql, "up")?.stdout(Stdio::null()).spawn()?)
}

pub(crate) fn command(site: &Site, sql: &str, line: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "processes::a_migrator_of_its_own", "--nocapture"]);
    command.env(URL, site.url(0)).env(SQL, sql).env(LINE, line);
    command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

/// What the process wrote to standard error, once it has ended.
async fn finished(process: Child) -> Result<String> {
    let output = soon("a process", process.wait_with_output()).await?;
    let text = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{text}");
    Ok(text)
}

#[tokio::test]
async fn two_processes_apply_each_migration_once() -> Result {
    for site in Sites::Servers.with("two_processes", 1).await? {
        let mut gate = TableGate::closed(&site).await?;
        let first = process(&site, TableGate::THROUGH)?;
        gate.is_waited_for().await;
        let mut second = process(&site, TableGate::THROUGH)?;
        let mut lines = BufReader::new(second.stderr.take().expect("piped")).lines();
        let told = async {
            while let Some(line) = lines.next_line().await? {
                if line.contains("waiting") {
                    return Ok::<_, std::io::Error>(Some(line));
                }
            }
            Ok(None)
        };
        let told = soon("the second waits", told).await?;
        assert_eq!(
            told.as_deref(),
            Some("default: another migrator is at work, waiting")
        );
        gate.open().await?;
        let text = finished(first).await?;
        assert!(text.contains("Done: default (3 migrations)."), "{text}");
        let mut rest = Vec::new();
        while let Some(line) = soon("the second ends", lines.next_line()).await? {
            rest.push(line);
        }
        assert!(
            rest.contains(&"Done: default (0 migrations).".to_owned()),
            "{rest:?}"
        );
        assert!(soon("the second ends", second.wait()).await?.success());
    }
    Ok(())
}

#[tokio::test]
async fn eight_processes_apply_each_migration_once() -> Result {
    for site in Sites::Shared.with("eight_processes", 1).await? {
        let processes: Result<Vec<_>> = (0..8).map(|_| process(&site, "SELECT 1")).collect();
        let mut ran = 0;
        for process in processes? {
            let text = finished(process).await?;
            ran += usize::from(text.contains("Done: default (3 migrations)."));
        }
        assert_eq!(ran, 1);
        let db = site.connect(&["default"]).await?;
        assert_eq!(
            tables_of(&db, "default").await?,
            ["a", "last", "seaql_migrations"]
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_migrator_is_killed_in_the_middle_and_run_again() -> Result {
    for site in Sites::Servers.with("killed", 1).await? {
        let mut gate = TableGate::closed(&site).await?;
        let mut first = process(&site, TableGate::THROUGH)?;
        gate.is_waited_for().await;
        first.kill().await?;
        gate.open().await?;
        let text = finished(process(&site, "SELECT 1")?).await?;
        assert!(text.contains("Done: default (2 migrations)."), "{text}");
        let db = site.connect(&["default"]).await?;
        assert_eq!(
            tables_of(&db, "default").await?,
            ["a", "gate", "last", "seaql_migrations"]
        );
        assert_eq!(
            migrations(TableGate::THROUGH)
                .up(&db, Steps::All)
                .await?
                .migrations(),
            0
        );
    }
    Ok(())
}

/// The statement of a killed migrator still runs on the server, so no other migrator may start.
#[tokio::test]
async fn no_migrator_starts_while_a_killed_migrators_statement_still_runs() -> Result {
    for site in Sites::Servers.with("still_runs", 1).await? {
        let mut gate = TableGate::closed(&site).await?;
        let mut first = process(&site, TableGate::THROUGH)?;
        gate.is_waited_for().await;
        first.kill().await?;
        let db = site.connect(&["default"]).await?;
        let impatient = migrations("SELECT 1").lock_timeout(std::time::Duration::ZERO);
        let outcome = soon("a second migrator", impatient.up(&db, Steps::All)).await;
        gate.open().await?;
        assert!(
            matches!(&outcome, Err(MigrationError::Locked { .. })),
            "{outcome:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_migrator_leaves_no_lock_on_a_file() -> Result {
    let site = Site::files()?;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT COUNT(*) FROM n";
    let mut first = process(&site, endless)?;
    let Engine::Files(dir) = &site.engine else {
        unreachable!("files");
    };
    let lock = dir.path().join(site.database(0) + ".db.migration-lock");
    eventually("the migrator has the lock", async || {
        let file = std::fs::File::open(&lock);
        file.is_ok_and(|file| file.try_lock().is_err())
    })
    .await;
    let db = site.connect(&["default"]).await?;
    eventually("the first migration is applied", async || {
        let status = migrations(endless).status(&db).await;
        status.is_ok_and(|it| it.on("default").is_some_and(|it| it.applied().count() == 1))
    })
    .await;
    first.kill().await?;
    let set = migrations("SELECT 1").lock_timeout(std::time::Duration::ZERO);
    assert_eq!(set.up(&db, Steps::All).await?.migrations(), 2);
    Ok(())
}
