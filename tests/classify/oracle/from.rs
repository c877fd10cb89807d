//! Tables and joins.

use sqlparser::ast::{JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::Oracle;

impl Oracle {
    pub(super) fn tables_with_joins(&mut self, tables: &[TableWithJoins]) {
        for table in tables {
            self.factor(&table.relation);
            for join in &table.joins {
                self.factor(&join.relation);
                self.join(&join.join_operator);
            }
        }
    }

    fn join(&mut self, operator: &JoinOperator) {
        use JoinOperator as J;
        let (J::Join(constraint)
        | J::Inner(constraint)
        | J::Left(constraint)
        | J::LeftOuter(constraint)
        | J::Right(constraint)
        | J::RightOuter(constraint)
        | J::FullOuter(constraint)
        | J::CrossJoin(constraint)
        | J::StraightJoin(constraint)) = operator
        else {
            return self.unknown();
        };
        match constraint {
            JoinConstraint::On(condition) => self.expression(condition),
            JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => {}
        }
    }

    fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name,
                args: None,
                sample: None,
                version: None,
                ..
            } => self.table(name),
            TableFactor::Table {
                name,
                args: Some(args),
                ..
            } => {
                self.called(name);
                self.arguments(&args.args);
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery),
            TableFactor::Function { name, args, .. } => {
                self.called(name);
                self.arguments(args);
            }
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => {
                self.tables_with_joins(std::slice::from_ref(table_with_joins));
            }
            _ => self.unknown(),
        }
    }
}
