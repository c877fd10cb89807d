"""Splits SQL into tokens, each dialect by its own rules, so that the other
files can tell a keyword or a `;` from the same text in a string, a quoted
name or a comment. On top of that: a statement written on one line, a
statement without its strings and comments, and the names that it calls."""

import re

WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9$\x80-\U0010ffff]*"
REST = rf"(?P<word>{WORD}) | (?P<number>[0-9][0-9A-Za-z_.]*) | (?P<space>\s+)"
POSTGRES = rf"""
    (?P<line_comment>--[^\n]*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'
      | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
  | {REST} | (?P<operator>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?])+) | (?P<other>.)"""
LEXERS = {
    "postgres": POSTGRES,
    # with standard_conforming_strings off, \ escapes in every string
    "postgres-escapes": POSTGRES.replace("?'(?:[^']|'')*'", r"?'(?:[^'\\]|\\.|'')*'"),
    "mariadb": rf"""
        (?P<line_comment>\#[^\n]*|--(?=\s|\Z)[^\n]*)
      | (?P<string>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*")
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<variable>@@?[A-Za-z_0-9$.]*) | {REST} | (?P<other>.)""",
    "sqlite": rf"""
        (?P<line_comment>--[^\n]*)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\])
      | {REST} | (?P<other>.)""",
}
LEXERS = {dialect: re.compile(text, re.X | re.S) for dialect, text in LEXERS.items()}


def token_at(sql, pos, dialect):
    """(kind, end) of the token at pos."""
    if sql.startswith("/*", pos):
        return "comment", comment_end(sql, pos, dialect)
    match = LEXERS[dialect].match(sql, pos)
    return match.lastgroup, match.end()


def comment_end(sql, pos, dialect):
    if not dialect.startswith("postgres"):
        end = sql.find("*/", pos + 2)
        return len(sql) if end < 0 else end + 2
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(sql, pos):  # postgres nests comments
        depth += 1 if match.group() == "/*" else -1
        if not depth:
            return match.end()
    return len(sql)


def tokens(sql, dialect):
    pos = 0
    while pos < len(sql):
        kind, end = token_at(sql, pos, dialect)
        yield kind, sql[pos:end]
        pos = end


def one_line(sql, dialect):
    """The statement on one line without line comments; None where a newline
    has a meaning (two strings of Postgres that a newline joins)."""
    out, last, newline = [], None, False
    for kind, text in tokens(sql, dialect):
        if kind in ("line_comment", "space"):
            newline = newline or kind == "line_comment" or "\n" in text
            if out and out[-1] != " ":
                out.append(" ")
        elif kind == "comment":
            out.append(re.sub(r"\s", " ", text))
        else:
            if kind == last == "string" and newline and dialect.startswith("postgres"):
                return None
            last, newline = kind, False
            out.append(re.sub(r"[\n\r\t]", " ", text))
    return "".join(out).strip().rstrip(";").strip()


def bare(sql, dialect):
    """The statement with its strings emptied and without its comments (but
    what /*! and /*M! enclose is run by MariaDB)."""
    out = []
    for kind, text in tokens(sql, dialect):
        if kind == "string":
            text = "''"
        elif kind in ("comment", "line_comment", "space") and not re.match(r"/\*M?!", text):
            text = " "
        out.append(text)
    return "".join(out).strip().rstrip(";")


def first_word(text):
    match = re.match(r"[\s(]*([A-Za-z]+)", text)
    return match.group(1).lower() if match else ""


def called(text):
    """The names before an opening bracket, in small letters."""
    names = re.findall(rf'({WORD}|"(?:[^"]|"")*"|`[^`]*`)\s*\(', text)
    return {name.strip('"`').replace('""', '"').lower() for name in names}
