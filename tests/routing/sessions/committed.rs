//! A commit that returns the token of its session.

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::SessionError;

use super::{CAUSAL, on_primary};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error};

#[tokio::test]
async fn its_token_has_what_the_transaction_wrote() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(CAUSAL);
    let txn = session.begin().await?;
    add_category(&txn, "Tea").await?;
    let token = txn.commit_with_token().await??;
    let next = shop.db.resume_session(&token)?;
    assert!(on_primary(&next)?);
    assert_eq!(category::Entity::find().count(&next).await?, 1);
    Ok(())
}

#[tokio::test]
async fn without_a_session_nothing_is_committed() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let error = txn.commit_with_token().await.expect_err("no session");
    assert_error!(
        error,
        RoutingError::Session(SessionError::NoSession { what, .. }) if what.contains("commit_with_token")
    );
    let db = shop.db.on_primary();
    assert_eq!(category::Entity::find().count(&db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_nested_transaction_has_no_token() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.session_with(CAUSAL).begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "Tea").await?;
    let error = nested.commit_with_token().await.expect_err("nested");
    assert!(error.to_string().contains("nested"), "{error}");
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    Ok(())
}
