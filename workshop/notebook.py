"""Where this process runs: in a notebook's kernel, in IPython, or neither."""

from __future__ import annotations

import linecache
import sys
import traceback
from types import TracebackType
from typing import Any


def shell() -> Any:
    """Return IPython's shell, which has a ``kernel`` in a notebook, or None without IPython.

    This does not import IPython: where it runs, it is already imported.
    """
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_a_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    return hasattr(shell(), "kernel")


def name_of(file: str) -> str:
    """What a file of code is called; for a notebook's cell, the number that the notebook shows."""
    here = shell()
    known = here.compile.format_code_name(file) if here is not None else None
    return " ".join(known) if known else f'File "{file}"'


def is_cell(file: str) -> bool:
    """Whether a file of code is a notebook cell."""
    here = shell()
    return here is not None and here.compile.format_code_name(file) is not None


def line_of(file: str, number: int) -> str:
    """A line of code with its location: ``Cell In[3], line 2: greet(name)``."""
    return f"{name_of(file)}, line {number}: {linecache.getline(file, number).strip()}"


def show_interrupts_briefly() -> None:
    """From now on, show only the line of an interrupted cell, and no frames of what it called."""
    here = shell()
    if here is not None:
        here.set_custom_exc((KeyboardInterrupt,), _show_interrupt)


def _show_interrupt(
    here: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str]:
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    cells = [f" at {line_of(file, number)}" for file, number in lines if is_cell(file)]
    shown = [f"{kind.__name__}: stopped{cells[-1] if cells else ''}"]
    here._showtraceback(kind, error, shown)
    return shown
