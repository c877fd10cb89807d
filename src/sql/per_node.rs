//! What only one node can tell: the answer of a replica is not the answer of its primary.

use sea_orm::DbBackend;

use super::keyword::{is_listed, starts_with};

/// Whether the answer of a function differs between the nodes.
pub(super) fn is_function(dialect: DbBackend, name: &str) -> bool {
    match dialect {
        DbBackend::Postgres => is_listed(name, POSTGRES_FUNCTIONS),
        DbBackend::MySql => is_listed(name, &["connection_id", "uuid_short"]),
        _ => false,
    }
}

/// Whether a built-in of Postgres tells of the activity of its node.
pub(super) fn is_statistic(dialect: DbBackend, name: &str) -> bool {
    dialect == DbBackend::Postgres && starts_with(name, "pg_stat_get_")
}

/// Whether what a relation shows differs between the nodes.
pub(super) fn is_relation(dialect: DbBackend, schema: Option<&str>, name: &str) -> bool {
    let of = |wanted: &str| schema.is_some_and(|schema| schema.eq_ignore_ascii_case(wanted));
    match dialect {
        DbBackend::Postgres if schema.is_none() || of("pg_catalog") => {
            is_listed(name, POSTGRES_RELATIONS)
                || starts_with(name, "pg_stat_")
                || starts_with(name, "pg_statio_")
        }
        DbBackend::MySql if of("information_schema") => {
            is_listed(name, MYSQL_RELATIONS) || starts_with(name, "innodb_")
        }
        DbBackend::MySql if of("mysql") => is_listed(name, MYSQL_TABLES),
        DbBackend::MySql => of("performance_schema") || of("sys"),
        _ => false,
    }
}

/// Whether a column is one of those by which a sequence of Postgres shows its state. A standby is
/// ahead of it.
pub(super) fn is_column(dialect: DbBackend, name: &str) -> bool {
    dialect == DbBackend::Postgres && is_listed(name, &["is_called", "last_value", "log_cnt"])
}

/// Whether a system variable of MySQL or a setting of Postgres belongs to its node.
pub(super) fn is_setting(dialect: DbBackend, name: &str) -> bool {
    match dialect {
        DbBackend::Postgres => is_listed(name, POSTGRES_SETTINGS),
        DbBackend::MySql => {
            let name = name.rsplit(['@', '.']).next().unwrap_or_default();
            is_listed(name.trim_matches('`'), MYSQL_VARIABLES)
                || MYSQL_PREFIXES
                    .iter()
                    .any(|prefix| starts_with(name, prefix))
        }
        _ => false,
    }
}

/// Whether a pattern of `SHOW VARIABLES LIKE` can only match variables that are the same on every node.
pub(super) fn is_same_everywhere(pattern: &str) -> bool {
    let may_be = |name: &str| matches_start(pattern, name) == Some(0);
    let may_start = |prefix: &str| matches_start(pattern, prefix).is_some();
    !pattern.contains('%')
        && !MYSQL_VARIABLES.iter().any(|name| may_be(name))
        && !MYSQL_PREFIXES.iter().any(|prefix| may_start(prefix))
}

/// Whether a pattern with `_` for any character matches a text that starts like this; how much of the
/// pattern is left.
fn matches_start(pattern: &str, start: &str) -> Option<usize> {
    let mut left = pattern.chars().filter(|character| *character != '\\');
    for character in start.chars() {
        let expected = left.next()?;
        if expected != '_' && !expected.eq_ignore_ascii_case(&character) {
            return None;
        }
    }
    Some(left.count())
}

/// Whether what MySQL's `SHOW` lists differs between the nodes.
pub(super) fn is_shown(what: &str) -> bool {
    is_listed(what, SHOWN)
}

