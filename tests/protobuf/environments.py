"""Interpreters with one protobuf or the other; both are installed by make."""

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from workshop.paths import ROOT

#: In front of the environment's own protobuf it is the one that is imported.
PINNED_FOLDER = Path(sys.prefix) / "pinned-protobuf"


class Environment(NamedTuple):
    """One of the two: ``pinned`` is the protobuf that the SDK asks for, ``lifted`` today's."""

    name: str
    version: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that select it, for a subprocess."""
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        if self.name == "pinned":
            assert PINNED_FOLDER.is_dir(), "run: make setup"
            variables["PYTHONPATH"] = str(PINNED_FOLDER)
        return variables

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run an interpreter to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.variables | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )


def pin(file: str) -> str:
    """The version of protobuf that a requirements file names."""
    (line,) = (
        line for line in (ROOT / file).read_text().splitlines() if line.startswith("protobuf==")
    )
    return line.removeprefix("protobuf==")


PINNED = Environment("pinned", pin("requirements.txt"))
LIFTED = Environment("lifted", pin("requirements-fast.txt"))


class Answerer:
    """A process that answers requests in one of the environments, see `tests.protobuf.answers`."""

    def __init__(self, environment: Environment) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.protobuf.answers"],
            env=environment.variables,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.protobuf = self._read().decode()

    def answer(self, request: bytes) -> bytes:
        """The response, or nothing when the handler raised."""
        assert self.process.stdin is not None
        self.process.stdin.write(struct.pack("<I", len(request)) + request)
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> bytes:
        assert self.process.stdout is not None
        (size,) = struct.unpack("<I", self.process.stdout.read(4))
        return self.process.stdout.read(size)

    def close(self) -> None:
        """End the process by closing its input."""
        self.process.communicate(timeout=30)
