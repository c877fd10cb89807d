//! The Postgres built-ins a SELECT may call on a hot standby.
//!
//! Beside the immutable ones, which a script lists: what is stable in `pg_proc` of Postgres 15 and
//! meant to be called by a person, the few volatile reads that work on a standby, the additions of
//! 16 to 18 by version, and the pure functions of pg_trgm, fuzzystrmatch, unaccent, pgcrypto,
//! uuid-ossp, hstore, cube, earthdistance, citext and ltree. Types written `name(` are grammar, and
//! not listed.
//!
//! Deliberately absent: what writes, locks or fails in recovery; what runs SQL given as text or by
//! table name (`query_to_xml`, `table_to_xml`, `ts_stat`); what earlier statements left in the
//! session (`currval`, `pg_cursor`), settings excepted; files of the server; `pg_current_snapshot`,
//! which on a standby omits transactions in progress; `pg_sequence_last_value`, which runs ahead
//! there; `treat`, which calls the function of its type's name; `system`, `delete`, `encrypt`, `decrypt`, plausible names of an application's functions.

/// Names a SELECT may call on a replica, sorted by bytes.
#[rustfmt::skip]
pub(super) const READ_ONLY: &[&str] = &[
    "aclexplode", "age", "akeys", "amvalidate", "armor", "array_to_json", "array_to_string",
    "avals", "cast", "citext", "clock_timestamp", "coalesce", "col_description", "concat",
    "concat_ws", "convert", "convert_from", "convert_to", "crypt", "cube_coord", "cube_coord_llur",
    "cube_dim", "cube_distance", "cube_enlarge", "cube_inter", "cube_is_point", "cube_ll_coord",
    "cube_size", "cube_subset", "cube_union", "cube_ur_coord", "current_database", "current_query",
    "current_schema", "current_schemas", "current_setting", "current_time", "current_timestamp",
    "current_user", "date", "date_part", "date_trunc", "dearmor", "decrypt_iv", "defined", "digest",
    "distance_chebyshev", "distance_taxicab", "dmetaphone", "dmetaphone_alt", "earth", "earth_box",
    "earth_distance", "encrypt_iv", "enum_first", "enum_last", "enum_range", "exists_all",
    "exists_any", "extract", "fetchval", "format", "format_type", "gc_to_sec", "gen_random_bytes",
    "gen_random_uuid", "gen_salt", "generate_series", "geo_distance", "get_current_ts_config",
    "getdatabaseencoding", "greatest", "grouping", "has_any_column_privilege",
    "has_column_privilege", "has_database_privilege", "has_foreign_data_wrapper_privilege",
    "has_function_privilege", "has_language_privilege", "has_parameter_privilege",
    "has_schema_privilege", "has_sequence_privilege", "has_server_privilege", "has_table_privilege",
    "has_tablespace_privilege", "has_type_privilege", "hmac", "hs_concat", "hs_contained",
    "hs_contains", "hstore", "hstore_to_array", "hstore_to_json", "hstore_to_json_loose",
    "hstore_to_jsonb", "hstore_to_jsonb_loose", "hstore_to_matrix", "inet_client_addr",
    "inet_client_port", "inet_server_addr", "inet_server_port", "isdefined", "isexists", "json_agg",
    "json_build_array", "json_build_object", "json_object_agg", "json_populate_record",
    "json_populate_recordset", "json_to_record", "json_to_recordset", "json_to_tsvector",
    "jsonb_agg", "jsonb_build_array", "jsonb_build_object", "jsonb_path_exists_tz",
    "jsonb_path_match_tz", "jsonb_path_query_array_tz", "jsonb_path_query_first_tz",
    "jsonb_path_query_tz", "jsonb_populate_record", "jsonb_populate_recordset", "jsonb_to_record",
    "jsonb_to_recordset", "jsonb_to_tsvector", "lca", "least", "length", "levenshtein",
    "levenshtein_less_equal", "ll_to_earth", "localtime", "localtimestamp", "ltree2text",
    "make_timestamptz", "metaphone", "money", "mxid_age", "nlevel", "now", "nullif", "numeric",
    "obj_description", "oidvectortypes", "pg_available_extension_versions",
    "pg_available_extensions", "pg_backend_pid", "pg_blocking_pids", "pg_char_to_encoding",
    "pg_client_encoding", "pg_collation_actual_version", "pg_collation_for",
    "pg_collation_is_visible", "pg_column_compression", "pg_column_is_updatable", "pg_column_size",
    "pg_conf_load_time", "pg_config", "pg_control_checkpoint", "pg_control_init",
    "pg_control_recovery", "pg_control_system", "pg_conversion_is_visible",
    "pg_database_collation_actual_version", "pg_database_size", "pg_describe_object",
    "pg_encoding_to_char", "pg_extension_update_paths", "pg_filenode_relation",
    "pg_function_is_visible", "pg_get_catalog_foreign_keys", "pg_get_constraintdef", "pg_get_expr",
    "pg_get_function_arg_default", "pg_get_function_arguments",
    "pg_get_function_identity_arguments", "pg_get_function_result", "pg_get_function_sqlbody",
    "pg_get_functiondef", "pg_get_indexdef", "pg_get_keywords", "pg_get_object_address",
    "pg_get_partition_constraintdef", "pg_get_partkeydef", "pg_get_publication_tables",
    "pg_get_replica_identity_index", "pg_get_replication_slots", "pg_get_ruledef",
    "pg_get_serial_sequence", "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns",
    "pg_get_statisticsobjdef_expressions", "pg_get_triggerdef", "pg_get_userbyid", "pg_get_viewdef",
    "pg_get_wal_replay_pause_state", "pg_get_wal_resource_managers", "pg_has_role",
    "pg_identify_object", "pg_identify_object_as_address", "pg_index_column_has_property",
    "pg_index_has_property", "pg_indexam_has_property", "pg_indexes_size", "pg_is_in_recovery",
    "pg_is_wal_replay_paused", "pg_jit_available", "pg_last_committed_xact",
    "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp",
    "pg_lock_status", "pg_mcv_list_items", "pg_opclass_is_visible", "pg_operator_is_visible",
    "pg_opfamily_is_visible", "pg_options_to_table", "pg_partition_ancestors", "pg_partition_tree",
    "pg_postmaster_start_time", "pg_relation_filenode", "pg_relation_filepath",
    "pg_relation_is_publishable", "pg_relation_is_updatable", "pg_relation_size",
    "pg_safe_snapshot_blocking_pids", "pg_sequence_parameters", "pg_settings_get_flags", "pg_sleep",
    "pg_sleep_for", "pg_sleep_until", "pg_stat_get_activity", "pg_stat_get_analyze_count",
    "pg_stat_get_archiver", "pg_stat_get_autoanalyze_count", "pg_stat_get_autovacuum_count",
    "pg_stat_get_backend_activity", "pg_stat_get_backend_activity_start",
    "pg_stat_get_backend_client_addr", "pg_stat_get_backend_client_port",
    "pg_stat_get_backend_dbid", "pg_stat_get_backend_idset", "pg_stat_get_backend_pid",
    "pg_stat_get_backend_start", "pg_stat_get_backend_userid", "pg_stat_get_backend_wait_event",
    "pg_stat_get_backend_wait_event_type", "pg_stat_get_backend_xact_start",
    "pg_stat_get_bgwriter_buf_written_checkpoints", "pg_stat_get_bgwriter_buf_written_clean",
    "pg_stat_get_bgwriter_maxwritten_clean", "pg_stat_get_bgwriter_requested_checkpoints",
    "pg_stat_get_bgwriter_stat_reset_time", "pg_stat_get_bgwriter_timed_checkpoints",
    "pg_stat_get_blocks_fetched", "pg_stat_get_blocks_hit", "pg_stat_get_buf_alloc",
    "pg_stat_get_buf_fsync_backend", "pg_stat_get_buf_written_backend",
    "pg_stat_get_checkpoint_sync_time", "pg_stat_get_checkpoint_write_time",
    "pg_stat_get_db_active_time", "pg_stat_get_db_blk_read_time", "pg_stat_get_db_blk_write_time",
    "pg_stat_get_db_blocks_fetched", "pg_stat_get_db_blocks_hit",
    "pg_stat_get_db_checksum_failures", "pg_stat_get_db_checksum_last_failure",
    "pg_stat_get_db_conflict_all", "pg_stat_get_db_conflict_bufferpin",
    "pg_stat_get_db_conflict_lock", "pg_stat_get_db_conflict_snapshot",
    "pg_stat_get_db_conflict_startup_deadlock", "pg_stat_get_db_conflict_tablespace",
    "pg_stat_get_db_deadlocks", "pg_stat_get_db_idle_in_transaction_time",
    "pg_stat_get_db_numbackends", "pg_stat_get_db_session_time", "pg_stat_get_db_sessions",
    "pg_stat_get_db_sessions_abandoned", "pg_stat_get_db_sessions_fatal",
    "pg_stat_get_db_sessions_killed", "pg_stat_get_db_stat_reset_time", "pg_stat_get_db_temp_bytes",
    "pg_stat_get_db_temp_files", "pg_stat_get_db_tuples_deleted", "pg_stat_get_db_tuples_fetched",
    "pg_stat_get_db_tuples_inserted", "pg_stat_get_db_tuples_returned",
    "pg_stat_get_db_tuples_updated", "pg_stat_get_db_xact_commit", "pg_stat_get_db_xact_rollback",
    "pg_stat_get_dead_tuples", "pg_stat_get_function_calls", "pg_stat_get_function_self_time",
    "pg_stat_get_function_total_time", "pg_stat_get_ins_since_vacuum",
    "pg_stat_get_last_analyze_time", "pg_stat_get_last_autoanalyze_time",
    "pg_stat_get_last_autovacuum_time", "pg_stat_get_last_vacuum_time", "pg_stat_get_live_tuples",
    "pg_stat_get_mod_since_analyze", "pg_stat_get_numscans", "pg_stat_get_progress_info",
    "pg_stat_get_recovery_prefetch", "pg_stat_get_replication_slot", "pg_stat_get_slru",
    "pg_stat_get_subscription", "pg_stat_get_subscription_stats", "pg_stat_get_tuples_deleted",
    "pg_stat_get_tuples_fetched", "pg_stat_get_tuples_hot_updated", "pg_stat_get_tuples_inserted",
    "pg_stat_get_tuples_returned", "pg_stat_get_tuples_updated", "pg_stat_get_vacuum_count",
    "pg_stat_get_wal", "pg_stat_get_wal_receiver", "pg_stat_get_wal_senders", "pg_stat_have_stats",
    "pg_statistics_obj_is_visible", "pg_table_is_visible", "pg_table_size",
    "pg_tablespace_databases", "pg_tablespace_location", "pg_tablespace_size",
    "pg_timezone_abbrevs", "pg_timezone_names", "pg_total_relation_size", "pg_trigger_depth",
    "pg_ts_config_is_visible", "pg_ts_dict_is_visible", "pg_ts_parser_is_visible",
    "pg_ts_template_is_visible", "pg_type_is_visible", "pg_typeof", "pg_xact_commit_timestamp",
    "pg_xact_commit_timestamp_origin", "pgp_armor_headers", "pgp_key_id", "pgp_pub_decrypt",
    "pgp_pub_decrypt_bytea", "pgp_pub_encrypt", "pgp_pub_encrypt_bytea", "pgp_sym_decrypt",
    "pgp_sym_decrypt_bytea", "pgp_sym_encrypt", "pgp_sym_encrypt_bytea", "phraseto_tsquery",
    "plainto_tsquery", "populate_record", "quote_literal", "quote_nullable", "random", "regclass",
    "row", "row_security_active", "row_to_json", "sec_to_gc", "session_user", "shobj_description",
    "show_trgm", "similarity", "skeys", "slice_array", "soundex", "statement_timestamp",
    "strict_word_similarity", "subltree", "subpath", "svals", "tconvert", "text2ltree", "time",
    "timeofday", "timestamp", "timestamptz", "timetz", "timezone", "to_char", "to_date", "to_json",
    "to_jsonb", "to_number", "to_regclass", "to_regcollation", "to_regnamespace", "to_regoper",
    "to_regoperator", "to_regproc", "to_regprocedure", "to_regrole", "to_regtype", "to_timestamp",
    "to_tsquery", "to_tsvector", "transaction_timestamp", "trim", "ts_debug", "ts_headline",
    "ts_parse", "ts_token_type", "unaccent", "uuid_generate_v1", "uuid_generate_v1mc",
    "uuid_generate_v3", "uuid_generate_v4", "uuid_generate_v5", "uuid_nil", "uuid_ns_dns",
    "uuid_ns_oid", "uuid_ns_url", "uuid_ns_x500", "version", "websearch_to_tsquery",
    "word_similarity", "xml", "xml_is_well_formed", "xmlattributes", "xmlconcat", "xmlelement",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

/// What Postgres 16 added. On an older server the name may be an application's.
#[rustfmt::skip]
pub(super) const SINCE_16: &[&str] = &[
    "any_value", "array_sample", "array_shuffle", "daitch_mokotoff", "date_add", "date_subtract",
    "erf", "erfc", "json_agg_strict", "json_array", "json_arrayagg", "json_object_agg_strict",
    "json_object_agg_unique", "json_object_agg_unique_strict", "json_objectagg", "jsonb_agg_strict",
    "jsonb_object_agg_strict", "jsonb_object_agg_unique", "jsonb_object_agg_unique_strict",
    "pg_input_error_info", "pg_input_is_valid", "pg_split_walfile_name",
    "pg_stat_get_backend_subxact", "pg_stat_get_io", "pg_stat_get_lastscan",
    "pg_stat_get_tuples_newpage_updated", "random_normal",
];

/// What Postgres 17 added.
#[rustfmt::skip]
pub(super) const SINCE_17: &[&str] = &[
    "icu_unicode_version", "json_exists", "json_query", "json_scalar", "json_serialize",
    "json_value", "pg_basetype", "pg_column_toast_chunk_id", "pg_get_wait_events",
    "pg_get_wal_summarizer_state", "pg_stat_get_checkpointer_buffers_written",
    "pg_stat_get_checkpointer_num_requested", "pg_stat_get_checkpointer_num_timed",
    "pg_stat_get_checkpointer_restartpoints_performed",
    "pg_stat_get_checkpointer_restartpoints_requested",
    "pg_stat_get_checkpointer_restartpoints_timed", "pg_stat_get_checkpointer_stat_reset_time",
    "pg_stat_get_checkpointer_sync_time", "pg_stat_get_checkpointer_write_time", "to_bin", "to_oct",
    "to_regtypemod", "unicode_assigned", "unicode_version", "uuid_extract_timestamp",
    "uuid_extract_version", "xmltext",
];

/// What Postgres 18 added.
#[rustfmt::skip]
pub(super) const SINCE_18: &[&str] = &[
    "array_reverse", "array_sort", "casefold", "crc32", "crc32c", "gamma",
    "has_largeobject_privilege", "lgamma", "pg_get_acl", "pg_get_loaded_modules",
    "pg_numa_available", "pg_stat_get_backend_io", "pg_stat_get_backend_wal",
    "pg_stat_get_checkpointer_num_performed", "pg_stat_get_checkpointer_slru_written",
    "pg_stat_get_db_parallel_workers_launched", "pg_stat_get_db_parallel_workers_to_launch",
    "pg_stat_get_total_analyze_time", "pg_stat_get_total_autoanalyze_time",
    "pg_stat_get_total_autovacuum_time", "pg_stat_get_total_vacuum_time", "uuidv4", "uuidv7",
];

/// What is called like a function but is grammar. In quotes it is an application's function.
#[rustfmt::skip]
pub(super) const SYNTAX: &[&str] = &[
    "cast", "coalesce", "current_time", "current_timestamp", "greatest", "grouping", "json_array",
    "json_arrayagg", "json_exists", "json_objectagg", "json_query", "json_scalar", "json_serialize",
    "json_value", "least", "localtime", "localtimestamp", "nullif", "row", "trim", "xmlattributes",
    "xmlconcat", "xmlelement", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot",
    "xmlserialize", "xmltable",
];

/// Types that a string is cast to by a call, as in `regtype('int')`, and that no function of the server is
/// named like.
#[rustfmt::skip]
pub(super) const CASTS: &[&str] = &[
    "inet", "jsonpath", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper",
    "regoperator", "regproc", "regprocedure", "regrole", "regtype", "tsquery", "tsvector",
];
