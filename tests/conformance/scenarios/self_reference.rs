//! Entities that refer to themselves.

use sea_orm::{
    DbErr, EntityTrait, JoinType, Linked, LoaderTrait, ModelTrait, QueryOrder, QuerySelect,
    RelationDef, RelationTrait,
};

use crate::db::Db;
use crate::entities::{follow, reader, topic};
use crate::journal::Journal;
use crate::suite::scenarios;

scenarios!(parents, children, followers, joined, linked, recursive);

/// From a topic to the one above it.
#[derive(Debug)]
struct Up;

impl Linked for Up {
    type FromEntity = topic::Entity;
    type ToEntity = topic::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![topic::Relation::Parent.def()]
    }
}

/// From a topic to those below it.
#[derive(Debug)]
struct Down;

impl Linked for Down {
    type FromEntity = topic::Entity;
    type ToEntity = topic::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![topic::Relation::Parent.def().rev()]
    }
}

async fn topics(db: &impl Db) -> Result<Vec<topic::Model>, DbErr> {
    topic::Entity::find().order_by_id_asc().all(db).await
}

async fn parents<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let topics = topics(db).await?;
    let parents = topics.load_self(topic::Entity, topic::Relation::Parent, db);
    journal.note("parents", &parents.await);
    Ok(())
}

async fn children<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let topics = topics(db).await?;
    let sorted = topic::Entity::find().order_by_desc(topic::Column::Name);
    let children = topics.load_self_many(sorted, topic::Relation::Parent, db);
    journal.note("children", &children.await);
    Ok(())
}

async fn followers<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let readers = reader::Entity::find().order_by_id_asc().all(db).await?;
    let followers = readers.load_self_via(follow::Entity, db).await;
    journal.note("followers", &followers);
    let following = readers.load_self_via_rev(follow::Entity, db).await;
    journal.note("following", &following);
    Ok(())
}

async fn joined<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let children = topic::Entity::find()
        .join_as(JoinType::InnerJoin, topic::Relation::Parent.def(), "above")
        .order_by_id_asc();
    journal.note("those with a parent", &children.all(db).await);
    Ok(())
}

async fn linked<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let dance = topic::Entity::find_by_id(4).require_one(db).await?;
    journal.note("up", &dance.find_linked(Up).all(db).await);
    journal.note("down", &dance.find_linked(Down).all(db).await);
    let also = topic::Entity::find()
        .find_also_linked(Up)
        .order_by_asc(topic::Column::Id);
    journal.note("also", &also.all(db).await);
    Ok(())
}

async fn recursive<C: Db>(db: &C, journal: &mut Journal<'_>) -> Result<(), DbErr> {
    let art = topic::Entity::find_by_id(2).require_one(db).await?;
    let below = art.find_linked_recursive(Down);
    journal.note("below", &below.order_by_id_asc().all(db).await);
    Ok(())
}
