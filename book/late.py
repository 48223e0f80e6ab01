"""In the browser's Python: packages that arrive when a module first imports them.

Pyodide fetches what a cell imports, but not what a module imports that a cell imports. This does,
and waits: an import is no place for a promise.
"""

from __future__ import annotations

import io
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from importlib import invalidate_caches
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

PACKAGES = "flask", "jedi", "kafka-python", "requests"


class _Finder:
    """Finds the modules of late packages, also before they are there."""

    def __init__(self, folder: str) -> None:
        import pyodide_js  # type: ignore[import-not-found]

        self._folder = folder
        self._listed: Any = pyodide_js.lockfile.packages
        self._loaded: Any = pyodide_js.loadedPackages
        self._owners = {
            str(module): package
            for package in self._with_needs(PACKAGES)
            for module in self._about(package).imports
        }

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Say that a module can be had; whoever only asks fetches nothing."""
        return ModuleSpec(name, self) if name in self._owners else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Fetch the package, and let its module be loaded as one that was always there."""
        for package in self._with_needs([self._owners[spec.name]]):
            if not hasattr(self._loaded, package):
                self._fetch(package)
        invalidate_caches()
        found = PathFinder.find_spec(spec.name)
        if found is None:
            raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name)
        vars(spec).update(vars(found))

    def exec_module(self, module: ModuleType) -> None:
        """Never called: by then the module has a loader of its own."""
        raise NotImplementedError

    def _about(self, package: str) -> Any:
        return getattr(self._listed, package)

    def _with_needs(self, packages: Sequence[str]) -> list[str]:
        waiting, found = list(packages), list[str]()
        while waiting:
            package = waiting.pop()
            if package not in found:
                found.append(package)
                waiting += self._about(package).depends
        return found

    def _fetch(self, package: str) -> None:
        from js import XMLHttpRequest  # type: ignore[import-not-found]

        name = self._about(package).file_name
        asked = XMLHttpRequest.new()
        begin = asked.open
        begin("GET", self._folder + name, False)
        asked.responseType = "arraybuffer"
        asked.send()
        if asked.status != 200:
            raise ImportError(f"{package} did not arrive: {name}, status {asked.status}")
        with zipfile.ZipFile(io.BytesIO(asked.response.to_bytes())) as wheel:
            wheel.extractall(sysconfig.get_path("purelib"))
        setattr(self._loaded, package, "late")


def install(folder: str) -> None:
    """Let imports find the late packages.

    Parameters
    ----------
    folder
        The address of the folder that they are in, with a slash at its end.
    """
    # Before Pyodide's own, which knows them as well and says that they are not installed.
    sys.meta_path.insert(sys.meta_path.index(PathFinder) + 1, _Finder(folder))
