//! SeaORM's writes over a connection with replicas: rows are returned, and every statement goes to
//! the primary.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait,
    PaginatorTrait, QueryFilter, Set, TryInsertResult,
};
use sea_orm_routing::Role;

use crate::entities::category::{self, ActiveModel, Column, Entity};
use crate::shop::{Result, Shop, add_category};

fn named(name: &str) -> ActiveModel {
    ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

fn numbered(id: i32, name: &str) -> ActiveModel {
    ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
    }
}

async fn names(shop: &Shop) -> Result<Vec<String>> {
    let rows = Entity::find().all(&shop.db).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[tokio::test]
async fn insert_update_save_and_delete() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let tea = named("Tea").insert(&shop.db).await?;
    let mut changed = tea.clone().into_active_model();
    changed.name = Set("Green tea".to_owned());
    let changed = changed.update(&shop.db).await?;
    assert_eq!((changed.id, changed.name.as_str()), (tea.id, "Green tea"));

    let saved = named("Coffee").save(&shop.db).await?;
    let ActiveValue::Unchanged(id) = saved.id else {
        panic!("a saved row has its key: {saved:?}");
    };
    let mut again = saved;
    again.name = Set("Mocha".to_owned());
    again.save(&shop.db).await?;
    routes.assert_routed(Entity, "default", Role::Primary);

    let mocha = Entity::find_by_id(id).one(&shop.db).await?.expect("a row");
    assert_eq!(mocha.name, "Mocha");
    assert_eq!(mocha.delete(&shop.db).await?.rows_affected, 1);
    assert_eq!(
        Entity::delete_by_id(tea.id)
            .exec(&shop.db)
            .await?
            .rows_affected,
        1
    );
    assert!(names(&shop).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn insert_many() -> Result {
    let shop = Shop::open().await?;
    let inserted = Entity::insert_many(["a", "b", "c"].map(named))
        .exec(&shop.db)
        .await?;
    assert_eq!(inserted.last_insert_id, Some(3));
    assert_eq!(names(&shop).await?, ["a", "b", "c"]);
    let nothing: [ActiveModel; 0] = [];
    assert_eq!(
        Entity::insert_many(nothing)
            .exec(&shop.db)
            .await?
            .last_insert_id,
        None
    );
    Ok(())
}

#[tokio::test]
async fn insert_with_a_conflict() -> Result {
    let shop = Shop::open().await?;
    numbered(1, "Tea").insert(&shop.db).await?;
    let replace = OnConflict::column(Column::Id)
        .update_column(Column::Name)
        .to_owned();
    let insert = Entity::insert(numbered(1, "Mate")).on_conflict(replace);
    assert_eq!(insert.exec(&shop.db).await?.last_insert_id, 1);
    assert_eq!(names(&shop).await?, ["Mate"]);

    let ignored = Entity::insert(numbered(1, "Cocoa"))
        .on_conflict_do_nothing_on([Column::Id])
        .exec(&shop.db)
        .await?;
    assert!(
        matches!(ignored, TryInsertResult::Conflicted),
        "{ignored:?}"
    );
    assert_eq!(names(&shop).await?, ["Mate"]);
    Ok(())
}

#[tokio::test]
async fn insert_that_returns_its_rows() -> Result {
    let shop = Shop::open().await?;
    let one = Entity::insert(named("a"))
        .exec_with_returning(&shop.db)
        .await?;
    assert_eq!(
        one,
        category::Model {
            id: 1,
            name: "a".to_owned()
        }
    );
    let many = Entity::insert_many(["b", "c"].map(named));
    let many = many.exec_with_returning(&shop.db).await?;
    assert_eq!(many.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 3]);
    let keys = Entity::insert_many(["d", "e"].map(named));
    assert_eq!(keys.exec_with_returning_keys(&shop.db).await?, [4, 5]);
    let rows = Entity::insert(named("f"))
        .exec_without_returning(&shop.db)
        .await?;
    assert_eq!(rows, 1);
    Ok(())
}

#[tokio::test]
async fn update_and_delete_many_that_return_their_rows() -> Result {
    let shop = Shop::open().await?;
    Entity::insert_many(["a", "b", "c"].map(named))
        .exec(&shop.db)
        .await?;
    let updated = Entity::update_many()
        .col_expr(Column::Name, Expr::value("z"))
        .filter(Column::Id.lte(2))
        .exec_with_returning(&shop.db)
        .await?;
    assert_eq!(
        updated
            .iter()
            .map(|row| row.name.as_str())
            .collect::<Vec<_>>(),
        ["z", "z"]
    );
    let deleted = Entity::delete_many()
        .filter(Column::Name.eq("z"))
        .exec_with_returning(&shop.db)
        .await?;
    assert_eq!(deleted.len(), 2);
    assert_eq!(names(&shop).await?, ["c"]);
    Ok(())
}

#[tokio::test]
async fn an_update_with_nothing_set_reads_the_row() -> Result {
    let shop = Shop::open().await?;
    let tea = add_category(&shop.db, "Tea").await?;
    assert_eq!(tea.clone().into_active_model().update(&shop.db).await?, tea);
    assert_eq!(Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_broken_constraint_is_the_same_error_as_without_the_router() -> Result {
    let shop = Shop::open().await?;
    numbered(1, "Tea").insert(&shop.db).await?;
    let routed = numbered(1, "Mate")
        .insert(&shop.db)
        .await
        .expect_err("a duplicate");
    let plain = numbered(1, "Mate")
        .insert(&shop.db.primary("default")?)
        .await;
    let plain = plain.expect_err("a duplicate");
    assert!(matches!(
        routed.sql_err(),
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
    ));
    assert_eq!(routed.sql_err(), plain.sql_err());
    let place = r#" (database "default", node "default/1")"#;
    assert_eq!(routed.to_string(), format!("{plain}{place}"));
    Ok(())
}
