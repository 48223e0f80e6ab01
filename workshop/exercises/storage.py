"""The file that keeps which exercises a learner has passed, outside the repository."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path

import platformdirs

from workshop.errors import WorkshopError
from workshop.paths import APP, ROOT

_ELSEWHERE = "name a file that you may write to: export WORKSHOP_PROGRESS=/a/folder/progress.json"


def progress_file() -> Path:
    """Where it is kept; the environment variable ``WORKSHOP_PROGRESS`` names another place."""
    named = os.environ.get("WORKSHOP_PROGRESS")
    try:
        if named:
            return ROOT / Path(named).expanduser()
        return platformdirs.user_data_path(APP) / "progress.json"
    except RuntimeError:
        # Neither $HOME nor the list of logins tells a home. `writable` refuses this place.
        return Path(named or f"~/.local/share/{APP}/progress.json")


def writable(file: Path) -> Path:
    """Return ``file`` once its folder exists, creating it if necessary.

    Raises
    ------
    WorkshopError
        When it cannot be made.
    """
    try:
        # It would be made where one happens to be.
        if file.parts[:1] == ("~",):
            raise NotADirectoryError(errno.ENOTDIR, "your login has no home folder")
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_kept(file, error) from error
    return file


def not_kept(file: Path, error: OSError) -> WorkshopError:
    """Say that one of the learner's files cannot be written, where, and why."""
    return WorkshopError(
        f"Your progress cannot be kept in {file}: {error.strerror}.", hint=_ELSEWHERE
    )


def passed() -> dict[str, str]:
    """Return the passed exercises, each with the time when it first passed (ISO 8601, UTC).

    Raises
    ------
    WorkshopError
        When the file is damaged.
    """
    try:
        data: dict[str, str] = json.loads(progress_file().read_text(encoding="utf-8"))["passed"]
        return dict(data)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise WorkshopError(
            f"Your progress in {progress_file()} cannot be read: {error.strerror}.", hint=_ELSEWHERE
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise WorkshopError(
            f"Your progress in {progress_file()} cannot be read: {error}",
            hint="fix the file, or start over: python -m workshop progress --reset",
        ) from error


def write(known: dict[str, str]) -> None:
    """Keep these exercises, each with the time when it first passed, and no others.

    Raises
    ------
    WorkshopError
        When they cannot be saved; the message says where and why.
    """
    file = progress_file()
    try:
        if known:
            # Written beside and renamed: two kernels never leave half a file.
            partial = writable(file).with_suffix(f".{os.getpid()}")
            kept = json.dumps({"passed": dict(sorted(known.items()))}, indent=1)
            partial.write_text(kept, encoding="utf-8")
            partial.replace(file)
        else:
            with contextlib.suppress(NotADirectoryError):
                file.unlink(missing_ok=True)
    except OSError as error:
        raise not_kept(file, error) from error
