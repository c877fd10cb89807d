//! The state of one level: a statement, a pair of parentheses, a `CASE`.

/// What is being read at one level, and what may come next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub(super) kind: Kind,
    pub(super) clause: Clause,
    pub(super) state: State,
    /// It is a query: `SELECT`, `VALUES` or `TABLE` was read, or a set operation.
    pub(super) query: bool,
    /// Nothing was read in it yet, or only one pair of parentheses.
    pub(super) first: bool,
    /// All that was read in it is one query in parentheses.
    pub(super) lone_query: bool,
    /// The operand that was just read is a call.
    pub(super) called: bool,
    /// The column or table that was just read has its alias.
    pub(super) aliased: bool,
    /// MySQL's `INTERVAL` was read in it, and its unit was not.
    pub(super) interval: bool,
    /// Whose arguments it holds.
    pub(super) call: Call,
    /// How many common table expressions were in sight when it was opened.
    pub(super) in_sight: usize,
    /// How many tables were named when its `WITH` list began.
    pub(super) named: usize,
    /// Its `WITH` list is recursive.
    pub(super) recursive: bool,
}

/// What opened a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The statement itself.
    Statement,
    /// Parentheses in an expression: an expression, a row, a subquery.
    Group,
    /// Parentheses after `EXISTS`, `ARRAY` and the like: a query.
    Subquery,
    /// The body of a common table expression.
    Body,
    /// The arguments of a function.
    Arguments,
    /// The elements or the subscript of an array.
    Brackets,
    /// `{ ... }` of ODBC.
    Braces,
    /// `CASE ... END`.
    Case,
    /// The definition of a window.
    Window,
    /// Parentheses where a table is expected: joins, or a subquery.
    Joins,
    /// The columns of `JSON_TABLE` and `XMLTABLE`.
    Columns,
}

/// The calls whose arguments have a grammar of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Any other.
    Plain,
    /// MySQL's `CONVERT(a, CHAR(3))`: the second is a type.
    Convert,
    /// MySQL's `POINT(1, 2)`, and how many commas were read.
    Point(u8),
    /// Postgres's `XMLROOT(a, VERSION b, STANDALONE YES)`.
    XmlRoot,
    /// `JSON_TABLE`, which is none of the grammar's unless `COLUMNS` is read in it.
    JsonTable,
}

/// The part of a level that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    /// Expressions with commas between them: arguments, a row, `VALUES`.
    List,
    /// The list of a `SELECT`.
    Select,
    /// The tables of a `FROM`.
    From,
    /// The condition of a join.
    On,
    /// The moments of `FOR SYSTEM_TIME`.
    SystemTime,
    /// `WHERE`, `HAVING`: one expression.
    Condition,
    /// `GROUP BY`.
    Group,
    /// `ORDER BY`.
    Order,
    /// `LIMIT`, `OFFSET`, `FETCH`.
    Limit,
    /// `WINDOW`.
    Windows,
    /// The frame of a window.
    Frame,
    /// After a query in parentheses, or a clause after which only another clause may come.
    Done,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A statement.
    Statement,
    /// A query.
    Query,
    /// A query or an expression.
    Opened,
    /// A query or a table.
    JoinsOpened,
    /// `DISTINCT` and the like, or the first column of a `SELECT`.
    Selected,
    /// The name of a common table expression.
    TableExpression,
    /// A comma, or the query after the `WITH` list.
    AfterBody,
    /// An operand is expected.
    Operand,
    /// An operand is complete: an operator, or the end of the expression.
    Complete,
    /// A table is expected.
    Table,
    /// A table is complete: an alias, a join, a comma, or the next clause.
    AfterTable,
    /// The name of a window, `PARTITION BY`, `ORDER BY`, or the frame.
    Window,
    /// The name of a window in the clause `WINDOW`.
    WindowName,
    /// The name, the type and the options of a column of `JSON_TABLE`.
    Column,
    /// An item of `GROUP BY`.
    GroupItem,
}

impl Level {
    pub(super) fn new(kind: Kind, state: State, in_sight: usize) -> Self {
        Self {
            kind,
            clause: Clause::List,
            state,
            query: false,
            first: true,
            lone_query: false,
            called: false,
            aliased: false,
            interval: false,
            call: Call::Plain,
            in_sight,
            named: 0,
            recursive: false,
        }
    }

    /// Moves to a clause of which an expression comes next.
    pub(super) fn expects_operand(&mut self, clause: Clause) {
        self.clause = clause;
        self.state = State::Operand;
        self.ends_operand();
    }

    /// Moves to where a table comes next.
    pub(super) fn expects_table(&mut self) {
        self.clause = Clause::From;
        self.state = State::Table;
        self.ends_operand();
    }

    /// Moves behind a clause after which only another clause may come.
    pub(super) fn set_done(&mut self) {
        self.clause = Clause::Done;
        self.state = State::Complete;
        self.ends_operand();
    }

    /// The operand that was just read is part of something larger.
    pub(super) fn ends_operand(&mut self) {
        self.lone_query = false;
        self.called = false;
        self.aliased = false;
    }

    pub(super) fn is_query(&self) -> bool {
        self.query || self.lone_query
    }
}

impl Kind {
    /// The symbol that closes such a level.
    pub(super) fn closing(self) -> Option<u8> {
        match self {
            Self::Statement | Self::Case => None,
            Self::Brackets => Some(b']'),
            Self::Braces => Some(b'}'),
            _ => Some(b')'),
        }
    }

    pub(super) fn is_query(self) -> bool {
        matches!(self, Self::Subquery | Self::Body)
    }
}
