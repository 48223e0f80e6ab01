"""The Python packages of the browser: made of those that are installed here, so they are the same.

Pyodide unpacks wheels. Each is written again from what pip has installed, with the parts that run:
Python's own files and no tests. What has parts in C goes without them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from book import compiled, late
from workshop.errors import WorkshopError
from workshop.paths import ROOT

LITE = Path(sys.prefix) / "lite"
"""JupyterLite and what comes with it: apart, since JupyterLab itself must not load its kernel."""

SDK = "apache-flink-statefun"
OURS = "statefun-workshop"
# What the lessons and the kernel ask for; the rest follows from what these require.
WANTED = SDK, "ipython", "comm", "micropip", "requests"
OUR_FOLDERS = "greeter", "generator", "workshop"
OUR_FILES = "module.yaml", "protos/messages.proto"
OUR_NEEDS = "platformdirs", "protobuf", "pyyaml", SDK
EARLY = (
    *("late", "ipykernel", "comm", "pyodide-kernel", "ipython", "micropip", "piplite"),
    *("protobuf", SDK, "pyyaml", OURS),
)
"""Loaded before the first cell runs; all else when it is imported."""
IMPORTS = "late", "piplite.piplite", "pyodide_kernel", "statefun"
"""What is imported before the first cell runs."""
# Whole: lessons import now this and now that of them. The late ones add nothing to a first visit.
COMPILED = (
    *("google/protobuf", "greeter", "statefun", "workshop/exercises"),
    *("flask", "jedi/api", "jedi/inference", "jedi/plugins", "kafka", "parso", "requests"),
    *("urllib3", "werkzeug"),
)

# A page never runs these: tests, and what is for terminals, other systems or other formats.
_LEFT_OUT = re.compile(
    r"(^|/)(tests?|_vendor/.*|__pycache__)/"
    r"|^prompt_toolkit/contrib/|^IPython/sphinxext/"
    r"|^jedi/third_party/(django-stubs|typeshed/stubs)/"
    # Of the colors for 500 languages those that IPython imports.
    r"|^pygments/lexers/(?!__init__|_mapping|_(css|lilypond|scheme)_builtins"
    r"|(css|data|html|javascript|jvm|lilypond|lisp|markup|perl|python|ruby|shell)\.py)"
    r"|^google/protobuf/(compiler|testdata)/"
)
_COMPILED = ".so", ".pyc", ".pyd", ".dylib", ".c", ".pyx", ".pth"
# Pyodide reads no .pth files: what statefun-protobuf's does is done where it is needed.
_BRIDGE = b"import statefun_protobuf; statefun_protobuf.install()\n"
# Modules of the environment that a browser's Python needs no package for.
_NOT_THERE = frozenset({"exceptiongroup", "pexpect", "psutil", "typing-extensions", "tomli"})
# IPython's terminal has these, and no page has a terminal.
_NOT_THERE |= {"prompt-toolkit", "wcwidth"}
# IPython asks for it when somebody presses Tab.
_NOT_AT_ONCE = frozenset({("ipython", "jedi")})
_BROWSER = {
    **{"python_version": "3.14", "python_full_version": "3.14.0", "implementation_name": "cpython"},
    **{"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix"},
    **{"platform_machine": "wasm32", "platform_python_implementation": "CPython", "extra": ""},
}

Contents = dict[str, bytes]


@dataclass(frozen=True)
class Wheel:
    """A package for the browser: its name, version, files and the names of those it needs."""

    name: str
    version: str
    contents: Contents
    needs: tuple[str, ...]

    @property
    def imports(self) -> list[str]:
        """The modules that load it when a cell imports one of them."""
        found = {PurePosixPath(name).parts[0] for name in self.contents if name.endswith(".py")}
        return sorted(
            name.removesuffix(".py") for name in found if name.isidentifier() or "." in name
        )

    def write(self, folder: Path) -> Path:
        """Write it. Equal contents make equal files."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        path = folder / f"{stem}-py3-none-any.whl"
        about = {
            "METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        told = {f"{stem}.dist-info/{name}": text.encode() for name, text in about.items()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
            for name, data in sorted({**self.contents, **told}.items()):
                made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return path


def write(folder: Path, kernel: Iterable[Path], info: dict[str, Any]) -> None:
    """Write all packages into Pyodide's folder, and the list by which it finds them.

    Parameters
    ----------
    folder
        Where Pyodide is.
    kernel
        The wheels of the kernel.
    info
        What Pyodide's own list says of itself.
    """
    wheels = {
        wheel.name: wheel
        for wheel in (*_installed(), _sdk(), _ours(), _late(), *map(_read, kernel))
    }
    paths = {name: wheel.write(folder) for name, wheel in sorted(wheels.items())}
    _write_lock(folder, wheels, paths, info)
    if compiled.add_to(folder, (*EARLY, *late.PACKAGES), IMPORTS, COMPILED):
        _write_lock(folder, wheels, paths, info)


def _write_lock(
    folder: Path, wheels: dict[str, Wheel], paths: dict[str, Path], info: dict[str, Any]
) -> None:
    packages = {
        name: {
            "name": name,
            "version": wheels[name].version,
            "file_name": path.name,
            "install_dir": "site",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "package_type": "package",
            "imports": wheels[name].imports,
            "depends": sorted(need for need in wheels[name].needs if need in wheels),
            "unvendored_tests": False,
        }
        for name, path in paths.items()
    }
    lock = json.dumps({"info": info, "packages": packages}, indent=1)
    (folder / "pyodide-lock.json").write_text(lock, encoding="utf-8")


def _installed() -> Iterator[Wheel]:
    """What is wanted, and what that requires in a browser."""
    waiting, known = [*WANTED, *OUR_NEEDS, *late.PACKAGES], set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in known or name in _NOT_THERE:
            continue
        known.add(name)
        found = _distribution(name)
        needs = _needs(found)
        waiting += needs
        needs = [need for need in needs if (name, need) not in _NOT_AT_ONCE]
        if name != SDK:
            yield Wheel(name, found.version, _files(found), tuple(needs))


def _distribution(name: str) -> Distribution:
    found = next(iter(Distribution.discover(name=name, path=[*sys.path, str(LITE)])), None)
    if found is None:
        raise WorkshopError(f"{name} is not installed, and a browser needs it.", hint="make site")
    return found


def _needs(found: Distribution) -> list[str]:
    requirements = [Requirement(text) for text in found.requires or []]
    return [
        canonicalize_name(one.name)
        for one in requirements
        if one.marker is None or one.marker.evaluate(_BROWSER)
    ]


def _files(found: Distribution) -> Contents:
    contents = {}
    for file in found.files or []:
        name = file.as_posix()
        outside = name.startswith("..") or ".dist-info/" in name
        if not outside and file.suffix not in _COMPILED and not _LEFT_OUT.search(name):
            contents[name] = Path(str(file.locate())).read_bytes()
    if not contents:
        raise WorkshopError(f"Nothing is installed of {found.name}.", hint="make setup")
    return contents


def _sdk() -> Wheel:
    """The SDK as it is, but for one line: what its ``.pth`` file would do."""
    found = _distribution(SDK)
    contents = _files(found)
    contents["statefun/__init__.py"] = _BRIDGE + contents["statefun/__init__.py"]
    bridge = ROOT / "statefun-protobuf" / "statefun_protobuf.py"
    contents[bridge.name] = bridge.read_bytes()
    return Wheel(SDK, found.version, contents, ("protobuf",))


def _ours() -> Wheel:
    contents = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in OUR_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".pyi", ".js", ".css") and not _LEFT_OUT.search(str(path))
    }
    contents |= {name: (ROOT / name).read_bytes() for name in OUR_FILES}
    return Wheel(OURS, _distribution(OURS).version, contents, OUR_NEEDS)


def _late() -> Wheel:
    source = Path(late.__file__).read_bytes()
    return Wheel("late", _distribution(OURS).version, {"late.py": source}, ())


def _read(path: Path) -> Wheel:
    """Read a wheel of the kernel."""
    name, version = path.name.split("-")[:2]
    with zipfile.ZipFile(path) as wheel:
        contents = {one: wheel.read(one) for one in wheel.namelist() if ".dist-info/" not in one}
        (about,) = (one for one in wheel.namelist() if one.endswith(".dist-info/METADATA"))
        required = re.findall(
            r"^Requires-Dist: ([\w.-]+)", wheel.read(about).decode(), re.MULTILINE
        )
    needs = tuple(canonicalize_name(one) for one in required)
    return Wheel(canonicalize_name(name), version, contents, needs)
