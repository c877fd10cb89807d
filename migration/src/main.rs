//! The migrations of the examples' databases, from the command line.
//!
//! ```text
//! cargo run -p migration -- up
//! cargo run -p migration -- status --database warehouse
//! ```
//!
//! `DEFAULT_URL` and `WAREHOUSE_URL` say where the databases are; without them they are files in the
//! temporary directory.

use std::process::ExitCode;

use sea_orm_routing::{RoutingConnection, RoutingError};
use sea_orm_routing_migration::cli;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli::run(migration::migrations(), connect).await
}

async fn connect() -> Result<RoutingConnection, RoutingError> {
    RoutingConnection::builder()
        .database("default", url("DEFAULT_URL", "default"))
        .database("warehouse", url("WAREHOUSE_URL", "warehouse"))
        .connect()
        .await
}

fn url(variable: &str, name: &str) -> String {
    let file = || {
        let file = std::env::temp_dir().join(format!("sea-orm-routing-{name}.db"));
        format!("sqlite:{}?mode=rwc", file.display())
    };
    std::env::var(variable).unwrap_or_else(|_| file())
}
