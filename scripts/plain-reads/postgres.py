"""Runs the regression suite of Postgres (src/test/regress) in the order of its
schedule, each script in a session of its own, in a new database `regression`.
A SELECT is tried in a read-only transaction, or after a savepoint where the
script has one open, and rolled back; then it is run as the script has it."""

import io
import os
import tempfile

import psycopg2

from lexer import bare
from psql import Psql
from report import Tally
from rules import is_candidate

# The session that the suite's own driver gives a script.
OPTIONS = ("-c statement_timeout=20s -c lock_timeout=3s -c timezone=PST8PDT -c datestyle=Postgres,MDY "
           "-c intervalstyle=postgres_verbose -c extra_float_digits=0")
# The functions and operators that are none of the server's own.
OWN = """
    select proname from pg_catalog.pg_proc
    where pronamespace operator(pg_catalog.<>) 'pg_catalog'::pg_catalog.regnamespace
    union all select oprname from pg_catalog.pg_operator group by 1
    having not pg_catalog.bool_or(oprnamespace operator(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace)"""


class Session:
    def __init__(self, dsn, database="-", user="-", *_):
        """\\connect's arguments; what cannot be had is replaced by the default."""
        self.dsn = dsn
        where = {"dbname": "regression" if database == "-" else database, **({} if user == "-" else {"user": user})}
        try:
            self.connection = psycopg2.connect(dsn, options=OPTIONS, **where)
        except psycopg2.Error:
            self.connection = psycopg2.connect(dsn, options=OPTIONS, dbname="regression")
        self.connection.autocommit = True

    def own(self):
        cursor = self.connection.cursor()
        cursor.execute(OWN)
        return {name.lower() for name, in cursor}

    def accepts(self, statement):
        """Whether a read-only transaction runs the statement, which is rolled back."""
        within = self.connection.info.transaction_status == 2  # a transaction of the script's
        self.connection.cursor().execute(
            ("savepoint plain_reads; set local transaction_read_only = on; " if within else "begin read only; ")
            + "set local statement_timeout = '2s'")
        accepted = self.run("run", statement) is not None
        self.connection.cursor().execute("rollback to plain_reads; release plain_reads" if within else "rollback")
        return accepted

    def run(self, how, statement, rest=""):
        """The variables that \\gset sets, None for an error."""
        try:
            cursor = self.connection.cursor()
            if how == "copy":
                cursor.copy_expert(statement, io.StringIO(rest))
            else:
                cursor.execute(statement)
            row = cursor.fetchone() if how == "gset" and cursor.description else None
        except (psycopg2.Error, UnicodeError, ValueError):
            return None
        values = ({True: "t", False: "f", None: ""}[v] if v is None or isinstance(v, bool) else str(v) for v in row or ())
        return {rest + column.name: value for column, value in zip(cursor.description or (), values)}


def run(args):
    tally = Tally("postgres", "postgres", args)
    admin = psycopg2.connect(args.dsn, dbname="template1")
    admin.autocommit = True
    cursor = admin.cursor()
    cursor.execute("drop database if exists regression with (force)")
    cursor.execute("create database regression template template0")
    cursor.execute("select setting from pg_config where name = 'PKGLIBDIR'")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as build:  # the server writes files to it
        for folder in (build, f"{build}/results", f"{build}/testtablespace"):
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, 0o777)
        os.environ.update(PG_ABS_SRCDIR=os.path.abspath(args.dir), PG_ABS_BUILDDIR=build,
                          PG_LIBDIR=cursor.fetchone()[0], PG_DLSUFFIX=".so")
        for name in schedule(args.dir):
            tally.start(name)
            with open(f"{args.dir}/sql/{name}.sql", encoding="utf-8", errors="surrogateescape") as file:
                run_script(Psql(file.read()), Session(args.dsn), tally)
    tally.write()


def schedule(directory):
    with open(os.path.join(directory, "parallel_schedule")) as file:
        names = [name for line in file if line.startswith("test:") for name in line.split()[1:]]
    return [name for name in names if os.path.exists(f"{directory}/sql/{name}.sql")]


def run_script(script, session, tally):
    script.vars["DBNAME"] = "regression"
    for how, statement, rest in script:
        if tally.late():
            break
        if how == "connect" or session.connection.closed:
            session.connection.close()
            session = Session(session.dsn, *(rest if how == "connect" else ()))
        if how != "connect":
            try_statement(how, statement, script, session, tally)
            script.vars.update(session.run(how, statement, rest) or {})
        if not session.connection.closed:
            off = session.connection.get_parameter_status("standard_conforming_strings") == "off"
            script.dialect = "postgres-escapes" if off else "postgres"
    session.connection.close()


def try_statement(how, statement, script, session, tally):
    """Tries what may be a plain read, before the script runs it."""
    text = bare(statement, script.dialect)
    failed = session.connection.info.transaction_status == 3  # a transaction that only rollback ends
    if how != "copy" and is_candidate(text) and not failed:
        try:
            if session.accepts(statement):
                tally.take(statement, session.own(), script.dialect != "postgres" and "standard_conforming_strings")
        except psycopg2.Error:  # the connection is lost
            pass
