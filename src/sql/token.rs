//! What the lexer hands to the classifier: no text is copied, every piece is a slice of the SQL.

/// One lexical element of a SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An unquoted identifier or keyword, as written.
    Word(&'a str),
    /// A quoted identifier without its quotes; doubled quotes inside are still doubled.
    Quoted(&'a str, Quote),
    /// A string, number or parameter: its value never matters here.
    Literal,
    /// A string in `'...'`, whose text names a table in a few places of SQLite.
    Text(&'a str),
    /// A MySQL variable: `@x`, `@@global.x`; the text is what follows the first `@`.
    Variable(&'a str),
    /// `:=`, MySQL's assignment.
    Assign,
    /// `::`, Postgres's cast.
    Cast,
    /// `/*!`: what follows is code on some servers and a comment on others.
    ExecutableComment,
    /// `U&"..."`: an identifier whose name is spelled in escapes.
    EncodedIdentifier,
    /// A quote or comment that never ends.
    Unterminated,
    /// What some versions of a server read in one way and some in another: `1FOR`, `$1FOR`.
    Ambiguous,
    /// Any other byte.
    Symbol(u8),
}

/// The quote character of a quoted identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// `"name"`.
    Double,
    /// `` `name` ``.
    Backtick,
    /// `[name]`.
    Bracket,
}

impl Quote {
    /// The byte that closes the identifier, doubled when it is part of the name.
    pub(crate) fn closing(self) -> u8 {
        match self {
            Self::Double => b'"',
            Self::Backtick => b'`',
            Self::Bracket => b']',
        }
    }
}
