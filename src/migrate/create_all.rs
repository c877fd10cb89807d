//! The tables of some entities, on any database, in the order of their foreign keys.

use sea_orm::sea_query::{Table, TableCreateStatement, TableRef};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Schema, Statement};

use crate::connection::RoutingConnection;
use crate::error::RoutingError;
use crate::name::{DatabaseName, TableName};
use crate::scope::Place;

/// Creates the tables of some entities where they do not exist yet, with their enums, indexes and
/// foreign keys.
///
/// On a handle that has fixed a database, all of them are created there: one set of entities can
/// live in any number of databases. On one that has not, each is created where its binding says.
///
/// Tables come in the order of their foreign keys. Where those run in a circle, the last of the
/// circle are added when all tables are there. A foreign key that leads to another database is left
/// out: no server could keep it.
///
/// The idea is SQLAlchemy's `MetaData.create_all`.
///
/// ```
/// # mod cake {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "cake")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # use sea_orm::EntityTrait;
/// use sea_orm_routing::RoutingConnection;
/// use sea_orm_routing::migrate::CreateAll;
///
/// # async fn run() -> Result<(), sea_orm::DbErr> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .database("archive", "sqlite::memory:")
///     .connect()
///     .await?;
/// let tables = CreateAll::new().entity(cake::Entity);
/// for database in ["default", "archive"] {
///     tables.on(&db.using(database)?).await?;
/// }
/// assert!(cake::Entity::find().all(&db.using("archive")?).await?.is_empty());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct CreateAll {
    entities: Vec<Entity>,
}

/// An entity, as statements that depend on the dialect.
#[derive(Debug, Clone)]
struct Entity {
    table: TableName,
    create: fn(DbBackend) -> Creation,
}

/// What creates the table of an entity in one dialect.
struct Creation {
    table: TableCreateStatement,
    enums: Vec<Statement>,
    indexes: Vec<Statement>,
}

/// A table on its way into a database.
struct Planned {
    table: TableName,
    creation: Creation,
    /// Foreign keys that are added when all tables are there.
    later: Vec<Statement>,
}

impl CreateAll {
    /// No entities yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entity; the order does not matter.
    #[must_use]
    pub fn entity<E: EntityTrait>(mut self, entity: E) -> Self {
        let table = TableName::of(entity);
        if !self.entities.iter().any(|entity| entity.table == table) {
            let create = creation::<E>;
            self.entities.push(Entity { table, create });
        }
        self
    }

    /// Creates the tables that are not there yet, and returns them in the order they were created.
    ///
    /// # Errors
    ///
    /// [`RoutingError::Unbound`] for an entity without a binding where that is refused,
    /// [`RoutingError::Forbidden`](crate::RoutingError::Forbidden), before anything is created; then
    /// the server's error.
    pub async fn on(&self, db: &RoutingConnection) -> Result<Vec<TableName>, DbErr> {
        let mut databases = Vec::<(DatabaseName, Vec<&Entity>)>::new();
        for entity in &self.entities {
            let database = database_of(db, &entity.table)?;
            let id = db.core.cluster.topology().find_database(database.as_str());
            if let Some(id) = id {
                let tables = std::slice::from_ref(&entity.table);
                db.core.check_tables(tables, id, true)?;
            }
            match databases.iter_mut().find(|(name, _)| *name == database) {
                Some((_, entities)) => entities.push(entity),
                None => databases.push((database, vec![entity])),
            }
        }
        let mut created = Vec::new();
        for (database, entities) in databases {
            let on = db.using(database.as_str())?.on_primary();
            let planned = plan(db, &on, &database, &entities)?;
            create(&on, planned, &mut created).await?;
        }
        Ok(created)
    }
}

