//! Entities of two databases, and two that refer to each other across them.

pub(super) mod shop {
    pub(crate) mod product {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "product")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            #[sea_orm(unique)]
            pub(crate) name: String,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }
}

pub(super) mod stock {
    pub(crate) mod shelf {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "shelf")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            pub(crate) label: Option<String>,
            #[sea_orm(has_many)]
            pub(crate) pieces: HasMany<super::piece::Entity>,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub(crate) mod piece {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "piece_state")]
        pub(crate) enum State {
            #[sea_orm(string_value = "new")]
            New,
            #[sea_orm(string_value = "old")]
            Old,
        }

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "piece")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            pub(crate) shelf_id: i32,
            pub(crate) state: State,
            #[sea_orm(belongs_to, from = "shelf_id", to = "id")]
            pub(crate) shelf: BelongsTo<super::shelf::Entity>,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }
}

pub(super) mod across {
    pub(crate) mod far {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "far")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            #[sea_orm(has_many)]
            pub(crate) nears: HasMany<super::near::Entity>,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub(crate) mod near {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "near")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            pub(crate) far_id: i32,
            #[sea_orm(belongs_to, from = "far_id", to = "id")]
            pub(crate) far: BelongsTo<super::far::Entity>,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }
}
