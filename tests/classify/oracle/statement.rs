//! Statements: a query reads, everything else here writes.

use sqlparser::ast::{
    Delete, Expr, FromTable, Insert, ObjectType, OnConflictAction, OnInsert, Statement,
    TableObject, Update, UpdateTableFromKind,
};

use super::Oracle;

impl Oracle {
    pub(super) fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Explain { statement, .. } => self.statement(statement),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Drop {
                object_type: ObjectType::Table,
                names,
                ..
            } => {
                self.writes();
                for name in names {
                    self.table(name);
                }
            }
            Statement::Truncate(truncate) => {
                self.writes();
                for target in &truncate.table_names {
                    self.table(&target.name);
                }
            }
            _ => self.unknown(),
        }
    }

    fn insert(&mut self, insert: &Insert) {
        self.writes();
        match &insert.table {
            TableObject::TableName(name) => {
                let parts = self.parts(name);
                self.target(&parts);
            }
            _ => self.unknown(),
        }
        if let Some(source) = &insert.source {
            self.query(source);
        }
        self.expressions(insert.assignments.iter().map(|set| &set.value));
        match &insert.on {
            None => {}
            Some(OnInsert::DuplicateKeyUpdate(sets)) => {
                self.expressions(sets.iter().map(|set| &set.value))
            }
            Some(OnInsert::OnConflict(conflict)) => {
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    self.expressions(update.assignments.iter().map(|set| &set.value));
                    self.expressions(&update.selection);
                }
            }
            Some(_) => self.unknown(),
        }
        self.items(insert.returning.as_deref().unwrap_or_default());
    }

    /// The target of an `INSERT` is a table, whatever table expressions are called.
    fn target(&mut self, parts: &[String]) {
        let ctes = std::mem::take(&mut self.ctes);
        self.named(parts);
        self.ctes = ctes;
    }

    fn update(&mut self, update: &Update) {
        self.writes();
        self.tables_with_joins(std::slice::from_ref(&update.table));
        match &update.from {
            None => {}
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                self.tables_with_joins(from);
            }
        }
        self.expressions(update.assignments.iter().map(|set| &set.value));
        self.rest(&update.selection, &update.limit);
        self.items(update.returning.as_deref().unwrap_or_default());
    }

    /// MySQL's `DELETE x FROM a AS x` names its targets by alias: the list after `FROM` decides.
    fn delete(&mut self, delete: &Delete) {
        self.writes();
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let mysql = self.dialect == sea_orm::DbBackend::MySql;
        match (&delete.using, mysql) {
            (Some(using), true) => self.tables_with_joins(using),
            (using, _) => {
                self.tables_with_joins(from);
                self.tables_with_joins(using.as_deref().unwrap_or_default());
            }
        }
        self.rest(&delete.selection, &delete.limit);
        self.items(delete.returning.as_deref().unwrap_or_default());
    }

    fn rest(&mut self, selection: &Option<Expr>, limit: &Option<Expr>) {
        self.expressions(selection);
        self.expressions(limit);
    }
}
