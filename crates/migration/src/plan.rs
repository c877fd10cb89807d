//! Which databases are migrated, after every check that needs no lock.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm_routing::schema::SchemaTarget;
use sea_orm_routing::{DatabaseName, RoutingConnection};

use super::error::MigrationError;
use super::identity::identity;
use super::migrator::Migrator;
use super::own::OwnConnection;

/// A database's name and its migrator.
pub(crate) type NamedMigrator = (String, Arc<dyn Migrator>);

/// A database with its migrator.
pub(crate) struct PlannedDatabase<'a> {
    pub(crate) target: SchemaTarget,
    pub(crate) migrator: &'a Arc<dyn Migrator>,
    pub(crate) own: OwnConnection,
    /// Which physical database it is, if that is known.
    physical: Option<String>,
}

/// The databases to migrate.
pub(crate) async fn plan<'a>(
    migrators: &'a [NamedMigrator],
    db: &RoutingConnection,
) -> Result<Vec<PlannedDatabase<'a>>, MigrationError> {
    let mut planned: Vec<PlannedDatabase<'a>> = Vec::new();
    let mut migration_tables = HashMap::new();
    let fixed = fixed(migrators, db)?;
    for (name, migrator) in migrators {
        let target = SchemaTarget::named(db, name)?;
        if fixed
            .as_ref()
            .is_some_and(|fixed| fixed.name() != target.name())
        {
            continue;
        }
        if planned
            .iter()
            .any(|other| other.target.name() == target.name())
        {
            return Err(MigrationError::TwoMigrators {
                database: name.clone(),
            });
        }
        let database = target.name().clone();
        if let Some(migration) = migrator.duplicate_name() {
            return Err(MigrationError::SameName {
                database,
                migration,
            });
        }
        let (own, physical) = open(&target).await?;
        if let Some(physical) = physical.clone() {
            let place = (physical, migrator.migration_table());
            if let Some(first) = migration_tables.insert(place, database.clone()) {
                return Err(MigrationError::SharedTable {
                    first,
                    second: database,
                    table: migrator.migration_table(),
                });
            }
        }
        planned.push(PlannedDatabase {
            target,
            migrator,
            own,
            physical,
        });
    }
    Ok(planned)
}

/// The database that the handle has fixed, which must have a migrator.
fn fixed(
    migrators: &[NamedMigrator],
    db: &RoutingConnection,
) -> Result<Option<SchemaTarget>, MigrationError> {
    let Some(fixed) = SchemaTarget::fixed(db) else {
        return Ok(None);
    };
    match migrators
        .iter()
        .any(|(name, _)| fixed.name() == name.as_str())
    {
        true => Ok(Some(fixed)),
        false => Err(MigrationError::NoMigrator {
            database: fixed.name().to_string(),
            known: migrators.iter().map(|(name, _)| name.clone()).collect(),
        }),
    }
}

/// Refuses `fresh`, which drops every table it finds, on a database that has a second name.
pub(crate) async fn check_not_shared(
    db: &RoutingConnection,
    planned: &[PlannedDatabase<'_>],
) -> Result<(), MigrationError> {
    for other in SchemaTarget::all(db) {
        let (own, physical) = open(&other).await?;
        own.close().await;
        let is_same = |planned: &&PlannedDatabase<'_>| {
            planned.target.name() != other.name()
                && physical.is_some()
                && planned.physical == physical
        };
        if let Some(planned) = planned.iter().find(is_same) {
            return Err(MigrationError::SharedDatabase {
                database: planned.target.name().clone(),
                other: other.name().clone(),
            });
        }
    }
    Ok(())
}

/// A connection to a database, and which physical database that is.
async fn open(target: &SchemaTarget) -> Result<(OwnConnection, Option<String>), MigrationError> {
    let own = OwnConnection::open(target)?;
    match identity(target, own.db()).await {
        Ok(physical) => Ok((own, physical)),
        Err(source) => Err(failed(target.name(), source)),
    }
}

pub(crate) fn failed(database: &DatabaseName, source: sea_orm::DbErr) -> MigrationError {
    MigrationError::Failed {
        database: database.clone(),
        migration: None,
        half_applied: false,
        report: Box::default(),
        source: Box::new(source),
    }
}
