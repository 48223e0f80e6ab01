"""The checkpoints and savepoints of one stack on disk: what a start continues from."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path


class Misplaced(Exception):
    """The saved state is not where a start looks for it; the message says what to do."""


class Snapshots:
    """The folder that the engine writes its checkpoints to.

    Parameters
    ----------
    folder
        The folder.
    mark
        A file that is there once the folder has held a complete checkpoint.
    """

    def __init__(self, folder: Path, mark: Path) -> None:
        self._folder = folder
        self._mark = mark
        self._cut_off: set[str] = set()

    def newest(self) -> str | None:
        """Where the newest complete checkpoint or savepoint is, or None if there never was one.

        Raises
        ------
        Misplaced
            When there was one: a job that begins without it would greet everybody as new.
        """
        found = sorted(self._folder.glob("**/_metadata"), key=lambda p: p.stat().st_mtime)
        complete = [str(path.parent) for path in found if str(path.parent) not in self._cut_off]
        if not complete and self._mark.exists():
            raise Misplaced(
                f"No checkpoint is left in {self._folder}, though there was one "
                f"({self._mark.read_text(encoding='utf-8').strip()}): the functions would have "
                "forgotten everything, and counts would start over. Restore the folder, or "
                "start over: stack.down(forget=True), python -m workshop down --forget"
            )
        return complete[-1] if complete else None

    def pass_over(self, snapshot: str) -> None:
        """Treat the one before ``snapshot`` as the newest."""
        logging.warning("%s is cut off", snapshot)
        self._cut_off.add(snapshot)

    def holds(self, job: str, checkpoint: int) -> bool:
        """Whether a checkpoint that the engine has completed is here; ``job`` is its job's id."""
        return (self._folder / job / f"chk-{checkpoint}" / "_metadata").exists()

    def misplaced(self, job: str, checkpoint: int) -> Misplaced:
        """The error for a checkpoint that is not here."""
        return Misplaced(
            f"The engine says that it has completed checkpoint {checkpoint} of job {job}, but it "
            f"is not in {self._folder}, where the next start looks for it: counts would start "
            "over. Set WORKSHOP_RUNS to another folder, preferably one with a plain name."
        )

    def keep_only(self, job: str, checkpoint: int) -> None:
        """Delete what earlier jobs left: this one has a newer checkpoint of its own."""
        self._mark.write_text(f"{job}/chk-{checkpoint}\n", encoding="utf-8")
        for folder in self._folder.iterdir():
            if folder.name != job:
                shutil.rmtree(folder, ignore_errors=True)
