//! A lending library. In the layout of two databases its two parts live apart, and only
//! `loan.book_id` refers from one to the other.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "SeaORM's derives write some of it"
)]

pub mod gazetteer;
pub mod lending;
pub mod library;
pub mod passing;
pub mod specimens;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityName, EntityTrait, JsonValue,
    Schema, SchemaBuilder,
};

pub use gazetteer::{city, country, shelfmark};
pub use lending::{audit, follow, loan, parcel, reader};
pub use library::{author, biography, book, book_genre, genre, publisher, topic};
pub use specimens::{collection, specimen};

/// The tables whose rows may be used in one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Library,
    Lending,
}

/// Applies a macro to each entity of a part that every server supports.
macro_rules! each {
    ($part:expr, $do:ident) => {
        match $part {
            Part::Library => {
                $do!(publisher, author, biography, book, genre, book_genre, topic);
                $do!(country, city, shelfmark);
            }
            Part::Lending => $do!(reader, follow, loan, parcel, audit, specimen),
        }
    };
}

impl Part {
    pub const ALL: [Self; 2] = [Self::Library, Self::Lending];

    /// Whether the part has arrays.
    fn has_arrays(self, dialect: DbBackend) -> bool {
        self == Self::Lending && dialect == DbBackend::Postgres
    }

    /// Creates the tables.
    pub async fn create(self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let dialect = db.get_database_backend();
        self.registered(db.get_schema_builder()).apply(db).await?;
        if self.has_arrays(dialect) {
            // After `specimen`, whose enum type it uses.
            let arrays = Schema::new(dialect).create_table_from_entity(collection::Entity);
            db.execute(&arrays).await?;
        }
        Ok(())
    }

    /// Empties the tables of a server, and resets their counters.
    pub async fn clear(self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let dialect = db.get_database_backend();
        let tables = self.tables(dialect);
        let sql = match dialect {
            DbBackend::Postgres => format!("TRUNCATE {} RESTART IDENTITY", tables.join(", ")),
            _ => {
                let one = |table| format!("TRUNCATE TABLE {table};");
                let all: String = tables.into_iter().map(one).collect();
                format!("SET FOREIGN_KEY_CHECKS = 0; {all} SET FOREIGN_KEY_CHECKS = 1")
            }
        };
        db.execute_unprepared(&sql).await.map(drop)
    }

    fn registered(self, mut builder: SchemaBuilder) -> SchemaBuilder {
        macro_rules! register {
            ($($entity:ident),+) => {{ $(builder = builder.register($entity::Entity);)+ }};
        }
        each!(self, register);
        builder
    }

    /// The names of the tables.
    pub fn tables(self, dialect: DbBackend) -> Vec<&'static str> {
        let mut names = Vec::new();
        macro_rules! push {
            ($($entity:ident),+) => {{ $(names.push($entity::Entity.table_name());)+ }};
        }
        each!(self, push);
        if self.has_arrays(dialect) {
            push!(collection);
        }
        names
    }

    /// Every row of every table.
    pub async fn rows(self, db: &DatabaseConnection) -> Result<Vec<Rows>, DbErr> {
        let mut rows = Vec::new();
        macro_rules! read {
            ($($entity:ident),+) => {{ $(
                let found = $entity::Entity::find().order_by_id_asc().into_json();
                rows.push((stringify!($entity), found.all(db).await?));
            )+ }};
        }
        each!(self, read);
        if self.has_arrays(db.get_database_backend()) {
            read!(collection);
        }
        Ok(rows)
    }
}

/// The name of a table, and its rows.
type Rows = (&'static str, Vec<JsonValue>);
