//! Which `name (` is a function call, and whether the function only reads.

use sea_orm::DbBackend;

use super::frame::{Clause, Kind};
use crate::sql::names::{Ident, Name};
use super::{Classifier, LastToken};
use crate::sql::keyword::Keyword;
use crate::sql::operation::Evidence;

impl<'a> Classifier<'a> {
    /// A name in an expression; a call when `(` follows.
    pub(super) fn expression_name(&mut self, first: Ident<'a>) {
        let last = self.last;
        let name = self.chain(first);
        if self.peeks(b'(') {
            match name {
                Some(name) if !self.is_alias_or_type(last) => {
                    self.call(name);
                }
                _ => self.opening = Some(Kind::Names),
            }
        }
        self.remember(LastToken::Name);
    }

    /// `AS alias (`, `:: type (`, and after a table `alias (`: what the parentheses hold are names
    /// and types.
    fn is_alias_or_type(&mut self, last: LastToken) -> bool {
        let after_table = self.frame().clause == Clause::From
            && matches!(last, LastToken::Name | LastToken::Closed);
        let names_only = self.frame().kind == Kind::Names && !self.frame().query;
        after_table
            || names_only
            || matches!(last, LastToken::Cast | LastToken::Keyword(Keyword::As))
    }

    /// A function call; whether the function is known to only read.
    pub(super) fn call(&mut self, name: Name<'a>) -> bool {
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
        known
    }

    /// Whether a keyword before `(` is one in this place, rather than the name of a function.
    pub(super) fn is_clause_before_parenthesis(&mut self, keyword: Keyword) -> bool {
        use Keyword as K;
        let after =
            |keywords: &[K]| matches!(self.last, LastToken::Keyword(k) if keywords.contains(&k));
        let (mysql, postgres, sqlite) = (
            self.dialect == DbBackend::MySql,
            self.dialect == DbBackend::Postgres,
            self.dialect == DbBackend::Sqlite,
        );
        let after_operand = matches!(
            self.last,
            LastToken::Name | LastToken::Closed | LastToken::Other
        );
        match keyword {
            _ if is_always_clause(keyword) => true,
            K::Any | K::Some_ => !sqlite,
            K::Rows => after_operand && self.frame().kind == Kind::Group,
            K::Array | K::Ilike | K::Inherits | K::Lateral | K::Only | K::Operator | K::Placing => {
                postgres
            }
            K::Isnull | K::Notnull => !mysql && after_operand,
            K::Offset | K::Zone | K::Escape => after_operand,
            K::Regexp => !postgres,
            K::Glob | K::Match => sqlite,
            K::Div | K::Rlike | K::Xor | K::Binary | K::HighPriority | K::Distinctrow => mysql,
            K::Index | K::Key => mysql,
            K::Partition => mysql || after(&[K::Over]),
            K::By => after(&[K::Group, K::Order, K::Partition]) || self.frame().start,
            K::Filter | K::Against => self.last == LastToken::Closed || after(&[K::Within]),
            K::Over => self.last == LastToken::Closed || after(&[K::Within, K::Nulls]),
            K::Cube | K::Rollup => self.frame().clause == Clause::Group,
            K::Sets => after(&[K::Grouping]),
            K::First | K::Next => after(&[K::Fetch]),
            K::Materialized => postgres && after(&[K::As, K::Not]),
            K::Of => after(&[K::Member]),
            K::Columns => self.frame().kind == Kind::Call,
            _ => false,
        }
    }
}

/// Whether a keyword is never the name of a call, whatever is before it.
#[rustfmt::skip]
fn is_always_clause(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(keyword,
        K::All | K::And | K::As | K::Between | K::Case | K::Check | K::Collate | K::Create |
        K::Default | K::Distinct | K::Else | K::Except | K::Exists | K::For | K::From | K::Group |
        K::Having | K::In | K::Intersect | K::Into | K::Is | K::Join | K::Like | K::Limit | K::Not |
        K::On | K::Or | K::Order | K::References | K::Returning | K::Select | K::StraightJoin |
        K::Table | K::Then | K::To | K::Union | K::Using | K::Values | K::When | K::Where |
        K::Window | K::With
    )
}
