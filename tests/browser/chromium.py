"""Debian's Chromium: Playwright's own is a download that not every machine may make."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

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


def launch(playwright: Playwright) -> Browser:
    """Start a browser with an empty profile.

    Raises
    ------
    FileNotFoundError
        When there is no Chromium.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise FileNotFoundError(
            "There is no Chromium for the browser. On Debian and Ubuntu: apt-get install chromium"
        )
    return playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
