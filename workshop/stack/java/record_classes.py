"""Write down which classes Java loads as a stack starts: ``make classes``."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from workshop.stack import Stack
from workshop.stack.java.archives import CLASSES, LATER, PROGRAMS, RECORD
from workshop.stack.java.engine import ENGINES


def main() -> None:
    """Let a stack of each engine greet, and write down the classes that its programs load."""
    with tempfile.TemporaryDirectory() as recorded:
        os.environ[RECORD] = recorded
        for engine in ENGINES.values():
            with Stack("classes", engine=engine) as stack:
                stack.greet(*(["Ada"] * 4), *"ABCDEFGH")
        for program in (*PROGRAMS, *LATER):
            lists = Path(recorded).glob(f"{program}-*")
            lines = {line for one in lists for line in one.read_text(encoding="utf-8").splitlines()}
            # Those of class loaders of their own, and those that are made as a program runs, are
            # in no archive.
            kept = sorted(
                {
                    line.partition(" id:")[0]
                    for line in lines
                    if not line.startswith("#") and "source:" not in line and "$Proxy" not in line
                }
            )
            (CLASSES / program).write_text("\n".join(kept) + "\n", encoding="utf-8")
            print(f"{program}: {len(kept)} classes", file=sys.stderr)


if __name__ == "__main__":
    main()
