//! What is to be migrated, and every check that needs no lock.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::DatabaseConnection;

use super::error::MigrationError;
use super::identity::identity;
use super::migrations::Migrations;
use super::migrator::Migrator;
use crate::connection::RoutingConnection;
use crate::error::RoutingError;
use crate::name::DatabaseName;
use crate::topology::DatabaseId;

/// A database with its migrator.
pub(super) struct Planned<'a> {
    pub(super) database: DatabaseId,
    pub(super) name: DatabaseName,
    pub(super) migrator: &'a Arc<dyn Migrator>,
    pub(super) primary: DatabaseConnection,
}

impl Migrations {
    /// The databases and their migrators, after every check that needs no lock.
    pub(super) async fn plan(
        &self,
        db: &RoutingConnection,
    ) -> Result<Vec<Planned<'_>>, MigrationError> {
        let mut planned: Vec<Planned<'_>> = Vec::new();
        let mut books = HashMap::new();
        for (name, migrator) in &self.migrators {
            let database = find(db, name)?;
            if planned.iter().any(|other| other.database == database) {
                return Err(MigrationError::TwoMigrators {
                    database: name.clone(),
                });
            }
            let name = db.topology().database(database).name().clone();
            if let Some(migration) = migrator.twice() {
                let database = name;
                return Err(MigrationError::SameName {
                    database,
                    migration,
                });
            }
            let primary = db.primary(name.as_str())?;
            let physical = identity(&primary).await;
            let physical = physical.map_err(|source| failed(&name, source))?;
            if let Some(physical) = physical {
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
                primary,
            });
        }
        Ok(planned)
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
    let topology = db.topology();
    let mut physical = Vec::new();
    for database in topology.databases() {
        let name = database.name();
        let primary = db.primary(name.as_str())?;
        let found = identity(&primary).await;
        physical.push((name, found.map_err(|source| failed(name, source))?));
    }
    for (name, identity) in &physical {
        let others = physical.iter().filter(|(other, _)| other != name);
        let same =
            |(_, other): &&(&DatabaseName, Option<String>)| identity.is_some() && other == identity;
        let is_planned = planned.iter().any(|planned| planned.name == **name);
        if let Some((other, _)) = others.into_iter().find(same)
            && is_planned
        {
            return Err(MigrationError::SharedDatabase {
                database: (*name).clone(),
                other: (*other).clone(),
            });
        }
    }
    Ok(())
}

pub(super) fn failed(database: &DatabaseName, source: sea_orm::DbErr) -> MigrationError {
    MigrationError::Failed {
        database: database.clone(),
        migration: None,
        report: Box::default(),
        source: Box::new(source),
    }
}
