//! How statements and queries start, and `WITH` lists.

use sea_orm::DbBackend;

use super::level::{Clause, Kind, State};
use super::{NotProven, Proof, Recogniser, is_word};
use crate::sql::keyword::Keyword;
use crate::sql::names::Ident;
use crate::sql::operation::{Access, Evidence};
use crate::sql::token::Token;

impl Recogniser<'_, '_> {
    /// A statement: a query, or a listing.
    pub(super) fn statement(&mut self) -> Proof {
        use Keyword as K;
        let (mysql, sqlite) = (self.is(DbBackend::MySql), self.is(DbBackend::Sqlite));
        match self.cursor.peek_keyword() {
            Some(K::Explain) => self.explain(),
            Some(K::Describe | K::Desc) if mysql => self.explain(),
            Some(K::Analyze) if mysql => self.analyze(),
            Some(K::Show) if !sqlite => self.show(),
            Some(K::Pragma) if sqlite => self.pragma(),
            _ => {
                self.level().state = State::Query;
                Ok(())
            }
        }
    }

    /// The start of a query: `SELECT`, `VALUES`, `TABLE`, `WITH`, or parentheses around a query.
    pub(super) fn query(&mut self) -> Proof {
        use Keyword as K;
        if self.cursor.peeks(b'(') {
            let level = self.level();
            level.query = true;
            level.set_done();
            return self.open_parenthesis(Kind::Subquery, State::Query, State::Complete);
        }
        if !self.starts_query() {
            return Err(NotProven);
        }
        let keyword = self.cursor.peek_keyword();
        self.cursor.next();
        if keyword == Some(K::With) {
            let named = self.names.tables.len();
            let recursive = self.take_keyword(K::Recursive);
            let level = self.level();
            level.named = named;
            level.recursive = recursive;
            level.state = State::TableExpression;
            return Ok(());
        }
        let level = self.level();
        level.query = true;
        level.first = false;
        match keyword {
            Some(K::Select) => {
                level.clause = Clause::Select;
                level.state = State::Selected;
                level.ends_operand();
            }
            Some(K::Values) => level.expects_operand(Clause::List),
            _ => return self.table_command(),
        }
        Ok(())
    }

    /// Whether a query starts here, rather than an expression with a name like `with`.
    pub(super) fn starts_query(&mut self) -> bool {
        use Keyword as K;
        let sqlite = self.is(DbBackend::Sqlite);
        match self.cursor.peek_keyword() {
            Some(K::Select) => true,
            Some(K::Values) => match self.cursor.peek_second() {
                Some(Token::Symbol(b'(')) => true,
                second => self.is(DbBackend::MySql) && is_word(second, &["row"]),
            },
            Some(K::Table) => !sqlite,
            Some(K::With) => {
                let second = self.cursor.peek_second();
                !sqlite || second.and_then(Ident::of).is_some()
            }
            _ => false,
        }
    }

    /// `TABLE a`, the whole of a table.
    fn table_command(&mut self) -> Proof {
        let only = self.is(DbBackend::Postgres) && self.take_keyword(Keyword::Only);
        let parenthesis = only && self.take_symbol(b'(');
        let name = self.table_name()?;
        self.names_table(name);
        if parenthesis {
            self.expect(b')')?;
        }
        if self.is(DbBackend::Postgres) {
            self.take_symbol(b'*');
        }
        self.level().set_done();
        Ok(())
    }

