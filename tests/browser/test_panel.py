"""The stack panel of lesson 08 in JupyterLab, and what a restart of the kernel does to a stack."""

import re

import pytest
from playwright.sync_api import expect

from tests.processes import workshop
from workshop.stack import Stack

pytestmark = pytest.mark.timeout(900)

BEGIN = """\
from workshop.stack import Stack
from workshop.live import StackPanel
stack = Stack({name!r})"""
CELLS = [BEGIN, "panel = StackPanel(stack)", "stack.up()\nprint(*stack.greet('Ada'))"]

KEYS = """() => {
    const e = document.activeElement;
    return e.ariaLabel || (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText);
}"""


@pytest.fixture
def kept(stacks, runs):
    """A stack that ``up`` started in a terminal."""
    name = "kept"
    assert workshop("up", "--lean", "--name", name).returncode == 0
    yield Stack(name)
    Stack(name).down(forget=True)


def test_a_panel_on_a_stack_of_the_command_line(kept, lab, new_page, shots, eventually):
    page = new_page(1280, 900)
    lab.write("panel.ipynb", *(one.format(name=kept.name) for one in CELLS))
    notebook = lab.open(page, "panel.ipynb")
    notebook.run_all()
    panel = page.locator(".workshop-live")
    parts = panel.get_by_role("list", name="Parts of the stack")
    expect(panel.get_by_role("status")).to_have_text(f"Stack {kept.name} is ready")
    expect(parts).to_contain_text(re.compile(r"TaskManager\s*✓ ready\s*\d+ MB"))
    expect(parts).to_contain_text("ago")
    notebook.without_sidebar()
    notebook.top()
    notebook.shot("panel-light-1280", shots)

    # All of it by the keyboard alone, and each thing with a name.
    panel.get_by_role("button", name="Start", exact=True).focus()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(KEYS).strip())
    assert reached == ["Stop", "Open Flink's page", "Log of", "Log of broker"]
    panel.get_by_label("Log of", exact=True).select_option("greeter")
    log = panel.get_by_role("region", name="Log of greeter")
    last = kept.logs("greeter", 1)
    expect(log).to_contain_text(last)
    with page.context.expect_page() as opened:
        panel.get_by_role("link", name="Open Flink's page").press("Enter")
    expect(opened.value).to_have_title(re.compile("Flink"))
    opened.value.close()

    # A stack that a terminal started is none of the kernel's: it outlives it, and goes on counting.
    expect(notebook.output(2)).to_contain_text("Welcome Ada")
    before = kept.status().supervisor
    notebook.restart()
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("Nice to see you again Ada")
    assert kept.status().supervisor == before

    # Stop is for everybody, also by a key; Start brings back what was remembered.
    panel.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(panel.get_by_role("status")).to_have_text(f"Stack {kept.name} is down")
    assert kept.status().state == "down"
    panel.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(panel.get_by_role("status")).to_have_text(f"Stack {kept.name} is ready")
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("Third time is a charm Ada")

    # Now it is the kernel's. The panel has nobody to keep it up to date, and says so.
    ended = page.get_by_text("The kernel that keeps this up to date has ended")
    expect(ended).not_to_be_visible()
    notebook.restart_only()
    expect(ended).to_be_visible()
    expect(parts).not_to_be_visible()
    eventually(lambda: kept.status().state == "down", 60)
