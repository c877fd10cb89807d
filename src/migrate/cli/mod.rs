//! Migrations as a command line, in the conventions of sea-orm-cli.
//!
//! ```text
//! cargo run -p migration -- up                        every database
//! cargo run -p migration -- up --database warehouse   one of them
//! cargo run -p migration -- down -n 2 --database warehouse
//! cargo run -p migration -- status --check            exits with 1 when something is pending
//! ```
//!
//! A program of three lines has it:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use sea_orm_routing::migrate::{Migrations, cli};
//! use sea_orm_routing::{RoutingConnection, RoutingError};
//!
//! async fn connect() -> Result<RoutingConnection, RoutingError> {
//!     RoutingConnection::builder()
//!         .database("default", "sqlite:app.db?mode=rwc")
//!         .connect()
//!         .await
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     let migrations = Migrations::new();
//!     cli::run(migrations, connect).await
//! }
//! ```
//!
//! Progress goes to standard error, as a line that changes where that is a terminal; the table of
//! `status` goes to standard output.

mod arguments;
mod show;

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::show::Shown;
use super::{MigrationError, MigrationReport, Migrations, Steps};
use crate::connection::RoutingConnection;

/// Runs what the command line of this process says, and returns its exit code: 0, 1 for an error or
/// for something pending under `status --check`, 2 for a command line that makes no sense.
///
/// `connect` is called once, after the command line was understood.
pub async fn run<F, E>(migrations: Migrations, connect: F) -> ExitCode
where
    F: AsyncFnOnce() -> Result<RoutingConnection, E>,
    E: Display,
{
    run_from(migrations, connect, std::env::args_os()).await
}

/// Like [`run`], with the command line given; its first part is the name of the program.
pub async fn run_from<F, E>(
    migrations: Migrations,
    connect: F,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode
where
    F: AsyncFnOnce() -> Result<RoutingConnection, E>,
    E: Display,
{
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match obey(migrations, connect, &arguments).await {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn obey<F, E>(
    migrations: Migrations,
    connect: F,
    arguments: &Arguments,
) -> Result<ExitCode, Box<dyn Error>>
where
    F: AsyncFnOnce() -> Result<RoutingConnection, E>,
    E: Display,
{
    let migrations = chosen(migrations, &arguments.databases)?;
    let db = connect().await.map_err(|error| error.to_string())?;
    let result = command(&migrations, &db, arguments).await;
    let _ = db.close_by_ref().await;
    Ok(result?)
}

/// The migrators of the databases that were named, or all.
fn chosen(migrations: Migrations, databases: &[String]) -> Result<Migrations, MigrationError> {
    if databases.is_empty() {
        return Ok(migrations);
    }
    for database in databases {
        migrations.only(database)?;
    }
    Ok(migrations.among(databases))
}

async fn command(
    migrations: &Migrations,
    db: &RoutingConnection,
    arguments: &Arguments,
) -> Result<ExitCode, MigrationError> {
    let command = arguments.command.clone().unwrap_or_default();
    if let Command::Status { check } = command {
        let mut status = migrations.status(db).await?;
        if !arguments.databases.is_empty() {
            status = status.among(&arguments.databases);
        }
        if !arguments.quiet {
            let _ = write!(std::io::stdout().lock(), "{status}");
        }
        return Ok(match check && status.is_pending() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        });
    }
    let shown = Shown::new(arguments.quiet);
    let mut listening = shown.listen(migrations.clone());
    if let Some(timeout) = arguments.lock_timeout() {
        listening = listening.lock_timeout(timeout);
    }
    let done = change(&listening, db, &command).await;
    shown.end();
    let report = done?;
    if !arguments.quiet {
        say(&report.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(
    migrations: &Migrations,
    db: &RoutingConnection,
    command: &Command,
) -> Result<MigrationReport, MigrationError> {
    match command {
        Command::Up { num: None } | Command::Status { .. } => migrations.up(db, Steps::All).await,
        Command::Up { num: Some(num) } => migrations.up(db, Steps::Only(*num)).await,
        Command::Down { num } => migrations.down(db, Steps::Only(*num)).await,
        Command::Fresh => migrations.fresh(db).await,
        Command::Refresh => migrations.refresh(db).await,
        Command::Reset => migrations.reset(db).await,
    }
}

/// A line on standard error; nobody may be there to read it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
