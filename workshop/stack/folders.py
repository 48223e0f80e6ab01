"""One private folder for every stack: what is where in it."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from workshop.errors import WorkshopError
from workshop.paths import make_folder, runs_folder


def file_sizes(folder: Path) -> list[tuple[str, int]]:
    """Return every file below ``folder``, by its path in it, and its size in bytes; sorted.

    A file that vanishes during the search, as old checkpoints do, is left out.
    """
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                found.append((str(path.relative_to(folder)), path.stat().st_size))
    return sorted(found)


@dataclass(frozen=True)
class RunFolder:
    """The folder of one stack: its state, logs, configuration and process ids."""

    path: Path

    @classmethod
    def of(cls, name: str) -> RunFolder:
        """The folder of the stack ``name``."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", name):
            raise WorkshopError(
                f"{name!r} cannot name a stack.",
                hint="use 1 to 40 letters, digits, '-', '_' or '.', the first a letter or digit.",
            )
        return cls(runs_folder() / name)

    @property
    def of_containers(self) -> RunFolder:
        """The folder of the stack of this name in containers: deleting one leaves the other."""
        return RunFolder(self.path.parent / ".containers" / self.name)

    @property
    def name(self) -> str:
        """The name of the stack."""
        return self.path.name

    @property
    def control(self) -> Path:
        """The socket on which the supervisor answers."""
        return self.path / "control"

    @property
    def record(self) -> Path:
        """The last status that the supervisor wrote; gone after a clean stop."""
        return self.path / "status.json"

    @property
    def logs(self) -> Path:
        """One log file for every process."""
        return self.path / "logs"

    @property
    def conf(self) -> Path:
        """The configuration, on the engine's class path; the rendered ``module.yaml`` is in it."""
        return self.path / "conf"

    @property
    def broker(self) -> Path:
        """What the broker keeps: the topics."""
        return self.path / "broker"

    @property
    def checkpoints(self) -> Path:
        """What the engine keeps: checkpoints and savepoints."""
        return self.path / "checkpoints"

    @property
    def saved(self) -> Path:
        """Names a checkpoint that existed, so that its loss is noticed."""
        return self.path / "saved"

    @property
    def engine(self) -> Path:
        """Names the version of the engine that made the checkpoints: no other reads them."""
        return self.path / "engine"

    @property
    def key_groups(self) -> Path:
        """Says how many key groups the checkpoints have, where the engine did not choose that."""
        return self.path / "key-groups"

    @property
    def skipped(self) -> Path:
        """One file for every record that the ingress must skip."""
        return self.path / "skipped"

    @property
    def jars(self) -> Path:
        """One link for every jar, so that class paths need no other folder."""
        return self.path / "jars"

    @property
    def tmp(self) -> Path:
        """Scratch files of all processes, emptied at each start."""
        return self.path / "tmp"

    def inside(self, path: Path) -> str:
        """Return the name of a path from within the folder.

        Every Java process runs in the folder of its stack and is given only such names, so that
        none of their many syntaxes ever has to read the folder's own path, whatever it contains.
        """
        return str(path.relative_to(self.path))

    def contents(self) -> str:
        """Say what is lost with the folder and how large it is; empty if there is no folder."""
        if not self.path.exists():
            return ""
        kinds = {
            "the topics with their names and greetings": self.broker,
            "what the functions remember": self.checkpoints,
            "the logs": self.logs,
        }
        sizes = {kind: sum(size for _, size in file_sizes(at)) for kind, at in kinds.items()}
        return ", ".join(f"{kind} ({size / 1e6:.1f} MB)" for kind, size in sizes.items())

    def make(self) -> None:
        """Create the folder and its parts, private to the user."""
        parts = (self.logs, self.conf, self.broker, self.checkpoints, self.jars, self.tmp)
        for folder in (self.path.parent, self.path, *parts):
            make_folder(folder, "WORKSHOP_RUNS", private=True)
        self.path.chmod(0o700)  # It may have been there, copied from elsewhere.
