"""Processes that tests start or look at: those of a stack, and the command line."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from workshop.stack import Stack, StackError


def family(stack: Stack) -> list[psutil.Process]:
    """Every process of a running stack, its supervisor and its reaper among them."""
    status = stack.status()
    heads = [psutil.Process(status.supervisor)]
    return heads + [child for head in heads for child in head.children(recursive=True)]


def files_with(text: str, folder: Path) -> set[str]:
    """The files below a folder that hold a text, but for what is deleted meanwhile."""
    found = set()
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # An old checkpoint.
            if path.is_file() and text.encode() in path.read_bytes():
                found.add(str(path.relative_to(folder)))
    return found


def modes_below(folder: Path) -> dict[Path, int]:
    """The permissions of a folder and of all in it, but for what is deleted meanwhile.

    A link has none of its own: those of a run folder lead to the jars in the cache.
    """
    modes = {}
    for path in [folder, *folder.rglob("*")]:
        with contextlib.suppress(FileNotFoundError):  # An old checkpoint.
            if not stat.S_ISLNK(mode := path.lstat().st_mode):
                modes[path] = stat.S_IMODE(mode)
    return modes


def none_left(processes: list[psutil.Process]) -> bool:
    """Whether all of ``processes`` have ended."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def workshop(*arguments: str, **settings) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    command = [sys.executable, "-m", "workshop", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, **settings)


def on_a_small_disk(
    folder: Path, size: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with ``folder`` as a file system of ``size``, in a mount namespace of its own."""
    script = f'mount -t tmpfs -o size={size} none "{folder}" && exec "$@"'
    inside = ["sh", "-c", script, "sh", sys.executable, *arguments]
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", *inside],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def python_for_all() -> str:
    """A Python of this version that other logins may run, or this one's own."""
    own = sys._base_executable
    system = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    return system or own


PROGRAMS = {"kafka.Kafka": "broker", "org.apache.flink.": "engine"}


def mapped_archives(stack: Stack) -> dict[str, list[set[str]]]:
    """The archives that each Java process of a stack has mapped, by what it runs."""
    mapped = {}
    for process in family(stack):
        if process.name() == "java":
            program = next(PROGRAMS[part] for part in PROGRAMS if part in str(process.cmdline()))
            maps = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8")
            mapped.setdefault(program, []).append(set(re.findall(r"/(\w+)\.jsa", maps)))
    return mapped


ALL_MAPPED = {"broker": [{"broker"}], "engine": [{"engine"}] * 2}


def all_told(stack: Stack) -> str:
    """What a stack says of itself, and the ends of all its logs."""
    told = [str(stack.status())]
    for one in stack.services:
        with contextlib.suppress(StackError):
            told.append(f"{one}:\n{stack.logs(one, 60)}")
    return "\n\n".join(told)


def following(stack: Stack, service: str) -> list[str]:
    """A list that a thread fills with what a service prints from now on."""
    told: list[str] = []
    threading.Thread(target=told.extend, args=(stack.follow(service),), daemon=True).start()
    time.sleep(1)  # Until it has found the end of what was printed before.
    return told
