//! Columns of every type.

use std::str::FromStr;

use sea_orm::prelude::{Date, DateTime, DateTimeUtc, Decimal, Time, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Set,
};
use serde_json::json;

use crate::db::Db;
use crate::entities::specimen;
use crate::entities::specimens::{Grams, Habitat, Kind, Label, Size};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(
    inserted, extremes, nulls, enums, jsons, uuids, decimals, times, bytes, numbers, as_json,
);

fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("well written")
}

fn quartz() -> specimen::ActiveModel {
    specimen::ActiveModel {
        kind: Set(Kind::Mineral),
        size: Set(Size::Small),
        habitat: Set(Some(Habitat::Sea)),
        facts: Set(json!({ "hardness": 7, "names": ["quartz", "Bergkristall"], "rare": null })),
        label: Set(Some(Label {
            text: "clear".to_owned(),
            colours: vec!["white".to_owned()],
        })),
        serial: Set(Uuid::from_u128(0x1234_5678_9abc)),
        price: Set(parsed("12.345")),
        mass: Set(Grams(250)),
        found_on: Set(parsed::<Date>("2024-02-29")),
        found_at: Set(parsed::<Time>("23:59:58")),
        logged: Set(parsed::<DateTime>("2024-03-01T01:02:03")),
        seen: Set(Some(parsed::<DateTimeUtc>("2024-03-01T01:02:03Z"))),
        photo: Set(vec![0, 1, 254, 255]),
        ratio: Set(0.125),
        share: Set(0.5),
        alive: Set(false),
        short: Set(-300),
        long: Set(1_234_567_890_123),
        remark: Set(Some("mid-“quoted” 🪨".to_owned())),
        ..Default::default()
    }
}

async fn inserted<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let inserted = quartz().insert(db).await;
    journal.note("inserted", &inserted);
    journal.settled().await?;
    let found = specimen::Entity::find_by_id(inserted?.id).one(db).await;
    journal.note("found", &found);
    let many = specimen::Entity::insert_many([quartz(), quartz()]);
    journal.note("many", &many.exec(db).await);
    Ok(())
}

async fn extremes<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let extreme = specimen::ActiveModel {
        facts: Set(json!([])),
        serial: Set(Uuid::max()),
        price: Set(parsed("-999999999.999")),
        mass: Set(Grams(i64::MIN)),
        photo: Set(vec![]),
        ratio: Set(-1e300),
        short: Set(i16::MAX),
        long: Set(i64::MAX),
        remark: Set(Some(String::new())),
        ..quartz()
    };
    journal.note("within", &extreme.insert(db).await);
    // Not an insert: whether Postgres draws a key before it fails depends on what it has planned.
    let beyond = specimen::Entity::update_many().col_expr(
        specimen::Column::Price,
        Expr::value(parsed::<Decimal>("9999999999.5")),
    );
    journal.note("beyond", &beyond.exec(db).await);
    Ok(())
}

async fn nulls<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let bare = specimen::ActiveModel {
        habitat: Set(None),
        label: Set(None),
        seen: Set(None),
        remark: Set(None),
        ..quartz()
    };
    journal.note("inserted", &bare.insert(db).await);
    journal.settled().await?;
    let without = specimen::Entity::find().filter(specimen::Column::Label.is_null());
    journal.note("found", &without.all(db).await);
    Ok(())
}

async fn enums<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let fern = specimen::ActiveModel {
        kind: Set(Kind::Plant),
        size: Set(Size::Large),
        habitat: Set(Some(Habitat::Forest)),
        ..quartz()
    };
    let fern = fern.insert(db).await?;
    journal.settled().await?;
    let plants = specimen::Entity::find()
        .filter(specimen::Column::Kind.eq(Kind::Plant))
        .filter(specimen::Column::Size.eq(Size::Large))
        .filter(specimen::Column::Habitat.eq(Habitat::Forest));
    journal.note("found", &plants.all(db).await);
    let tuple = specimen::Entity::find_by_id(fern.id)
        .select_only()
        .columns([specimen::Column::Kind, specimen::Column::Size])
        .into_tuple::<(Kind, Size)>();
    journal.note("tuple", &tuple.one(db).await);
    let moved = specimen::Entity::update_many()
        .col_expr(
            specimen::Column::Habitat,
            sea_orm::ActiveEnum::as_enum(&Habitat::Sea),
        )
        .filter(specimen::Column::Id.eq(fern.id));
    journal.note("moved", &moved.exec(db).await);
    let unknown = specimen::Entity::update_many()
        .col_expr(specimen::Column::Kind, Expr::value("rumour"))
        .filter(specimen::Column::Id.eq(fern.id));
    journal.note("a value it does not have", &unknown.exec(db).await);
    journal.settled().await?;
    let read = specimen::Entity::find_by_id(fern.id).one(db).await;
    journal.note("read", &read);
    Ok(())
}

