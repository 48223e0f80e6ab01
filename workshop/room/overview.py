"""The room at a glance: who has passed what, from the files that learners share."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.table import Table

from workshop.errors import WorkshopError
from workshop.exercises.checking import titles
from workshop.exercises.sharing import NAME

LARGEST_FILE = 100_000
"""A larger file in the folder cannot be anyone's progress."""


NARROWEST = 80
"""The minimum number of columns that the table takes."""


@dataclass(frozen=True)
class Learner:
    """What one learner shares.

    Attributes
    ----------
    name
        As the learner chose it.
    passed
        The exercises, each with the time when it passed (ISO 8601, UTC). None if the file is
        damaged.
    """

    name: str
    passed: dict[str, datetime] | None


def learners(folder: Path) -> list[Learner]:
    """Read what is shared in ``folder``; everybody can write there, so nothing in it is trusted.

    Raises
    ------
    WorkshopError
        When the folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise WorkshopError(
            f"{folder} cannot be read: {error.strerror}.",
            hint="make it for the room with: mkdir -m 1777 FOLDER",
        ) from error
    return [Learner(path.stem, _passed(path)) for path in files if NAME.fullmatch(path.stem)]


def _passed(path: Path) -> dict[str, datetime] | None:
    try:
        # Neither a link to elsewhere nor a pipe that never ends.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, encoding="utf-8") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            data = json.loads(file.read(LARGEST_FILE))["passed"]
            return {
                str(id): datetime.strptime(when, "%Y-%m-%dT%H:%M:%S%z").astimezone()
                for id, when in data.items()
            }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def overview(room: list[Learner]) -> Table:
    """A table of learners and lessons: ✓ where all checks have passed, otherwise how many.

    A name that is too long for its column continues on the next line: two must not look alike.
    """
    checks: dict[str, list[str]] = {}
    for id in titles():
        checks.setdefault(id.partition(".")[0], []).append(id)
    title = f"{len(room)} learners share their progress"
    table = Table(title=title, title_justify="left", padding=0)
    table.add_column("", overflow="fold", min_width=len("through"))
    for column in (*checks, "all"):
        table.add_column(column, no_wrap=True, min_width=len("1/4"))
    table.add_column("last", min_width=len("27 Nov 18:46"))
    through: Counter[str] = Counter()
    for learner in room:
        if learner.passed is None:
            table.add_row(learner.name, *("" for _ in checks), "?", "file is damaged")
            continue
        cells = []
        for lesson, ids in checks.items():
            count = sum(id in learner.passed for id in ids)
            through[lesson] += count == len(ids)
            cells.append("✓" if count == len(ids) else f"{count}/{len(ids)}" if count else "")
        known = [
            learner.passed[id] for ids in checks.values() for id in ids if id in learner.passed
        ]
        last = f"{max(known):%d %b %H:%M}" if known else ""
        table.add_row(learner.name, *cells, f"{len(known)}", last)
    table.add_section()
    table.add_row("through", *(f"{through[lesson]}" for lesson in checks), "", "")
    return table
