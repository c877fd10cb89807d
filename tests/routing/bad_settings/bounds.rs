//! Every setting of a database at its bounds, and beyond.

use std::time::Duration;

use sea_orm::DatabaseBackend::{MySql, Postgres, Sqlite};

use sea_orm_routing::options::RoleSource;
use sea_orm_routing::sql::Server;
use sea_orm_routing::topology::Endpoint;

use super::{HOUR, MINUTE, MS_10, NANO, Setting, accepted, refused};
use crate::shop::Result;

#[tokio::test]
async fn probe_interval() -> Result {
    let beyond: [Setting; 5] = [
        |it| it.probe_interval(Duration::ZERO),
        |it| it.probe_interval(NANO),
        |it| it.probe_interval(MS_10 - NANO),
        |it| it.probe_interval(HOUR + NANO),
        |it| it.probe_interval(Duration::MAX),
    ];
    for setting in beyond {
        refused(Sqlite, setting, &["probe_interval", "10 ms to an hour"]).await?;
    }
    accepted(Sqlite, |it| it.probe_interval(MS_10)).await?;
    accepted(Postgres, |it| it.probe_interval(HOUR)).await
}

#[tokio::test]
async fn probe_timeout() -> Result {
    let beyond: [Setting; 4] = [
        |it| it.probe_timeout(Duration::ZERO),
        |it| it.probe_timeout(MS_10 - NANO),
        |it| it.probe_timeout(MINUTE + NANO),
        |it| it.probe_timeout(Duration::MAX),
    ];
    for setting in beyond {
        refused(MySql, setting, &["probe_timeout", "10 ms to a minute"]).await?;
    }
    accepted(MySql, |it| it.probe_timeout(MS_10)).await?;
    accepted(MySql, |it| it.probe_timeout(MINUTE)).await
}

#[tokio::test]
async fn max_backoff() -> Result {
    let beyond: [Setting; 4] = [
        |it| it.max_backoff(Duration::ZERO),
        |it| it.max_backoff(MS_10 - NANO),
        |it| it.max_backoff(HOUR + NANO),
        |it| it.max_backoff(Duration::MAX),
    ];
    for setting in beyond {
        refused(Postgres, setting, &["max_backoff", "10 ms to an hour"]).await?;
    }
    accepted(Postgres, |it| it.max_backoff(MS_10)).await?;
    accepted(Postgres, |it| it.max_backoff(HOUR)).await
}

#[tokio::test]
async fn read_deadline() -> Result {
    let beyond: [Setting; 2] = [
        |it| it.read_deadline(MINUTE + NANO),
        |it| it.read_deadline(Duration::MAX),
    ];
    for setting in beyond {
        refused(Postgres, setting, &["read_deadline", "a minute at most"]).await?;
    }
    accepted(Postgres, |it| it.read_deadline(Duration::ZERO)).await?;
    accepted(Postgres, |it| it.read_deadline(MINUTE)).await
}

#[tokio::test]
async fn lag_limit() -> Result {
    let beyond: [Setting; 5] = [
        |it| it.lag_limit(Duration::ZERO),
        |it| it.lag_limit(Duration::from_secs(1) - NANO),
        |it| it.lag_limit(HOUR + NANO),
        |it| it.lag_limit(Duration::MAX),
        // The order of the two settings does not matter.
        |it| it.lag_limit(MINUTE).probe_interval(MINUTE + NANO),
    ];
    for setting in beyond {
        let says = ["lag_limit", "at least the probe interval"];
        refused(Postgres, setting, &says).await?;
    }
    accepted(Postgres, |it| it.lag_limit(Duration::from_secs(1))).await?;
    accepted(MySql, |it| it.probe_interval(HOUR).lag_limit(HOUR)).await?;
    accepted(Postgres, |it| it.probe_interval(MS_10).lag_limit(MS_10)).await
}

#[tokio::test]
async fn lag_limit_bytes() -> Result {
    for dialect in [Sqlite, MySql] {
        let says = ["lag_limit_bytes", "only Postgres counts bytes"];
        refused(dialect, |it| it.lag_limit_bytes(1), &says).await?;
        refused(dialect, |it| it.lag_limit_bytes(0), &says).await?;
        refused(dialect, |it| it.lag_limit_bytes(u64::MAX), &says).await?;
    }
    let says = ["lag_limit_bytes", "0", "no replica would serve"];
    refused(Postgres, |it| it.lag_limit_bytes(0), &says).await?;
    accepted(Postgres, |it| it.lag_limit_bytes(1)).await?;
    accepted(Postgres, |it| it.lag_limit_bytes(u64::MAX)).await
}

#[tokio::test]
async fn max_fallback_reads() -> Result {
    let beyond: [Setting; 3] = [
        |it| it.max_fallback_reads(0),
        |it| it.max_fallback_reads(1_000_001),
        |it| it.max_fallback_reads(u32::MAX),
    ];
    for setting in beyond {
        refused(
            Sqlite,
            setting,
            &["max_fallback_reads", "from 1 to 1,000,000"],
        )
        .await?;
    }
    accepted(Sqlite, |it| it.max_fallback_reads(1)).await?;
    accepted(Sqlite, |it| it.max_fallback_reads(1_000_000)).await
}

#[tokio::test]
async fn a_balancer_whose_primary_is_to_be_observed() -> Result {
    let observed: Setting = |it| it.endpoint(Endpoint::Balanced).roles(RoleSource::Observed);
    for dialect in [Postgres, MySql] {
        refused(
            dialect,
            observed,
            &["endpoint", "roles(RoleSource::Declared)"],
        )
        .await?;
    }
    accepted(Postgres, |it| it.endpoint(Endpoint::Balanced)).await
}

#[tokio::test]
async fn a_server_of_another_dialect() -> Result {
    let says = ["server", "MariaDB", "another kind of database"];
    refused(Postgres, |it| it.server(Server::MariaDb), &says).await?;
    refused(Sqlite, |it| it.server(Server::MariaDb), &says).await?;
    let says = ["server", "Postgres 17", "another kind of database"];
    refused(MySql, |it| it.server(Server::Postgres(17)), &says).await?;
    accepted(MySql, |it| it.server(Server::MySql)).await
}