fn creation<E: EntityTrait>(dialect: DbBackend) -> Creation {
    let schema = Schema::new(dialect);
    let entity = E::default();
    Creation {
        table: schema.create_table_from_entity(entity),
        enums: match dialect {
            DbBackend::Postgres => {
                let enums = schema.create_enum_from_entity(entity);
                enums
                    .iter()
                    .map(|statement| dialect.build(statement))
                    .collect()
            }
            _ => Vec::new(),
        },
        indexes: {
            let indexes = schema.create_index_from_entity(entity);
            indexes
                .iter()
                .map(|statement| dialect.build(statement))
                .collect()
        },
    }
}

/// The database a handle has fixed, or the one of the entity's binding.
fn database_of(db: &RoutingConnection, table: &TableName) -> Result<DatabaseName, RoutingError> {
    let topology = db.core.cluster.topology();
    let database = match db.scope.place {
        Place::Database(database, _) => database,
        Place::Node(node) => topology.node(node).database,
        Place::Anywhere => db.database_of(table)?,
    };
    Ok(topology.database(database).name().clone())
}

/// The tables of one database, in the order they are created.
fn plan(
    db: &RoutingConnection,
    on: &RoutingConnection,
    database: &DatabaseName,
    entities: &[&Entity],
) -> Result<Vec<Planned>, DbErr> {
    let dialect = on.get_database_backend();
    let creations: Vec<_> = entities
        .iter()
        .map(|entity| (entity.create)(dialect))
        .collect();
    let tables: Vec<_> = entities.iter().map(|entity| entity.table.clone()).collect();
    let referred: Vec<Vec<TableName>> = creations.iter().map(|c| referred(&c.table)).collect();
    let order = order(&tables, &referred);
    let mut creations: Vec<_> = creations.into_iter().map(Some).collect();
    let mut planned = Vec::new();
    for (place, index) in order.iter().copied().enumerate() {
        let Some(mut creation) = creations[index].take() else {
            continue;
        };
        let mut later = Vec::new();
        let mut kept = Vec::new();
        for key in creation.table.get_foreign_key_create_stmts() {
            let table = key.get_foreign_key().get_ref_table().and_then(table_name);
            let Some(table) = table else {
                kept.push(key.clone());
                continue;
            };
            let here = order[..=place]
                .iter()
                .any(|earlier| tables[*earlier] == table);
            let coming = tables.contains(&table);
            let elsewhere = !coming && database_of(db, &table).is_ok_and(|name| name != *database);
            if here || dialect == DbBackend::Sqlite && coming || !coming && !elsewhere {
                kept.push(key.clone());
            } else if coming {
                later.push(dialect.build(key));
            } else {
                tracing::warn!(
                    target: "sea_orm_routing",
                    from = %tables[index],
                    to = %table,
                    "a foreign key to another database is left out"
                );
            }
        }
        if kept.len() != creation.table.get_foreign_key_create_stmts().len() {
            creation.table = with_keys(&creation.table, kept);
        }
        planned.push(Planned {
            table: tables[index].clone(),
            creation,
            later,
        });
    }
    Ok(planned)
}

/// The same table with other foreign keys.
fn with_keys(
    table: &TableCreateStatement,
    keys: Vec<sea_orm::sea_query::ForeignKeyCreateStatement>,
) -> TableCreateStatement {
    let mut same = Table::create();
    if let Some(name) = table.get_table_name() {
        same.table(name.clone());
    }
    if let Some(comment) = table.get_comment() {
        same.comment(comment.clone());
    }
    for column in table.get_columns() {
        same.col(column.clone());
    }
    for index in table.get_indexes() {
        same.index(&mut index.clone());
    }
    for mut key in keys {
        same.foreign_key(&mut key);
    }
    same
}

/// The tables a table refers to.
fn referred(table: &TableCreateStatement) -> Vec<TableName> {
    let keys = table.get_foreign_key_create_stmts().iter();
    keys.filter_map(|key| key.get_foreign_key().get_ref_table().and_then(table_name))
        .collect()
}

