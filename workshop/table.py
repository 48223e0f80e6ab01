"""A small table: a picture in a notebook, aligned text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Table:
    """Rows under heads; a table in a notebook, aligned text elsewhere.

    Parameters
    ----------
    heads
        One for each column.
    rows
        Their cells.
    bold
        Cells that begin with this are shown bold.
    """

    def __init__(
        self, heads: Sequence[str], rows: Iterable[Sequence[str]], bold: str | None = None
    ) -> None:
        self.heads = list(heads)
        self.rows = [list(row) for row in rows]
        self._bold = bold

    def __repr__(self) -> str:
        lines = [self.heads, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.heads))]
        padded = [[cell.ljust(w) for cell, w in zip(line, widths, strict=True)] for line in lines]
        return "\n".join("  ".join(line).rstrip() for line in padded)

    def _repr_markdown_(self) -> str:
        lines = [self.heads, [":--"] * len(self.heads), *self.rows]
        return "\n".join(
            "| " + " | ".join(self._marked(cell) for cell in line) + " |" for line in lines
        )

    def _marked(self, cell: str) -> str:
        shown = escape(cell, quote=False).replace("|", r"\|")
        return f"**{shown}**" if self._bold and cell.startswith(self._bold) else shown
