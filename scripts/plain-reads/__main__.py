"""Measures how many plain reads of the databases' own test suites the SQL
classifier proves to be reads (rules.py says what a plain read is). A suite is
run statement by statement on a scratch server, so that its tables exist; each
SELECT is tried in a read-only session first; the distinct plain reads then go
to the classifier, and the lists and figures to --out (report.py). Four commands:

    python3 scripts/plain-reads postgres DSN .../src/test/regress
    python3 scripts/plain-reads mariadb SOCKET .../mysql-test
    python3 scripts/plain-reads sqlite .../test
    python3 scripts/plain-reads rust DSN SOCKET CRATE_DIR...

DSN is psycopg2's, as "host=/tmp port=5433 user=postgres", of a superuser; SOCKET
is the path of MariaDB's, which root must get in by without a password.

Needed are the Python packages psycopg2 and pymysql, and scratch servers,
Postgres 15 and MariaDB: the suites create, drop and change everything.
The suites come from `apt-get source postgresql-15 sqlite3` and, for MariaDB,
from the package mariadb-test-data (its folder share/mysql/mysql-test); the
crates are sea-query and sea-orm as cargo unpacks them. A command takes minutes,
the one for MariaDB more than an hour.
"""

import argparse
import importlib
import os

from report import ROOT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classify", default="cargo run --quiet --example classify --",
                        help="the classifier, called with SERVER from the root of the repository (default: %(default)s)")
    parser.add_argument("--out", default=os.path.join(ROOT, "target", "plain-reads"), help="the folder for the lists")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in ("postgres", "DSN DIR"), ("mariadb", "SOCKET DIR"), ("sqlite", "DIR"), ("rust", "DSN SOCKET"):
        command = commands.add_parser(name)
        for argument in arguments.split():
            command.add_argument(argument.lower(), metavar=argument)
    command.add_argument("crates", nargs="+", metavar="CRATE_DIR")
    args = parser.parse_args()
    args.out = os.path.abspath(args.out)
    os.makedirs(args.out, exist_ok=True)
    importlib.import_module(args.command).run(args)


if __name__ == "__main__":
    main()
