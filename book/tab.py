"""The lessons that run in a browser tab: a JupyterLab of static files, and a Python for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from book import packages, pyodide
from workshop.errors import WorkshopError
from workshop.machine import LESSONS_IN_BROWSER
from workshop.paths import ROOT
from workshop.series.lessons import Lesson

NAME = "run"
"""The part of the site that runs lessons."""

STATIC = Path(__file__).parent / "static"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
# Where what a learner writes lies in the browser: it is kept when the tab is closed.
DRIVE = "/drive"

_OPTIONS = {
    # JupyterLite would install this one. It is there when it is asked for.
    "packages": [*packages.EARLY, "jedi"],
    "env": {"HOME": "/home/pyodide", "WORKSHOP_PROGRESS": f"{DRIVE}/progress.json"},
}
_CONFIGURATION: dict[str, Any] = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "Stateful Functions",
        "exposeAppInBrowser": True,
        "litePluginSettings": {
            f"{KERNEL}:kernel": {
                "disablePyPIFallback": True,
                "loadPyodideOptions": _OPTIONS,
            }
        },
    },
}
_SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


def runs_in_browser(lesson: Lesson) -> bool:
    """Whether a lesson needs nothing that a browser tab has not."""
    return lesson.number in LESSONS_IN_BROWSER


def build(lessons: Sequence[Lesson], site: Path) -> None:
    """Build the part of a site that runs lessons.

    Parameters
    ----------
    lessons
        The lessons, as they stand.
    site
        The site; what is in its part `NAME` is deleted before.

    Raises
    ------
    WorkshopError
        When JupyterLite cannot be built.
    """
    output = site / NAME
    shutil.rmtree(output, ignore_errors=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _write_static(folder / "lite" / "static" / "pyodide")
        _write_contents(lessons, folder / "contents")
        _write_json(folder / "lite" / "jupyter-lite.json", _CONFIGURATION)
        _write_json(folder / "lite" / "overrides.json", _SETTINGS)
        _write_json(
            folder / "lite" / "jupyter_lite_config.json", {"LiteBuildConfig": _extensions()}
        )
        _build_lite(folder, output)
    _write_manifest(output)
    for name in ("greeting.js", "python.mjs"):
        shutil.copy(STATIC / name, output / "static")
    _write_worker(output)
    script = '<script src="../../_static/tab.js"></script>'
    page = output / "notebooks" / "index.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<head>", f"<head>{script}", 1), encoding="utf-8")


def _write_static(folder: Path) -> None:
    folder.mkdir(parents=True)
    info = pyodide.copy_to(folder)
    kernel = _installed_kernel() / "static" / "pypi"
    wheels = (one for one in kernel.glob("*.whl") if "widgetsnbextension" not in one.name)
    packages.write(folder, wheels, info)


def _installed_kernel() -> Path:
    """Where pip has put the kernel: beside JupyterLite, in a folder of their own."""
    return packages.LITE / "share" / "jupyter" / "labextensions" / KERNEL


def _extensions() -> dict[str, list[str]]:
    """The extensions of the page: the kernel. None that is installed by chance.

    No lesson that runs here shows a widget, and those of Jupyter made a third of the page's work.
    """
    return {
        "federated_extensions": [str(_installed_kernel())],
        "ignore_sys_prefix": ["federated_extensions"],
    }


def _write_contents(lessons: Sequence[Lesson], folder: Path) -> None:
    """Write what the learner's files are at first: the lessons, and what their cells read."""
    (folder / "notebooks").mkdir(parents=True)
    for lesson in lessons:
        made = nbformat.from_dict(lesson.notebook)
        made.metadata.kernelspec = {
            "name": "python",
            "display_name": "Python",
            "language": "python",
        }
        nbformat.write(made, folder / "notebooks" / lesson.path.name)
    # Lesson 06 shows the greeter's own files.
    greeter = (f"{path.relative_to(ROOT)}" for path in (ROOT / "greeter").glob("*.py"))
    for name in (*packages.OUR_FILES, *greeter):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _build_lite(folder: Path, output: Path) -> None:
    apps = [part for app in ("notebooks", "tree") for part in ("--apps", app)]
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "jupyterlite_core",
        "build",
        "--lite-dir",
        folder / "lite",
    ]
    command += ["--output-dir", output, "--contents", folder / "contents", *apps]
    command += ["--no-unused-shared-packages", "--no-sourcemaps"]
    done = subprocess.run(
        command,
        # It keeps a record of what it built where it runs; an earlier build must leave none.
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(packages.LITE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise WorkshopError(
            f"JupyterLite could not be built. It said:\n{done.stdout}",
            hint="look at its last lines; make clean and make site begin from nothing.",
        )


def _write_worker(output: Path) -> None:
    """Write the worker that is started early: the kernel's own, and Python begins in it."""
    extension = output / "extensions" / KERNEL / "static"
    (kernel,) = extension.glob("comlink.worker.*.js")
    options = {**_OPTIONS, "packages": packages.EARLY}
    lines = (
        # First: messages may be there before Python is.
        f'import "../{kernel.relative_to(output).as_posix()}";',
        'import { begin } from "./python.mjs";',
        f"begin({json.dumps(options)});",
    )
    (output / "static" / "worker.mjs").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Not in the configuration: JupyterLite writes there where it found Pyodide.
    path = output / "jupyter-lite.json"
    lite = json.loads(path.read_text(encoding="utf-8"))
    plugins = lite["jupyter-config-data"]["litePluginSettings"]
    plugins[f"{KERNEL}:kernel"]["pyodideUrl"] = "./static/python.mjs"
    _write_json(path, lite)


def _write_manifest(output: Path) -> None:
    """Write down what has to arrive before a first cell runs, and how large it is."""
    static = output / "static" / "pyodide"
    lock = json.loads((static / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    waiting, early = list(packages.EARLY), set()
    while waiting:
        name = waiting.pop()
        if name not in early:
            early.add(name)
            waiting += lock[name]["depends"]
    names = [*pyodide.FILES, *sorted(lock[name]["file_name"] for name in early)]
    _write_json(static / "early.json", {name: (static / name).stat().st_size for name in names})
