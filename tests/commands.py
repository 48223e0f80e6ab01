"""The command line, several times in one process: importing it costs more than most commands."""

from __future__ import annotations

import contextlib
import io
import traceback
from collections.abc import Sequence
from typing import NamedTuple

from workshop import cli


class Done(NamedTuple):
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def said_to(command: Sequence[str]) -> Done:
    """Run a command of the workshop in this process, as ``python -m workshop`` would."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main(list(command))
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = 1
            traceback.print_exc()
    return Done(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())
