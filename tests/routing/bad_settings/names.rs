//! Names, weights and keys.

use std::time::Duration;

use sea_orm::DbBackend;
use sea_orm_routing::error::ConfigError;
use sea_orm_routing::{
    DatabaseOptions, ReplicaOptions, RoutingBuilder, RoutingConnection, RoutingError,
};

use crate::shop::{Result, assert_error, assert_says, mock};

fn builder() -> RoutingBuilder {
    RoutingConnection::builder().database("default", mock(DbBackend::Sqlite))
}

/// Refused by both ends of a builder.
async fn refused(builder: impl Fn() -> RoutingBuilder) -> RoutingError {
    let connected = builder().connect().await.expect_err("refused");
    let built = builder().build().expect_err("refused");
    assert_eq!(built.to_string(), connected.to_string());
    built
}

#[tokio::test]
async fn weights() -> Result {
    for weight in [0, 1_000_001, u32::MAX] {
        for (own, of_replica, wrong) in [(1, weight, "default/2"), (weight, 1, "default/1")] {
            let error = refused(|| {
                let replica = ReplicaOptions::new(mock(DbBackend::Sqlite)).weight(of_replica);
                let options = DatabaseOptions::new(mock(DbBackend::Sqlite));
                let options = options.weight(own).replica(replica);
                RoutingConnection::builder().database("default", options)
            })
            .await;
            let value = weight.to_string();
            assert_error!(
                error,
                RoutingError::Config(ConfigError::InvalidOption { what, node, value: given, .. })
                    if *what == "the weight"
                        && *node == wrong
                        && *given == value
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn keys_of_tokens_that_are_too_short() -> Result {
    for length in [0, 1, 31] {
        let error = refused(|| builder().token_key(vec![7; length])).await;
        assert!(
            matches!(
                error,
                RoutingError::Config(ConfigError::InvalidTokenSetting { .. })
            ),
            "{error}"
        );
        assert_says(
            &error,
            &["session tokens", &format!("{length} bytes"), "32"],
        );
    }
    for length in [32, 33, 10_000] {
        builder().token_key(vec![7; length]).build()?;
    }
    // The last setting counts.
    builder().token_key([7; 3]).token_key([7; 32]).build()?;
    refused(|| builder().token_key([7; 32]).token_key([7; 3])).await;
    Ok(())
}

#[tokio::test]
async fn names_of_databases_and_nodes() -> Result {
    let other = || DatabaseOptions::new(mock(DbBackend::Sqlite));
    let empty = refused(|| builder().database(" ", other())).await;
    assert_error!(
        empty,
        RoutingError::Config(ConfigError::InvalidName {
            what: "database",
            ..
        })
    );
    let empty = refused(|| builder().database("other", other().name(""))).await;
    assert_error!(
        empty,
        RoutingError::Config(ConfigError::InvalidName { what: "node", .. })
    );
    for odd in ["a\nb", "a\0", "\u{1b}[31mred"] {
        let error = refused(|| builder().database(odd, other())).await;
        assert_error!(
            error,
            RoutingError::Config(ConfigError::InvalidName { name, .. })
                if name == odd
        );
    }
    let empty = refused(|| builder().bind_table("", "default")).await;
    assert_error!(
        empty,
        RoutingError::Config(ConfigError::InvalidName { what: "table", .. })
    );
    let empty = refused(|| builder().bind_schema("", "default")).await;
    assert_error!(
        empty,
        RoutingError::Config(ConfigError::InvalidName { what: "schema", .. })
    );
    for taken in ["default", "default/1", "other"] {
        let error = refused(|| builder().database("other", other().name(taken))).await;
        assert_error!(
            error,
            RoutingError::Config(ConfigError::DuplicateName { name, .. })
                if name == taken
        );
    }
    Ok(())
}

/// Tokens with such a life could never be used.
#[tokio::test]
async fn a_life_of_tokens_that_is_over_when_it_begins() -> Result {
    let built = builder().token_life(Duration::ZERO).build();
    let error = built.expect_err("no token would ever be good");
    assert_says(&error, &["token_life"]);
    Ok(())
}

#[tokio::test]
async fn a_cache_of_every_size() -> Result {
    for bytes in [0, 1, u64::MAX] {
        let db = builder().statement_cache_bytes(bytes).build()?;
        for _ in 0..2 {
            assert_eq!(*db.explain_sql("SELECT 1")?.node(), "default/1");
        }
    }
    Ok(())
}
