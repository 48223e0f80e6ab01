"""The site that runs lessons in a browser tab: served, and one lesson of it in a page."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from browser.firefox import FirefoxPage

READY_SECONDS = 300
RUN_SECONDS = 400
SETTLE_MS = 300
"""How long the last output may be on its way when all cells have run."""

_PANEL = "jupyterapp.shell.currentWidget"
_RUN = """async only => {
  const { content, sessionContext } = jupyterapp.shell.currentWidget;
  window.ended = false;
  (async () => {
    for (const [index, cell] of content.widgets.entries()) {
      if (cell.model.type !== "code" || (only !== null && index !== only)) continue;
      content.activeCellIndex = index;
      content.deselectAll();
      await jupyterapp.commands.execute("notebook:run-cell");
    }
    window.ended = true;
  })();
}"""


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012
        **SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
        ".mjs": "text/javascript",
        ".whl": "application/zip",
    }

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send a file; a page that is left takes no more of it."""
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Served:
    """A folder that is served on a free port of this machine: a context, which gives the address.

    Attributes
    ----------
    url
        Without a slash at its end.
    """

    def __init__(self, folder: Path) -> None:
        files = functools.partial(_Files, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), files)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class LessonTab:
    """A lesson that is open in a page.

    Parameters
    ----------
    page
        The page.
    url
        The address of the site.
    name
        The notebook's name.
    """

    def __init__(self, page: Page | FirefoxPage, url: str, name: str) -> None:
        self.page = page
        page.goto(f"{url}/run/notebooks/index.html?path=notebooks/{name}")
        page.wait_for_function(
            "() => document.querySelector('.jp-Notebook .jp-Cell')", timeout=READY_SECONDS * 1000
        )

    def wait_ready(self) -> None:
        """Wait until Python is there."""
        self.page.wait_for_function(
            f"() => {_PANEL}?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=READY_SECONDS * 1000,
        )

    def write(self, sources: Mapping[int, str]) -> None:
        """Put other sources into cells, by their number."""
        self.page.evaluate(
            f"""sources => {{ for (const [index, source] of Object.entries(sources))
                {_PANEL}.content.widgets[index].model.sharedModel.setSource(source) }}""",
            {str(index): source for index, source in sources.items()},
        )

    def run(self, only: int | None = None) -> list[dict[str, Any]]:
        """Run all cells, or one of them; return all with their outputs, also behind an error."""
        self.page.evaluate(_RUN, only)
        self.page.wait_for_function("() => window.ended", timeout=RUN_SECONDS * 1000)
        self.page.wait_for_timeout(SETTLE_MS)
        return self.cells()

    def cells(self) -> list[dict[str, Any]]:
        """Return the cells as they are now."""
        found: list[dict[str, Any]] = self.page.evaluate(
            f"() => {_PANEL}.content.model.toJSON().cells"
        )
        return found

    def end(self) -> None:
        """End its kernel."""
        self.page.evaluate(f"() => {_PANEL}.sessionContext.shutdown()")
