//! Enums that are types of the server, which only Postgres has.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Schema, Set,
};

use crate::db::Db;
use crate::entities::passing::{Grade, badge};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(; plainly: by_the_builder);

async fn by_the_builder<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let builder = Schema::new(db.dialect()).builder().register(badge::Entity);
    journal.note("applied", &builder.apply(db).await);
    let gold = badge::ActiveModel {
        grade: Set(Grade::Gold),
        ..Default::default()
    };
    journal.note("inserted", &gold.insert(db).await);
    journal.settled().await?;
    let gold = badge::Entity::find().filter(badge::Column::Grade.eq(Grade::Gold));
    journal.note("found", &gold.count(db).await);
    db.execute_unprepared("DROP TABLE IF EXISTS badge").await?;
    db.execute_unprepared("DROP TYPE grade").await?;
    Ok(())
}
