//! The MySQL and MariaDB built-ins a SELECT may call on a replica.
//!
//! Derived from `information_schema.SQL_FUNCTIONS` and the help tables of MariaDB 10.11, the function
//! table in the sources of MySQL 8 and 9, and its manual. What only one of the two has is proven only
//! where the server is known to be that one: on the other, a stored function may have the name.
//!
//! Deliberately absent: what depends on an earlier statement of the connection (`last_insert_id`,
//! `found_rows`, `row_count`); user locks, sequences and waits for a position; `load_file` and
//! `binlog_gtid_pos`, which read files of one server; `benchmark`; and types written `name(`, which are
//! grammar.

/// Names a SELECT may call on a replica, sorted by bytes.
#[rustfmt::skip]
pub(super) const READ_ONLY: &[&str] = &[
    "abs", "acos", "adddate", "addtime", "aes_decrypt", "aes_encrypt", "ascii", "asin", "atan",
    "atan2", "avg", "bin", "bit_and", "bit_count", "bit_length", "bit_or", "bit_xor", "cast",
    "ceil", "ceiling", "char", "char_length", "character_length", "charset", "coalesce",
    "coercibility", "collation", "compress", "concat", "concat_ws", "connection_id", "conv",
    "convert", "convert_tz", "cos", "cot", "count", "crc32", "cume_dist", "curdate", "current_date",
    "current_role", "current_time", "current_timestamp", "current_user", "curtime", "database",
    "date", "date_add", "date_format", "date_sub", "datediff", "day", "dayname", "dayofmonth",
    "dayofweek", "dayofyear", "degrees", "dense_rank", "elt", "exp", "export_set", "extract",
    "extractvalue", "field", "find_in_set", "first_value", "floor", "format", "from_base64",
    "from_days", "from_unixtime", "geometrycollection", "get_format", "greatest", "group_concat",
    "hex", "hour", "if", "ifnull", "inet6_aton", "inet6_ntoa", "inet_aton", "inet_ntoa", "insert",
    "instr", "interval", "is_ipv4", "is_ipv4_compat", "is_ipv4_mapped", "is_ipv6", "isnull",
    "json_array", "json_array_append", "json_array_insert", "json_arrayagg", "json_contains",
    "json_contains_path", "json_depth", "json_extract", "json_insert", "json_keys", "json_length",
    "json_merge", "json_merge_patch", "json_merge_preserve", "json_object", "json_objectagg",
    "json_overlaps", "json_pretty", "json_quote", "json_remove", "json_replace", "json_search",
    "json_set", "json_type", "json_unquote", "json_valid", "json_value", "lag", "last_day",
    "last_value", "lcase", "lead", "least", "left", "length", "linestring", "ln", "localtime",
    "localtimestamp", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim", "make_set",
    "makedate", "maketime", "match", "max", "mbrcontains", "mbrdisjoint", "mbrequals",
    "mbrintersects", "mbroverlaps", "mbrtouches", "mbrwithin", "md5", "microsecond", "mid", "min",
    "minute", "mod", "month", "monthname", "multilinestring", "multipoint", "multipolygon",
    "name_const", "now", "nth_value", "ntile", "nullif", "oct", "octet_length", "ord",
    "percent_rank", "period_add", "period_diff", "pi", "point", "polygon", "position", "pow",
    "power", "quarter", "quote", "radians", "rand", "random_bytes", "rank", "regexp_instr",
    "regexp_replace", "regexp_substr", "repeat", "replace", "reverse", "right", "round", "row",
    "row_number", "rpad", "rtrim", "schema", "sec_to_time", "second", "session_user", "sha", "sha1",
    "sha2", "sign", "sin", "sleep", "soundex", "space", "sqrt", "st_area", "st_asbinary",
    "st_asgeojson", "st_astext", "st_aswkb", "st_aswkt", "st_buffer", "st_centroid", "st_contains",
    "st_convexhull", "st_crosses", "st_difference", "st_dimension", "st_disjoint", "st_distance",
    "st_distance_sphere", "st_endpoint", "st_envelope", "st_equals", "st_exteriorring",
    "st_geomcollfromtext", "st_geomcollfromwkb", "st_geometrycollectionfromtext",
    "st_geometrycollectionfromwkb", "st_geometryfromtext", "st_geometryfromwkb", "st_geometryn",
    "st_geometrytype", "st_geomfromgeojson", "st_geomfromtext", "st_geomfromwkb",
    "st_interiorringn", "st_intersection", "st_intersects", "st_isclosed", "st_isempty",
    "st_issimple", "st_length", "st_linefromtext", "st_linefromwkb", "st_linestringfromtext",
    "st_linestringfromwkb", "st_mlinefromtext", "st_mlinefromwkb", "st_mpointfromtext",
    "st_mpointfromwkb", "st_mpolyfromtext", "st_mpolyfromwkb", "st_multilinestringfromtext",
    "st_multilinestringfromwkb", "st_multipointfromtext", "st_multipointfromwkb",
    "st_multipolygonfromtext", "st_multipolygonfromwkb", "st_numgeometries", "st_numinteriorrings",
    "st_numpoints", "st_overlaps", "st_pointfromtext", "st_pointfromwkb", "st_pointn",
    "st_polyfromtext", "st_polyfromwkb", "st_polygonfromtext", "st_polygonfromwkb", "st_srid",
    "st_startpoint", "st_symdifference", "st_touches", "st_union", "st_within", "st_x", "st_y",
    "std", "stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "subdate", "substr",
    "substring", "substring_index", "subtime", "sum", "sysdate", "system_user", "tan", "time",
    "time_format", "time_to_sec", "timediff", "timestamp", "timestampadd", "timestampdiff",
    "to_base64", "to_days", "to_seconds", "trim", "truncate", "ucase", "uncompress",
    "uncompressed_length", "unhex", "unix_timestamp", "updatexml", "upper", "user", "utc_date",
    "utc_time", "utc_timestamp", "uuid", "uuid_short", "var_pop", "var_samp", "variance", "version",
    "week", "weekday", "weekofyear", "weight_string", "year", "yearweek",
];

