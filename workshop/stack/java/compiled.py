"""Our own classes for the Java programs of the stack: compiled once, from ``java/``, and kept.

They keep a program on loopback and from other users (``owner.py``), and let the engine step over a
record (``poison.py``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from workshop.children import environment, run
from workshop.errors import WorkshopError
from workshop.paths import cache_folder, make_folder
from workshop.stack.folders import RunFolder
from workshop.stack.java.jars import class_path, link_jars, read_lock
from workshop.stack.java.jvm import EXPORTS, JAVA

SOURCES = Path(__file__).with_name("sources")
NAME = "statefun-workshop.jar"


class NotMade(WorkshopError):
    """Java could not make a product."""


def compiled() -> Path:
    """Return the jar with our classes, compiling it if necessary.

    Raises
    ------
    WorkshopError
        When it can be neither found nor made.
    """
    files = sorted(SOURCES.rglob("*.java"))
    jars = sorted(jar.sha256 for jar in read_lock() if jar.sets & {"compiler", "engine"})
    key = key_of([*(file.read_bytes() for file in files), *(sha256.encode() for sha256 in jars)])
    return make(key, NAME, _compile)


def ours(folder: RunFolder) -> str:
    """The name of that jar in a run folder."""
    return folder.inside(folder.jars / NAME)


def _compile(folder: RunFolder, product: Path) -> None:
    # By names from within the folder, as whatever Java is told: see RunFolder.inside.
    shutil.copytree(SOURCES, folder.path / "java")
    options = ["-21", "-proc:none", "-encoding", "UTF-8", "-d", "classes", *EXPORTS]
    compiler = ["-jar", class_path(folder, "compiler")]
    run_java(folder, *compiler, *options, "-cp", class_path(folder, "engine"), "java")
    classes = folder.path / "classes"
    with zipfile.ZipFile(product, "w") as archive:
        for file in sorted(classes.rglob("*.class")):
            archive.write(file, file.relative_to(classes))


def run_java(folder: RunFolder, *arguments: str) -> None:
    """Run Java in a folder, until it ends.

    Raises
    ------
    NotMade
        When it fails.
    """
    done = run([JAVA, *arguments], cwd=folder.path, env=environment(folder.tmp))
    if done.returncode:
        raise NotMade(
            f"Java could not prepare the stack (exit code {done.returncode}):\n"
            f"{done.stdout[-2000:]}"
        )


def key_of(parts: Iterable[bytes]) -> str:
    """Return a name that stands for everything a product is made from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _places() -> list[Path]:
    """Where products may be: beside the jars, shared by everybody, or in the user's own cache."""
    beside = read_lock()[0].path.parent.parent
    return [one / "java" for one in dict.fromkeys([beside, cache_folder()])]


def found(key: str, name: str) -> Path | None:
    """A product that was made before; None if there is none."""
    products = (place / key / name for place in _places())
    return next((product for product in products if os.access(product, os.R_OK)), None)


def make(key: str, name: str, produce: Callable[[RunFolder, Path], None]) -> Path:
    """Return a product, made by ``produce`` unless it is there.

    Parameters
    ----------
    produce
        Gets a folder with links to all jars, as a stack has one, and the file to write.
    """
    made = found(key, name)
    if made is not None:
        return made
    place = writable() or _places()[-1]
    make_folder(place / key, "WORKSHOP_CACHE")
    made = place / key / name
    with tempfile.TemporaryDirectory(dir=made.parent, prefix=".partial-") as scratch:
        folder = RunFolder(Path(scratch) / "run")
        folder.make()
        link_jars(folder)
        product = Path(scratch) / name
        produce(folder, product)
        product.replace(made)
    return made


def writable() -> Path | None:
    """The first of those places where a product can be put."""

    def lowest(path: Path) -> Path:
        return next(one for one in [path, *path.parents] if one.exists())

    return next((place for place in _places() if os.access(lowest(place), os.W_OK)), None)
