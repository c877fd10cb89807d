//! SeaORM's reads over a connection with replicas.

use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DerivePartialModel, EntityTrait, FromQueryResult,
    JsonValue, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement, raw_sql,
};
use sea_orm_routing::Role;

use crate::entities::category::{self, Column, Entity};
use crate::shop::{Result, Shop, add_category};

#[derive(Debug, PartialEq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct NameOnly {
    name: String,
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Counted {
    name: String,
    letters: i32,
}

/// Categories `a` to `e`, numbered from 1.
async fn five() -> Result<Shop> {
    let shop = Shop::open().await?;
    for name in ["a", "b", "c", "d", "e"] {
        add_category(&shop.db, name).await?;
    }
    Ok(shop)
}

fn ids(rows: &[category::Model]) -> Vec<i32> {
    rows.iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn pages() -> Result {
    let shop = five().await?;
    let routes = shop.db.record();
    let pages = Entity::find()
        .order_by_asc(Column::Id)
        .paginate(&shop.db, 2);
    let total = pages.num_items_and_pages().await?;
    assert_eq!((total.number_of_items, total.number_of_pages), (5, 3));
    assert_eq!(ids(&pages.fetch_page(2).await?), [5]);
    let all: Vec<_> = pages.into_stream().try_collect().await?;
    let all: Vec<_> = all.iter().map(|page| ids(page)).collect();
    assert_eq!(all, [vec![1, 2], vec![3, 4], vec![5]]);
    routes.assert_routed(Entity, "default", Role::Replica);
    Ok(())
}

#[tokio::test]
async fn a_cursor() -> Result {
    let shop = five().await?;
    let routes = shop.db.record();
    let mut cursor = Entity::find().cursor_by(Column::Id);
    assert_eq!(ids(&cursor.after(2).first(2).all(&shop.db).await?), [3, 4]);
    let mut cursor = Entity::find().cursor_by(Column::Id);
    assert_eq!(ids(&cursor.before(5).last(2).all(&shop.db).await?), [3, 4]);
    routes.assert_routed(Entity, "default", Role::Replica);
    Ok(())
}

#[tokio::test]
async fn parts_of_rows() -> Result {
    let shop = five().await?;
    let first = Entity::find().order_by_asc(Column::Id);
    let partial = first
        .clone()
        .into_partial_model::<NameOnly>()
        .one(&shop.db)
        .await?;
    assert_eq!(
        partial,
        Some(NameOnly {
            name: "a".to_owned()
        })
    );
    let tuple: Option<(i32, String)> = first
        .clone()
        .select_only()
        .columns([Column::Id, Column::Name])
        .into_tuple()
        .one(&shop.db)
        .await?;
    assert_eq!(tuple, Some((1, "a".to_owned())));
    let json: JsonValue = first.into_json().one(&shop.db).await?.expect("a row");
    assert_eq!(json["name"], "a");
    Ok(())
}

#[tokio::test]
async fn raw_sql_for_a_model() -> Result {
    let shop = five().await?;
    let routes = shop.db.record();
    let (least, sqlite) = (4, DbBackend::Sqlite);
    let sql = "SELECT name, length(name) AS letters FROM category WHERE id >= ? ORDER BY id";
    let statement = Statement::from_sql_and_values(sqlite, sql, [least.into()]);
    let found = Counted::find_by_statement(statement).all(&shop.db).await?;
    let expected = ["d", "e"].map(|name| Counted {
        name: name.to_owned(),
        letters: 1,
    });
    assert_eq!(found, expected);

    let found = Entity::find()
        .from_raw_sql(raw_sql!(
            Sqlite,
            "SELECT id, name FROM category WHERE id = {least}"
        ))
        .one(&shop.db)
        .await?;
    assert_eq!(found.map(|row| row.name), Some("d".to_owned()));
    routes.assert_routed(Entity, "default", Role::Replica);
    Ok(())
}

#[tokio::test]
async fn raw_rows() -> Result {
    let shop = five().await?;
    let all = Statement::from_string(
        DbBackend::Sqlite,
        "SELECT id FROM category ORDER BY id DESC",
    );
    let rows = shop.db.query_all_raw(all.clone()).await?;
    let ids: std::result::Result<Vec<i32>, _> = rows.iter().map(|r| r.try_get("", "id")).collect();
    assert_eq!(ids?, [5, 4, 3, 2, 1]);
    let one = shop.db.query_one_raw(all).await?.expect("a row");
    assert_eq!(one.try_get::<i32>("", "id")?, 5);
    let none = Statement::from_string(DbBackend::Sqlite, "SELECT id FROM category WHERE id = 9");
    assert!(shop.db.query_one_raw(none).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn conditions_and_exists() -> Result {
    let shop = five().await?;
    let late = Entity::find().filter(Column::Name.gt("c"));
    assert_eq!(
        ids(&late.clone().order_by_asc(Column::Id).all(&shop.db).await?),
        [4, 5]
    );
    assert_eq!(late.count(&shop.db).await?, 2);
    assert!(
        Entity::find()
            .filter(Column::Id.eq(9))
            .one(&shop.db)
            .await?
            .is_none()
    );
    Ok(())
}
