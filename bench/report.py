"""How a measurement is shown: a table, and its figures as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parents[1] / "build" / "bench"


def report(
    name: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], figures: object
) -> None:
    """Print a table and write ``figures`` to ``build/bench/NAME.json``."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1))
