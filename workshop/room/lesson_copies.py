"""A learner's own copy of the lessons, where one copy of the rest serves a whole room."""

from __future__ import annotations

import shutil
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.paths import ROOT

PARTS = ("notebooks/*.ipynb", "notebooks/README.md", "docs/testing-your-function.md")
"""What a learner edits, and the page that a lesson links to."""


def bring(folder: Path) -> list[Path]:
    """Copy the lessons into a folder, except for what is already there.

    Parameters
    ----------
    folder
        Where ``notebooks`` will be; created if it does not exist.

    Returns
    -------
    list of Path
        What is new there.

    Raises
    ------
    WorkshopError
        When it cannot be written.
    """
    brought = []
    try:
        for source in (path for part in PARTS for path in sorted(ROOT.glob(part))):
            target = folder / source.relative_to(ROOT)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                # Without its permissions: the original may be read-only.
                shutil.copyfile(source, target)
                brought.append(target)
    except OSError as error:
        raise WorkshopError(
            f"The lessons cannot be copied to {folder}: {error.strerror}. "
            "Name a folder that is yours."
        ) from error
    return brought
