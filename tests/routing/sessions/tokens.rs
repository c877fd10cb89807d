//! Tokens: a session that continues in another connection.

use std::time::Duration;

use sea_orm_routing::error::{SessionError, TokenError};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, RoutingBuilder, RoutingConnection, RoutingError};

use super::{CAUSAL, WINDOW, on_primary, read, route, warehouse_on_primary};
use crate::shop::{Result, Shop, add_category, assert_error};

const KEY: [u8; 32] = *b"thirty-two bytes that are a key.";

fn keyed(builder: RoutingBuilder) -> RoutingBuilder {
    builder.token_key(KEY)
}

/// The same shop in another process.
async fn elsewhere(shop: &Shop) -> Result<RoutingConnection> {
    let warehouse = sea_orm_routing::DatabaseOptions::new(shop.files.primary("warehouse"))
        .replica(shop.files.replica("warehouse"));
    let builder = RoutingConnection::builder()
        .database("default", shop.files.with_two_replicas("shop"))
        .database("warehouse", warehouse)
        .bind_table("stock", "warehouse");
    Ok(keyed(builder).connect().await?)
}

#[track_caller]
fn refused(db: &RoutingConnection, token: &str) -> RoutingError {
    let error = db.resume_session(token).map(drop).expect_err("refused");
    assert!(
        matches!(
            error,
            RoutingError::Session(SessionError::InvalidToken { .. })
        ),
        "{error}"
    );
    error
}

#[tokio::test]
async fn a_session_goes_on_in_another_connection() -> Result {
    let shop = Shop::with(keyed).await?;
    let other = elsewhere(&shop).await?;
    for consistency in [
        WINDOW,
        CAUSAL,
        Consistency::Causal {
            max_wait: Duration::ZERO,
            on_timeout: OnTimeout::Error,
        },
        Consistency::Eventual,
    ] {
        let session = shop.db.session_with(consistency);
        add_category(&session, "Tea").await?;
        let token = session.session_token().await?;
        let resumed = other.resume_session(&token)?;
        let carried = resumed.current_session().expect("a session");
        assert_eq!(carried.consistency(), consistency);
        let wants_primary = consistency != Consistency::Eventual;
        // A strict one would fail, since no replica proves that it has caught up.
        let lacks_replica = |db| on_primary(db).unwrap_or(true);
        assert_eq!(lacks_replica(&resumed), wants_primary);
        assert!(!warehouse_on_primary(&resumed)?);
        // And back to the first process.
        let token = resumed.session_token().await?;
        let again = shop.db.resume_session(&token)?;
        assert_eq!(lacks_replica(&again), wants_primary);
    }
    Ok(())
}