async fn jsons<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let row = quartz().insert(db).await?;
    let mut changed = row.clone().into_active_model();
    changed.facts = Set(json!({ "nested": { "deep": [1, 2.5, "three", null, true] } }));
    changed.label = Set(Some(Label {
        text: "it's \"odd\"; -- $1 ?".to_owned(),
        colours: vec![],
    }));
    journal.note("changed", &changed.update(db).await);
    let scalar = specimen::ActiveModel {
        facts: Set(json!("a text")),
        ..row.into_active_model()
    };
    journal.note("a scalar", &scalar.update(db).await);
    Ok(())
}

async fn uuids<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let wanted = Uuid::from_u128(77);
    let row = specimen::ActiveModel {
        serial: Set(wanted),
        ..quartz()
    };
    row.insert(db).await?;
    journal.settled().await?;
    let found = || specimen::Entity::find().filter(specimen::Column::Serial.eq(wanted));
    journal.note("found", &found().one(db).await);
    journal.note("again", &found().one(db).await);
    Ok(())
}

async fn decimals<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    for price in ["0.001", "7", "-1.5"] {
        let price: Decimal = parsed(price);
        let row = specimen::ActiveModel {
            price: Set(price),
            ..quartz()
        };
        journal.note("price", &row.insert(db).await.map(|it| it.price));
    }
    journal.settled().await?;
    let prices = specimen::Entity::find()
        .select_only()
        .column(specimen::Column::Price)
        .filter(specimen::Column::Price.lt(parsed::<Decimal>("8")))
        .order_by_asc(specimen::Column::Price);
    journal.note("sorted", &prices.into_tuple::<Decimal>().all(db).await);
    Ok(())
}

async fn times<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let row = specimen::ActiveModel {
        found_on: Set(parsed::<Date>("1969-07-20")),
        found_at: Set(parsed::<Time>("00:00:00")),
        logged: Set(parsed::<DateTime>("1999-12-31T23:59:59")),
        seen: Set(Some(parsed::<DateTimeUtc>("1999-12-31T23:59:59+02:00"))),
        ..quartz()
    };
    journal.note("inserted", &row.insert(db).await);
    journal.settled().await?;
    let old = specimen::Entity::find()
        .filter(specimen::Column::Logged.lt(parsed::<DateTime>("2000-01-01T00:00:00")))
        .filter(specimen::Column::FoundOn.eq(parsed::<Date>("1969-07-20")));
    journal.note("found", &old.all(db).await);
    Ok(())
}

async fn bytes<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let photo: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let row = specimen::ActiveModel {
        photo: Set(photo.clone()),
        ..quartz()
    };
    let row = row.insert(db).await?;
    journal.settled().await?;
    let found = specimen::Entity::find_by_id(row.id).require_one(db).await?;
    journal.value("the same", &(found.photo == photo));
    Ok(())
}

async fn numbers<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let row = quartz().insert(db).await?;
    journal.settled().await?;
    let sums = specimen::Entity::find_by_id(row.id)
        .select_only()
        .expr_as(Expr::col(specimen::Column::Long).add(1_i64), "more")
        .expr_as(Expr::col(specimen::Column::Ratio).mul(2.0), "twice");
    journal.note("sums", &sums.into_tuple::<(i64, f64)>().one(db).await);
    let big = specimen::Entity::find().filter(specimen::Column::Long.gte(1_234_567_890_123_i64));
    journal.note("found", &big.one(db).await.map(|it| it.is_some()));
    Ok(())
}

async fn as_json<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let row = quartz().insert(db).await?;
    journal.settled().await?;
    let json = specimen::Entity::find_by_id(row.id)
        .into_json()
        .one(db)
        .await;
    journal.note("row", &json);
    Ok(())
}
