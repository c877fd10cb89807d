//! The scopes of a transaction: views, which can be narrowed further.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::{BindingError, RefusedError, TopologyError, TxnError};
use sea_orm_routing::{Role, RoutingError};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::notes::{Notes, add_note, texts};
use crate::shop::{
    Result, Shop, add_category, add_stock, assert_error, assert_says, nodes, routing,
};

#[track_caller]
fn assert_read_only(error: &DbErr) {
    assert_error!(
        error,
        RoutingError::Refused(RefusedError::ReadOnly {
            scope: "read_only()",
            ..
        })
    );
}

#[tokio::test]
async fn a_read_only_view_reads_and_refuses_everything_else() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let view = txn.read_only();
    assert_eq!(category::Entity::find().count(&view).await?, 1);
    assert_read_only(&add_category(&view, "no").await.expect_err("a write"));
    let there = view.using("default")?;
    let schema = there.execute_unprepared("DROP TABLE category").await;
    assert_read_only(&schema.expect_err("a schema change"));
    let unknown = there.execute_unprepared("PRAGMA user_version = 3").await;
    assert_read_only(&unknown.expect_err("no proven read"));
    let nested = view.begin().await?;
    assert_read_only(&add_category(&nested, "no").await.expect_err("a write"));
    nested.commit().await?;
    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_view_is_narrowed_further() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = shop.db.begin().await?;
    // The scope applied last counts, and earlier ones that do not contradict it stay.
    let view = txn.read_only().using("default")?;
    let view = view.for_entity(stock::Entity)?;
    assert_eq!(stock::Entity::find().count(&view).await?, 0);
    assert_read_only(&add_stock(&view, 1, 1).await.expect_err("a write"));
    let view = txn.using("default")?.using("warehouse")?;
    add_stock(&view, 1, 1).await?;
    let view = view.read_only().read_only();
    assert_eq!(stock::Entity::find().count(&view).await?, 1);
    assert_eq!(nodes(&routes), ["warehouse/1"; 3]);
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn a_view_of_a_handle_that_only_reads_only_reads() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.read_only().begin().await?;
    let view = txn.using("default")?.for_entity(category::Entity)?;
    assert_read_only(&add_category(&view, "no").await.expect_err("a write"));
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn bindings_of_a_view_are_its_own() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.independent().await?;
    let moved = txn.with_bindings([("note", "second")])?;
    add_note(&moved, "moved").await?;
    add_note(&txn, "at home").await?;
    // Added to the existing bindings, or instead of one of them.
    let again = moved.with_bindings([("other", "third")])?;
    add_note(&again, "moved too").await?;
    let third = moved.with_bindings([("note", "third")])?;
    add_note(&third, "in the third").await?;
    let nested = third.begin().await?;
    add_note(&nested, "nested").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(notes.texts("default").await?, ["at home"]);
    assert_eq!(notes.texts("second").await?, ["moved", "moved too"]);
    assert_eq!(notes.texts("third").await?, ["in the third", "nested"]);
    Ok(())
}

#[tokio::test]
async fn a_view_is_made_of_what_there_is() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    let nothing = txn.with_bindings([("note", "nowhere")]);
    let nothing = nothing.expect_err("not declared");
    assert!(matches!(
        nothing,
        RoutingError::Binding(BindingError::UnknownBindingTarget { .. })
    ));
    let view = txn.read_only();
    let unknown = view.using("nowhere").expect_err("not declared");
    assert!(matches!(
        unknown,
        RoutingError::Topology(TopologyError::UnknownNode { .. })
    ));
    Ok(())
}

#[tokio::test]
async fn a_second_database_through_a_view_is_a_second_database() -> Result {
    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    add_note(&txn.using("default")?, "kept").await?;
    let moved = txn.with_bindings([("note", "second")])?;
    for view in [moved, txn.using("second")?] {
        let refused = add_note(&view, "no").await.expect_err("a second one");
        assert_error!(
            refused,
            RoutingError::Transaction(TxnError::SecondDatabase { first, second, .. })
                if *first == "default"
                    && *second == "second"
        );
    }
    txn.commit().await?;
    assert_eq!(notes.all().await?, [vec!["kept"], vec![], vec![]]);
    Ok(())
}

#[tokio::test]
async fn explain_names_the_branch_and_sends_nothing() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let sent = shop.db.record();
    let route = txn.explain(&category::Entity::find())?;
    assert_eq!(route.node().as_str(), "default/1");
    assert_eq!(route.role(), Role::Primary);
    assert_says(&route, &["default/1", "it is in a transaction"]);
    let route = txn.explain_sql("UPDATE stock SET quantity = 1")?;
    assert_eq!(route.database().as_str(), "warehouse");
    let route = txn.using("warehouse")?.explain_sql("SELECT 1")?;
    assert_eq!(route.node().as_str(), "warehouse/1");
    let moved = txn.with_bindings([("category", "warehouse")])?;
    let route = moved.explain(&category::Entity::find())?;
    assert_eq!(route.database().as_str(), "warehouse");
    assert_eq!(nodes(&sent), [""; 0]);
    // No branch has begun: other clients write on the pools of one connection.
    add_category(&shop.db, "Tea").await?;
    add_stock(&shop.db, 1, 1).await?;
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn explain_refuses_what_would_be_refused() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let explain = |sql| txn.explain_sql(sql).expect_err(sql);
    let second = explain("DELETE FROM stock");
    assert!(matches!(
        routing(&second),
        RoutingError::Transaction(TxnError::SecondDatabase { .. })
    ));
    let ends = explain("COMMIT");
    assert!(matches!(
        routing(&ends),
        RoutingError::Transaction(TxnError::TransactionControl { .. })
    ));
    let view = txn.read_only();
    let writes = view.explain_sql("DELETE FROM category");
    assert_read_only(&writes.expect_err("a write"));
    let nested = txn.begin().await?;
    assert!(matches!(
        routing(&txn.explain_sql("SELECT 1").expect_err("nested is open")),
        RoutingError::Transaction(TxnError::NestedOpen { .. })
    ));
    assert!(nested.explain_sql("SELECT 1").is_ok());
    Ok(())
}

#[tokio::test]
async fn a_view_streams() -> Result {
    use futures_util::TryStreamExt;

    let notes = Notes::open().await?;
    let txn = notes.db.begin().await?;
    let view = txn.using("third")?;
    add_note(&view, "one").await?;
    {
        let sql = "SELECT text FROM note";
        let sql = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
        let rows = sea_orm::StreamTrait::stream_raw(&view, sql).await?;
        assert_eq!(rows.try_collect::<Vec<_>>().await?.len(), 1);
    }
    assert_eq!(texts(&view).await?, ["one"]);
    Ok(())
}
