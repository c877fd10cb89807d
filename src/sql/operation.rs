//! What a statement does: its access, its tables, and why the access is what it is.

use std::fmt;

use crate::name::TableName;

/// What a statement does to the data, in order of strictness. Of several statements in one text,
/// and of several parts of one statement, the strictest decides.
///
/// Only [`Read`](Self::Read) is ever sent to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Access {
    /// Proven to read only.
    Read,
    /// Reads what differs between the nodes: `pg_stat_activity`, `@@read_only`. The primary answers,
    /// unless the handle names another node.
    NodeRead,
    /// Reads and locks rows: `SELECT ... FOR UPDATE`.
    LockingRead,
    /// Uses or changes the state of the connection: `SET`, `BEGIN`, `SELECT LAST_INSERT_ID()`.
    Session,
    /// Not proven to be anything else: an unknown function, a procedure, text that does not parse.
    Unknown,
    /// Changes rows.
    Write,
    /// Changes the schema.
    Schema,
}

impl Access {
    /// Whether it changes nothing, locks nothing, and leaves nothing in its session.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::NodeRead)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "a read",
            Self::NodeRead => "a read of what differs between the nodes",
            Self::LockingRead => "a locking read",
            Self::Session => "a statement on the session",
            Self::Unknown => "not proven to be a read",
            Self::Write => "a write",
            Self::Schema => "a schema change",
        })
    }
}

/// The part of a statement that decided its [`Access`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// Everything in it is a read.
    Proven,
    /// The keyword a statement, or a part of it, starts with.
    Keyword(Box<str>),
    /// A function that is not on the list of read-only built-ins.
    Function(Box<str>),
    /// `FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`.
    LockingClause,
    /// `SELECT ... INTO`.
    Into,
    /// A function, a relation or a variable whose answer differs between the nodes.
    DiffersByNode(Box<str>),
    /// A variable of the connection: `@x`, `@@session.x`.
    Variable,
    /// `SQL_CALC_FOUND_ROWS`, which a later `FOUND_ROWS()` on the same connection reads.
    FoundRows,
    /// `/*! ... */`, which some servers run and others skip.
    ExecutableComment,
    /// There is no statement in the text.
    Empty,
    /// A quote or a comment never ends.
    Unterminated,
    /// The text is not understood.
    Unparsed,
    /// A replica once refused this text as a write.
    RefusedByReplica,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven => f.write_str("nothing in it writes"),
            Self::Keyword(word) => write!(f, "{}", word.to_uppercase()),
            Self::Function(name) => write!(
                f,
                "the function {name} is not on the list of read-only built-ins; add it with read_only_function(\"{name}\") if it is one"
            ),
            Self::DiffersByNode(name) => {
                write!(f, "the answer of {name} differs between the nodes")
            }
            Self::LockingClause => f.write_str("it locks rows"),
            Self::Into => f.write_str("SELECT ... INTO"),
            Self::Variable => f.write_str("it uses a variable of the connection"),
            Self::FoundRows => f.write_str("SQL_CALC_FOUND_ROWS"),
            Self::ExecutableComment => f.write_str("an executable comment, /*! ... */"),
            Self::Empty => f.write_str("there is no statement in it"),
            Self::Unterminated => f.write_str("a quote or comment in it never ends"),
            Self::Unparsed => f.write_str("it is not understood"),
            Self::RefusedByReplica => f.write_str("a replica refused it as a write"),
        }
    }
}

/// What a statement does: its access and exactly the tables it names.
///
/// Classifying by proof is Pgpool-II's `black_function_list` the other way round: a function must be
/// known to be harmless, rather than known to be harmful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    access: Access,
    tables: Box<[TableName]>,
    evidence: Evidence,
    controls: Option<&'static str>,
    commits: Option<ImplicitCommit>,
    opaque: bool,
    zero_byte: bool,
}

/// Statements on the session that make no write visible. Sorted.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "deallocate", "desc", "describe", "discard", "explain", "listen", "release", "reset", "savepoint",
    "set", "show", "unlisten", "unlock", "use",
];

/// A statement that makes MySQL commit the open transaction, by its keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImplicitCommit {
    /// It always commits.
    Certain(&'static str),
    /// It may commit, by what it calls.
    Possible(&'static str),
}

impl Operation {
    /// Whether a statement on the session is known to make no write visible.
    pub(crate) fn is_harmless(&self) -> bool {
        let by_keyword = match &self.evidence {
            Evidence::Keyword(word) => HARMLESS.iter().any(|it| word.eq_ignore_ascii_case(it)),
            Evidence::Variable | Evidence::FoundRows | Evidence::Into => true,
            _ => false,
        };
        by_keyword && self.commits.is_none()
    }

    pub(crate) fn new(access: Access, tables: Box<[TableName]>, evidence: Evidence) -> Self {
        Self {
            access,
            tables,
            evidence,
            controls: None,
            commits: None,
            opaque: false,
            zero_byte: false,
        }
    }

    /// The same operation, with the keyword of a statement in its text that begins or ends a transaction.
    pub(crate) fn controlling(self, controls: Option<&'static str>) -> Self {
        Self { controls, ..self }
    }

    /// The same operation, with the statement in its text that makes MySQL commit first.
    pub(crate) fn committing(self, commits: Option<ImplicitCommit>) -> Self {
        Self { commits, ..self }
    }

    /// The same operation; `found` says whether its text contains a NUL byte.
    pub(crate) fn with_zero_byte(self, found: bool) -> Self {
        Self {
            zero_byte: found,
            ..self
        }
    }

    /// Whether the text contains a NUL byte.
    pub(crate) fn has_zero_byte(&self) -> bool {
        self.zero_byte
    }

    /// The keyword of a statement in the text that begins or ends a transaction: `COMMIT`, ...
    pub(crate) fn controls_transaction(&self) -> Option<&'static str> {
        self.controls
    }

    /// The same operation; `opaque` says whether a part of its text is not analyzed.
    pub(crate) fn with_opaque(self, opaque: bool) -> Self {
        Self { opaque, ..self }
    }

    /// Whether a part of the text is not analyzed: a block, a prepared text, or text that is not
    /// understood.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// The statement in the text that makes MySQL commit the open transaction.
    pub(crate) fn commits_implicitly(&self) -> Option<ImplicitCommit> {
        self.commits
    }

    /// The same operation after a replica refused it as a write.
    pub(crate) fn refused_by_replica(&self) -> Self {
        Self {
            access: Access::Unknown,
            evidence: Evidence::RefusedByReplica,
            ..self.clone()
        }
    }

    /// What the statement does to the data.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The tables the statement names, each once; the target of a write comes first. Names of common table
    /// expressions and aliases are not tables.
    pub fn tables(&self) -> &[TableName] {
        &self.tables
    }

    /// What in the statement decided its access.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}
