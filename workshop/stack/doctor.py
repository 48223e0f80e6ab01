"""Checks of this machine: each is a ✓, or shows the command that fixes it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from google.protobuf.internal import api_implementation

from workshop.children import environment
from workshop.errors import WorkshopError
from workshop.machine import IN_BROWSER
from workshop.paths import ROOT, made_runs_folder, make_folder, runs_folder
from workshop.stack.folders import RunFolder

if not IN_BROWSER:  # It has neither Java nor processes.
    from workshop.stack.java.engine import KERNEL_3, STATEFUN_3, Engine
    from workshop.stack.java.jars import bad_jars, read_lock
    from workshop.stack.java.jvm import ALIKE_EVERYWHERE, JAVA
    from workshop.stack.local.control import connect
    from workshop.stack.preflight import DISK_BYTES

ODD = (
    *("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONIOENCODING"),
)
"""What would change how Java or Python starts, besides proxies."""

OLDEST_PYTHON = (3, 10)
SET_UP = "make setup"


@dataclass(frozen=True)
class Diagnosis:
    """What one check found; ``fix`` is empty if all is well."""

    what: str
    fix: str = ""

    @property
    def good(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.fix

    def __str__(self) -> str:
        return f"✓ {self.what}" if self.good else f"✗ {self.what}\n    fix it with: {self.fix}"


def examine() -> list[Diagnosis]:
    """Run every check."""
    checks = (
        *(_system, _python, _packages, _kernel_3, _generated),
        *(_environment, _jars, _java, _disk, _ports, _stacks),
    )
    return _all(_python, _browser) if IN_BROWSER else _all(*checks)


def _all(*checks: Callable[[], Iterator[Diagnosis]]) -> list[Diagnosis]:
    return list(dict.fromkeys(finding for check in checks for finding in _found(check)))


def _found(check: Callable[[], Iterator[Diagnosis]]) -> Iterator[Diagnosis]:
    """What a check found; an error that says what to do is a finding too."""
    try:
        yield from check()
    except WorkshopError as error:
        yield Diagnosis(error.message, error.hint)


def _system() -> Iterator[Diagnosis]:
    if sys.platform == "win32":
        yield Diagnosis(
            "on Windows, the stack runs only inside WSL", "wsl --install, then start there"
        )
    else:
        yield Diagnosis(f"operating system: {sys.platform}")


def _browser() -> Iterator[Diagnosis]:
    """A browser tab: what it can do, and whether it keeps what a learner writes."""
    from js import navigator  # type: ignore[import-not-found]
    from pyodide.ffi import can_run_sync  # type: ignore[import-not-found]

    import_module("statefun")
    sdk, protobuf = version("apache-flink-statefun"), version("protobuf")
    yield Diagnosis(f"StateFun SDK {sdk} with protobuf {protobuf} ({api_implementation.Type()})")
    newer = "use today's Chrome, Edge or Firefox"
    yield Diagnosis(
        "this browser can wait within a function"
        if can_run_sync()
        else "this browser cannot wait within a function: all lessons run, but in the simulation "
        "an async def that awaits something does not",
        "" if can_run_sync() else newer,
    )
    kept = Path("/drive").is_dir()
    yield Diagnosis(
        "what you write, and your progress, stay in this browser"
        if kept
        else "your progress is lost when this page is closed: no service worker runs here",
        "" if kept else "open the site by https, or at localhost; not in a private window",
    )
    if memory := getattr(navigator, "deviceMemory", None):
        enough = memory >= 2
        yield Diagnosis(
            f"memory: at least {memory:g} GB, of which this page takes about one",
            "" if enough else "close other tabs, or use a machine with more memory",
        )
    yield Diagnosis("lessons 00 to 07 and 10 run here; the others need a machine with Java")


def _python() -> Iterator[Diagnosis]:
    found = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    old = sys.version_info < OLDEST_PYTHON
    fix = f"make setup PYTHON=/path/to/python{oldest} (or newer)" if old else ""
    yield Diagnosis(f"Python {found} (at least {oldest})", fix)


def _pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def _packages() -> Iterator[Diagnosis]:
    pins, lifted = _pins("requirements.txt"), _pins("requirements-fast.txt")
    wrong = []
    for name, pinned in pins.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        wanted = lifted.get(name, pinned)
        if found not in (pinned, wanted):
            wrong.append(f"{name} is {found}, not {wanted}")
    if wrong:
        yield Diagnosis("packages: " + "; ".join(wrong), SET_UP)
    else:
        yield from _protobuf(lifted["protobuf"])


def _protobuf(lifted: str) -> Iterator[Diagnosis]:
    sdk, found = version("apache-flink-statefun"), version("protobuf")
    what = f"StateFun SDK {sdk} with protobuf {found} ({api_implementation.Type()})"
    try:
        import_module("statefun")
    except Exception as error:  # Without statefun-protobuf/ protobuf raises an error of its own.
        yield Diagnosis(f"{what}: {str(error).splitlines()[0]}", SET_UP)
        return
    slower = "" if found == lifted else f"; {lifted}, which 'make setup' installs, is faster"
    yield Diagnosis(f"packages as pinned: {what}{slower}")


def _kernel_3(engine: Engine | None = None) -> Iterator[Diagnosis]:
    """The kernel of 3.x has an SDK of its own: nobody looks for it among the packages."""
    engine = engine or STATEFUN_3
    (wanted,) = _pins("requirements-3x.txt").items()
    found = {one.name: one.version for one in distributions(path=[f"{engine.sdk}"])}
    kernel = KERNEL_3 / "kernel.json"
    if found.get(wanted[0]) != wanted[1] or not kernel.exists():
        told = found.get(wanted[0], "missing")
        yield Diagnosis(f"kernel StateFun 3: {wanted[0]} is {told}, not {wanted[1]}", SET_UP)
        return
    jars = [jar for jar in engine.jars if not jar.is_good()]
    if not jars:
        yield Diagnosis(f"kernel StateFun 3: {wanted[0]} {wanted[1]}, and the jars of {engine}")
    elif any(jar.path.exists() for jar in jars):
        what = f"{len(jars)} of the jars of {engine} are missing or altered"
        yield Diagnosis(what, f"python -m workshop fetch --engine {engine.name}")
    else:
        size = sum(jar.size for jar in jars) / 1e6
        told = f"the first stack of {engine} fetches {size:.0f} MB"
        yield Diagnosis(f"kernel StateFun 3: {wanted[0]} {wanted[1]}; {told}")


def _generated() -> Iterator[Diagnosis]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "protos" / "messages.proto", folder)
        try:
            # From within the folder: protoc reads a colon in a path as the end of an option.
            subprocess.run(
                [import_module("protoc").PROTOC_EXE, "--python_out=.", "messages.proto"],
                cwd=folder,
                check=True,
            )
        except (ImportError, OSError, subprocess.CalledProcessError) as error:
            yield Diagnosis(f"the protobuf compiler does not run: {error}", SET_UP)
            return
        made = (Path(folder) / "messages_pb2.py").read_bytes()
    matches = made == (ROOT / "greeter" / "messages_pb2.py").read_bytes()
    yield Diagnosis(
        "greeter/messages_pb2.py matches protos/messages.proto"
        if matches
        else "greeter/messages_pb2.py was not made from protos/messages.proto as it is",
        "" if matches else "make protos",
    )


def _environment() -> Iterator[Diagnosis]:
    proxies = [name for name in os.environ if re.fullmatch("(?i)(https?|all|ftp)_proxy", name)]
    found = sorted([name for name in ODD if name in os.environ] + proxies)
    yield Diagnosis(
        f"environment: a stack does not see your {', '.join(found)}"
        if found
        else "environment: nothing that a stack must be shielded from"
    )


def _jars() -> Iterator[Diagnosis]:
    jars, bad = read_lock(), bad_jars()
    size = sum(jar.size for jar in jars) / 1e6
    if bad:
        make_folder(bad[0].path.parent, "WORKSHOP_CACHE")
        what = f"{len(bad)} of {len(jars)} jars are missing or altered in {bad[0].path.parent}"
        yield Diagnosis(what, "python -m workshop fetch")
    else:
        yield Diagnosis(f"{len(jars)} jars, {size:.0f} MB, in {jars[0].path.parent}")


def _java() -> Iterator[Diagnosis]:
    command = [str(JAVA), *ALIKE_EVERYWHERE, "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
        )
        lines = answer.stderr.splitlines() or ["no answer"]
        told = {key: value for key, _, value in (line.strip().partition(" = ") for line in lines)}
        version = next((line for line in lines if " version " in line), lines[-1])
        # Both come out right only if Java reads names of files as everybody else does.
        places = {"user.dir": ROOT, "java.home": JAVA.resolve().parents[1]}
        misread = [
            f"{told.get(key)} for {place}"
            for key, place in places.items()
            if told.get(key) != str(place)
        ]
        if answer.returncode or misread:
            yield Diagnosis(f"Java: {'; '.join(misread) or version}", SET_UP)
        else:
            yield Diagnosis(f"Java starts: {version}")
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Diagnosis(f"Java does not start: {error}", SET_UP)


def _disk() -> Iterator[Diagnosis]:
    folder = made_runs_folder()
    free = shutil.disk_usage(folder).free
    enough = free >= DISK_BYTES
    yield Diagnosis(
        f"disk: {free / 1e6:,.0f} MB free for stacks in {folder}",
        "" if enough else "export WORKSHOP_RUNS=/a/folder/on/another/disk",
    )


def _ports() -> Iterator[Diagnosis]:
    try:
        with socket.create_server(("127.0.0.1", 0)) as one:
            socket.create_connection(one.getsockname(), timeout=5).close()
        yield Diagnosis("ports: the loopback address can be used")
    except OSError as error:
        yield Diagnosis(f"no port can be used on 127.0.0.1: {error}", "ip link set lo up")


def _stacks() -> Iterator[Diagnosis]:
    folders = sorted(runs_folder().glob("*/")) if runs_folder().exists() else []
    stale = []
    for folder in (RunFolder(path) for path in folders if not path.name.startswith(".")):
        connection = connect(folder)
        if connection is not None:
            connection.close()
        elif folder.record.exists():
            stale.append(folder.name)
    for name in stale:
        what = f"stack {name} was killed and may have left processes"
        yield Diagnosis(what, f"python -m workshop down --name {name}")
    if not stale:
        yield Diagnosis("no stack was left half-running")
