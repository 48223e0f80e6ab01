"""Where this process runs: in a notebook's kernel, in IPython, or neither."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """Return IPython's shell, which has a ``kernel`` in a notebook, or None without IPython.

    IPython is not imported for the question: where it runs, it is there.
    """
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
