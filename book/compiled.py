"""Modules for the browser's Python, compiled: it would compile each of them at each start."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from workshop.errors import WorkshopError

_SCRIPT = Path(__file__).parent / "static" / "compile.mjs"
_LIBRARY = "python_stdlib.zip"
# What a start imports is compiled, and all of the packages that lessons are about. The rest would
# be more to fetch than it saves.
_CODE = """
import sys
for name in {imports}:
    __import__(name)
import base64, importlib, importlib._bootstrap_external as external, json, pathlib

site = next(path for path in sys.path if path.endswith("site-packages"))
library = next(path for path in sys.path if path.endswith(".zip"))
found = {{getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}}
for folder in {folders}:
    found.update(map(str, pathlib.Path(site, folder).rglob("*.py")))
made = {{}}
for path in sorted(found):
    root = next((root for root in (site, library) if path.startswith(root + "/")), None)
    if root is None or not path.endswith(".py"):
        continue
    name = path[len(root) + 1:]
    if root == library:
        source = __import__("zipimport").zipimporter(library).get_data(path)
    else:
        source = pathlib.Path(path).read_bytes()
    code = compile(source, path, "exec", dont_inherit=True)
    # With a hash of the source that nobody checks: an archive keeps no times to compare.
    pyc = external._code_to_hash_pyc(code, bytes(8), False)
    made[name] = base64.b64encode(pyc).decode()
json.dumps([sys.implementation.cache_tag, made])
"""


def add_to(
    folder: Path, packages: Sequence[str], imports: Sequence[str], whole: Sequence[str]
) -> bool:
    """Add compiled modules to the archives in Pyodide's folder, beside their sources.

    Parameters
    ----------
    folder
        Where Pyodide is, with its packages.
    packages
        The packages to load.
    imports
        The modules to import: these, and what they import, are compiled.
    whole
        The folders of which everything is compiled.

    Returns
    -------
    bool
        Whether it could be done: it takes a Node, which comes with Playwright. Without it a site
        works as well, and starts more slowly.

    Raises
    ------
    WorkshopError
        When Node is there, and compiles nothing.
    """
    node = _node()
    if node is None:
        return False
    code = _CODE.format(imports=list(imports), folders=list(whole))
    done = subprocess.run(
        [node, _SCRIPT, folder, json.dumps(list(packages)), code],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise WorkshopError(
            f"Pyodide compiled nothing. It said:\n{done.stdout[-1000:]}{done.stderr[-3000:]}",
            hint="make clean and make site begin from nothing.",
        )
    tag, made = json.loads(done.stdout.splitlines()[-1])
    modules = {name: base64.b64decode(text) for name, text in made.items()}
    for archive in (folder / _LIBRARY, *sorted(folder.glob("*.whl"))):
        _extend(archive, modules, "" if archive.name == _LIBRARY else f".{tag}")
    return True


def _extend(archive: Path, modules: Mapping[str, bytes], tag: str) -> None:
    with zipfile.ZipFile(archive) as read:
        compiled = dict(_places(read.namelist(), modules, tag))
    if compiled:
        with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
            for name, data in sorted(compiled.items()):
                made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def _places(
    names: Iterable[str], modules: Mapping[str, bytes], tag: str
) -> Iterable[tuple[str, bytes]]:
    """Yield where Python looks for each: in an archive beside the source, else in a folder."""
    for name in modules.keys() & set(names):
        path = PurePosixPath(name)
        folder = path.parent / "__pycache__" if tag else path.parent
        yield str(folder / f"{path.stem}{tag}.pyc"), modules[name]


def _node() -> Path | None:
    """The Node of Playwright, else the one of this machine."""
    found = find_spec("playwright")
    if found is not None and found.origin is not None:
        for name in ("node", "node.exe"):
            if (ours := Path(found.origin).parent / "driver" / name).is_file():
                return ours
    other = shutil.which("node")
    return Path(other) if other else None
