"""A pytest fixture: ``pytest_plugins = ["workshop.simulation.pytest_plugin"]`` in a conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest

from workshop.simulation.runtime import SimulatedRuntime

__all__ = ["simulate"]

MOST_EVENTS = 40
_FAILED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note for the fixture whether the test failed."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture
def simulate(request: pytest.FixtureRequest) -> Iterator[Callable[..., SimulatedRuntime]]:
    """Make simulated runtimes: ``simulate(functions, "module.yaml")``.

    It takes what `SimulatedRuntime` takes. When the test fails, the last events of each runtime are
    printed with the failure.
    """
    runtimes: list[SimulatedRuntime] = []

    def make(*args: object, **options: object) -> SimulatedRuntime:
        runtimes.append(SimulatedRuntime(*args, **options))  # type: ignore[arg-type]
        return runtimes[-1]

    yield make
    if request.node.stash.get(_FAILED, False):
        for runtime in runtimes:
            print(repr(runtime), repr(runtime.trace.last(MOST_EVENTS)), sep="\n")
