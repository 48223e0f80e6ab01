"""What a learner has passed, visible to the room in a folder, if the learner agrees.

One file for each learner. It holds which checks have passed and when, and nothing else.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import tempfile
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.exercises.storage import not_kept, passed, progress_file, writable

NAME = re.compile(r"\w[\w.-]{0,39}")
"""What a learner may be called: it is used as a file name, and it is printed."""


@dataclass(frozen=True)
class Sharing:
    """What a learner has agreed to.

    Attributes
    ----------
    folder
        Where the file is written.
    name
        The learner's name there.
    id
        Distinguishes this learner from another one with the same name.
    """

    folder: str
    name: str
    id: str

    @property
    def file(self) -> Path:
        """The learner's own file."""
        return Path(self.folder) / f"{self.name}.json"

    def publish(self) -> None:
        """Rewrite the file.

        Raises
        ------
        WorkshopError
            When the folder is missing or closed, or another learner has the name.
        """
        if not Path(self.folder).is_dir():
            raise WorkshopError(
                f"There is no folder {self.folder}.",
                hint="ask your instructor for its name; it is made with: mkdir -m 1777 FOLDER",
            )
        partial = ""
        try:
            with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError):
                if json.loads(self.file.read_text(encoding="utf-8"))["id"] != self.id:
                    raise WorkshopError(
                        f"Somebody already shares as {self.name}.",
                        hint=f"choose another name: python -m workshop share {self.folder} "
                        "--as NAME",
                    )
            # Written beside and renamed: whoever looks never sees half a file.
            handle, partial = tempfile.mkstemp(dir=self.folder, prefix=".partial-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"id": self.id, "passed": passed()}, file)
            Path(partial).chmod(0o644)
            Path(partial).replace(self.file)
        except OSError as error:
            if partial:
                Path(partial).unlink(missing_ok=True)
            raise WorkshopError(
                f"{self.file} cannot be written: {error.strerror}.",
                hint="ask your instructor to open the folder to all: chmod 1777 FOLDER",
            ) from error


def sharing() -> Sharing | None:
    """Return what this learner has agreed to, or None."""
    try:
        return Sharing(**json.loads(_kept().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def share(folder: Path | str, name: str | None = None) -> Sharing:
    """Share the progress from now on, in ``folder``.

    Parameters
    ----------
    name
        What to be called there; the login's name unless given.

    Raises
    ------
    WorkshopError
        When it cannot be done; then nothing new is shared.
    """
    name = name or _login()
    if not NAME.fullmatch(name):
        raise WorkshopError(
            f"{name!r} cannot be shared as a name.",
            hint="use 1 to 40 letters, digits, '-', '_' or '.': --as NAME",
        )
    before = sharing()
    now = Sharing(str(Path(folder).absolute()), name, before.id if before else uuid.uuid4().hex)
    kept = writable(_kept())
    now.publish()
    moved = before is not None and before.file != now.file
    try:
        kept.write_text(json.dumps(asdict(now)), encoding="utf-8")
    except OSError as error:
        if before is None or moved:
            _withdraw(now)
        raise not_kept(kept, error) from error
    if before is not None and moved:
        _withdraw(before)
    return now


def stop() -> Sharing | None:
    """Stop sharing, and delete the file; return what was shared, or None."""
    before = sharing()
    if before is not None:
        _withdraw(before)
        try:
            _kept().unlink()
        except OSError as error:
            raise not_kept(_kept(), error) from error
    return before


def _withdraw(before: Sharing) -> None:
    with contextlib.suppress(OSError):
        before.file.unlink()


def _kept() -> Path:
    return progress_file().with_name("sharing.json")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise WorkshopError(
            "Your login has no name.", hint="choose the name that others see: --as NAME"
        ) from error