    /// After `SELECT`: its modifiers, then its list.
    pub(super) fn selected(&mut self) -> Proof {
        use Keyword as K;
        let postgres = self.is(DbBackend::Postgres);
        let mysql = self.is(DbBackend::MySql);
        match self.cursor.peek_keyword() {
            Some(K::All | K::Distinct) => {
                self.cursor.next();
                if postgres && self.take_keyword(K::On) {
                    return self.open_parenthesis(Kind::Group, State::Operand, State::Operand);
                }
            }
            Some(K::Distinctrow | K::HighPriority | K::StraightJoin) if mysql => {
                self.cursor.next();
            }
            Some(K::SqlCalcFoundRows) if mysql => {
                self.found.raise(Access::Session, Evidence::FoundRows);
                self.cursor.next();
            }
            // Postgres takes an empty list.
            Some(
                K::From
                | K::Where
                | K::Union
                | K::Except
                | K::Intersect
                | K::Order
                | K::Limit
                | K::Group
                | K::Having
                | K::Offset
                | K::Fetch
                | K::For
                | K::Window,
            ) if postgres => self.level().state = State::Complete,
            _ if mysql && self.takes_option() => {}
            _ if postgres && self.at_end() => self.level().state = State::Complete,
            _ => self.level().state = State::Operand,
        }
        Ok(())
    }

    /// An option of MySQL's `SELECT`. Before anything that could go on with a name it is none.
    fn takes_option(&mut self) -> bool {
        const OPTIONS: [&str; 5] = [
            "sql_small_result",
            "sql_big_result",
            "sql_buffer_result",
            "sql_cache",
            "sql_no_cache",
        ];
        let query = is_word(self.cursor.rest().nth(2), &["select"]);
        let is_option = is_word(self.cursor.peek(), &OPTIONS)
            && match self.cursor.peek_second() {
                Some(Token::Symbol(symbol)) => symbol == b'*' || symbol == b'(' && query,
                Some(_) => self.cursor.peek_second_keyword() != Some(Keyword::From),
                None => false,
            };
        if is_option {
            self.cursor.next();
        }
        is_option
    }

    fn at_end(&mut self) -> bool {
        matches!(self.cursor.peek(), None | Some(Token::Symbol(b')' | b';')))
    }

    /// `name (columns) AS MATERIALIZED (`.
    pub(super) fn table_expression(&mut self) -> Proof {
        use Keyword as K;
        let name = self.name()?;
        if self.cursor.peeks(b'(') {
            self.column_names()?;
        }
        self.expect_keyword(K::As)?;
        self.take_keyword(K::Not);
        self.take_keyword(K::Materialized);
        if self.names.is_full() {
            return Err(NotProven);
        }
        let (recursive, named) = (self.level().recursive, self.level().named);
        // Declared before its body is opened, so that it stays in sight after it.
        self.names.declare(name, recursive, named);
        self.open_parenthesis(Kind::Body, State::Query, State::AfterBody)
    }

    /// After the body of a table expression.
    pub(super) fn after_body(&mut self) -> Proof {
        if self.take_symbol(b',') {
            self.level().state = State::TableExpression;
            return Ok(());
        }
        if self.take_word(&["search"]) {
            self.expect_word(&["depth", "breadth"])?;
            self.expect_word(&["first"])?;
            self.expect_word(&["by"])?;
            self.name_list()?;
            self.expect_keyword(Keyword::Set)?;
            return self.take_name();
        }
        if self.take_word(&["cycle"]) {
            return self.cycle();
        }
        self.level().state = State::Query;
        Ok(())
    }

    /// `CYCLE a, b SET c TO 1 DEFAULT 0 USING p`, or MariaDB's `CYCLE a RESTRICT`.
    fn cycle(&mut self) -> Proof {
        self.name_list()?;
        if self.take_word(&["restrict"]) {
            return Ok(());
        }
        self.expect_keyword(Keyword::Set)?;
        self.take_name()?;
        if self.take_keyword(Keyword::To) {
            self.take_constant()?;
            self.expect_keyword(Keyword::Default)?;
            self.take_constant()?;
        }
        self.expect_keyword(Keyword::Using)?;
        self.take_name()
    }

    fn take_constant(&mut self) -> Proof {
        match self.cursor.next() {
            Some(Token::Literal | Token::Text(_)) => Ok(()),
            token if is_word(token, &["true", "false", "null"]) => Ok(()),
            _ => Err(NotProven),
        }
    }
}
