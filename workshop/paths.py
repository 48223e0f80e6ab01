"""Where things are: every folder of the workshop is decided here, once, as an absolute path."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import platformdirs

from workshop.errors import WorkshopError

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "module.yaml"
"""The project: the lessons, ``module.yaml`` and the packages beside this one."""

APP = "statefun-workshop"

# A backslash is a slash to Flink. A name that ends in "!" looks like the end of a jar to Java, and
# of a character beyond the first 65,536, as an emoji is, it makes an address it cannot read back.
_UNUSABLE = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff]|!(?=/)")


class UnusableFolder(WorkshopError):
    """A folder that the workshop needs has an unusable name, or cannot be written to."""


def cache_folder() -> Path:
    """The cache: only what can be downloaded or built again. ``WORKSHOP_CACHE`` moves it."""
    return _folder("WORKSHOP_CACHE", platformdirs.user_cache_dir)


def runs_folder() -> Path:
    """The folder that holds the run folder of every stack. ``WORKSHOP_RUNS`` moves it."""
    return _folder("WORKSHOP_RUNS", platformdirs.user_state_dir)


def made_runs_folder() -> Path:
    """The same folder, created if necessary, and private; see :func:`make_folder`."""
    return make_folder(runs_folder(), "WORKSHOP_RUNS", private=True)


def own_paths() -> dict[str, str]:
    """The variables that name these folders, with whole paths: for a child in another folder."""
    return {"WORKSHOP_CACHE": str(cache_folder()), "WORKSHOP_RUNS": str(runs_folder())}


def make_folder(folder: Path, variable: str, private: bool = False) -> Path:
    """Make a folder unless it is there, and return it.

    Parameters
    ----------
    variable
        The environment variable that moves it.
    private
        Whether only its owner may look into it.

    Raises
    ------
    UnusableFolder
        When it cannot be created or written to.
    """
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, variable, error.strerror or f"{error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, variable, "Permission denied")
    return folder


def _unwritable(folder: Path, variable: str, why: str) -> UnusableFolder:
    return UnusableFolder(
        f"The folder {folder} cannot be written to: {why}.",
        hint=f"set {variable} to a folder of your own that you can write to.",
    )


def _folder(variable: str, default: Callable[[str], str]) -> Path:
    named = os.environ.get(variable)
    try:
        # Not from where this process happens to run: a terminal and a notebook would not agree.
        folder = ROOT / Path(named).expanduser() if named else Path(default(APP))
    except RuntimeError as error:
        raise UnusableFolder(
            f"{variable} is {named!r}, but there is no such home folder."
            if named
            else "This login has no home folder.",
            hint=f"set {variable} to the absolute path of a folder that you can write to.",
        ) from error
    if unusable := _UNUSABLE.search(f"{folder}/"):
        raise UnusableFolder(
            f"The folder {str(folder)!r} cannot be used: Java and Flink misread {unusable[0]!r} "
            "in a path.",
            hint=f"set {variable} to a folder without it in its path.",
        )
    return Path(os.path.normpath(folder))
