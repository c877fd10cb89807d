//! Expressions, which contain subqueries and calls.

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, WindowSpec, WindowType,
};

use super::Oracle;

impl Oracle {
    pub(super) fn expressions<'e>(&mut self, all: impl IntoIterator<Item = &'e Expr>) {
        for expression in all {
            self.expression(expression);
        }
    }

    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::TypedString(_)
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..)
            | Expr::MatchAgainst { .. } => {}
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e)
            | Expr::Nested(e)
            | Expr::UnaryOp { expr: e, .. }
            | Expr::Cast { expr: e, .. }
            | Expr::Extract { expr: e, .. }
            | Expr::Ceil { expr: e, .. }
            | Expr::Floor { expr: e, .. }
            | Expr::Collate { expr: e, .. }
            | Expr::Prefixed { value: e, .. }
            | Expr::Convert { expr: e, .. } => self.expression(e),
            Expr::IsDistinctFrom(a, b)
            | Expr::IsNotDistinctFrom(a, b)
            | Expr::BinaryOp {
                left: a, right: b, ..
            }
            | Expr::AnyOp {
                left: a, right: b, ..
            }
            | Expr::AllOp {
                left: a, right: b, ..
            }
            | Expr::Position { expr: a, r#in: b }
            | Expr::AtTimeZone {
                timestamp: a,
                time_zone: b,
            }
            | Expr::RLike {
                expr: a,
                pattern: b,
                ..
            } => self.expressions([&**a, &**b]),
            Expr::Like {
                expr,
                pattern,
                escape_char,
                ..
            }
            | Expr::ILike {
                expr,
                pattern,
                escape_char,
                ..
            }
            | Expr::SimilarTo {
                expr,
                pattern,
                escape_char,
                ..
            } => {
                self.expressions([&**expr, &**pattern]);
                self.expressions(escape_char.as_deref());
            }
            Expr::InList { expr, list, .. } => {
                self.expression(expr);
                self.expressions(list);
            }
            Expr::InSubquery { expr, subquery, .. } => {
                self.expression(expr);
                self.query(subquery);
            }
            Expr::Between {
                expr, low, high, ..
            } => self.expressions([&**expr, &**low, &**high]),
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                self.expression(expr);
                self.expressions(substring_from.as_deref());
                self.expressions(substring_for.as_deref());
            }
            Expr::Trim {
                expr, trim_what, ..
            } => {
                self.expression(expr);
                self.expressions(trim_what.as_deref());
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                self.expressions(operand.as_deref());
                for when in conditions {
                    self.expressions([&when.condition, &when.result]);
                }
                self.expressions(else_result.as_deref());
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Tuple(list) => self.expressions(list),
            Expr::Array(array) => self.expressions(&array.elem),
            Expr::Interval(interval) => self.expression(&interval.value),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Function(function) => self.function(function),
            _ => self.unknown(),
        }
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) {
        self.expression(root);
        for access in chain {
            match access {
                AccessExpr::Dot(expression) => self.expression(expression),
                AccessExpr::Subscript(_) => self.unknown(),
            }
        }
    }

    fn function(&mut self, function: &Function) {
        self.called(&function.name);
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.query(query),
            FunctionArguments::List(list) => {
                self.arguments(&list.args);
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(keys) => self.ordered(keys),
                        FunctionArgumentClause::Separator(_) => {}
                        _ => self.unknown(),
                    }
                }
            }
        }
        self.ordered(&function.within_group);
        self.expressions(function.filter.as_deref());
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            self.window(window);
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[FunctionArg]) {
        for argument in arguments {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => self.expression(value),
                FunctionArg::Unnamed(
                    FunctionArgExpr::Wildcard | FunctionArgExpr::QualifiedWildcard(_),
                ) => {}
                _ => self.unknown(),
            }
        }
    }

    pub(super) fn window(&mut self, window: &WindowSpec) {
        self.expressions(&window.partition_by);
        self.ordered(&window.order_by);
    }
}
