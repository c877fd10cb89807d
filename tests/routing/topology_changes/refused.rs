//! Nodes and databases that cannot be added, drained or removed: the error names them, and nothing
//! changes.

use sea_orm::{Database, DbBackend};
use sea_orm_routing::error::{AvailabilityError, ConfigError, TopologyError};
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, RoutingError};

use super::{LONG, names};
use crate::shop::{Result, Shop, assert_says, mock};

/// Adds a replica that is refused; returns the text of the error.
async fn refused(shop: &Shop, replica: impl Into<ReplicaOptions>, says: &[&str]) -> RoutingError {
    let before = (names(&shop.db), shop.db.topology().to_string());
    let error = shop.db.admin().add_replica("default", replica).await;
    let error = error.expect_err("refused");
    assert_says(&error, says);
    let after = (names(&shop.db), shop.db.topology().to_string());
    assert_eq!(before, after);
    error
}

#[tokio::test]
async fn a_name_that_is_taken() -> Result {
    let shop = Shop::open().await?;
    for taken in [
        "default/1",
        "default/3",
        "warehouse/2",
        "warehouse",
        "default",
    ] {
        let replica = ReplicaOptions::new(shop.files.replica("shop")).name(taken);
        let error = refused(&shop, replica, &[taken]).await;
        assert!(
            matches!(
                error,
                RoutingError::Config(ConfigError::DuplicateName { .. })
            ),
            "{error}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_name() -> Result {
    let shop = Shop::open().await?;
    for empty in ["", "  ", "\t"] {
        let replica = ReplicaOptions::new(shop.files.replica("shop")).name(empty);
        let error = refused(&shop, replica, &["is empty or contains control characters"]).await;
        assert!(
            matches!(error, RoutingError::Config(ConfigError::InvalidName { .. })),
            "{error}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn another_dialect() -> Result {
    let shop = Shop::open().await?;
    let says = ["default", "SQLite", "default/4", "Postgres"];
    for replica in [
        ReplicaOptions::new("postgres://app:secret@nowhere.invalid/app"),
        ReplicaOptions::new(mock(DbBackend::Postgres)),
    ] {
        let error = refused(&shop, replica, &says).await;
        assert!(
            matches!(
                error,
                RoutingError::Config(ConfigError::MixedDialects { .. })
            ),
            "{error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_memory_database_that_no_other_connection_can_see() -> Result {
    let shop = Shop::open().await?;
    for private in ["sqlite::memory:", "sqlite:file:x?mode=memory"] {
        let error = refused(&shop, private, &["default/4"]).await;
        assert!(
            matches!(
                error,
                RoutingError::Config(ConfigError::PrivateReplica { .. })
            ),
            "{error}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_weight_of_zero_or_too_much() -> Result {
    let shop = Shop::open().await?;
    for weight in [0, 1_000_001, u32::MAX] {
        let replica = ReplicaOptions::new(shop.files.replica("shop")).weight(weight);
        let says = ["the weight of node \"default/4\"", &weight.to_string()];
        refused(&shop, replica, &says).await;
    }
    for weight in [1, 1_000_000] {
        let replica = ReplicaOptions::new(shop.files.replica("shop")).weight(weight);
        shop.db.admin().add_replica("default", replica).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_url_and_what_is_closed() -> Result {
    let shop = Shop::open().await?;
    let error = refused(&shop, "app:secret@nowhere", &["default/4"]).await;
    assert!(
        matches!(error, RoutingError::Config(ConfigError::InvalidUrl { .. })),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
    let never_open = sea_orm::DatabaseConnection::default();
    let error = refused(&shop, never_open, &["default/4"]).await;
    assert!(
        matches!(
            error,
            RoutingError::Availability(AvailabilityError::NotOpen { .. })
        ),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn an_unknown_database_or_node() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.replica("shop");
    let (db, long) = (&shop.db, LONG);
    for error in [
        db.admin().add_replica("nowhere", url).await.map(drop),
        // A node is not a database.
        db.admin().remove_database("default/2", long).await,
        db.admin().remove_database("nowhere", long).await,
        db.wait_for_primary("nowhere", long).await,
        db.admin()
            .rotate_credentials("nowhere", "app", "secret")
            .await,
    ] {
        let error = error.expect_err("unknown");
        assert!(
            matches!(
                error,
                RoutingError::Topology(TopologyError::UnknownDatabase { .. })
            ),
            "{error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for error in [
        db.admin().drain("nowhere", long).await,
        // A database is not a node.
        db.admin().drain("warehouse", long).await,
        db.admin().remove_replica("nowhere", long).await,
        db.admin().undrain("nowhere"),
    ] {
        let error = error.expect_err("unknown");
        assert!(
            matches!(
                error,
                RoutingError::Topology(TopologyError::UnknownNode { .. })
            ),
            "{error}"
        );
        assert_says(&error, &["default/2", "warehouse/1"]);
    }
    Ok(())
}

#[tokio::test]
async fn the_primary_is_neither_drained_nor_removed() -> Result {
    let shop = Shop::open().await?;
    let before = shop.db.topology().to_string();
    for error in [
        shop.db.admin().drain("default/1", LONG).await,
        shop.db.admin().undrain("default/1"),
        shop.db.admin().remove_replica("default/1", LONG).await,
    ] {
        let error = error.expect_err("a primary");
        assert!(
            matches!(
                error,
                RoutingError::Topology(TopologyError::NotAReplica { .. })
            ),
            "{error}"
        );
        assert_says(&error, &["default/1", "default"]);
    }
    assert_eq!(shop.db.topology().to_string(), before);
    Ok(())
}

#[tokio::test]
async fn a_database_with_a_bad_declaration() -> Result {
    let shop = Shop::open().await?;
    let before = shop.db.topology().to_string();
    let url = || shop.files.primary("tenant");
    let closed = sea_orm::DatabaseConnection::default();
    let open = Database::connect("sqlite::memory:").await?;
    for (name, options) in [
        ("default", DatabaseOptions::new(url())),
        ("default/2", DatabaseOptions::new(url())),
        ("", DatabaseOptions::new(url())),
        ("tenant", DatabaseOptions::new(url()).name("default/1")),
        ("tenant", DatabaseOptions::new(url()).name("tenant")),
        ("tenant", DatabaseOptions::new(url()).name(" ")),
        ("tenant", DatabaseOptions::new(closed)),
        ("tenant", DatabaseOptions::new("nothing")),
        (
            "tenant",
            DatabaseOptions::new(open).replica("sqlite::memory:"),
        ),
        ("tenant", DatabaseOptions::new(url()).max_fallback_reads(0)),
        (
            "tenant",
            DatabaseOptions::new(url()).replica(ReplicaOptions::new(url()).weight(0)),
        ),
        (
            "tenant",
            DatabaseOptions::new(url()).replica(mock(DbBackend::MySql)),
        ),
    ] {
        let error = shop.db.admin().add_database(name, options).await;
        let error = error.expect_err("refused");
        assert_eq!(shop.db.topology().to_string(), before, "{error}");
    }
    assert!(!shop.files.path("tenant").exists());
    shop.db.admin().add_database("tenant", url()).await?;
    Ok(())
}
