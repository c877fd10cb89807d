//! Two databases: rows that are not seen from the other, relations, one set of entities for both.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, LoaderTrait, ModelTrait,
    PaginatorTrait, QuerySelect, Set, TransactionTrait,
};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};
use sea_orm_routing_migration::{EntitySet, RoutingSchema};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, customer, order, order_line, product, product_tag, tag};
use crate::shop::{Files, Result, Shop, add_category, add_product, add_stock, routing};

/// `category` and `product` in each of two databases.
async fn two_databases() -> Result<(RoutingConnection, Files)> {
    let files = Files::new()?;
    let db = RoutingConnection::builder()
        .database("default", files.primary("one"))
        .database("other", files.primary("other"))
        .connect()
        .await?;
    let tables = EntitySet::new()
        .entity(product::Entity)
        .entity(category::Entity);
    for name in ["default", "other"] {
        assert_eq!(db.using(name)?.create_all(&tables).await?.len(), 2);
    }
    Ok((db, files))
}

/// 10. Rows created in one database are invisible in the other, both ways; aggregates too.
#[tokio::test]
async fn rows_of_one_database_are_invisible_in_the_other() -> Result {
    let (db, _files) = two_databases().await?;
    let (one, other) = (db.using("default")?, db.using("other")?);
    for (here, there, name) in [(&one, &other, "Tea"), (&other, &one, "Coffee")] {
        let before = category::Entity::find().count(there).await?;
        let row = add_category(here, name).await?;
        add_product(here, name, &row).await?;
        assert_eq!(category::Entity::find().count(there).await?, before);
        let sum = product::Entity::find()
            .select_only()
            .column_as(product::Column::Cents.sum(), "sum")
            .into_tuple::<Option<i64>>()
            .one(here)
            .await?;
        assert_eq!(sum, Some(Some(100)));
    }
    let names = |rows: Vec<category::Model>| rows[0].name.clone();
    assert_eq!(names(category::Entity::find().all(&one).await?), "Tea");
    assert_eq!(names(category::Entity::find().all(&other).await?), "Coffee");
    Ok(())
}

/// 11. Relations between entities of one database stay there.
#[tokio::test]
async fn relations_of_one_database_stay_there() -> Result {
    let shop = Shop::open().await?;
    let tea = add_category(&shop.db, "Tea").await?;
    let assam = add_product(&shop.db, "Assam", &tea).await?;
    let black = tag::ActiveModel {
        name: Set("black".to_owned()),
        ..Default::default()
    };
    let black = black.insert(&shop.db).await?;
    let tagged = product_tag::ActiveModel {
        product_id: Set(assam.id),
        tag_id: Set(black.id),
    };
    tagged.insert(&shop.db).await?;
    let row = add_stock(&shop.db, assam.id, 12).await?;
    let routes = shop.db.record();
    assert_eq!(
        assam.find_related(tag::Entity).all(&shop.db).await?.len(),
        1
    );
    assert!(
        assam
            .find_related(category::Entity)
            .one(&shop.db)
            .await?
            .is_some()
    );
    assert_eq!(tea.find_related(product::Entity).count(&shop.db).await?, 1);
    assert_eq!(row.find_related(movement::Entity).count(&shop.db).await?, 0);
    let databases: Vec<_> = routes
        .routes()
        .iter()
        .map(|it| it.database().to_string())
        .collect();
    assert_eq!(databases, ["default", "default", "default", "warehouse"]);
    Ok(())
}

