"""A server that ends idle kernels, as a hub does, and the panel and the dashboard in them."""

import time

import pytest
from playwright.sync_api import expect

from browser.lab import Lab
from tests.soak import amount
from workshop.live.audience import REST_SECONDS
from workshop.stack import Stack
from workshop.stack.view import Progress

pytestmark = pytest.mark.timeout(900)

# A beat comes every five seconds, and one may be late.
REST = amount(12, int(REST_SECONDS))
IDLE = {
    # Less than a kernel takes to rest: what keeps one that is watched alive is that it is watched.
    "MappingKernelManager.cull_idle_timeout": REST // 2,
    "MappingKernelManager.cull_interval": 1,
    "MappingKernelManager.cull_connected": True,
}
CELLS = """\
from workshop.stack import Stack
from workshop.live import {kind}, audience
audience.REST_SECONDS = {rest}
shown = {kind}(Stack({name!r}))"""


@pytest.fixture
def kept(name):
    """A stack that lives whatever becomes of the kernels."""
    stack = Stack(name)
    stack.up(progress=Progress(), keep=True)
    return stack


@pytest.fixture
def strict_lab(kernels, tmp_path):
    """A JupyterLab that ends idle kernels."""
    made = Lab(tmp_path, options=IDLE)
    yield made
    made.close()


def test_a_kernel_ends_when_nobody_watches_and_not_before(
    kept, strict_lab, browser, eventually, amount
):
    context = browser.new_context()
    watched = []
    for kind in ("StackPanel", "Dashboard"):
        strict_lab.write(f"{kind}.ipynb", CELLS.format(kind=kind, rest=REST, name=kept.name))
        notebook = strict_lab.open(context.new_page(), f"{kind}.ipynb")
        notebook.run_all()
        watched.append(notebook.page.get_by_role("list", name="Parts of the stack"))
    kernels = {one["id"] for one in strict_lab.ask("GET", "kernels")}
    assert len(kernels) == 2

    # For longer than it takes to rest, every look finds a newer picture.
    until = time.monotonic() + REST + 10
    while time.monotonic() < until:
        for chips in watched:
            expect(chips).to_contain_text("ago")
            before = chips.inner_text()
            expect(chips).not_to_have_text(before)
            chips.page.wait_for_timeout(1500)
    assert {one["id"] for one in strict_lab.ask("GET", "kernels")} == kernels

    context.close()
    eventually(lambda: strict_lab.ask("GET", "kernels") == [], 300)
    assert kept.status().state == "ready"
