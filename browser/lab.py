"""JupyterLab as a process of the tests, and one of its notebooks as a page object."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

from workshop.paths import ROOT

START_SECONDS = 180
END_SECONDS = 60
RUN_SECONDS = 240
TOKEN = "tests"

# No question of a new user's first day, and nothing that looks for a network.
SETTINGS: dict[str, dict[str, object]] = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    # All cells are in the page, also those that are scrolled out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab:
    """A JupyterLab with folders of its own, on a free port.

    Parameters
    ----------
    folder
        An empty folder; the notebooks are in its part ``notebooks``.
    start
        The command that starts it.
    options
        More of them, for its command line.
    variables
        For its environment.
    """

    def __init__(
        self,
        folder: Path,
        start: Sequence[str] = (sys.executable, "-m", "jupyterlab"),
        options: Mapping[str, object] | None = None,
        **variables: str,
    ) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir()
        self.log = folder / "log"
        self._settings = folder / "settings" / "@jupyterlab"
        for name, values in SETTINGS.items():
            self._set(name, values)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
        environment = {
            **os.environ,
            **{f"JUPYTER_{place}_DIR": str(folder / name) for place, name in places.items()},
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])
            ),
            **variables,
        }
        options = {
            **(options or {}),
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": TOKEN,
            "LabApp.extension_manager": "readonly",
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        command = [*start, "--no-browser", "--allow-root"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self.root
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def theme(self, name: str) -> None:
        """Choose the theme of the pages that are opened from now on: ``Light`` or ``Dark``."""
        self._set("apputils-extension/themes", {"theme": f"JupyterLab {name}"})

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook with these code cells."""
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        )
        nbformat.write(made, self.root / name)

    def open(self, page: Page, name: str) -> OpenNotebook:
        """Open a notebook in a page."""
        page.goto(f"{self.url}/lab/tree/{name}?reset&token={TOKEN}")
        return OpenNotebook(page)

    def end_kernels(self) -> None:
        """End every kernel, and with it what its cells left running."""
        deadline = time.monotonic() + END_SECONDS
        for kernel in self.ask("GET", "kernels"):
            while True:
                try:
                    self.ask("DELETE", f"kernels/{kernel['id']}")
                    break
                except urllib.error.HTTPError:  # One that is just being restarted cannot be ended.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)

    def ask(self, method: str, what: str, **sent: object) -> Any:
        """Ask the server's REST interface."""
        asked = urllib.request.Request(
            f"{self.url}/api/{what}?token={TOKEN}",
            method=method,
            data=json.dumps(sent).encode() if sent else None,
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def close(self) -> None:
        """End JupyterLab and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _set(self, name: str, values: dict[str, object]) -> None:
        path = self._settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/api?token={TOKEN}", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                late = time.monotonic() > deadline
                assert not late and self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)


class OpenNotebook:
    """One notebook that is open in a page.

    Attributes
    ----------
    page
        The page.
    panel
        What holds its cells.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.panel.locator(".jp-Cell").first.wait_for(timeout=START_SECONDS * 1000)
        page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=START_SECONDS * 1000)
        self.wait_idle()

    def cell(self, index: int) -> Locator:
        """Return a cell."""
        return self.panel.locator(".jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """Return what a cell gave."""
        return self.cell(index).locator(".jp-Cell-outputWrapper")

    def run_all(self) -> None:
        """Run all cells and wait until the last one has ended."""
        is_code = "cells => cells.map(cell => cell.classList.contains('jp-CodeCell'))"
        kinds = self.panel.locator(".jp-Cell").evaluate_all(is_code)
        last = max(index for index, code in enumerate(kinds) if code)
        self._run(last, self.start_all)

    def start_all(self) -> None:
        """Run all cells; do not wait for anything."""
        self.cell(0).click()
        self._choose("Run", "runmenu:run-all")

    def run(self, index: int) -> None:
        """Run one cell and wait until it has ended."""
        self.cell(index).locator(".cm-content").click()
        self._run(index, lambda: self.page.keyboard.press("Control+Enter"))

    def edit(self, index: int, source: str) -> None:
        """Write something else into a cell."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def save(self) -> None:
        """Write the notebook to its file; that is done a moment later."""
        self._choose("File", "docmanager:save")

    def restart_only(self) -> None:
        """Restart the kernel and leave the outputs as they are; do not wait for anything."""
        self._choose("Kernel", "kernelmenu:restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()

    def restart(self) -> None:
        """Restart the kernel and clear all outputs, as its menu does, and wait for the new one."""
        self._choose("Kernel", "kernelmenu:restart-and-clear")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        # The outputs are cleared when the kernel has ended.
        self.panel.locator(".jp-OutputArea-child").first.wait_for(state="detached")
        self.wait_idle()

    def without_sidebar(self) -> None:
        """Give the notebook the whole width."""
        self.page.keyboard.press("Control+B")

    def prompt(self, index: int) -> str:
        """Return the brackets before a cell, with the number of its run."""
        return self.cell(index).locator(".jp-InputPrompt").inner_text()

    def _choose(self, menu: str, command: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(f'.lm-Menu-item[data-command="{command}"]').click()

    def _run(self, last: int, start: Callable[[], None]) -> None:
        """Run cells until the ``last`` has a new number, again if the kernel was not yet there."""
        before = self.prompt(last)
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            start()
            started = time.monotonic()
            while True:
                self.page.wait_for_timeout(100)
                now = self.prompt(last)
                if now != before and re.search(r"\d", now):
                    self.wait_idle()
                    return
                asked = [one.inner_text() for one in self.page.locator("dialog").all()]
                assert not asked, asked
                assert time.monotonic() < deadline, f"cell {last} did not run"
                if "*" in now:
                    started = time.monotonic()
                elif time.monotonic() > started + 5:
                    break

    def wait_idle(self) -> None:
        """Wait until the kernel is there and has nothing to do."""
        status = self.page.locator("#jp-main-statusbar", has_text="| Idle")
        status.wait_for(timeout=RUN_SECONDS * 1000)

    def top(self) -> None:
        """Show the beginning."""
        self.panel.locator(".jp-WindowedPanel-outer").evaluate("pane => pane.scrollTo(0, 0)")

    def shot(self, name: str, folder: Path) -> None:
        """Keep a picture of the page."""
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png")
