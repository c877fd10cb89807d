"""Reads a file of MariaDB's test suite: the commands of the mysqltest language,
whose lines are commands of it (some with `--` in front) or SQL up to the
delimiter, with `source` lines replaced by what the file holds."""

import os
import re

from lexer import token_at

# The commands that do something here; SQL they are not, and the server refuses the others.
QUERIES = {"eval", "query", "evalp", "query_vertical", "query_horizontal", "send", "query_sorted", "send_eval"}
COMMANDS = QUERIES | {
    "let", "exit", "echo", "delimiter", "perl", "write_file", "append_file", "enable_parsing", "disable_parsing"}
SOURCE = re.compile(r"\s*(?:--\s*)?source\s+([^\s$]+?);?\s*$")
# Files that only wait, check what the server has, or start other servers.
NOT_SOURCED = re.compile(
    "have_|not_|wait|restart|count_sessions|shutdown|start_|kill|big_|master|default_|no_|rpl|galera|crash|check")


class MysqlTest:
    """Iterates over (command, text); command is "query" for SQL and "}" at a block's end."""

    def __init__(self, path, root):
        self.root, self.delimiter, self.at = root, ";", 0
        self.lines = list(self.load(path, 5))

    def load(self, path, depth):
        with open(path, encoding="latin-1", newline="\n") as file:  # the bytes as they are
            for line in file.read().split("\n"):
                match = SOURCE.match(line)
                if not match:
                    yield line
                elif depth and not NOT_SOURCED.match(os.path.basename(match.group(1))):
                    places = [os.path.join(place, match.group(1)) for place in (self.root, os.path.dirname(path))]
                    for place in list(filter(os.path.exists, places))[:1]:
                        yield from self.load(place, depth - 1)

    def __iter__(self):
        buf = ""
        while self.at < len(self.lines):
            line, self.at = self.lines[self.at], self.at + 1
            if not buf.strip() or buf.strip().startswith("#"):
                buf, commands = "", self.whole_line(line.strip())
                if commands is not None:
                    yield from commands
                    continue
            buf += line + "\n"
            while (end := self.end_of_command(buf)) is not None:
                command, buf = buf[:end].strip(), buf[end + len(self.delimiter):]
                name = re.match(r"\w*", command).group().lower()
                if name in COMMANDS:
                    yield from self.command(name, command[len(name):].strip())
                elif command:
                    yield "query", command
                if buf.strip().startswith("}"):
                    yield "}", ""
                    buf = buf.strip()[1:]

    def whole_line(self, line):
        """The commands of a line that needs no delimiter, None for another line."""
        if not line or line == "{" or line.startswith("#"):
            return ()
        if line.startswith("--"):
            name, _, rest = line[2:].strip().partition(" ")
            return self.command(name.rstrip(";").lower(), rest.strip())
        if line in ("}", "};", "end;"):
            return [("}", "")]
        return self.block(line) if re.match(r"(if|while)\s*\(", line) else None

    def command(self, name, rest):
        if name == "delimiter":
            self.delimiter = rest or self.delimiter
        elif name in ("perl", "write_file", "append_file"):  # the lines up to an end mark are no SQL
            words = rest.rstrip(";").split()
            mark = words[-1] if words and name == "perl" or len(words) > 1 else "EOF"
            while self.at < len(self.lines) and self.lines[self.at].strip().rstrip(";") != mark:
                self.at += 1
            self.at += 1
        else:
            yield name, rest.rstrip(";")

    def block(self, head):
        while "{" not in head and self.at < len(self.lines):  # the condition may span lines
            head, self.at = head + self.lines[self.at], self.at + 1
        yield head[:2].replace("wh", "while"), ""
        if "}" in head.rsplit("{", 1)[-1]:
            yield "}", ""

    def end_of_command(self, buf):
        """Where the delimiter is, outside of strings and comments; None where it is still to come."""
        if buf.lstrip().startswith(("echo", "let", "exec", "error", "die", "skip")):
            return buf.find(self.delimiter) if self.delimiter in buf else None
        pos = 0
        while pos < len(buf) and not buf.startswith(self.delimiter, pos):
            kind, end = token_at(buf, pos, "mariadb")
            if buf[pos] in "'\"`" and end == pos + 1:
                return None  # a string that is still open
            inner = -1 if kind in ("string", "quoted", "comment", "line_comment") else buf.find(self.delimiter, pos, end)
            pos = inner if inner > pos else end
        return pos if pos < len(buf) else None
