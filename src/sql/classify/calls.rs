//! Which `name (` is a function call, and whether the function only reads.

use sea_orm::DbBackend;

use super::frame::{Clause, Kind};
use super::names::{Ident, Name};
use super::{Classifier, Last};
use crate::sql::keyword::Keyword;
use crate::sql::operation::Evidence;

impl<'a> Classifier<'a> {
    /// A name in an expression; a call when `(` follows.
    pub(super) fn expression_name(&mut self, first: Ident<'a>) {
        let last = self.last;
        let name = self.chain(first);
        if self.peeks(b'(') {
            match name {
                Some(name) if !self.is_alias_or_type(last) => self.call(name),
                _ => self.opening = Some(Kind::Names),
            }
        }
        self.remember(Last::Name);
    }

    /// `AS alias (`, `:: type (`, and after a table `alias (`: what the parentheses hold are names
    /// and types.
    fn is_alias_or_type(&mut self, last: Last) -> bool {
        let after_table =
            self.frame().clause == Clause::From && matches!(last, Last::Name | Last::Closed);
        let names_only = self.frame().kind == Kind::Names && !self.frame().query;
        after_table || names_only || matches!(last, Last::Cast | Last::Keyword(Keyword::As))
    }

    pub(super) fn call(&mut self, name: Name<'a>) {
        let function = name.name;
        // MySQL resolves a quoted name to a stored function.
        let stored = self.dialect == DbBackend::MySql && function.is_quoted();
        let folds = !(self.dialect == DbBackend::Postgres && function.is_quoted());
        let exact = folds
            || !function
                .text()
                .bytes()
                .any(|byte| byte.is_ascii_uppercase());
        let schema = name.schema.map(|schema| schema.text());
        let known = exact
            && !stored
            && self
                .functions
                .contains(self.dialect, schema, function.text());
        if !known {
            let name = match schema {
                Some(schema) => format!("{schema}.{}", function.text()),
                None => function.text().to_owned(),
            };
            self.doubt(Evidence::Function(name.into()));
        }
        self.opening = Some(Kind::Call);
    }

    /// Whether a keyword before `(` is one in this place, rather than the name of a function.
    pub(super) fn is_clause_before_parenthesis(&mut self, keyword: Keyword) -> bool {
        use Keyword as K;
        let after = |keywords: &[K]| matches!(self.last, Last::Keyword(k) if keywords.contains(&k));
        let mysql = self.dialect == DbBackend::MySql;
        match keyword {
            K::All
            | K::And
            | K::Any
            | K::Array
            | K::As
            | K::Between
            | K::Case
            | K::Check
            | K::Collate
            | K::Distinct
            | K::Else
            | K::Except
            | K::Exists
            | K::For
            | K::From
            | K::Group
            | K::Having
            | K::Ilike
            | K::In
            | K::Intersect
            | K::Into
            | K::Is
            | K::Isnull
            | K::Join
            | K::Lateral
            | K::Limit
            | K::Not
            | K::Notnull
            | K::On
            | K::Only
            | K::Or
            | K::Order
            | K::Placing
            | K::References
            | K::Returning
            | K::Select
            | K::Some_
            | K::StraightJoin
            | K::Table
            | K::Then
            | K::To
            | K::Union
            | K::Using
            | K::Values
            | K::When
            | K::Where
            | K::Window
            | K::With
            | K::Operator
            | K::Create
            | K::Default
            | K::Offset => true,
            K::Like | K::Glob | K::Regexp | K::Match => {
                matches!(
                    self.last,
                    Last::Name | Last::Closed | Last::Other | Last::Keyword(K::Not)
                ) && self.last != Last::Nothing
            }
            K::Div | K::Rlike | K::Xor | K::Binary | K::Partition => mysql || after(&[K::Over]),
            K::Index | K::Key => mysql,
            K::By => after(&[K::Group, K::Order, K::Partition]) || self.frame().start,
            K::Filter | K::Over | K::Against => self.last == Last::Closed || after(&[K::Within]),
            K::Cube | K::Rollup | K::Sets => self.frame().clause == Clause::Group,
            K::First | K::Next => after(&[K::Fetch]),
            K::Materialized => after(&[K::As, K::Not]),
            K::Of => after(&[K::Member]),
            K::Columns => self.frame().kind != Kind::Statement,
            _ => false,
        }
    }
}
