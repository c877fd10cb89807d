//! The command line.

use std::time::Duration;

use clap::{Parser, Subcommand};

/// Migrates the databases of an application, each with its own migrations.
#[derive(Debug, Parser)]
#[command(version = None, arg_required_else_help = false)]
pub(super) struct Arguments {
    /// The database to work on; can be given several times. Defaults to all of them.
    #[arg(long = "database", value_name = "NAME", global = true)]
    pub(super) databases: Vec<String>,

    /// How many seconds to wait for another migrator that is at work on a database. Defaults to what
    /// the program sets, or 30.
    #[arg(long, value_name = "SECONDS", global = true)]
    lock_timeout: Option<u64>,

    /// Print only errors.
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

impl Arguments {
    pub(super) fn lock_timeout(&self) -> Option<Duration> {
        self.lock_timeout.map(Duration::from_secs)
    }
}

/// What to do. Defaults to `up`.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Apply pending migrations.
    Up {
        /// How many on each database. Defaults to all of them.
        #[arg(short, long, value_name = "NUM", value_parser = clap::value_parser!(u32).range(1..))]
        num: Option<u32>,
    },
    /// Revert applied migrations, the last first.
    Down {
        /// How many on each database.
        #[arg(short, long, value_name = "NUM", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        num: u32,
    },
    /// Show which migrations are applied on which database. Writes nothing.
    Status {
        /// Exit with 1 if a migration is pending.
        #[arg(long)]
        check: bool,
    },
    /// Drop every table, then apply all migrations.
    Fresh,
    /// Revert all migrations, then apply them again.
    Refresh,
    /// Revert all migrations.
    Reset,
}

impl Default for Command {
    fn default() -> Self {
        Self::Up { num: None }
    }
}
