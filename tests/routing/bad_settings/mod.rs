//! Numbers that make no sense are refused before anything is opened; the error names the database
//! and the setting. Durations that are too long are accepted.

mod bounds;
mod long_times;
mod names;

use std::time::Duration;

use sea_orm::DbBackend;
use sea_orm_routing::error::ConfigError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use crate::shop::{Result, assert_error, assert_says, mock};

type Setting = fn(DatabaseOptions) -> DatabaseOptions;

const NANO: Duration = Duration::from_nanos(1);
const MS_10: Duration = Duration::from_millis(10);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Refused by `build()`, by `connect()`, and when the database is added later; nothing is opened.
async fn refused(dialect: DbBackend, setting: Setting, says: &[&str]) -> Result {
    let options = || setting(DatabaseOptions::new(mock(dialect)));
    let builder = || {
        RoutingConnection::builder()
            .database("default", mock(DbBackend::Sqlite))
            .database("orders", options())
    };
    let running = RoutingConnection::builder()
        .database("default", mock(DbBackend::Sqlite))
        .build()?;
    for error in [
        builder().build().map(drop),
        builder().connect().await.map(drop),
        running.admin().add_database("orders", options()).await,
    ] {
        let error = error.expect_err(says[0]);
        assert_error!(
            error,
            RoutingError::Config(ConfigError::InvalidSetting { database, .. })
                if *database == "orders"
        );
        assert_says(&error, says);
    }
    assert_eq!(running.topology().databases().len(), 1);
    Ok(())
}

/// Accepted by all three.
async fn accepted(dialect: DbBackend, setting: Setting) -> Result {
    let options = || setting(DatabaseOptions::new(mock(dialect)));
    let builder = || RoutingConnection::builder().database("default", options());
    builder().build()?;
    builder().connect().await?;
    let running = RoutingConnection::builder()
        .database("default", mock(DbBackend::Sqlite))
        .build()?;
    Ok(running.admin().add_database("orders", options()).await?)
}
