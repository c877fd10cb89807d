//! The SQLite functions a SELECT may call on a read-only connection.
//!
//! Derived from `pragma_function_list` of SQLite 3.40 and the release notes up to 3.51, with the
//! auxiliary functions of full-text search, the table-valued functions, and the pragmas that only read in
//! their `pragma_name(...)` form. What SQLite has only if it is built with it is not listed (`median`,
//! `geopoly_area`), but for its mathematical functions.
//!
//! Deliberately absent: what depends on an earlier statement of the connection (`changes`,
//! `last_insert_rowid`, `total_changes`); `load_extension`, `fts3_tokenizer`, `optimize` and
//! `sqlite_log`, which act; the functions of the shell that touch files; and `regexp`,
//! which an application supplies, for the operator `REGEXP` too. The operator `MATCH` belongs to full-text
//! tables; the function `match` of SQLite itself only fails.

/// Names a SELECT may call on a replica, sorted by bytes.
#[rustfmt::skip]
pub(super) const READ_ONLY: &[&str] = &[
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "avg", "bm25", "cast",
    "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "cos", "cosh", "count",
    "cume_dist", "date", "datetime", "degrees", "dense_rank", "exp", "first_value", "floor",
    "format", "fts5_get_locale", "fts5_insttoken", "fts5_locale", "fts5_source_id", "glob",
    "group_concat", "hex", "highlight", "if", "ifnull", "iif", "instr", "json", "json_array",
    "json_array_length", "json_error_position", "json_extract", "json_group_array",
    "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote",
    "json_remove", "json_replace", "json_set", "json_type", "json_valid", "jsonb", "jsonb_array",
    "jsonb_extract", "jsonb_group_array", "jsonb_group_object", "jsonb_insert", "jsonb_object",
    "jsonb_patch", "jsonb_remove", "jsonb_replace", "jsonb_set", "julianday", "lag", "last_value",
    "lead", "length", "like", "likelihood", "likely", "ln", "log", "log10", "log2", "lower",
    "ltrim", "matchinfo", "max", "min", "mod", "nth_value", "ntile", "nullif", "octet_length",
    "offsets", "percent_rank", "pi", "pow", "power", "printf", "quote", "radians", "random",
    "randomblob", "rank", "replace", "round", "row_number", "rtrim", "sign", "sin", "sinh",
    "snippet", "soundex", "sqlite_compileoption_get", "sqlite_compileoption_used",
    "sqlite_source_id", "sqlite_version", "sqrt", "strftime", "string_agg", "substr", "substring",
    "subtype", "sum", "tan", "tanh", "time", "timediff", "total", "trim", "trunc", "typeof",
    "unhex", "unicode", "unistr", "unistr_quote", "unixepoch", "unlikely", "upper", "zeroblob",
];

/// Names that return rows, where a table is expected.
#[rustfmt::skip]
pub(super) const TABLE_VALUED: &[&str] = &[
    "json_each", "json_tree", "jsonb_each", "jsonb_tree", "pragma_application_id",
    "pragma_collation_list", "pragma_compile_options", "pragma_database_list", "pragma_encoding",
    "pragma_foreign_key_check", "pragma_foreign_key_list", "pragma_freelist_count",
    "pragma_function_list", "pragma_index_info", "pragma_index_list", "pragma_index_xinfo",
    "pragma_integrity_check", "pragma_module_list", "pragma_page_count", "pragma_page_size",
    "pragma_pragma_list", "pragma_quick_check", "pragma_schema_version", "pragma_table_info",
    "pragma_table_list", "pragma_table_xinfo", "pragma_user_version",
];
