"""The wheels that a machine needs, downloaded on another one that may be of a different kind."""

from __future__ import annotations

import ast
import email
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from workshop.errors import WorkshopError
from workshop.paths import ROOT

BUILT_HERE = (ROOT / "pyproject.toml", ROOT / "statefun-protobuf" / "pyproject.toml")
"""What the set-up builds; the tools that build it must be there as well."""


def download(folder: Path, python: str, platform: str | None = None) -> None:
    """Fetch every wheel that ``make setup`` installs, or builds with, into ``folder``.

    Parameters
    ----------
    python
        Python's version on the machine, such as ``3.12``.
    platform
        The machine's platform as wheels name it, such as ``manylinux_2_28_x86_64`` for Linux with
        glibc 2.28 or newer, or ``macosx_14_0_arm64``. None means a machine like this one.

    Raises
    ------
    WorkshopError
        When pip cannot fetch one.
    """
    target = ["--python-version", python]
    target += [f"--platform={tag}" for tag in accepted(platform)] if platform else []
    pinned = [*_lines("requirements.txt"), *_lines("requirements-dev.txt"), *_build_tools()]
    _pip(folder, target, pinned)
    # Against what the SDK's metadata says: see requirements-fast.txt.
    _pip(folder, target, ["--no-deps", *_lines("requirements-fast.txt")])
    _pip(folder, target, ["--no-deps", *_lines("requirements-3x.txt")])
    # pip judges "only on Python 3.10" or "only on macOS" by where it runs itself.
    there = environment(python, platform)
    while absent := missing(folder, pinned, there):
        _pip(folder, target, sorted(absent))


def accepted(platform: str) -> list[str]:
    """Every platform whose wheels run on ``platform``, the best first.

    pip knows by itself that a newer macOS runs what was built for an older one, but not which
    Linux wheels ask for an older glibc.
    """
    named = re.fullmatch(r"manylinux(2014|_2_(\d+))_(\w+)", platform)
    if named is None:
        return [platform]
    newest, machine = int(named[2] or 17), named[3]
    tags = []
    for glibc in range(newest, 4, -1):
        tags.append(f"manylinux_2_{glibc}_{machine}")
        if older := {17: "2014", 12: "2010", 5: "1"}.get(glibc):
            tags.append(f"manylinux{older}_{machine}")
    return tags


def environment(python: str, platform: str | None) -> dict[str, str]:
    """What the markers of requirements see on the machine; see :func:`download`."""
    there = {key: str(value) for key, value in default_environment().items()}
    there |= {"python_version": python, "python_full_version": f"{python}.0"}
    if platform:
        apple = platform.startswith("macosx")
        there |= {
            "os_name": "posix",
            "sys_platform": "darwin" if apple else "linux",
            "platform_system": "Darwin" if apple else "Linux",
            "platform_machine": re.sub(r"^[a-z]+(_?\d+)*_", "", platform),
        }
    return there


def missing(folder: Path, wanted: Iterable[str], there: Mapping[str, str]) -> set[str]:
    """Return the requirements of ``wanted``, and of theirs, that no wheel in ``folder`` meets."""
    wheels: dict[str, list[Path]] = {}
    for path in folder.glob("*.whl"):
        wheels.setdefault(parse_wheel_filename(path.name)[0], []).append(path)
    absent: set[str] = set()
    todo = [Requirement(line) for line in wanted]
    seen = set()
    while todo:
        one = todo.pop()
        if str(one) in seen:
            continue
        seen.add(str(one))
        fitting = [
            path
            for path in wheels.get(canonicalize_name(one.name), [])
            if one.specifier.contains(parse_wheel_filename(path.name)[1], prereleases=True)
        ]
        if not fitting:
            absent.add(f"{one.name}{''.join(sorted(_extras(one)))}{one.specifier}")
        for path in fitting:
            for line in _requires(path):
                inner = Requirement(line)
                marker, inner.marker = inner.marker, None
                cases = [{**there, "extra": extra} for extra in ("", *one.extras)]
                if marker is None or any(marker.evaluate(case) for case in cases):
                    todo.append(inner)
    return absent


def _extras(one: Requirement) -> list[str]:
    return [f"[{','.join(sorted(one.extras))}]"] if one.extras else []


def _requires(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = email.message_from_bytes(archive.read(name))
    return [str(line) for line in metadata.get_all("Requires-Dist", [])]


def _lines(file: str) -> list[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _build_tools() -> list[str]:
    found: list[str] = []
    for file in BUILT_HERE:
        (tools,) = re.findall(
            r"^requires = (\[.*\])$", file.read_text(encoding="utf-8"), re.MULTILINE
        )
        found += ast.literal_eval(tools)
    return found


def _pip(folder: Path, target: Sequence[str], what: Sequence[str]) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", f"--dest={folder}"]
    command = [sys.executable, "-m", "pip", "download", *options, *target, *what]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise WorkshopError(
            "pip could not fetch the wheels.",
            hint="connect to the network; for another machine, name its platform as pip does, "
            "such as --platform manylinux_2_28_x86_64 or --platform macosx_14_0_arm64.",
            details=done.stderr.strip(),
        )
