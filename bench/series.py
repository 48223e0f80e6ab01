"""The time of the whole series, lesson by lesson, as it stands and solved, and where it goes.

``python bench/series.py`` runs all lessons, ``python bench/series.py 00 04`` these two. The figures
are those of the runner's own report: waiting for the kernel, waiting for a stack to come up, and
the cells. The rest of a lesson's time is its kernel's end and the writing of its copy.
"""

from __future__ import annotations

from dataclasses import asdict

import click
from report import FOLDER, report
from rich.console import Console

from workshop.series.outcome import Report
from workshop.series.runner import choose, run_notebooks

QUIET = Console(quiet=True)


def rows(made: Report) -> list[tuple[str, ...]]:
    """A row for each lesson, and one for the whole run."""
    lessons = made.lessons
    rows = [(one.name, [one.seconds, one.kernel, one.stack, one.in_cells]) for one in lessons]
    sums = [sum(values[column] for _, values in rows) for column in (1, 2, 3)]
    return [
        (name, *(f"{max(0.0, value):.1f}" for value in values))
        for name, values in [*rows, ("the whole run", [made.seconds, *sums])]
    ]


@click.command()
@click.argument("numbers", nargs=-1)
def main(numbers: tuple[str, ...]) -> None:
    """Run the lessons NUMBERS, or all, both ways; print the tables and write build/bench/."""
    every = choose()
    chosen = [path for path in every if not numbers or path.name[:2] in numbers]
    figures = {}
    for solved in (False, True):
        folder = FOLDER / ("solved" if solved else "executed")
        made = run_notebooks(chosen, output=folder, solved=solved, console=QUIET)
        figures[made.form] = asdict(made)
        columns = ("lesson", "seconds", "kernel", "stack", "cells")
        report("series", f"Seconds, {made.form}", columns, rows(made), figures)
    total = sum(made["seconds"] for made in figures.values())
    print(f"Both ways together: {total:.0f} s")


if __name__ == "__main__":
    main()
