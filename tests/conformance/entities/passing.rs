//! Tables that a scenario creates and drops again.

use sea_orm::entity::prelude::*;

pub mod memo {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub word: String,
        #[sea_orm(indexed)]
        pub weight: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod note {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "note")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub title: String,
        #[sea_orm(indexed)]
        pub size: i32,
        #[sea_orm(has_many)]
        pub marks: HasMany<super::mark::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod mark {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mark")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub note_id: i32,
        #[sea_orm(belongs_to, from = "note_id", to = "id")]
        pub note: BelongsTo<super::note::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "grade")]
pub enum Grade {
    #[sea_orm(string_value = "gold")]
    Gold,
    #[sea_orm(string_value = "iron")]
    Iron,
}

/// Has an enum of its own; in the layout of two databases, it lives in the second.
pub mod badge {
    use super::Grade;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "badge")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub grade: Grade,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