/// 11. Loading relations across databases works by separate queries and is refused as a join.
#[tokio::test]
async fn relations_across_databases_are_loaded_and_not_joined() -> Result {
    let (db, _files) = two_databases().await?;
    let split = db.with_bindings([("category", "other")])?;
    split
        .using("default")?
        .execute_unprepared("PRAGMA foreign_keys = OFF")
        .await?;
    let tea = add_category(&split, "Tea").await?;
    let assam = add_product(&split, "Assam", &tea).await?;
    let loaded = vec![assam].load_one(category::Entity, &split).await?;
    assert_eq!(loaded, [Some(tea)]);
    let joined = product::Entity::find().find_also_related(category::Entity);
    let refused = joined.all(&split).await.expect_err("a join");
    assert!(matches!(
        routing(&refused),
        RoutingError::Binding(BindingError::SeveralDatabases { .. })
    ));
    Ok(())
}

/// 12. Cascading work runs where each entity lives, inside the transaction where one is open.
#[tokio::test]
async fn nested_saves_and_deletes_run_where_each_entity_lives() -> Result {
    let shop = Shop::open().await?;
    let tea = add_category(&shop.db, "Tea").await?;
    let assam = add_product(&shop.db, "Assam", &tea).await?;
    let ann = |product_id| {
        let line = order_line::ActiveModel::builder()
            .set_product_id(product_id)
            .set_quantity(2);
        let new = order::ActiveModel::builder()
            .set_state("new")
            .add_line(line);
        customer::ActiveModel::builder()
            .set_name("Ann")
            .set_email("ann@example.org")
            .add_order(new)
    };
    let stocked = |quantity| {
        let arrived = movement::ActiveModel::builder()
            .set_change(quantity)
            .set_reason("arrived");
        stock::ActiveModel::builder()
            .set_product_id(assam.id)
            .set_quantity(quantity)
            .add_movement(arrived)
    };
    let txn = shop.db.begin().await?;
    ann(assam.id).save(&txn).await?;
    txn.rollback().await?;
    let txn = shop.db.begin().await?;
    stocked(3).save(&txn).await?;
    txn.rollback().await?;
    assert_eq!(order_line::Entity::find().count(&shop.db).await?, 0);
    assert_eq!(movement::Entity::find().count(&shop.db).await?, 0);
    // A row that cannot be saved takes its parents with it, without a transaction too.
    ann(assam.id + 7)
        .save(&shop.db)
        .await
        .expect_err("no such product");
    assert_eq!(customer::Entity::find().count(&shop.db).await?, 0);

    let routes = shop.db.record();
    let saved = ann(assam.id).save(&shop.db).await?;
    let row = stocked(3).save(&shop.db).await?;
    assert_eq!(order_line::Entity::find().count(&shop.db).await?, 1);
    assert_eq!(movement::Entity::find().count(&shop.db).await?, 1);
    saved.delete(&shop.db).await?;
    row.delete(&shop.db).await?;
    assert_eq!(order::Entity::find().count(&shop.db).await?, 0);
    assert_eq!(movement::Entity::find().count(&shop.db).await?, 0);
    let routes = routes.routes();
    let mut saves = routes.iter().filter(|route| route.role() == Role::Primary);
    assert!(saves.all(|route| route.why_role() == "it is in a transaction"));
    Ok(())
}

/// 15. The same entities over two databases: each view sees only its own rows; create-all on each.
#[tokio::test]
async fn the_same_entities_over_two_databases() -> Result {
    let (db, _files) = two_databases().await?;
    let tables = EntitySet::new().entity(category::Entity);
    assert_eq!(
        db.using("other")?.create_all(&tables).await?,
        [],
        "it is there"
    );
    for name in ["default", "other"] {
        let view = db.using(name)?;
        let txn = view.begin().await?;
        let row = add_category(&txn, name).await?;
        add_product(&txn, name, &row).await?;
        txn.commit().await?;
    }
    for name in ["default", "other"] {
        let rows = product::Entity::find()
            .find_also_related(category::Entity)
            .all(&db.using(name)?)
            .await?;
        let [(product, Some(category))] = &rows[..] else {
            panic!("{rows:?}");
        };
        assert_eq!(
            (product.name.as_str(), category.name.as_str()),
            (name, name)
        );
    }
    Ok(())
}
