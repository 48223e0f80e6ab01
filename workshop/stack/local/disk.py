"""Whether the disk of a run folder has room left."""

from __future__ import annotations

import shutil
from pathlib import Path

LEAST_BYTES = 16_000_000
"""With less, broker and engine fail at the next file that they need."""


def shortage(folder: Path) -> str:
    """Say that the disk which holds ``folder`` is full; nothing if it is not."""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_BYTES:
        return ""
    return f"the disk is full, {free / 1e6:.0f} MB are free in {folder}"
