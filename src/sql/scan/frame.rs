//! The state of one level of parentheses.

/// What the words at one level of parentheses mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) clause: Clause,
    pub(super) verb: Verb,
    pub(super) with: With,
    /// No token has been read yet, or only a `WITH` list: a verb may come.
    pub(super) start: bool,
    /// A table name comes next.
    pub(super) expects_table: bool,
    /// A `SELECT` or another statement with a `FROM` is being read.
    pub(super) query: bool,
    /// `JOIN`s whose `ON` or `USING` is still to come.
    pub(super) open_joins: usize,
    /// How many common table expressions were visible when the frame opened.
    pub(super) visible: usize,
    /// How many tables were named when the `WITH` list began.
    pub(super) named: usize,
    /// A schema statement is about tables or views, rather than indexes, types, ...
    pub(super) of_tables: bool,
}

/// What opened the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The statement itself.
    Statement,
    /// Plain parentheses: an expression, a subquery, a group of joins.
    Group,
    /// The arguments of a function.
    Call,
    /// Names and types, never expressions: column lists, options.
    Names,
}

/// Where in a statement the words of a frame stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    /// The list of a `SELECT`.
    Select,
    /// A list of tables; a comma brings another.
    From,
    /// The condition of a join, which a comma at the same level ends.
    Join,
    /// The target of an `INSERT`, `MERGE` or `COPY`.
    Target,
    /// A list of tables in a schema statement; a comma right after a name brings another.
    Tables,
    /// One table in a schema statement.
    Table,
    /// Anything else.
    Other,
}

/// What the statement of a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    None,
    Query,
    Insert,
    Update,
    Delete,
    Merge,
    Copy,
    /// `LOCK`, `RENAME`: the comma brings another table wherever it stands.
    TableList,
    /// `CREATE`, `ALTER`, `DROP` and their kin.
    Definition,
    /// `CREATE INDEX`, `CREATE TRIGGER`: a table follows `ON`.
    DefinitionOn,
    /// `GRANT`, `COMMENT`: a table, or an object of another kind, follows `ON`.
    Grant,
    Other,
}

/// Progress through `WITH name (columns) AS (body), ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    No,
    Name { recursive: bool },
    Named { recursive: bool },
    Body { recursive: bool },
    InBody { recursive: bool },
    AfterBody { recursive: bool },
}

impl Frame {
    pub(super) fn new(kind: Kind, visible: usize) -> Self {
        Self {
            kind,
            clause: Clause::Other,
            verb: Verb::None,
            with: With::No,
            start: true,
            expects_table: false,
            query: false,
            open_joins: 0,
            visible,
            named: 0,
            of_tables: false,
        }
    }

    /// Moves to a clause that names no tables.
    pub(super) fn leave(&mut self, clause: Clause) {
        self.clause = clause;
        self.expects_table = false;
    }

    /// Moves to a place where a table name comes next.
    pub(super) fn expect(&mut self, clause: Clause) {
        self.clause = clause;
        self.expects_table = true;
    }
}
