//! What a text does: proven by the grammar of reads, or else told from its words.

use sea_orm::DbBackend;

use super::cursor::Cursor;
use super::found::Found;
use super::functions::{KnownFunctions, ReadOnlyFunctions};
use super::grammar::prove;
use super::keyword::Keyword;
use super::lexer::Lexer;
use super::names::Names;
use super::operation::{Access, Evidence, Operation};
use super::scan::scan;
use super::server::{Flavor, Server};
use super::token::Token;

/// What a text does: the strictest access of its parts, and every table it names.
///
/// Takes time linear in the length of the text, and never panics.
pub(crate) fn classify(sql: &str, flavor: Flavor, functions: &ReadOnlyFunctions) -> Operation {
    let functions = KnownFunctions::new(flavor, functions);
    let lexer = Lexer::new(sql, flavor.dialect);
    let mut reading = Reading::new(lexer.clone(), functions);
    reading.run();
    for escapes in reading.cursor.other_escapes() {
        let mut other = Reading::new(lexer.clone().with_escapes(escapes), functions);
        if reading.found.access.is_read() && !other.agrees_with(&reading) {
            reading.found.doubt(Evidence::Unparsed);
        }
    }
    reading
        .operation()
        .with_zero_byte(sql.as_bytes().contains(&0))
}

/// A text read from one end to the other.
struct Reading<'a> {
    cursor: Cursor<'a>,
    names: Names<'a>,
    functions: KnownFunctions<'a>,
    found: Found,
}

impl<'a> Reading<'a> {
    fn new(lexer: Lexer<'a>, functions: KnownFunctions<'a>) -> Self {
        Self {
            names: Names::new(lexer.dialect()),
            cursor: Cursor::new(lexer),
            functions,
            found: Found::new(),
        }
    }

    fn run(&mut self) {
        let mut any = false;
        while self.finds_statement() {
            any = true;
            self.statement();
        }
        if !any {
            self.found.doubt(Evidence::Empty);
        }
    }

    /// Moves to the next statement that is not empty.
    fn finds_statement(&mut self) -> bool {
        while self.cursor.peeks(b';') {
            self.cursor.next();
        }
        self.cursor.peek().is_some()
    }

    fn statement(&mut self) {
        let (start, named) = (self.cursor.clone(), self.names.tables.len());
        match prove(&mut self.cursor, &mut self.names, self.functions) {
            Ok(found) => self.found.add(found),
            Err(_) => {
                self.cursor = start;
                self.names.tables.truncate(named);
                self.names.leave(0);
                let mut found = scan(&mut self.cursor, &mut self.names);
                if found.access < Access::Session {
                    found.doubt(Evidence::Unparsed);
                }
                self.found.add(found);
            }
        }
        self.names.leave(0);
    }

    /// Whether a server that reads the text like this does no more than the other reading shows.
    fn agrees_with(&mut self, other: &Self) -> bool {
        let mut all_proven = true;
        while self.finds_statement() {
            let start = self.cursor.clone();
            match prove(&mut self.cursor, &mut self.names, self.functions) {
                Ok(found) => self.found.add(found),
                Err(found) => {
                    self.found.add(found);
                    all_proven = false;
                    if !self.does_nothing(start) {
                        return false;
                    }
                    while !matches!(self.cursor.next(), None | Some(Token::Symbol(b';'))) {}
                }
            }
            self.names.leave(0);
        }
        let reads = self.found.access.is_read();
        match all_proven {
            true => self.found == other.found && self.names.distinct() == other.names.distinct(),
            false => reads,
        }
    }

    /// Whether a statement that the grammar did not accept can do nothing on a server: it is refused, for a
    /// quote that never ends or for its parentheses, or it is a query without a word, a variable or a call by
    /// which it could write.
    fn does_nothing(&self, mut start: Cursor<'a>) -> bool {
        let mut depth = 0_usize;
        let mut acts = start.peek_keyword() != Some(Keyword::Select);
        for token in statement(start) {
            match token {
                // Some servers skip it, with the parentheses and quotes in it.
                Token::ExecutableComment => return false,
                Token::Unterminated => return true,
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') => depth = depth.saturating_sub(1),
                Token::Variable(_) | Token::Assign => acts = true,
                Token::Word(word) => acts |= Keyword::parse(word).is_some_and(makes_a_query_act),
                _ => {}
            }
        }
        let calls = statement(self.cursor.clone()).any(|token| token == Token::Symbol(b'('));
        depth > 0 || !acts && !calls
    }

    fn operation(self) -> Operation {
        let tables = self.names.distinct();
        Operation::new(self.found.access, tables, self.found.evidence)
            .controlling(self.found.controls)
            .committing(self.found.commits)
            .with_opaque(self.found.opaque)
    }
}

impl Operation {
    /// Classifies a text by the built-in lists of read-only functions: what both MySQL and MariaDB have, and
    /// what the newest Postgres has.
    ///
    /// ```
    /// use sea_orm::DbBackend;
    /// use sea_orm_routing::sql::{Access, Operation};
    ///
    /// let find = Operation::of("SELECT * FROM cake WHERE id = $1", DbBackend::Postgres);
    /// assert_eq!(find.access(), Access::Read);
    /// assert_eq!(find.tables()[0].name(), "cake");
    ///
    /// let next = Operation::of("SELECT nextval('cake_id_seq')", DbBackend::Postgres);
    /// assert_eq!(next.access(), Access::Unknown);
    /// ```
    pub fn of(sql: &str, dialect: DbBackend) -> Self {
        classify(sql, dialect.into(), &ReadOnlyFunctions::default())
    }

    /// Classifies a text for a server, by the built-in lists of read-only functions alone.
    ///
    /// ```
    /// use sea_orm_routing::sql::{Access, Operation, Server};
    ///
    /// let sql = "SELECT nvl(name, '') FROM cake";
    /// assert_eq!(Operation::on(sql, Server::MariaDb).access(), Access::Read);
    /// assert_eq!(Operation::on(sql, Server::MySql).access(), Access::Unknown);
    /// ```
    pub fn on(sql: &str, server: Server) -> Self {
        classify(sql, server.into(), &ReadOnlyFunctions::default())
    }
}

/// The tokens up to the end of the statement.
fn statement(mut cursor: Cursor<'_>) -> impl Iterator<Item = Token<'_>> {
    cursor
        .rest()
        .take_while(|token| *token != Token::Symbol(b';'))
}

/// The words by which a `SELECT` does more than to read.
fn makes_a_query_act(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(keyword, K::Into | K::Procedure | K::For | K::Lock)
}

#[cfg(test)]
mod tests;
