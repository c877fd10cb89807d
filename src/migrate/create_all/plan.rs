//! In which order tables are created, and with which foreign keys.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyCreateStatement, Table, TableCreateStatement, TableRef};

use super::{Creation, Entity, Planned, database_of};
use crate::connection::RoutingConnection;
use crate::name::{DatabaseName, TableName};

/// Where a foreign key leads.
enum Leads {
    /// To a table that is there, or will be by then.
    Here,
    /// To a table that comes later: they run in a circle.
    Later,
    /// To another database.
    Elsewhere,
}

/// The tables of one database, in the order they are created.
pub(super) fn plan(
    db: &RoutingConnection,
    database: &DatabaseName,
    dialect: DbBackend,
    entities: &[&Entity],
) -> Vec<Planned> {
    let tables: Vec<_> = entities.iter().map(|entity| entity.table.clone()).collect();
    let create = |entity: &&Entity| (entity.create)(dialect);
    let creations: Vec<_> = entities.iter().map(create).collect();
    let referred: Vec<_> = creations.iter().map(|c| referred(&c.table)).collect();
    let order = order(&tables, &referred);
    let place = |index: &usize| order.iter().position(|other| other == index);
    let mut planned: Vec<_> = creations.into_iter().enumerate().collect();
    planned.sort_by_key(|(index, _)| place(index));
    let coming: Vec<_> = order.iter().map(|index| tables[*index].clone()).collect();
    let leads = |from: usize, to: &TableName| {
        let there = coming.iter().position(|table| table == to);
        match there {
            Some(place) if place <= from || dialect == DbBackend::Sqlite => Leads::Here,
            Some(_) => Leads::Later,
            None if database_of(db, to).is_ok_and(|other| other != *database) => Leads::Elsewhere,
            None => Leads::Here,
        }
    };
    let with_place = planned.into_iter().enumerate();
    with_place
        .map(|(place, (_, creation))| {
            let table = coming[place].clone();
            table_of(table, creation, dialect, |to| leads(place, to))
        })
        .collect()
}

/// One table, without the foreign keys that cannot be part of it.
fn table_of(
    table: TableName,
    mut creation: Creation,
    dialect: DbBackend,
    leads: impl Fn(&TableName) -> Leads,
) -> Planned {
    let (mut kept, mut later) = (Vec::new(), Vec::new());
    let keys = creation.table.get_foreign_key_create_stmts();
    for key in keys {
        let to = key.get_foreign_key().get_ref_table().and_then(table_name);
        match to.as_ref().map_or(Leads::Here, &leads) {
            Leads::Here => kept.push(key.clone()),
            Leads::Later => {
                let name = key.get_foreign_key().get_name().map(str::to_owned);
                later.push((name, dialect.build(key)));
            }
            Leads::Elsewhere => tracing::warn!(
                target: "sea_orm_routing",
                from = %table,
                to = %to.as_ref().map_or("", TableName::name),
                "a foreign key to another database is left out"
            ),
        }
    }
    if kept.len() != keys.len() {
        creation.table = with_keys(&creation.table, kept);
    }
    Planned {
        table,
        creation,
        later,
    }
}

/// The same table with other foreign keys.
fn with_keys(
    table: &TableCreateStatement,
    keys: Vec<ForeignKeyCreateStatement>,
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
