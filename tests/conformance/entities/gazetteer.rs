//! Relations written by hand, and keys that are not one number.

pub mod country {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "country")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::city::Entity")]
        City,
        #[sea_orm(
            has_many = "super::city::Entity",
            on_condition = r#"super::city::Column::Population.gte(1_000_000)"#
        )]
        BigCity,
    }

    impl Related<super::city::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::City.def()
        }
    }

    /// The cities of a country that are big.
    #[derive(Debug)]
    pub struct BigCities;

    impl Linked for BigCities {
        type FromEntity = Entity;
        type ToEntity = super::city::Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![Relation::BigCity.def()]
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod city {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "city")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub country_code: String,
        pub population: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::country::Entity",
            from = "Column::CountryCode",
            to = "super::country::Column::Code",
            on_update = "Cascade",
            on_delete = "Cascade"
        )]
        Country,
    }

    impl Related<super::country::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Country.def()
        }
    }

    /// The cities of the same country.
    #[derive(Debug)]
    pub struct Compatriots;

    impl Linked for Compatriots {
        type FromEntity = Entity;
        type ToEntity = Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![
                Relation::Country.def(),
                super::country::Relation::City.def(),
            ]
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key of two numbers.
pub mod shelfmark {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelfmark")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub slot: i32,
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
