//! Columns of every type.

use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))")]
pub enum Kind {
    #[sea_orm(string_value = "mineral")]
    Mineral,
    #[sea_orm(string_value = "plant")]
    Plant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i32", db_type = "Integer")]
pub enum Size {
    #[sea_orm(num_value = 1)]
    Small,
    #[sea_orm(num_value = 9)]
    Large,
}

/// A native enum of the server, if it supports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "habitat")]
pub enum Habitat {
    #[sea_orm(string_value = "sea")]
    Sea,
    #[sea_orm(string_value = "forest")]
    Forest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Label {
    pub text: String,
    pub colours: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveValueType)]
pub struct Grams(pub i64);

pub mod specimen {
    use super::{Grams, Habitat, Kind, Label, Size};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "specimen")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub kind: Kind,
        pub size: Size,
        pub habitat: Option<Habitat>,
        pub facts: Json,
        pub label: Option<Label>,
        pub serial: Uuid,
        #[sea_orm(column_type = "Decimal(Some((12, 3)))")]
        pub price: Decimal,
        pub mass: Grams,
        pub found_on: Date,
        pub found_at: Time,
        pub logged: DateTime,
        pub seen: Option<DateTimeUtc>,
        #[sea_orm(column_type = "Blob")]
        pub photo: Vec<u8>,
        pub ratio: f64,
        pub share: f32,
        pub alive: bool,
        pub short: i16,
        pub long: i64,
        #[sea_orm(column_type = "Text")]
        pub remark: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Arrays, which only Postgres has.
pub mod collection {
    use super::Habitat;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "collection")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub numbers: Vec<i32>,
        pub words: Option<Vec<String>>,
        pub habitats: Vec<Habitat>,
        pub serials: Vec<Uuid>,
        pub ratios: Vec<f64>,
        pub days: Vec<Date>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
