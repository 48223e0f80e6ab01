"""What all tests share: a run folder of their own, and one real stack."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import soak
from tests.marks import SHARED, Marks, uses
from workshop.stack import Stack
from workshop.stack.view import Progress

STACK = pytest.StashKey[Stack]()

# How many examples in a hundred are tried. Hypothesis fails one that takes longer than 200 ms: on a
# busy machine any of them may. "--hypothesis-profile" chooses another, before tests are imported.
# Only the long tests try others each time: what they find then does not stop another change.
for profile, of_hundred in {"all": 100, "quick": 20, "soak": 500}.items():
    settings.register_profile(
        profile, deadline=None, max_examples=of_hundred, derandomize=profile != "soak"
    )
settings.load_profile("soak" if soak.LONG else "all")

# A shell's background job ignores Ctrl+C, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Have the marks set, and held to."""
    config.pluginmanager.register(Marks())


@pytest.fixture(scope="session")
def stacks() -> None:
    """Allow a test to start real stacks: the broker and the engine."""


@pytest.fixture(scope="session")
def kernels() -> None:
    """Allow a test to start kernels, or JupyterLab."""


@pytest.fixture(scope="session")
def amount() -> Callable[[int, int], int]:
    """How much a test does that can run long: given both, the one that is asked for."""
    return soak.amount


@pytest.fixture(scope="session", autouse=True)
def runs() -> Iterator[Path]:
    """A folder for the stacks of this test run, so that no test meets a stack of the user."""
    with tempfile.TemporaryDirectory(prefix="workshop-tests-") as folder:
        os.environ["WORKSHOP_RUNS"] = folder
        os.environ["WORKSHOP_PROGRESS"] = f"{folder}/progress.json"
        os.environ.pop("WORKSHOP_STACK", None)
        yield Path(folder)


@pytest.fixture(scope="session")
def stack(stacks: None, runs: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack that is up. A test must not stop it or kill its parts."""
    shared = request.config.stash[STACK] = Stack("shared")
    shared.up(progress=Progress())
    yield shared
    shared.release()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the shared stack with the last test that uses it: an idle one takes a third of a core."""
    goes_on = nextitem is not None and uses(nextitem, SHARED)
    if STACK in item.config.stash and uses(item, SHARED) and not goes_on:
        item.config.stash[STACK].release()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have the shared stack up again for a test that is tried again, or that others separate."""
    if STACK in item.config.stash and uses(item, SHARED):
        item.config.stash[STACK].up(progress=Progress())


@pytest.fixture(scope="session")
def small_project(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two short lessons, which were executed."""
    from tests.made import executed_series  # Here, and only here, it is needed: it takes a second.

    project = tmp_path_factory.mktemp("project")
    executed_series(project)
    return project


@pytest.fixture(scope="session")
def small_book(small_project: Path) -> Path:
    """The site that the book of the small project is."""
    from book.__main__ import build

    copies = sorted((small_project / "executed").glob("*.ipynb"))
    return build(copies, small_project, small_project / "book").parent


@pytest.fixture(scope="module")
def for_all() -> Iterator[Path]:
    """A folder that other users of the machine may look into; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="workshop-for-all-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def name(stacks: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for a stack of one test's own; whatever it left running is ended."""
    own = f"own-{abs(hash(request.node.name)) % 10**6}"
    yield own
    Stack(own).down(forget=True)


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, at most so many seconds; then say what else is told."""

    def wait(
        condition: Callable[[], bool], seconds: float, told: Callable[[], object] = lambda: ""
    ) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            late = time.monotonic() > deadline
            assert not late, f"it did not come true within {seconds} s\n{told()}"
            time.sleep(0.05)

    return wait
