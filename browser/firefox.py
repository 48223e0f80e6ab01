"""Debian's Firefox: Playwright drives only one that it has changed, so this speaks WebDriver BiDi.

See https://www.w3.org/TR/webdriver-bidi/.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import websocket

NO_FIREFOX = "There is no Firefox; on Debian and Ubuntu: sudo apt-get install firefox-esr"
ANSWERS_SECONDS = 600

# Whatever is not on this machine goes to a proxy that is not there: the page has no network.
_PREFERENCES: dict[str, str | int | bool] = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
}


def firefox() -> str | None:
    """Where the browser is."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class FirefoxPage:
    """A page of a new Firefox; has what :class:`browser.site.LessonTab` uses of Playwright's.

    Parameters
    ----------
    profile
        An empty folder for its profile.

    Raises
    ------
    FileNotFoundError
        When there is no Firefox.
    """

    def __init__(self, profile: Path) -> None:
        if (program := firefox()) is None:
            raise FileNotFoundError(NO_FIREFOX)
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", str(profile)]
        self._process = subprocess.Popen(
            [*command, "--remote-debugging-port", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        self._number = 0
        # With an Origin it would take us for a page, and refuse.
        self._socket = websocket.create_connection(
            f"{self._address()}/session", timeout=ANSWERS_SECONDS, suppress_origin=True
        )
        self._ask("session.new", capabilities={})
        self._context = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        """Open an address."""
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function with an argument; both it and the result are as in JSON."""
        asked = self._ask(
            "script.callFunction",
            functionDeclaration="async given => "
            f"JSON.stringify((await ({function})(JSON.parse(given))) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._context},
            awaitPromise=True,
        )
        if asked["type"] == "exception":
            raise RuntimeError(asked["exceptionDetails"]["text"])
        return json.loads(asked["result"]["value"])

    def wait_for_function(self, function: str, timeout: float) -> None:
        """Wait until a JavaScript function returns what is true: so many milliseconds at most."""
        deadline = time.monotonic() + timeout / 1000
        while not self.evaluate(f"async () => Boolean(await ({function})())"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{timeout / 1000:g} s, and still not {function}")
            time.sleep(0.2)

    def wait_for_timeout(self, timeout: float) -> None:
        """Wait so many milliseconds."""
        time.sleep(timeout / 1000)

    def close(self) -> None:
        """End the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.communicate(timeout=60)

    def _address(self) -> str:
        said = []
        for line in self._process.stderr or ():
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                return found[1]
            said.append(line)
        raise RuntimeError(f"Firefox ended: {''.join(said)}")

    def _ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]
