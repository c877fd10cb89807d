//! The words that no server of a dialect takes for a name without quotes.
//!
//! A word that only some servers or versions reserve is not here: it may be a name.

use sea_orm::DbBackend;

use super::keyword::is_listed;

/// Whether a word without quotes names nothing. Words that are a value by themselves, such as
/// `current_date`, are not in the lists.
pub(super) fn is_reserved(dialect: DbBackend, word: &str) -> bool {
    let list = match dialect {
        DbBackend::Postgres => POSTGRES,
        DbBackend::MySql => MYSQL,
        _ => SQLITE,
    };
    is_listed(word, list)
}

/// `pg_get_keywords()`: reserved, or only the name of a function or a type.
#[rustfmt::skip]
const POSTGRES: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "binary", "both", "case", "cast", "check", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "deferrable", "desc", "distinct", "do", "else", "end",
    "except", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having",
    "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral",
    "leading", "left", "like", "limit", "natural", "not", "notnull", "offset", "on", "only", "or",
    "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right",
    "select", "similar", "some", "symmetric", "table", "tablesample", "then", "to", "trailing",
    "union", "unique", "using", "variadic", "verbose", "when", "where", "window", "with",
];

/// What both MySQL 8 and MariaDB 10.11 reserve.
#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before",
    "between", "bigint", "binary", "blob", "both", "by", "call", "cascade", "case", "change",
    "char", "character", "check", "collate", "column", "condition", "constraint", "continue",
    "convert", "create", "cross", "cursor", "databases", "dec", "decimal", "declare", "delayed",
    "delete", "desc", "describe", "deterministic", "distinct", "distinctrow", "div", "double",
    "drop", "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit", "explain",
    "fetch", "float", "float4", "float8", "for", "force", "foreign", "from", "fulltext", "grant",
    "group", "having", "high_priority", "if", "ignore", "in", "index", "infile", "inner", "inout",
    "insensitive", "insert", "int", "int1", "int2", "int3", "int4", "int8", "integer", "intersect",
    "interval", "into", "is", "iterate", "join", "key", "keys", "kill", "leading", "leave", "left",
    "like", "limit", "linear", "lines", "load", "lock", "long", "longblob", "longtext", "loop",
    "low_priority", "match", "maxvalue", "mediumblob", "mediumint", "mediumtext", "middleint",
    "mod", "modifies", "natural", "no_write_to_binlog", "not", "numeric", "on", "optimize",
    "optionally", "or", "order", "out", "outer", "outfile", "over", "partition", "precision",
    "primary", "procedure", "purge", "range", "read", "read_write", "reads", "real", "recursive",
    "references", "regexp", "release", "rename", "repeat", "replace", "require", "resignal",
    "restrict", "return", "revoke", "right", "rlike", "row_number", "rows", "schemas", "select",
    "sensitive", "separator", "set", "show", "signal", "smallint", "spatial", "specific", "sql",
    "sql_big_result", "sql_calc_found_rows", "sql_small_result", "sqlexception", "sqlstate",
    "sqlwarning", "ssl", "starting", "straight_join", "table", "terminated", "then", "tinyblob",
    "tinyint", "tinytext", "to", "trailing", "trigger", "undo", "union", "unique", "unlock",
    "unsigned", "update", "usage", "use", "using", "values", "varbinary", "varchar", "varcharacter",
    "varying", "when", "where", "while", "with", "write", "xor", "zerofill",
];

/// The keywords that SQLite's parser does not fall back to a name for.
#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate",
    "commit", "constraint", "create", "deferrable", "delete", "distinct", "drop", "else", "escape",
    "except", "exists", "foreign", "from", "group", "having", "in", "index", "insert", "intersect",
    "into", "is", "isnull", "join", "limit", "not", "nothing", "notnull", "on", "or", "order",
    "primary", "references", "returning", "select", "set", "table", "then", "to", "transaction",
    "union", "unique", "update", "using", "values", "when", "where",
];

#[cfg(test)]
mod tests {
    use super::super::keyword::is_searchable;
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [POSTGRES, MYSQL, SQLITE] {
            assert!(is_searchable(list));
        }
    }

    #[test]
    fn a_value_is_not_reserved() {
        assert!(is_reserved(DbBackend::Postgres, "COLLATE"));
        assert!(!is_reserved(DbBackend::Postgres, "current_date"));
        assert!(!is_reserved(DbBackend::MySql, "status"));
    }
}