fn table_name(table: &TableRef) -> Option<TableName> {
    let TableRef::Table(sea_orm::sea_query::TableName(schema, name), _) = table else {
        return None;
    };
    Some(match schema {
        Some(schema) => TableName::with_schema(schema.1.to_string(), name.to_string()),
        None => TableName::new(name.to_string()),
    })
}

/// Indices of `tables`, each after those it refers to; in a circle, as they were given.
fn order(tables: &[TableName], referred: &[Vec<TableName>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < tables.len() {
        let left = || (0..tables.len()).filter(|index| !order.contains(index));
        let waits_for = |index: usize, table: &TableName| {
            *table != tables[index] && left().any(|other| tables[other] == *table)
        };
        let free = left().find(|index| !referred[*index].iter().any(|t| waits_for(*index, t)));
        match free.or_else(|| left().next()) {
            Some(next) => order.push(next),
            None => break,
        }
    }
    order
}

async fn create(
    on: &RoutingConnection,
    planned: Vec<Planned>,
    created: &mut Vec<TableName>,
) -> Result<(), DbErr> {
    let mut later = Vec::new();
    for Planned {
        table,
        creation,
        later: keys,
    } in planned
    {
        if exists(on, &table).await? {
            continue;
        }
        for statement in creation.enums {
            if !enum_exists(on, &statement.sql).await? {
                on.execute_raw(statement).await?;
            }
        }
        on.execute(&creation.table).await?;
        for statement in creation.indexes {
            on.execute_raw(statement).await?;
        }
        later.extend(keys);
        created.push(table);
    }
    for statement in later {
        on.execute_raw(statement).await?;
    }
    Ok(())
}

async fn exists(db: &RoutingConnection, table: &TableName) -> Result<bool, DbErr> {
    let dialect = db.get_database_backend();
    let (name, schema) = (table.name().to_owned(), table.schema().map(str::to_owned));
    let statement = match dialect {
        DbBackend::Postgres => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'f') \
             AND n.nspname = COALESCE($2, current_schema())",
            [name.into(), schema.into()],
        ),
        DbBackend::MySql => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM information_schema.tables WHERE table_name = ? \
             AND table_schema = COALESCE(?, DATABASE())",
            [name.into(), schema.into()],
        ),
        _ => Statement::from_sql_and_values(
            dialect,
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)",
            [name.into()],
        ),
    };
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// `CREATE TYPE "mood" AS ENUM ...`: whether there is a type of that name.
async fn enum_exists(db: &RoutingConnection, sql: &str) -> Result<bool, DbErr> {
    let name = sql.trim_start_matches("CREATE TYPE ");
    let name = name.split(" AS ").next().unwrap_or_default().trim();
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT 1 WHERE to_regtype($1) IS NOT NULL",
        [name.into()],
    );
    Ok(db.query_one_raw(statement).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(tables: &[(&str, &[&str])]) -> Vec<String> {
        let names: Vec<_> = tables
            .iter()
            .map(|(name, _)| TableName::from(*name))
            .collect();
        let referred: Vec<Vec<_>> = tables
            .iter()
            .map(|(_, to)| to.iter().map(|name| TableName::from(*name)).collect())
            .collect();
        let order = order(&names, &referred);
        order
            .into_iter()
            .map(|index| names[index].to_string())
            .collect()
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let tables: &[(&str, &[&str])] = &[
            ("line", &["order", "product"]),
            ("order", &["customer"]),
            ("customer", &[]),
            ("product", &[]),
        ];
        assert_eq!(ordered(tables), ["customer", "order", "product", "line"]);
    }

    #[test]
    fn circles_and_tables_that_refer_to_themselves_come_to_an_end() {
        let tables: &[(&str, &[&str])] = &[
            ("tree", &["tree", "elsewhere"]),
            ("a", &["b"]),
            ("b", &["a"]),
        ];
        assert_eq!(ordered(tables), ["tree", "a", "b"]);
    }
}
