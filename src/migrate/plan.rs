//! What is to be migrated, and every check that needs no lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::MigrationError;
use super::identity::identity;
use super::migrator::Migrator;
use super::own::Own;
use crate::connection::RoutingConnection;
use crate::error::{RoutingError, list};
use crate::name::DatabaseName;
use crate::scope::Place;
use crate::topology::DatabaseId;

/// A database's name and its migrator.
pub(super) type Named = (String, Arc<dyn Migrator>);

/// A database with its migrator.
pub(super) struct Planned<'a> {
    pub(super) database: DatabaseId,
    pub(super) name: DatabaseName,
    pub(super) migrator: &'a Arc<dyn Migrator>,
    pub(super) own: Own,
    /// Which physical database it is, where that can be told.
    physical: Option<String>,
}

/// The databases and their migrators, after every check that needs no lock.
pub(super) async fn plan<'a>(
    migrators: &'a [Named],
    db: &RoutingConnection,
) -> Result<Vec<Planned<'a>>, MigrationError> {
    let mut planned: Vec<Planned<'a>> = Vec::new();
    let mut books = HashMap::new();
    let fixed = fixed(migrators, db)?;
    for (name, migrator) in migrators {
        let database = find(db, name)?;
        if fixed.is_some_and(|fixed| fixed != database) {
            continue;
        }
        if planned.iter().any(|other| other.database == database) {
            return Err(MigrationError::TwoMigrators {
                database: name.clone(),
            });
        }
        let name = db.topology().database_by_id(database).name().clone();
        if let Some(migration) = migrator.twice() {
            let database = name;
            return Err(MigrationError::SameName {
                database,
                migration,
            });
        }
        let (own, physical) = ask(db, &name).await?;
        if let Some(physical) = physical.clone() {
            let book = (physical, migrator.table());
            if let Some(first) = books.insert(book, name.clone()) {
                return Err(MigrationError::SharedTable {
                    first,
                    second: name,
                    table: migrator.table(),
                });
            }
        }
        planned.push(Planned {
            database,
            name,
            migrator,
            own,
            physical,
        });
    }
    Ok(planned)
}

/// The database a handle has fixed, which must have a migrator.
fn fixed(
    migrators: &[Named],
    db: &RoutingConnection,
) -> Result<Option<DatabaseId>, MigrationError> {
    let topology = db.topology();
    let fixed = match db.scope.place {
        Place::Database(database, _) => database,
        Place::Node(node) => topology.node(node).database,
        Place::Anywhere => return Ok(None),
    };
    let name = topology.database_by_id(fixed).name();
    let names = || migrators.iter().map(|(name, _)| name.as_str());
    match names().any(|with| *name == *with) {
        true => Ok(Some(fixed)),
        false => Err(MigrationError::NoMigrator {
            database: name.to_string(),
            known: list(names()),
        }),
    }
}

fn find(db: &RoutingConnection, name: &str) -> Result<DatabaseId, RoutingError> {
    let topology = db.topology();
    topology
        .find_database(name)
        .ok_or_else(|| RoutingError::unknown_database(name, topology.database_names()))
}

/// `fresh` drops what it finds: no other database may be the same.
pub(super) async fn check_not_shared(
    db: &RoutingConnection,
    planned: &[Planned<'_>],
) -> Result<(), MigrationError> {
    for database in db.topology().databases() {
        let other = database.name();
        let (own, physical) = ask(db, other).await?;
        own.close().await;
        let same = |planned: &&Planned<'_>| {
            planned.name != *other && physical.is_some() && planned.physical == physical
        };
        if let Some(planned) = planned.iter().find(same) {
            return Err(MigrationError::SharedDatabase {
                database: planned.name.clone(),
                other: other.clone(),
            });
        }
    }
    Ok(())
}

/// A connection of one's own, and which physical database it leads to.
async fn ask(
    db: &RoutingConnection,
    name: &DatabaseName,
) -> Result<(Own, Option<String>), MigrationError> {
    let own = Own::beside(&db.primary(name.as_str())?);
    match identity(own.db()).await {
        Ok(physical) => Ok((own, physical)),
        Err(source) => Err(failed(name, source)),
    }
}

pub(super) fn failed(database: &DatabaseName, source: sea_orm::DbErr) -> MigrationError {
    MigrationError::Failed {
        database: database.clone(),
        migration: None,
        half_applied: false,
        report: Box::default(),
        source: Box::new(source),
    }
}