/// What makes a geometry of others. With no argument, MariaDB calls a stored function of the name; so it does
/// for `point` with any number of arguments but two.
pub(super) const GEOMETRIES: &[&str] = &[
    "geometrycollection",
    "linestring",
    "multilinestring",
    "multipoint",
    "multipolygon",
    "polygon",
];

/// What MariaDB has and MySQL lacks.
#[rustfmt::skip]
pub(super) const ONLY_MARIADB: &[&str] = &[
    "add_months", "area", "asbinary", "astext", "aswkb", "aswkt", "boundary", "buffer", "centroid",
    "chr", "column_add", "column_check", "column_create", "column_delete", "column_exists",
    "column_get", "column_json", "column_list", "contains", "convexhull", "crc32c", "crosses",
    "decode", "decode_histogram", "decode_oracle", "des_decrypt", "des_encrypt", "dimension",
    "disjoint", "encode", "encrypt", "endpoint", "envelope", "equals", "exteriorring",
    "geomcollfromtext", "geomcollfromwkb", "geometrycollectionfromtext",
    "geometrycollectionfromwkb", "geometryfromtext", "geometryfromwkb", "geometryn", "geometrytype",
    "geomfromtext", "geomfromwkb", "glength", "interiorringn", "intersects", "isclosed", "isempty",
    "isring", "issimple", "json_compact", "json_detailed", "json_equals", "json_exists",
    "json_loose", "json_normalize", "json_query", "lengthb", "linefromtext", "linefromwkb",
    "linestringfromtext", "linestringfromwkb", "mbrequal", "median", "mlinefromtext",
    "mlinefromwkb", "mpointfromtext", "mpointfromwkb", "mpolyfromtext", "mpolyfromwkb",
    "multilinestringfromtext", "multilinestringfromwkb", "multipointfromtext", "multipointfromwkb",
    "multipolygonfromtext", "multipolygonfromwkb", "natural_sort_key", "numgeometries",
    "numinteriorrings", "numpoints", "nvl", "nvl2", "old_password", "overlaps", "password",
    "percentile_cont", "percentile_disc", "pointfromtext", "pointfromwkb", "pointn",
    "pointonsurface", "polyfromtext", "polyfromwkb", "polygonfromtext", "polygonfromwkb", "rownum",
    "sformat", "srid", "st_boundary", "st_isring", "st_pointonsurface", "st_relate", "startpoint",
    "sys_guid", "to_char", "touches", "trim_oracle", "within", "x", "y",
];

/// What MySQL has and MariaDB lacks.
#[rustfmt::skip]
pub(super) const ONLY_MYSQL: &[&str] = &[
    "any_value", "bin_to_uuid", "format_bytes", "format_pico_time", "from_vector", "geomcollection",
    "grouping", "gtid_subset", "gtid_subtract", "icu_version", "is_uuid", "json_schema_valid",
    "json_schema_validation_report", "json_storage_free", "json_storage_size", "mbrcoveredby",
    "mbrcovers", "regexp_like", "roles_graphml", "st_buffer_strategy", "st_collect",
    "st_frechetdistance", "st_geohash", "st_geomcollfromtxt", "st_hausdorffdistance", "st_isvalid",
    "st_latfromgeohash", "st_latitude", "st_lineinterpolatepoint", "st_lineinterpolatepoints",
    "st_longfromgeohash", "st_longitude", "st_makeenvelope", "st_numinteriorring",
    "st_pointatdistance", "st_pointfromgeohash", "st_simplify", "st_swapxy", "st_transform",
    "st_validate", "statement_digest", "statement_digest_text", "string_to_vector", "to_vector",
    "uuid_to_bin", "validate_password_strength", "vector_dim", "vector_to_string",
];
