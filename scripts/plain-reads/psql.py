"""Reads a psql script as psql would: statements up to their `;`, with the
psql commands that the regression suite needs to set and use variables, skip
parts, connect anew, feed COPY and end a statement in another way."""

import os
import re

from lexer import bare, token_at

COMMAND = re.compile(r"\\(;|[A-Za-z!?]+|.|)([^\n]*)", re.S)
VARIABLE = re.compile(r"(?<!:):(['\"]?)(\w+)\1")
DATA = re.compile(r"[^\n]*\n(.*?)^\\\.[^\n]*$", re.S | re.M)


class Psql:
    """Iterates over (how, statement, rest): "run", or "gset" with the variables'
    prefix, or "copy" with the data, or "connect" without a statement."""

    def __init__(self, text):
        self.text, self.pos, self.vars, self.ifs = text, 0, {}, []
        self.buf, self.depth, self.atomic, self.dialect = [], 0, 0, "postgres"

    def __iter__(self):
        while self.pos < len(self.text):
            found = self.command() if self.text[self.pos] == "\\" else self.token()
            if found and all(self.ifs):
                yield found

    def take(self, how="run", rest=""):
        """The statement read so far, None where there is none."""
        statement = "".join(self.buf).strip()
        self.buf, self.depth, self.atomic = [], 0, 0
        return (how, statement, rest) if statement else None

    def token(self):
        match = VARIABLE.match(self.text, self.pos)
        if match and match.group(2) in self.vars:
            self.buf.append(self.value(match))
            self.pos = match.end()
            return None
        kind, end = token_at(self.text, self.pos, self.dialect)
        token, self.pos = self.text[self.pos:end], end
        if token == ";" and self.depth <= 0 and not self.atomic:
            return self.end_of_statement()
        if kind == "other":
            self.depth += {"(": 1, ")": -1}.get(token, 0)
        elif kind == "word" and re.match(r"\s*create\b", "".join(self.buf[:40]), re.I):
            if token.lower() == "atomic":  # a function's body of statements
                self.atomic = 1
            elif self.atomic:
                self.atomic += {"case": 1, "end": -1}.get(token.lower(), 0)
        self.buf.append(token)

    def end_of_statement(self):
        found = self.take()
        if found and re.search(r"^\s*copy\b.*\bfrom\s+stdin\b", bare(found[1], "postgres"), re.I | re.S):
            data = DATA.match(self.text, self.pos)
            self.pos = data.end() if data else self.pos
            return "copy", found[1], data.group(1) if data else ""
        return found

    def command(self):
        match = COMMAND.match(self.text, self.pos)
        name, args = match.groups()
        if name == ";":  # a `;` within what is sent at once
            self.buf.append(";")
            self.pos += 2
            return None
        self.pos = match.end()
        if name in ("g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch"):
            return self.take("gset" if name == "gset" else "run", args.strip())
        if name in ("c", "connect"):
            return "connect", "", args.split()
        if name in ("r", "reset"):
            self.take()
        elif name == "if":
            self.ifs.append(self.substitute(args).strip().lower() in ("t", "true", "1", "on", "yes"))
        elif name in ("else", "elif"):
            self.ifs[-1:] = [not active for active in self.ifs[-1:]]
        elif name == "endif":
            self.ifs = self.ifs[:-1]
        elif all(self.ifs):
            self.set(name, args)

    def set(self, name, args):
        if name == "getenv":
            variable, environment = args.split()[:2]
            self.vars[variable] = os.environ.get(environment, "")
        elif name == "set" and args.split():
            variable, *parts = re.findall(r"'(?:[^']|'')*'|[^\s']+", args)
            self.vars[variable] = "".join(
                part[1:-1].replace("''", "'") if part[0] == "'" else self.substitute(part) for part in parts)
        elif name == "quit":
            self.pos = len(self.text)

    def substitute(self, text):
        return VARIABLE.sub(self.value, text)

    def value(self, match):
        quote, name = match.groups()
        return quote + self.vars[name].replace(quote, 2 * quote) + quote if name in self.vars else match.group()
