//! Durations that overflow the clock: they count as unlimited.

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, RoutingConnection};

use crate::entities::category;
use crate::shop::{Result, Shop, add_category};

const TIMES: [Duration; 4] = [
    Duration::MAX,
    Duration::from_secs(u64::MAX),
    Duration::from_millis(u64::MAX),
    Duration::from_secs(100_000 * 365 * 24 * 3600),
];

async fn count(db: &RoutingConnection) -> Result<u64> {
    Ok(category::Entity::find().count(db).await?)
}

#[tokio::test]
async fn draining_and_removing() -> Result {
    for time in TIMES {
        let shop = Shop::open().await?;
        shop.db.admin().drain("default/2", time).await?;
        shop.db.admin().remove_replica("default/3", time).await?;
        shop.db
            .admin()
            .add_database("tenant", "sqlite::memory:")
            .await?;
        shop.db.admin().remove_database("tenant", time).await?;
        shop.db.wait_for_primary("default", time).await?;
        shop.db.close_with(time).await?;
    }
    Ok(())
}

#[tokio::test]
async fn windows() -> Result {
    let shop = Shop::open().await?;
    for window in TIMES {
        let session = shop.db.session_with(Consistency::ReadYourWrites { window });
        add_category(&session, "Tea").await?;
        let find = category::Entity::find();
        assert_eq!(*session.explain(&find)?.node(), "default/1");
        let token = session.session_token().await?;
        let resumed = shop.db.resume_session(&token)?;
        assert_eq!(*resumed.explain(&find)?.node(), "default/1");
        let again = shop.db.resume_session(&resumed.session_token().await?)?;
        assert_eq!(*again.explain(&find)?.node(), "default/1");
        count(&again).await?;
    }
    Ok(())
}

#[tokio::test]
async fn waiting_for_a_replica() -> Result {
    let shop = Shop::open().await?;
    for max_wait in TIMES {
        for on_timeout in [OnTimeout::Primary, OnTimeout::Error] {
            let causal = Consistency::Causal {
                max_wait,
                on_timeout,
            };
            let session = shop.db.session_with(causal);
            count(&session).await?;
            add_category(&session, "Tea").await?;
            // Positions are not tracked on SQLite, so there is nothing to wait for.
            let read = count(&session).await;
            assert_eq!(read.is_ok(), on_timeout == OnTimeout::Primary);
            let token = session.session_token().await?;
            let resumed = shop.db.resume_session(&token)?;
            assert_eq!(count(&resumed).await.is_ok(), read.is_ok());
            let txn = resumed.begin().await?;
            category::Entity::find().count(&txn).await?;
            txn.commit().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_life_of_tokens() -> Result {
    for life in TIMES {
        let shop = Shop::with(|builder| builder.token_life(life)).await?;
        let session = shop.db.session();
        count(&session).await?;
        let token = session.session_token().await?;
        count(&shop.db.resume_session(&token)?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn no_time_at_all() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .wait_for_primary("default", Duration::from_secs(5))
        .await?;
    let window = Consistency::ReadYourWrites {
        window: Duration::ZERO,
    };
    let session = shop.db.session_with(window);
    add_category(&session, "Tea").await?;
    assert_ne!(
        *session.explain(&category::Entity::find())?.node(),
        "default/1"
    );
    let token = session.session_token().await?;
    count(&shop.db.resume_session(&token)?).await?;
    Ok(())
}