/// Sorted, as all lists here.
#[rustfmt::skip]
const POSTGRES_FUNCTIONS: &[&str] = &[
    "inet_client_addr", "inet_client_port", "inet_server_addr", "inet_server_port",
    "pg_backend_pid", "pg_blocking_pids", "pg_conf_load_time", "pg_control_checkpoint",
    "pg_control_init", "pg_control_recovery", "pg_control_system", "pg_current_logfile",
    "pg_current_xact_id_if_assigned", "pg_get_replication_slots", "pg_get_wal_replay_pause_state",
    "pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_last_committed_xact",
    "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp",
    "pg_lock_status", "pg_ls_archive_statusdir", "pg_ls_dir", "pg_ls_logdir", "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir", "pg_ls_replslotdir", "pg_ls_tmpdir", "pg_ls_waldir",
    "pg_my_temp_schema", "pg_notification_queue_usage", "pg_postmaster_start_time",
    "pg_prepared_xact", "pg_safe_snapshot_blocking_pids", "pg_show_all_file_settings",
    "pg_show_replication_origin_status", "pg_xact_status", "txid_current_if_assigned",
    "txid_status",
];

#[rustfmt::skip]
const POSTGRES_RELATIONS: &[&str] = &[
    "pg_backend_memory_contexts", "pg_cursors", "pg_file_settings", "pg_hba_file_rules",
    "pg_ident_file_mappings", "pg_locks", "pg_prepared_statements", "pg_prepared_xacts",
    "pg_replication_origin_status", "pg_replication_slots", "pg_sequences", "pg_settings",
    "pg_shmem_allocations", "pg_wait_events",
];

#[rustfmt::skip]
const POSTGRES_SETTINGS: &[&str] = &[
    "archive_mode", "cluster_name", "config_file", "data_directory", "default_transaction_read_only",
    "hba_file", "hot_standby", "in_hot_standby", "listen_addresses", "port", "primary_conninfo",
    "primary_slot_name", "synchronous_standby_names", "transaction_read_only",
];

#[rustfmt::skip]
const MYSQL_RELATIONS: &[&str] = &[
    "client_statistics", "global_status", "global_variables", "index_statistics", "plugins",
    "processlist", "session_status", "session_variables", "system_variables", "table_statistics",
    "user_statistics",
];

const MYSQL_TABLES: &[&str] = &["general_log", "gtid_slave_pos", "slow_log"];

#[rustfmt::skip]
const MYSQL_VARIABLES: &[&str] = &[
    "basedir", "bind_address", "datadir", "hostname", "in_transaction", "innodb_read_only",
    "log_error", "pid_file", "port", "read_only", "relay_log", "report_host", "report_port",
    "server_id", "server_uid", "server_uuid", "skip_replication", "socket", "super_read_only",
    "tmpdir", "transaction_read_only", "tx_read_only",
];

const MYSQL_PREFIXES: &[&str] = &[
    "gtid_",
    "log_bin",
    "relay_log_",
    "replica_",
    "rpl_",
    "slave_",
    "wsrep_",
];

#[rustfmt::skip]
const SHOWN: &[&str] = &[
    "engine", "global", "open", "plugins", "processlist", "status", "variables",
];

#[cfg(test)]
mod tests {
    use super::super::keyword::is_searchable;
    use super::*;

    #[test]
    fn a_pattern_that_may_match_a_variable_of_the_node_is_not_the_same_everywhere() {
        for pattern in ["version", "sql_mode", "sql\\_mode"] {
            assert!(is_same_everywhere(pattern), "{pattern}");
        }
        for pattern in [
            "read_only",
            "read\\_only",
            "READ_onl_",
            "_ort",
            "gtid_x",
            "gtid__",
            "%",
        ] {
            assert!(!is_same_everywhere(pattern), "{pattern}");
        }
    }

    #[test]
    fn the_lists_are_sorted() {
        for list in [
            POSTGRES_FUNCTIONS,
            POSTGRES_RELATIONS,
            POSTGRES_SETTINGS,
            MYSQL_RELATIONS,
            MYSQL_TABLES,
            MYSQL_VARIABLES,
            SHOWN,
        ] {
            assert!(is_searchable(list), "{list:?}");
        }
    }
}
