//! Queries and their parts.

use sqlparser::ast::{
    Cte, Distinct, GroupByExpr, LimitClause, NamedWindowExpr, OrderBy, OrderByExpr, OrderByKind,
    Query, Select, SelectItem, SetExpr, With,
};

use super::Oracle;

impl Oracle {
    pub(super) fn query(&mut self, query: &Query) {
        let visible = self.ctes.len();
        if let Some(with) = &query.with {
            self.with(with);
        }
        self.body(&query.body);
        if let Some(order) = &query.order_by {
            self.order_by(order);
        }
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => {
                self.expressions(limit);
                self.expressions(offset.as_ref().map(|offset| &offset.value));
                self.expressions(limit_by);
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                self.expressions([offset, limit])
            }
        }
        if let Some(fetch) = &query.fetch {
            self.expressions(&fetch.quantity);
        }
        if !query.locks.is_empty() {
            self.writes();
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || !query.pipe_operators.is_empty()
        {
            self.unknown();
        }
        self.ctes.truncate(visible);
    }

    /// Which table expressions see which: with `RECURSIVE`, and in SQLite always, each sees all of
    /// them; in MySQL each sees itself and those before it; otherwise only those before it.
    fn with(&mut self, with: &With) {
        use sea_orm::DbBackend as D;
        let name = |oracle: &Self, cte: &Cte| oracle.folded(&cte.alias.name);
        match (self.dialect, with.recursive) {
            (D::Sqlite, _) | (D::Postgres, true) => {
                for cte in &with.cte_tables {
                    let name = name(self, cte);
                    self.ctes.push(name);
                }
                for cte in &with.cte_tables {
                    self.query(&cte.query);
                }
            }
            (_, recursive) => {
                for cte in &with.cte_tables {
                    let name = name(self, cte);
                    if recursive {
                        self.ctes.push(name);
                        self.query(&cte.query);
                    } else {
                        self.query(&cte.query);
                        self.ctes.push(name);
                    }
                }
            }
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            SetExpr::Values(values) => {
                for row in &values.rows {
                    self.expressions(&row.content);
                }
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.statement(statement),
            // sqlparser skips the two tokens after `TABLE name`.
            SetExpr::Table(_) => self.unknown(),
        }
    }

    fn select(&mut self, select: &Select) {
        if let Some(Distinct::On(keys)) = &select.distinct {
            self.expressions(keys);
        }
        if select.into.is_some() {
            self.unknown();
        }
        self.items(&select.projection);
        self.tables_with_joins(&select.from);
        self.expressions(&select.selection);
        match &select.group_by {
            GroupByExpr::All(_) => {}
            GroupByExpr::Expressions(keys, _) => self.expressions(keys),
        }
        self.expressions(&select.having);
        self.expressions(&select.qualify);
        for window in &select.named_window {
            match &window.1 {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(window) => self.window(window),
            }
        }
        let unusual = [&select.cluster_by, &select.distribute_by]
            .into_iter()
            .any(|list| !list.is_empty());
        if unusual
            || select.top.is_some()
            || select.select_modifiers.is_some()
            || !select.lateral_views.is_empty()
        {
            self.unknown();
        }
    }

    pub(super) fn items(&mut self, items: &[SelectItem]) {
        for item in items {
            match item {
                SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. } => {
                    self.expression(value);
                }
                SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {}
                SelectItem::ExprWithAliases { .. } => self.unknown(),
            }
        }
    }

    fn order_by(&mut self, order: &OrderBy) {
        match &order.kind {
            OrderByKind::All(_) => {}
            OrderByKind::Expressions(keys) => self.ordered(keys),
        }
    }

    pub(super) fn ordered(&mut self, keys: &[OrderByExpr]) {
        self.expressions(keys.iter().map(|key| &key.expr));
    }
}
