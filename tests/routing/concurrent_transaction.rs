//! One transaction used by several futures at once: every acknowledged write is kept, and what
//! cannot run concurrently is refused.

use crate::entities::category;
use crate::shop::Shop;
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, Set, TransactionTrait};

fn named(name: &str) -> category::ActiveModel {
    category::ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

/// Statements that wait for the branch while a nested transaction begins do not undo it.
#[tokio::test(flavor = "multi_thread")]
async fn a_nested_transaction_begun_meanwhile_is_not_undone() {
    let shop = Shop::open().await.expect("a shop");
    let primary = shop.db.on_primary();
    for round in 0..100 {
        let before = category::Entity::find()
            .count(&primary)
            .await
            .expect("a count");
        let txn = shop.db.begin().await.expect("begun");
        let nested = async {
            let nested = txn.begin().await?;
            named("nested").insert(&nested).await?;
            nested.commit().await
        };
        let (first, second, nested) = tokio::join!(
            named("first").insert(&txn),
            named("second").insert(&txn),
            nested,
        );
        let acknowledged =
            u64::from(first.is_ok()) + u64::from(second.is_ok()) + u64::from(nested.is_ok());
        txn.commit().await.expect("committed");
        let kept = category::Entity::find()
            .count(&primary)
            .await
            .expect("a count")
            - before;
        assert_eq!(
            kept, acknowledged,
            "round {round}: {first:?} {second:?} {nested:?}"
        );
    }
}
