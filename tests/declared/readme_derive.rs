//! The README's entity that names its own database.

#![allow(unreachable_pub, dead_code, reason = "it is the README's code")]
#![cfg_attr(rustfmt, rustfmt_skip)]

mod transaction {
    use sea_orm::entity::prelude::*;
    use sea_orm_routing::DeriveBinding;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, DeriveBinding)]
    #[sea_orm(table_name = "transaction")]
    #[binding(database = "warehouse")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
