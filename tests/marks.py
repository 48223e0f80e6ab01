"""The marks that say what a test starts: set from its fixtures, and held to it.

Who starts a real stack, a kernel or a browser has the fixture that allows it, by itself or by way
of another fixture. Who starts one without it fails, whatever catches the error.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import is_hypothesis_test

from browser.chromium import NO_CHROMIUM, chromium
from browser.firefox import NO_FIREFOX, firefox
from tests import soak

MARKS = {"stacks": "stack", "kernels": "kernel", "browser": "browser", "amount": "soak"}
"""The mark of the tests that have a fixture. The first three allow a test to start something."""

SHARED = "stack"
"""The fixture that is one stack for all who ask for it."""

COMMANDS = {
    "stacks": r"workshop\.stack\.local\.supervisor|\bsupervisor\.main\(|python\S* -m workshop up\b",
    "kernels": (
        r"-m ipykernel_launcher|statefun-3/launch\.py|-m jupyterlab|/jupyter lab"
        r"|python\S* -m workshop run\b"
    ),
    "browser": r"playwright.* run-driver",
}
"""How a command looks that starts one of them."""

BROWSERS = {"browser": (chromium, NO_CHROMIUM), "firefox": (firefox, NO_FIREFOX)}
"""For the fixtures that open a browser: what finds it, and what is said where there is none."""

HARMLESS = re.compile(r"^unshare .* up$|--help$")
"""Of these none is started: a disk is full, or help is asked for."""

BROWSER = "WORKSHOP_BROWSER"
"""Tests of a browser that is not there are left out, unless this variable says ``required``."""


def uses(item: pytest.Item, fixture: str) -> bool:
    """Whether a test has a fixture, by itself or by way of another one."""
    return fixture in getattr(item, "fixturenames", ())


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.own_markers}


def _group(item: pytest.Item) -> str:
    """With which others a test runs in one process: with those that use what is long to start.

    A browser, a stack for all tests, or what a module makes for its own.
    """
    if "browser" in _marks(item):
        return "browser"
    if uses(item, SHARED):
        return SHARED
    definitions = getattr(item, "_fixtureinfo", None)
    fixtures = definitions.name2fixturedefs if definitions else {}
    of_module = any(one.scope == "module" for all in fixtures.values() for one in all)
    return item.nodeid.partition("::")[0] if of_module else ""


def _turn(item: pytest.Item) -> int:
    """When a test has its turn: what takes longest comes first, and short ones fill what is left.

    All that use the shared stack come together: it ends with the last of them. Those of the
    containers build on each other, and stay in their order.
    """
    marks = _marks(item) & {"stack", "kernel", "browser"}
    if "browser" in marks or item.path.parent.name == "compose":
        return 0
    if uses(item, SHARED):
        return 2
    return 1 if len(marks) > 1 else 3 if marks else 4


class Marks:
    """Sets the marks, and fails who starts what its marks do not say: a plugin of pytest."""

    def __init__(self) -> None:
        self._running: pytest.Item | None = None
        self._unmarked: list[str] = []
        self._left_out: list[pytest.Item] = []
        self._missing: dict[str, str] = {}
        # Hears of each process that this one starts, in whatever thread and by whatever library.
        sys.addaudithook(self._hear)

    # Around all others: the marks are set before "-m" chooses by them.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Iterator[None]:
        for item in items:
            for fixture, mark in MARKS.items():
                if uses(item, fixture):
                    item.add_marker(mark)
            if is_hypothesis_test(getattr(item, "function", None)):
                item.add_marker("soak")
            if soak.LONG and item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.timeout(soak.SECONDS), append=False)
            if group := _group(item):
                item.add_marker(pytest.mark.xdist_group(group))
        items.sort(key=_turn)
        result = yield
        if os.environ.get(BROWSER) != "required":
            found = ((fixture, told) for fixture, (at, told) in BROWSERS.items() if not at())
            self._missing = dict(found)
            self._left_out = [one for one in items if any(uses(one, it) for it in self._missing)]
            items[:] = [item for item in items if item not in self._left_out]
            config.hook.pytest_deselected(items=self._left_out)
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            tests = f"the tests that open a browser, {len(self._left_out)} in all"
            why = ". ".join(self._missing.values())
            terminalreporter.write_line(f"Left out: {tests}. {why}", yellow=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._running, self._unmarked = item, []
        try:
            return (yield)
        finally:
            self._running = None

    # Not only where it is raised: there it may be caught, or lost in a thread.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        result = yield
        assert not self._unmarked, "\n".join(self._unmarked)
        return result

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "subprocess.Popen" or self._running is None:
            return
        command = arguments[1]
        text = command if isinstance(command, str) else " ".join(map(str, command))
        if HARMLESS.search(text):
            return
        for fixture, looks in COMMANDS.items():
            if re.search(looks, text) and not self._running.get_closest_marker(MARKS[fixture]):
                told = f"It has no mark {MARKS[fixture]!r}, give it the fixture {fixture!r}: {text}"
                self._unmarked.append(told)
                raise RuntimeError(told)
