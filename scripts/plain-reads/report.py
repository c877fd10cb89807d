"""Collects the plain reads of one dialect, has the classifier judge each
distinct one, and writes the result: all-NAME.txt with every plain read and
the file it was first seen in, left-out-NAME.txt with what the server ran but
the rules leave out and why, misses-NAME.txt with the plain reads that the
classifier does not prove, and the figures on the standard output."""

import collections
import os
import shlex
import subprocess
import sys
import time

from rules import plain_read

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tally:
    def __init__(self, name, dialect, args):
        self.name, self.dialect, self.args = name, dialect, args
        self.reads, self.left_out, self.counts = {}, {}, collections.Counter()

    def start(self, file):
        """Begins a file of the suite, which may take three minutes."""
        self.file, self.end = file, time.time() + 180
        print(f"{len(self.reads):6} plain reads before {file}", file=sys.stderr)

    def late(self):
        late = time.time() > self.end
        self.counts["files broken off for lack of time"] += late
        return late

    def take(self, statement, own=frozenset(), setting=None):
        """Notes a statement that a read-only session has run; whether it is a plain read."""
        line, why = plain_read(statement, self.dialect, own, setting)
        if why:
            self.left_out.setdefault(line, why)
        else:
            self.reads.setdefault(line, self.file)
        return not why

    def classified(self):
        """(access, why) of each plain read."""
        server = {"postgres": "postgres:15"}.get(self.dialect, self.dialect)
        run = subprocess.run([*shlex.split(self.args.classify), server], cwd=ROOT, text=True, capture_output=True,
                             input="".join(line + "\n" for line in self.reads))
        answers = run.stdout.split("\n")[:-1]
        if len(answers) != len(self.reads):
            sys.exit(f"the classifier answered {len(answers)} of {len(self.reads)} lines: {run.stderr[-500:]}")
        return [answer.split("\t", 2)[:2] for answer in answers]

    def save(self, kind, lines):
        with open(os.path.join(self.args.out, f"{kind}-{self.name}.txt"), "w", errors="replace") as file:
            file.writelines("\t".join(line) + "\n" for line in lines)

    def write(self):
        # what is a plain read in one file counts, wherever else it is left out
        left_out = [(why, line) for line, why in self.left_out.items() if line not in self.reads]
        self.save("all", ((file, line) for line, file in self.reads.items()))
        self.save("left-out", sorted(left_out))
        answers = self.classified()
        misses = sorted((f"{access}: {why}", line) for line, (access, why) in zip(self.reads, answers)
                        if not access.startswith("a read"))
        self.save("misses", misses)
        total, proven = len(self.reads), len(self.reads) - len(misses)
        print(f"{self.name}: {total} plain reads, {proven} proven, {100 * proven / max(total, 1):.2f} %")
        for access, number in collections.Counter(access for access, _ in answers).most_common():
            print(f"    {number:6} {access}")
        for why, number in (collections.Counter(why for why, _ in left_out) + self.counts).most_common():
            print(f"    left out: {number:6} {why}")
