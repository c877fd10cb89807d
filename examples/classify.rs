//! What would each of my statements do? With the name of a server, the statements come from the
//! standard input, one per line:
//!
//! ```sh
//! echo "SELECT nvl(name, '') FROM cake" | cargo run --example classify -- mariadb
//! ```

use std::error::Error;
use std::io::{self, BufRead, Write};

use sea_orm::DbBackend;
use sea_orm_routing::sql::{Access, Operation, Server};

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(server) => statements(&server),
        None => shown(),
    }
}

/// A few statements, and why they are what they are.
fn shown() -> Result<(), Box<dyn Error>> {
    let of = |sql| Operation::of(sql, DbBackend::Postgres);
    let read = of("SELECT lower(name) FROM cake WHERE id = 1");
    assert_eq!(read.access(), Access::Read);
    assert_eq!(read.tables()[0].name(), "cake");

    let unknown = of("SELECT audit(id) FROM cake");
    assert_eq!(unknown.access(), Access::Unknown);

    let locking = of("SELECT * FROM cake FOR UPDATE");
    assert_eq!(locking.access(), Access::LockingRead);

    let mut output = io::stdout().lock();
    for operation in [read, unknown, locking] {
        let (access, why) = (operation.access(), operation.evidence());
        writeln!(output, "{access}: {why}")?;
    }
    Ok(())
}

/// The statements of the standard input, each with what it does.
fn statements(server: &str) -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    for sql in io::stdin().lock().lines() {
        let sql = sql?;
        let operation = operation(server, &sql)?;
        let (access, why) = (operation.access(), operation.evidence());
        writeln!(output, "{access}\t{why}\t{sql}")?;
    }
    Ok(())
}

fn operation(server: &str, sql: &str) -> Result<Operation, String> {
    if let Some(version) = server.strip_prefix("postgres:") {
        let version = version
            .parse()
            .map_err(|_| format!("no version: {version:?}"))?;
        return Ok(Operation::on(sql, Server::Postgres(version)));
    }
    Ok(match server {
        "postgres" => Operation::of(sql, DbBackend::Postgres),
        "mariadb" => Operation::on(sql, Server::MariaDb),
        "mysql" => Operation::on(sql, Server::MySql),
        "sqlite" => Operation::of(sql, DbBackend::Sqlite),
        _ => {
            return Err(format!(
                "no server {server:?}: give postgres, postgres:17, mariadb, mysql or sqlite"
            ));
        }
    })
}
