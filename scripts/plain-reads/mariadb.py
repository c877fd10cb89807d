"""Runs the test suite of MariaDB (mysql-test), each file in an empty database
`test`, as a user of its own (some tests take root's rights or password away).
Of the mysqltest language, variables are kept, the body of a loop is run once
and that of a condition is not. A SELECT is tried in a read-only transaction.
The suite expects a server with --default-storage-engine=myisam,
--character-set-server=latin1 and --log-bin-trust-function-creators=1."""

import glob
import os
import re

import pymysql

from lexer import bare, first_word
from mysqltest import QUERIES, MysqlTest
from report import Tally
from rules import is_candidate

SUITES = ("main", *("suite/" + suite for suite in (
    "json/t", "versioning/t", "innodb/t", "gcol/t", "period/t", "vcol/t", "sql_sequence", "heap", "maria", "parts/t",
    "optimizer_unfixed_bugs/t", "innodb_fts/t", "innodb_gis/t", "compat/oracle/t", "compat/maxdb", "stress/t", "csv")),
    "plugin/type_inet/type_inet", "plugin/type_uuid/type_uuid", "plugin/sequence/sequence")
# Statements that would stop or change the server for the files after this one.
NEVER = re.compile(r"""\s*(
    shutdown|kill|install|uninstall|reset|change\s+master|start\s+slave|stop\s+slave|backup|flush|purge
  | set\s+(global|@@global|password|default\s+role)|lock\s+tables\s+.*mysql\.|use\s+(mysql|sys)\b
  | (?!select|with|table|values).*\b(mysql|sys|performance_schema|information_schema)`?\.
  | (grant|revoke|(alter|drop|rename|create(\s+or\s+replace)?)\s+user)\b.*\b(root|current_user|plain_reads)\b
  | create\s+server|drop\s+(database|schema)\s+(if\s+exists\s+)?(mysql|sys)\b|.*@@global\.\w+\s*=)""", re.X | re.I | re.S)
SETTINGS = (
    "create database if not exists test character set latin1", "use test", "set names latin1",
    "set max_statement_time=2", "set lock_wait_timeout=2", "set innodb_lock_wait_timeout=1")


class Session:
    def __init__(self, socket, user):
        self.connection = pymysql.connect(unix_socket=socket, user=user, autocommit=True, use_unicode=False, conv={},
                                          read_timeout=15)
        self.connection.encoding = "latin-1"  # the bytes of the file as they are

    def run(self, sql):
        """The first result's rows, None for an error."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql)
            rows = cursor.fetchall()
            while cursor.nextset():
                pass
        except (pymysql.Error, OSError, AttributeError):  # the last from a lost connection
            return None
        return [[str(value or b"", "latin-1") for value in row] for row in rows]


class Test:
    """The state of one file that is run."""

    def __init__(self, args, tally):
        self.args, self.tally = args, tally
        self.variables, self.blocks, self.parsing = {}, [], True
        cleaner = Session(args.socket, "plain_reads")
        for database, in cleaner.run("show databases"):
            if database not in ("mysql", "sys", "performance_schema", "information_schema"):
                cleaner.run(f"drop database `{database}`")
        cleaner.connection.close()
        self.connect()

    def connect(self):
        self.session, self.mode = Session(self.args.socket, "plain_reads"), ""
        for setting in SETTINGS:
            self.session.run(setting)

    def step(self, command, text):
        if command in ("if", "while"):
            self.blocks.append(command == "if")
        elif command == "}":
            self.blocks = self.blocks[:-1]
        elif any(self.blocks):
            pass
        elif command in ("disable_parsing", "enable_parsing"):
            self.parsing = command == "enable_parsing"
        elif self.parsing and command == "let":
            self.let(*re.match(r"\$?(\w*)\s*=?\s*(.*)$", text, re.S).groups())
        elif self.parsing and command in QUERIES:
            sql = text if command in ("query", "send", "query_sorted") else self.expand(text)
            if sql is None:
                self.tally.counts["statements with an unknown mysqltest variable"] += 1
            else:
                self.statement(sql)

    def expand(self, text):
        """The text with the variables' values, None where one is unknown."""
        if not self.variables.keys() >= set(re.findall(r"(?<!\\)\$(\w+)", text)):
            return None
        return re.sub(r"(?<!\\)\$(\w+)", lambda match: self.variables[match.group(1)], text)

    def let(self, name, text):
        value = self.expand(text)
        if value and value.startswith("`"):
            rows = self.session.run(value.strip("`"))
            value = rows[0][0] if rows else ""
        self.variables.pop(name, None)
        if value is not None:
            self.variables[name] = value

    def statement(self, sql):
        text = bare(sql, "mariadb")
        if NEVER.match(text):
            return
        if not (is_candidate(text) and self.is_plain_read(sql)):
            self.session.run(sql)
        if first_word(text) == "set":
            self.session.run("set max_statement_time=2")
            rows = self.session.run("select @@sql_mode")
            self.mode = rows[0][0] if rows else self.mode
        if not self.session.connection.open:
            self.tally.counts["lost connections"] += 1
            self.connect()

    def is_plain_read(self, sql):
        own = self.session.run("select lower(routine_name) from information_schema.routines where routine_schema <> 'sys'")
        self.session.run("start transaction read only")
        accepted = self.session.run(sql) is not None
        self.session.run("commit")
        mode = re.search("ANSI_QUOTES|ORACLE|NO_BACKSLASH_ESCAPES", self.mode)
        sql = sql.encode("latin-1").decode("utf-8", "surrogateescape")
        return accepted and self.tally.take(sql, {name for name, in own or ()}, mode and "sql_mode " + mode.group())


def run(args):
    tally = Tally("mariadb", "mariadb", args)
    root = Session(args.socket, "root")
    root.run("create user if not exists plain_reads@localhost")
    root.run("grant all on *.* to plain_reads@localhost with grant option")
    files = [path for suite in SUITES for path in sorted(glob.glob(os.path.join(args.dir, suite, "*.test")))]
    for path in files:
        tally.start(os.path.relpath(path, args.dir))
        test = Test(args, tally)
        for command, text in MysqlTest(path, args.dir):
            if tally.late() or command == "exit" and not any(test.blocks):
                break
            test.step(command, text)
        test.session.connection.close()
    tally.write()
