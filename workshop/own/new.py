"""A new application, to begin with: a small one that is complete, and tested."""

from __future__ import annotations

import shutil
from pathlib import Path

from workshop.own.application import ApplicationError
from workshop.paths import ROOT

TEMPLATE = Path(__file__).with_name("template")


def make(folder: Path) -> Path:
    """Make an application in a folder that is not there yet, or empty, and return its whole path.

    Raises
    ------
    ApplicationError
        When there is something already, or nothing can be written.
    """
    folder = folder.expanduser().resolve()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ApplicationError(
                f"{folder} is not empty.", hint="name a folder that is not there yet."
            )
        leave = shutil.ignore_patterns("__pycache__", ".*_cache")
        shutil.copytree(TEMPLATE, folder, ignore=leave, dirs_exist_ok=True)
        # The engine's image is built from here. In single quotes nothing in a path has a meaning.
        (folder / ".env").write_text(f"WORKSHOP='{ROOT}'\n", encoding="utf-8")
    except OSError as error:
        raise ApplicationError(
            f"{folder} cannot be made: {error.strerror or error}.",
            hint="name a folder of your own that you can write to.",
        ) from error
    return folder
