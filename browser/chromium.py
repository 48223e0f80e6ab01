"""Debian's Chromium: Playwright's own is a download that not every machine may make."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NO_CHROMIUM = "There is no Chromium; on Debian and Ubuntu: sudo apt-get install chromium"

# Quiet: it must neither look for a network nor ask anything. Root has no sandbox.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright, *more: str) -> Browser:
    """Start a browser with an empty profile, and with ``more`` options.

    Raises
    ------
    FileNotFoundError
        When there is no Chromium.
    """
    if (program := chromium()) is None:
        raise FileNotFoundError(NO_CHROMIUM)
    return playwright.chromium.launch(executable_path=program, args=[*OPTIONS, *more])
