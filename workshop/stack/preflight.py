"""What a stack needs before it can start: fixed if possible, otherwise reported with the fix."""

from __future__ import annotations

import shutil
import sys

from workshop.errors import WorkshopError
from workshop.paths import made_runs_folder
from workshop.stack.java.archives import prepare
from workshop.stack.java.engine import STATEFUN_2, Engine
from workshop.stack.java.jars import bad_jars, fetch_with_progress

DISK_BYTES = 500_000_000
"""Free space that a stack needs to start: for its topics, checkpoints and logs."""


class NotReady(WorkshopError):
    """This machine cannot run the stack yet."""


def check_before_start(engine: Engine = STATEFUN_2) -> None:
    """Fetch jars that are missing or altered, and prepare Java; raise unless a stack can start.

    Parameters
    ----------
    engine
        What it is to run.

    Raises
    ------
    NotReady
        When the system is not supported, the engine's SDK is missing or the disk is nearly full.
    JarError, NotMade
        When a jar could not be downloaded, or Java could not be prepared.
    """
    if sys.platform == "win32":
        raise NotReady("The stack needs Linux or macOS.", hint="on Windows, work inside WSL 2.")
    if engine.sdk is not None and not (engine.sdk / "statefun").exists():
        raise NotReady(f"The SDK of {engine} is not in {engine.sdk}.", hint="run: make setup")
    if missing := bad_jars(engine.jars):
        fetch_with_progress(missing)
    prepare("broker", engine.jar_set)
    folder = made_runs_folder()
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES:
        raise NotReady(
            f"The disk is nearly full: {free / 1e6:.0f} MB are free in {folder}, "
            f"but {DISK_BYTES / 1e6:.0f} MB are needed.",
            hint="free some space, or set WORKSHOP_RUNS to a folder on another disk.",
        )
