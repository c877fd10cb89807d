"""What a plain read is: a SELECT, VALUES, TABLE or WITH statement that a
read-only session of the real server runs without an error, and that has none
of the effects such a session lets pass. It locks no rows and writes nothing
(read-only sessions may write temporary tables, files and variables); it calls
no function of the suite's own, nor a built-in that has an effect, waits, runs
SQL that it is given, or tells what the session did before; in MariaDB it
names no user variable and no session-bound system variable. A statement
is also left out where a setting changes how its text is read, which the
classifier is not told, and where it cannot be sent as one line of UTF-8."""

import re

from lexer import bare, called, first_word, one_line, tokens

READS = {"select", "values", "table", "with"}

# Built-in functions that a read-only session runs although they are no reads.
EFFECTS = {
    "postgres": r"""
        set_config | setseed | nextval | setval | currval | lastval | pg_sleep(_for|_until)? | pg_notify
      | pg_(try_)?advisory_.* | pg_stat_reset.* | pg_stat_force_next_flush | pg_stat_clear_snapshot
      | lo_(?!get$).* | loread | lowrite
      | pg_(terminate|cancel)_backend | pg_reload_conf | pg_rotate_logfile | pg_log_backend_memory_contexts
      | pg_export_snapshot | pg_replication_.* | pg_(create|drop|copy)_.*slot.* | pg_logical_.*
      | txid_current | pg_current_xact_id | pg_switch_wal | pg_backup_.* | pg_promote | pg_wal_replay_(pause|resume)
      | pg_import_system_collations | pg_nextoid | pg_extension_config_dump | binary_upgrade_.*
      | brin_(summarize|desummarize)_.* | gin_clean_pending_list
      | (query|cursor)_to_xml.* | ts_stat | ts_rewrite""",
    "mariadb": r"""
        nextval | lastval | setval | get_lock | release_lock | release_all_locks | is_free_lock | is_used_lock
      | last_insert_id | found_rows | row_count | sleep | benchmark | load_file | master_pos_wait
      | master_gtid_wait | wsrep_\w+""",
    "sqlite": "changes | total_changes | last_insert_rowid | fts3_tokenizer | optimize | load_extension",
}
EFFECTS = {dialect: re.compile(names, re.X) for dialect, names in EFFECTS.items()}

WRITES = r"""
    \bfor\s+(no\s+key\s+)?update\b | \bfor\s+(key\s+)?share\b | \block\s+in\s+share\s+mode\b
  | \b(insert|merge)\s+into\b | \bdelete\s+from\b | \bupdate\s+(only\s+)?[\w."]+\s+(as\s+)?(\w+\s+)?set\b"""
WRITES = {
    "postgres": WRITES + r"| ^select\b[^()]*\binto\b",
    "mariadb": WRITES + r"""
      | \binto\b | \b(next|previous)\s+value\s+for\b | \bsql_calc_found_rows\b | (?<!@)@(?!@) | @@(session|local)\.
      | @@(error_count|warning_count|timestamp|identity|last_insert_id|insert_id|last_gtid|in_transaction
          |pseudo_thread_id)\b""",
    "sqlite": WRITES,
}
WRITES = {dialect: re.compile(text, re.X | re.I) for dialect, text in WRITES.items()}


def is_candidate(text):
    """Whether to try the statement, given bare, in a read-only session."""
    return first_word(text) in READS and ";" not in text


def plain_read(statement, dialect, own=frozenset(), setting=None):
    """(line, why) of a statement that a read-only session has run: on one
    line, and why it is no plain read, or None. own has the names of the
    suite's functions and operators, setting the one that changes the text."""
    line, text = one_line(statement, dialect), bare(statement, dialect)
    names = called(text)
    operators = {text for kind, text in tokens(text, dialect) if kind == "operator"}
    why = None
    if setting:
        why = f"the setting {setting} changes how it is read"
    elif not line or re.search("[\ud800-\udfff\n\r\t\0]", line):
        why = "not to be written as one line of UTF-8"
    elif (names | operators) & own:
        why = "calls a function or operator of the suite"
    elif any(EFFECTS[dialect].fullmatch(name) for name in names):
        why = "calls a built-in with an effect or of the session"
    elif WRITES[dialect].search(text):
        why = "locks, writes or uses a variable"
    return line or " ".join(statement.split()), why
