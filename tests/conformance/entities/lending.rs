//! Readers and their loans, which live in the other database of the layout with two.

pub mod reader {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reader")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        #[sea_orm(unique)]
        pub email: String,
        #[sea_orm(has_many)]
        pub loans: HasMany<super::loan::Entity>,
        #[sea_orm(self_ref, via = "follow", from = "Followed", to = "Follower")]
        pub followers: HasMany<Entity>,
        #[sea_orm(self_ref, via = "follow", reverse)]
        pub following: HasMany<Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which reader follows which.
pub mod follow {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub reader_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub follower_id: i32,
        #[sea_orm(belongs_to, relation_enum = "Followed", from = "reader_id", to = "id")]
        pub reader: BelongsTo<super::reader::Entity>,
        #[sea_orm(
            belongs_to,
            relation_enum = "Follower",
            from = "follower_id",
            to = "id"
        )]
        pub follower: BelongsTo<super::reader::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The book of the loan, which may be in another database: no foreign key there.
pub mod loan {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "loan")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub reader_id: i32,
        pub book_id: i32,
        pub days: i32,
        #[sea_orm(belongs_to, from = "reader_id", to = "id")]
        pub reader: BelongsTo<super::reader::Entity>,
        #[sea_orm(belongs_to, from = "book_id", to = "id", skip_fk)]
        pub book: BelongsTo<super::super::library::book::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Records its writes, through the connection that SeaORM hands to it.
pub mod parcel {
    use sea_orm::entity::prelude::*;
    use sea_orm::{ConnectionTrait, QuerySelect, Set};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "parcel")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contents: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, new: bool) -> Result<Self, DbErr> {
            if self.contents.try_as_ref().is_some_and(String::is_empty) {
                return Err(DbErr::Custom("an empty parcel".to_owned()));
            }
            audit(db, format!("before_save, new: {new}")).await?;
            Ok(self)
        }

        async fn after_save<C: ConnectionTrait>(
            model: Model,
            db: &C,
            new: bool,
        ) -> Result<Model, DbErr> {
            // A locking read: no replica serves it, so it sees the row that was just written.
            let here = Entity::find_by_id(model.id).lock_shared().one(db).await?;
            let here = here.is_some();
            audit(db, format!("after_save, new: {new}, here: {here}")).await?;
            Ok(model)
        }

        async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            audit(db, "before_delete".to_owned()).await?;
            Ok(self)
        }

        async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            audit(db, "after_delete".to_owned()).await?;
            Ok(self)
        }
    }

    async fn audit(db: &impl ConnectionTrait, action: String) -> Result<(), DbErr> {
        let entry = super::audit::ActiveModel {
            action: Set(action),
            ..Default::default()
        };
        entry.insert(db).await.map(drop)
    }
}

pub mod audit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub action: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
