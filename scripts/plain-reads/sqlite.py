"""Runs SQLite's own tests (the folder test of its source) in Python's SQLite.
The tests are Tcl scripts; taken are the blocks of SQL that the testing
commands are given, in the order of the text, each file with an empty database
in memory. A SELECT is tried with `pragma query_only` first."""

import glob
import os
import re
import sqlite3
import tempfile
import time

from lexer import bare, first_word, token_at
from report import Tally
from rules import is_candidate

BLOCK = re.compile(
    r"\b(?:execsql2?|catchsql|db\d?\s+eval|do_(?:execsql|catchsql|eqp|timed_execsql)_test(?:\s+-db\s+\w+)?\s+\S+)\s*\{"
    r"|\b(?:reset_db|drop_all_tables|forcedelete\s+test\.db)\b")
# Pragmas that would spoil the connection for the statements after them.
NEVER = re.compile("pragma.*(query_only|hard_heap|soft_heap|max_page|journal|locking_mode|mmap)", re.I | re.S)


def run(args):
    tally = Tally("sqlite", "sqlite", args)
    files = sorted(glob.glob(os.path.join(os.path.abspath(args.dir), "*.test")))
    with tempfile.TemporaryDirectory() as scratch:  # the tests attach files by relative names
        os.chdir(scratch)
        for path in files:
            tally.start(os.path.basename(path))
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                run_file(file.read(), tally)
        os.chdir("/")
    tally.write()


def run_file(text, tally):
    db, pos = connect(), 0
    while (match := BLOCK.search(text, pos)) and not tally.late():
        pos = match.end()
        if match.group()[-1] != "{":  # a command that starts over
            db.close()
            db = connect()
            continue
        end = closing_brace(text, pos)
        for statement in statements(text[pos:end]):
            if re.search(r"\$[\w({:]", statement):
                tally.counts["statements with a Tcl variable"] += 1
            else:
                run_statement(db, statement, tally)
        pos = end
    db.close()


def run_statement(db, statement, tally):
    text = bare(statement, "sqlite")
    if NEVER.match(text):
        return
    accepted = False
    if is_candidate(text):
        db.execute("pragma query_only=1")
        accepted = runs(db, statement)
        db.execute("pragma query_only=0")
    if accepted:
        tally.take(statement)
    else:
        runs(db, statement)


def connect():
    db = sqlite3.connect(":memory:", isolation_level=None, timeout=0.1)
    db.text_factory = bytes
    return db


def runs(db, statement):
    """Whether the statement runs, its parameters bound to NULL."""
    deadline = time.process_time() + 2
    db.set_progress_handler(lambda: time.process_time() > deadline, 10000)
    values = ()
    while True:
        try:
            cursor = db.execute(statement, values)
            cursor.fetchmany(5000)
            cursor.close()
            return True
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError, ValueError, MemoryError) as error:
            match = re.search(r"uses (\d+), and there are 0", str(error))
            if not match:
                return False
            values = (None,) * int(match.group(1))


def closing_brace(text, pos):
    """Where the block of Tcl that is open at pos ends."""
    depth = 1
    for match in re.compile(r"\\.|[{}]", re.S).finditer(text, pos):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if not depth:
            return match.start()
    return len(text)


def statements(block):
    start = pos = 0
    while pos < len(block):
        kind, end = token_at(block, pos, "sqlite")
        if kind == "other" and block[pos] == ";" and sqlite3.complete_statement(block[start:end]):
            yield block[start:end]
            start = end
        pos = end
    if block[start:].strip():
        yield block[start:]
