"""Takes the SELECTs among the string literals of Rust crates: the statements
that the tests and docs of sea-query and sea-orm expect them to build. The
dialect is that of a backend named shortly before the literal, or else of the
quotes around names, or else all three. There are no tables to run them on;
the servers only parse them, which leaves out fragments and other dialects."""

import glob
import os
import re
import sqlite3

import psycopg2
import pymysql

from lexer import bare
from report import Tally

STRING = re.compile(r'//[^\n]*|\'(?:[^\'\\]|\\.)\'|b?r(#*)"(.*?)"\1|"((?:[^"\\]|\\.)*)"', re.S)
BACKEND = re.compile(r"(Mysql|MySql|Postgres|Sqlite)(?:QueryBuilder)?\b")


def run(args):
    tallies = {dialect: Tally("rust-" + dialect, dialect, args) for dialect in ("mariadb", "postgres", "sqlite")}
    parses = parsers(args)
    for crate in args.crates:
        for path in sorted(glob.glob(os.path.join(crate, "**", "*.[rm][sd]"), recursive=True)):
            for tally in tallies.values():
                tally.file = os.path.relpath(path, os.path.dirname(os.path.abspath(crate)))
            with open(path, encoding="utf-8") as file:
                for backend, string in strings(file.read()):
                    if re.match(r"[\s(]*(SELECT|VALUES|WITH|TABLE)\b", string):
                        for dialect in dialects(backend, string):
                            take(string, tallies[dialect], parses[dialect])
    for tally in tallies.values():
        tally.write()


def dialects(backend, string):
    if backend:
        return ["mariadb" if backend == "mysql" else backend]
    return ["mariadb"] if "`" in string else ["postgres", "sqlite"] if '"' in string else ["mariadb", "postgres", "sqlite"]


def take(string, tally, parses):
    if "{" in bare(string, tally.dialect) or not parses(string):
        tally.left_out.setdefault(" ".join(string.split()), "a fragment, or not of this dialect")
    else:
        tally.take(string)


def strings(text):
    """(backend or None, string) of the string literals of Rust source, doc
    comments read as code; an array of strings that is joined is one string."""
    text, run = re.sub(r"^\s*//[/!] ?", "", text, flags=re.M), []
    for match in STRING.finditer(text):
        if match.group(2) is None and match.group(3) is None:  # a comment or a character
            continue
        backends = BACKEND.findall(text[max(0, match.start() - 200):match.start()])
        run.append((backends[-1].lower() if backends else None, value(match)))
        after = text[match.end():match.end() + 200]
        if re.match(r"\s*,\s*b?r?#*\"", after):
            continue
        if join := re.match(r"\s*,?\s*\]\s*\.(?:join\(\s*\"(.*?)\"|concat\()", after):
            yield run[0][0], (join.group(1) or "").join(string for _, string in run)
        else:
            yield from run
        run = []


def value(match):
    if match.group(2) is not None:
        return match.group(2)
    string = re.sub(r"\\\n\s*", "", match.group(3))
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), string, flags=re.S)


def parsers(args):
    """Per dialect a test whether the server parses a statement: missing tables
    are no matter to it, missing functions are."""
    refused = "syntax error|incomplete input|unrecognized token|no such function|no tables specified"
    postgres = psycopg2.connect(args.dsn, dbname="template1")
    postgres.autocommit = True
    mariadb = pymysql.connect(unix_socket=args.socket, user="root", database="mysql")
    return {
        "sqlite": parser(sqlite3.connect(":memory:"), lambda s: "explain " + s, lambda e: re.search(refused, str(e))),
        "postgres": parser(postgres, lambda s: "deallocate all; prepare plain_reads as " + s,
                           lambda e: e.pgcode in ("42601", "42883")),
        "mariadb": parser(mariadb, lambda s: "prepare plain_reads from " + mariadb.escape(s),
                          lambda e: e.args[0] in (1064, 1305, 1582)),
    }


def parser(connection, wrap, refuses):
    def parses(statement):
        try:
            connection.cursor().execute(wrap(statement))
        except (sqlite3.Error, psycopg2.Error, pymysql.Error) as error:
            return not refuses(error)
        return True
    return parses
