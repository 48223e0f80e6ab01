"""One archive that sets up a machine without a network: the repository, wheels and jars.

It holds the repository with one more folder, ``offline``. If that folder exists, ``make setup``
installs from it alone, and the jars come from it too.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from workshop.paths import ROOT
from workshop.room.wheels import download
from workshop.stack.java.engine import STATEFUN_2, Engine
from workshop.stack.java.jars import bad_jars, fetch_with_progress, read_lock

NAME = "statefun-workshop"

_TEXT = """\
Everything that the lessons need, for Python {python} on {platform}. Nothing is downloaded.

    make setup      or, to open the first lesson as well: make lab

It needs Python {python} with its module venv, and make. If python3 is a different version:

    make lab PYTHON=python{python}

Jars and wheels are compared with nothing on the way here: check the archive's own SHA-256. Each jar
is compared with its checksum in workshop/stack/java/jars.lock at every start.
"""


def write_bundle(
    archive: Path, python: str, platform: str | None = None, engine: Engine = STATEFUN_2
) -> None:
    """Write the archive; see :func:`workshop.room.wheels.download` for the machine's description.

    Parameters
    ----------
    engine
        Whose jars are in it, beside those that every stack needs.

    Raises
    ------
    WorkshopError
        When a wheel or a jar cannot be fetched. Then there is no archive.
    """
    if wanted := bad_jars(engine.jars):
        fetch_with_progress(wanted)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        wheels = Path(scratch) / "wheels"
        download(wheels, python, platform)
        # Not compressed: wheels and jars are.
        partial = Path(scratch) / archive.name
        with tarfile.open(partial, "w") as tar:
            for path in repository_files(ROOT):
                tar.add(path, f"{NAME}/{path.relative_to(ROOT)}", filter=_nobodys)
            tar.add(wheels, f"{NAME}/offline/wheels", filter=_nobodys)
            for jar in dict.fromkeys([*read_lock(), *engine.jars]):
                tar.add(jar.path, f"{NAME}/offline/jars/{jar.path.name}", filter=_nobodys)
            where = platform or "a machine like the one where this was made"
            _add_text(tar, "python", f"{python}\n")
            _add_text(tar, "README.txt", _TEXT.format(python=python, platform=where))
        partial.replace(archive)


def repository_files(root: Path) -> list[Path]:
    """Every file of the repository in ``root`` except what .gitignore names; works without git."""
    lines = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [".git", *(line.strip("/") for line in lines if line and not line.startswith("#"))]
    found: list[Path] = []
    todo = [root]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored):
                continue
            (todo if path.is_dir() and not path.is_symlink() else found).append(path)
    return sorted(found)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The archive reveals nothing about who made it, and everybody may read what is unpacked."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(f"{NAME}/offline/{name}")
    member.size = len(text.encode())
    tar.addfile(member, io.BytesIO(text.encode()))
