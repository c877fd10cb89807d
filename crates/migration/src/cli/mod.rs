//! Migrations as a command line, in the conventions of sea-orm-cli.
//!
//! ```text
//! cargo run -p migration -- up                        every database
//! cargo run -p migration -- up --database warehouse   one of them
//! cargo run -p migration -- down -n 2 --database warehouse
//! cargo run -p migration -- status --check            exits with 1 if a migration is pending
//! ```
//!
//! The program:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use sea_orm_routing::{RoutingConnection, RoutingError};
//! use sea_orm_routing_migration::{Migrations, cli};
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
//! Progress goes to standard error, as a progress line on a terminal. The table of `status` goes to
//! standard output.

mod arguments;
mod show;

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use sea_orm_routing::RoutingConnection;

use self::arguments::{Arguments, Command};
use self::show::ProgressPrinter;
use super::{MigrationError, MigrationReport, Migrations, Steps};

/// Runs the command line of this process, and returns its exit code: 0, 1 for an error or for pending
/// migrations under `status --check`, 2 for an invalid command line.
///
/// `connect` is called once, after the command line was parsed.
pub async fn run<F, E>(migrations: Migrations, connect: F) -> ExitCode
where
    F: AsyncFnOnce() -> Result<RoutingConnection, E>,
    E: Display,
{
    run_from(migrations, connect, std::env::args_os()).await
}

/// Like [`run`], with these arguments, the first of which is the name of the program.
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
    match run_command(migrations, connect, &arguments).await {
        Ok(code) => code,
        Err(error) => {
            print_line(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_command<F, E>(
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
    let result = dispatch(&migrations, &db, arguments).await;
    let _ = db.close_by_ref().await;
    Ok(result?)
}

/// The migrators of the named databases, or all.
fn chosen(migrations: Migrations, databases: &[String]) -> Result<Migrations, MigrationError> {
    if databases.is_empty() {
        return Ok(migrations);
    }
    for database in databases {
        migrations.only(database)?;
    }
    Ok(migrations.among(databases))
}

async fn dispatch(
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
    let progress = ProgressPrinter::new(arguments.quiet);
    let mut listening = progress.listen(migrations.clone());
    if let Some(timeout) = arguments.lock_timeout() {
        listening = listening.lock_timeout(timeout);
    }
    let done = change(&listening, db, &command).await;
    progress.end();
    let report = done?;
    if !arguments.quiet {
        print_line(&report.to_string());
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

/// Prints a line to standard error. A failure is ignored: the reader may have closed it.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
