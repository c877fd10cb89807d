//! A small library, a tree, and two entities that refer to each other.

pub(super) mod author {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "author")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
        #[sea_orm(has_many)]
        pub(crate) books: HasMany<super::book::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod book {
    use sea_orm::Set;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "mood")]
    pub(crate) enum Mood {
        #[sea_orm(string_value = "glad")]
        Glad,
        #[sea_orm(string_value = "sad")]
        Sad,
    }

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "book")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        #[sea_orm(indexed)]
        pub(crate) title: String,
        #[sea_orm(unique)]
        pub(crate) isbn: String,
        pub(crate) author_id: i32,
        pub(crate) mood: Mood,
        #[sea_orm(belongs_to, from = "author_id", to = "id")]
        pub(crate) author: BelongsTo<super::author::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl ActiveModel {
        pub(crate) fn of(title: &str, author: i32, mood: Mood) -> Self {
            Self {
                id: sea_orm::NotSet,
                title: Set(title.to_owned()),
                isbn: Set(title.to_lowercase()),
                author_id: Set(author),
                mood: Set(mood),
            }
        }
    }
}

pub(super) mod tree {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tree")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) parent_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {
        #[sea_orm(belongs_to = "Entity", from = "Column::ParentId", to = "Column::Id")]
        Parent,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod left {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "circle_left")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) other_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {
        #[sea_orm(
            belongs_to = "super::right::Entity",
            from = "Column::OtherId",
            to = "super::right::Column::Id"
        )]
        Other,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod right {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "circle_right")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) other_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {
        #[sea_orm(
            belongs_to = "super::left::Entity",
            from = "Column::OtherId",
            to = "super::left::Column::Id"
        )]
        Other,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
