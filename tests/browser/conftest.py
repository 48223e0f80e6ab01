"""A browser, and a JupyterLab to open in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.chromium import launch
from browser.firefox import FirefoxPage
from browser.lab import Lab
from workshop.paths import ROOT

PATIENCE = 120_000
"""Milliseconds. Generous: no test asserts how long something takes."""

SHOTS = ROOT / "build" / "screenshots"


# Not for the session: Playwright has an event loop in this thread until it ends, and a test that
# comes later could not have one of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all of these tests."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        made = launch(playwright)
        yield made
        made.close()


# Beside the other: that is what keeps it in one process with the site.
@pytest.fixture
def firefox(browser: Browser, tmp_path: Path) -> Iterator[FirefoxPage]:
    """A page of Firefox, with no network but this machine."""
    page = FirefoxPage(tmp_path)
    yield page
    page.close()


@pytest.fixture(scope="package")
def lab(kernels: None, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose kernels find the tests' stacks."""
    made = Lab(tmp_path_factory.mktemp("lab"))
    yield made
    made.close()


@pytest.fixture
def new_page(browser: Browser, lab: Lab) -> Iterator[Callable[..., Page]]:
    """Make pages of any width; they and their kernels end with the test."""
    contexts = []

    def make(width: int = 1280, height: int = 1000) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
    lab.end_kernels()


@pytest.fixture
def shots() -> Path:
    """Where pictures of the pages are kept."""
    return SHOTS
