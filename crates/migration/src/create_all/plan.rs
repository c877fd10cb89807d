//! In which order tables are created, and with which foreign keys.

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use sea_orm::DbBackend;
use sea_orm::sea_query::{ForeignKeyCreateStatement, Table, TableCreateStatement, TableRef};
use sea_orm_routing::schema::SchemaTarget;
use sea_orm_routing::{DatabaseName, RoutingConnection, TableName};

use super::{Creation, Entity, PlannedTable};

/// Where the table is that a foreign key refers to.
enum ForeignKeyTarget {
    /// In this database, and created before the key's own table.
    Existing,
    /// In this database, and created later: the keys form a cycle.
    Later,
    /// In another database.
    Elsewhere,
}

/// The tables of one database, in the order in which they are created.
pub(super) fn plan(
    db: &RoutingConnection,
    database: &DatabaseName,
    dialect: DbBackend,
    entities: &[&Entity],
) -> Vec<PlannedTable> {
    let create = |entity: &&Entity| (entity.table.clone(), (entity.create)(dialect));
    let tables = in_order(entities.iter().map(create).collect());
    let names: Vec<_> = tables.iter().map(|(table, _)| table.clone()).collect();
    let target = |from: usize, to: &TableName| {
        let is_elsewhere =
            || SchemaTarget::of_table(db, to).is_ok_and(|other| other.name() != database);
        match names.iter().position(|table| table == to) {
            Some(place) if place <= from || dialect == DbBackend::Sqlite => {
                ForeignKeyTarget::Existing
            }
            Some(_) => ForeignKeyTarget::Later,
            None if is_elsewhere() => ForeignKeyTarget::Elsewhere,
            None => ForeignKeyTarget::Existing,
        }
    };
    let with_place = tables.into_iter().enumerate();
    with_place
        .map(|(place, (table, creation))| planned(table, creation, dialect, |to| target(place, to)))
        .collect()
}

/// One table, without the foreign keys that cannot be part of its `CREATE TABLE`.
fn planned(
    table: TableName,
    mut creation: Creation,
    dialect: DbBackend,
    target: impl Fn(&TableName) -> ForeignKeyTarget,
) -> PlannedTable {
    let (mut kept, mut later) = (Vec::new(), Vec::new());
    let keys = creation.table.get_foreign_key_create_stmts();
    for key in keys {
        let to = key.get_foreign_key().get_ref_table().and_then(table_name);
        match to.as_ref().map_or(ForeignKeyTarget::Existing, &target) {
            ForeignKeyTarget::Existing => kept.push(key.clone()),
            ForeignKeyTarget::Later => {
                let name = key.get_foreign_key().get_name().map(str::to_owned);
                later.push((name, dialect.build(key)));
            }
            ForeignKeyTarget::Elsewhere => tracing::warn!(
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
    PlannedTable {
        table,
        creation,
        later,
    }
}

/// The same table with these foreign keys alone.
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

/// Sorts tables so that each comes after the tables it refers to. The tables of a cycle stay in the
/// order in which they were given.
fn in_order(tables: Vec<(TableName, Creation)>) -> Vec<(TableName, Creation)> {
    let names: Vec<_> = tables.iter().map(|(table, _)| table.clone()).collect();
    let referred: Vec<_> = tables.iter().map(|(_, it)| referred(&it.table)).collect();
    let order = order(&names, &referred);
    let place = |index: &usize| order.iter().position(|other| other == index);
    let mut indexed: Vec<_> = tables.into_iter().enumerate().collect();
    indexed.sort_by_key(|(index, _)| place(index));
    indexed.into_iter().map(|(_, table)| table).collect()
}

/// Indices of `tables`, each after the tables it refers to. SeaORM's own sort is not used: it places
/// a table that refers to a cycle before the cycle.
fn order(tables: &[TableName], referred: &[Vec<TableName>]) -> Vec<usize> {
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = tables.iter().map(|_| graph.add_node(())).collect();
    for (from, referred) in nodes.iter().zip(referred) {
        // A node's edges are visited in the reverse of the order in which they were added.
        for to in referred.iter().rev() {
            if let Some(to) = tables.iter().position(|table| table == to) {
                graph.add_edge(*from, nodes[to], ());
            }
        }
    }
    let components = tarjan_scc(&graph).into_iter().map(|component| {
        let mut indices: Vec<_> = component.iter().map(|node| node.index()).collect();
        indices.sort_unstable();
        indices
    });
    components.flatten().collect()
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
    fn a_table_comes_after_the_tables_it_refers_to() {
        let tables: &[(&str, &[&str])] = &[
            ("line", &["order", "product"]),
            ("order", &["customer"]),
            ("customer", &[]),
            ("product", &[]),
        ];
        assert_eq!(ordered(tables), ["customer", "order", "product", "line"]);
    }

    #[test]
    fn cycles_and_tables_that_refer_to_themselves_are_ordered_too() {
        let tables: &[(&str, &[&str])] = &[
            ("tree", &["tree", "elsewhere"]),
            ("a", &["b"]),
            ("b", &["a"]),
            ("leaf", &["hub"]),
            ("hub", &["rim"]),
            ("rim", &["hub"]),
        ];
        let expected = ["tree", "a", "b", "hub", "rim", "leaf"];
        assert_eq!(ordered(tables), expected);
    }
}
