"""The engines that a stack can run: the walkthrough's, and 3.x, which came after it.

All that one version wants otherwise than another is in its value here; nothing else knows versions.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError
from workshop.paths import MODULE, ROOT
from workshop.stack.folders import RunFolder
from workshop.stack.java.jars import LOCK, LOCK_3, Jar, read_lock

KERNEL_3 = Path(sys.prefix, "share", "jupyter", "kernels", "statefun-3")
"""The kernel of 3.x, which "make setup" puts there, with its SDK in a folder of its own."""


@dataclass(frozen=True)
class Engine:
    """One version of the engine, and what belongs to it.

    Attributes
    ----------
    name
        What ``python -m workshop up --engine`` takes.
    version
        Of StateFun.
    jar_set, lock
        The jars that make its class path, and the list that has them.
    module_format
        What :func:`workshop.stack.module.format_of` says of a module definition that it reads.
    module, serve, application
        What a stack runs unless it is told otherwise: the module definition, the package that
        serves its functions, and what that serves.
    sdk
        The folder of its SDK, if that is not the one of this environment.
    repeats_404
        Whether it calls a function that its endpoint does not have again and again, while the job
        looks as if it ran; else the job fails.
    settings
        What ``flink-conf.yaml`` says otherwise, or besides.
    compose
        What compose reads after ``docker-compose.yml``, which is for 2.2.
    """

    name: str
    version: str
    jar_set: str
    lock: Path
    module_format: str
    module: Path
    serve: str
    application: str
    sdk: Path | None = None
    repeats_404: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    compose: tuple[Path, ...] = ()

    @property
    def jars(self) -> list[Jar]:
        """What it needs besides the jars that every stack needs."""
        return [] if self.lock == LOCK else read_lock(self.lock)

    @property
    def python_path(self) -> list[str]:
        """Where a process that serves its functions looks for modules first."""
        return [] if self.sdk is None else [str(self.sdk)]

    def __str__(self) -> str:
        return f"StateFun {self.version}"


STATEFUN_2 = Engine(
    name="2",
    version="2.2.2",
    jar_set="engine",
    lock=LOCK,
    module_format="2.x",
    module=MODULE,
    serve="greeter",
    application="greeter.greeter:app",
)
STATEFUN_3 = Engine(
    name="3",
    version="3.3.0",
    jar_set="engine3",
    lock=LOCK_3,
    module_format="3.x",
    module=ROOT / "greeter3" / "module.yaml",
    serve="greeter3",
    application="greeter3.greeter:app",
    sdk=KERNEL_3 / "sdk",
    repeats_404=True,
    settings={
        # The names that Flink 1.13 gave to what was one setting.
        "state.backend": "hashmap",
        "state.checkpoint-storage": "filesystem",
        # Flink 1.16 adds up the parts of a TaskManager's memory, and each of them has to be told.
        "taskmanager.memory.jvm-metaspace.size": "256m",
        "taskmanager.memory.jvm-overhead.min": "192m",
        "taskmanager.memory.jvm-overhead.max": "192m",
    },
    compose=(ROOT / "docker-compose.3x.yml",),
)
ENGINES = {engine.name: engine for engine in (STATEFUN_2, STATEFUN_3)}


def engine_of(version: str) -> Engine:
    """Return the engine of a version.

    Raises
    ------
    WorkshopError
        When there is none.
    """
    for engine in ENGINES.values():
        if engine.version == version:
            return engine
    known = ", ".join(engine.version for engine in ENGINES.values())
    raise WorkshopError(f"There is no engine {version}.", hint=f"there are {known}.")


def version_of(folder: RunFolder) -> str:
    """The version that a folder is of; there was a time with one version only."""
    mark = folder.engine
    return mark.read_text(encoding="utf-8") if mark.exists() else STATEFUN_2.version