#[tokio::test]
async fn a_session_goes_on_reading_from_its_replica() -> Result {
    let shop = Shop::with(keyed).await?;
    let other = elsewhere(&shop).await?;
    for node in ["default/2", "default/3"] {
        for consistency in [Consistency::Eventual, WINDOW, CAUSAL] {
            let session = shop.db.session_with(consistency);
            read(&session.using(node)?).await?;
            let resumed = other.resume_session(&session.session_token().await?)?;
            assert_eq!(*route(&resumed)?.node(), *node);
            let why = "its session has read from it before";
            assert_eq!(route(&resumed)?.why_node(), why);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_replica_that_is_not_known_elsewhere_does_not_matter() -> Result {
    let shop = Shop::with(keyed).await?;
    let other = elsewhere(&shop).await?;
    let session = shop.db.session();
    let url = shop.files.replica("shop");
    let name = shop.db.admin().add_replica("default", url).await?;
    read(&session.using(name.as_str())?).await?;
    let token = session.session_token().await?;
    read(&other.resume_session(&token)?).await?;
    shop.db
        .admin()
        .remove_replica(name.as_str(), Duration::from_secs(10))
        .await?;
    read(&shop.db.resume_session(&token)?).await?;
    session.session_token().await?;
    Ok(())
}

#[tokio::test]
async fn an_empty_session_has_a_token_too() -> Result {
    let shop = Shop::with(keyed).await?;
    let token = shop.db.session().session_token().await?;
    let resumed = elsewhere(&shop).await?.resume_session(&token)?;
    assert!(!on_primary(&resumed)?);
    Ok(())
}

#[tokio::test]
async fn a_window_goes_on_where_it_was() -> Result {
    let shop = Shop::with(keyed).await?;
    let window = Duration::from_millis(300);
    let session = shop.db.session_with(Consistency::ReadYourWrites { window });
    add_category(&session, "Tea").await?;
    let token = session.session_token().await?;
    assert!(on_primary(&shop.db.resume_session(&token)?)?);
    tokio::time::sleep(window).await;
    assert!(!on_primary(&shop.db.resume_session(&token)?)?);
    Ok(())
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() -> Result {
    let shop = Shop::with(keyed).await?;
    let session = shop.db.session_with(WINDOW);
    add_category(&session, "Tea").await?;
    let token = session.session_token().await?;
    shop.db.resume_session(&token)?;
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        refused(&shop.db, std::str::from_utf8(&changed)?);
        refused(&shop.db, &token[..place]);
    }
    refused(&shop.db, &format!("{token}A"));
    refused(&shop.db, &format!(" {token}"));
    refused(&shop.db, &format!("{token}\n"));
    Ok(())
}

#[tokio::test]
async fn what_is_no_token_is_refused() -> Result {
    let shop = Shop::open().await?;
    let long = "A".repeat(1 << 20);
    for text in [
        "",
        " ",
        "=",
        "null",
        "\0",
        "\u{1F600}",
        "AAAA",
        &long,
        "../../etc",
        "AQ",
    ] {
        refused(&shop.db, text);
    }
    Ok(())
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() -> Result {
    let shop = Shop::with(keyed).await?;
    let other = Shop::with(|builder| builder.token_key([7; 32])).await?;
    let (random, twin) = (Shop::open().await?, Shop::open().await?);
    let token = shop.db.session().session_token().await?;
    for db in [&other.db, &random.db] {
        assert_error!(
            refused(db, &token),
            RoutingError::Session(SessionError::InvalidToken {
                source: TokenError::Forged { .. },
                ..
            })
        );
    }
    // Without a configured key, each connection has its own, whatever its seed.
    let token = random.db.session().session_token().await?;
    random.db.resume_session(&token)?;
    refused(&twin.db, &token);
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_too_old_is_refused() -> Result {
    let life = Duration::from_millis(80);
    let shop = Shop::with(|builder| keyed(builder).token_life(life)).await?;
    let token = shop.db.session().session_token().await?;
    shop.db.resume_session(&token)?;
    tokio::time::sleep(life).await;
    assert_error!(
        refused(&shop.db, &token),
        RoutingError::Session(SessionError::InvalidToken {
            source: TokenError::Expired { .. },
            ..
        })
    );
    Ok(())
}

#[tokio::test]
async fn a_token_of_databases_that_are_not_here_is_refused() -> Result {
    let shop = Shop::with(keyed).await?;
    let alone = RoutingConnection::builder().database("default", "sqlite::memory:");
    let alone = keyed(alone).connect().await?;
    let session = shop.db.session_with(WINDOW);
    session.mark_written("warehouse")?;
    let token = session.session_token().await?;
    assert_error!(
        refused(&alone, &token),
        RoutingError::Session(SessionError::InvalidToken { source: TokenError::UnknownDatabase { database, .. }, .. })
            if database == "warehouse"
    );
    Ok(())
}

#[tokio::test]
async fn a_token_shows_no_secret_and_fits_in_a_header() -> Result {
    let shop = Shop::with(keyed).await?;
    let session = shop.db.session_with(CAUSAL);
    add_category(&session, "Tea").await?;
    let token = session.session_token().await?;
    assert!(token.len() < 400, "{}", token.len());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token.chars().all(plain), "{token}");
    let error = refused(&shop.db, &token[1..]);
    assert!(!error.to_string().contains(&token[1..]));
    assert!(!format!("{:?}", shop.db).contains("thirty"));
    Ok(())
}
