"""The dashboard as a person meets it: in JupyterLab, in a real browser, over the real stack."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser.dashboard import facts, type_name
from browser.line import Line
from workshop.paths import ROOT
from workshop.stack import LEAN, Stack

pytestmark = pytest.mark.timeout(900)

BEGIN = """\
from workshop.stack import Stack
from workshop.live import Dashboard
stack = Stack({name!r})
dashboard = Dashboard(stack, seed=1, rate={rate})"""

THREADS = """\
import threading, ipywidgets
names = [t.name for t in threading.enumerate() if t.name.startswith(("workshop-", "kafka-"))]
print(sorted(names), len(ipywidgets.widget._instances))"""

SECONDS = 1000


@pytest.fixture(scope="module")
def own_stack(stacks, runs):
    """A stack whose parts may be killed."""
    with Stack("browser", size=LEAN) as made:
        yield made


def test_there_is_a_chromium_or_a_sentence_that_says_how_to_get_one(browser):
    assert browser.version


def test_a_name_that_is_typed_is_greeted_in_the_page(own_stack, lab, new_page, eventually):
    page = new_page()
    lab.write("typed.ipynb", BEGIN.format(name=own_stack.name, rate=10), THREADS)
    notebook = lab.open(page, "typed.ipynb")
    notebook.run_all()
    yours = page.locator(".wl-yours")
    expect(yours).to_have_text(re.compile("Type a name and press Enter"))
    type_name(page, "Wilhelmina")
    expect(yours).to_contain_text("Welcome Wilhelmina")
    page.keyboard.press("Enter")
    expect(yours).to_contain_text("Nice to see you again Wilhelmina")
    page.get_by_role("button", name="Greet", exact=True).click()
    expect(yours).to_contain_text("Third time is a charm Wilhelmina")
    expect(yours).to_contain_text(re.compile(r"\d\.\d\d s"))
    three = {"sent": 3, "greeted": 3, "on their way": 0, "missing": 0, "doubled": 0}
    # The names and the greetings are read from two topics: one may be a moment behind.
    eventually(lambda: facts(page) == three, 60)
    expect(page.locator(".wl-bar", has_text="Wilhelmina")).to_contain_text("3")

    # A name that cannot be sent is told in the page, and the next one works.
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Greet", exact=True).click()
    expect(page.locator(".wl-trouble")).to_contain_text("The name is empty")
    type_name(page, "Wilhelmina")
    expect(yours).to_contain_text("4-nth time Wilhelmina")
    expect(page.locator(".wl-trouble")).to_have_count(0)

    # The page can be left and opened again.
    notebook.save()
    page.wait_for_timeout(2 * SECONDS)
    notebook = lab.open(page, "typed.ipynb")
    expect(yours).to_contain_text("4-nth time Wilhelmina")


def test_each_name_is_greeted_that_is_typed_faster_than_the_kernel_answers(
    own_stack, lab, new_page, eventually
):
    page = new_page()
    line = Line(page)
    lab.write("fast.ipynb", BEGIN.format(name=own_stack.name, rate=10))
    lab.open(page, "fast.ipynb").run_all()
    box = page.get_by_label("Name", exact=True)
    button = page.get_by_role("button", name="Greet", exact=True)
    names = [f"Quick{number}" for number in range(8)]
    line.hold()
    for number, name in enumerate(names):
        box.fill(name)
        if number % 2:
            box.press("Enter")
        else:
            button.click()
    line.release()
    # Each once, and no other: the text of one never goes with the wish of another.
    bars = page.locator(".wl-bar:not([aria-hidden])")
    once = [[name, "1"] for name in names]
    eventually(lambda: sorted(one.split() for one in bars.all_inner_texts()) == once, 60)
    eventually(lambda: facts(page)["greeted"] == facts(page)["sent"] == len(names), 60)


def test_everything_can_be_reached_and_named_without_a_mouse(own_stack, lab, new_page):
    page = new_page()
    lab.write("keys.ipynb", BEGIN.format(name=own_stack.name, rate=50))
    lab.open(page, "keys.ipynb").run_all()
    page.get_by_label("Name", exact=True).focus()
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { const e = document.activeElement; return e.ariaLabel "
                "|| (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText) }"
            ).strip()
        )
        if reached[-1] == "Random names":
            page.keyboard.press("Space")
    assert reached[:4] == ["Greet", "Random names", "a second", "Names a second"]
    assert reached[4:9] == [
        "Kill TaskManager", "Kill greeter", "Kill broker", "Pause greeter", "Read uncommitted, too",
    ]  # fmt: skip
    expect(page.get_by_label("Random names")).to_be_checked()
    slider = page.get_by_role("slider", name="Names a second", exact=True)
    slider.press("End")
    expect(page.get_by_label("a second", exact=True)).to_have_value("1000")
    slider.press("Home")
    expect(page.get_by_label("a second", exact=True)).to_have_value("1")
    expect(page.get_by_role("img", name=re.compile("^Names a second, last minute"))).to_be_visible()
    expect(page.get_by_role("list", name="Parts of the stack")).to_contain_text("TaskManager")
    expect(page.get_by_role("status").first).to_contain_text("Nothing lost")


def test_a_taskmanager_killed_under_traffic_costs_nothing(own_stack, lab, new_page, eventually):
    page = new_page()
    lab.write("chaos.ipynb", BEGIN.format(name=own_stack.name, rate=200))
    lab.open(page, "chaos.ipynb").run_all()
    page.get_by_label("Read uncommitted, too").check()
    page.get_by_label("Random names").check()
    verdict = page.locator(".wl-verdict")
    eventually(lambda: facts(page).get("sent", 0) >= 1000, 60)
    page.get_by_role("button", name="Kill TaskManager").click()
    expect(verdict).to_contain_text("TaskManager killed: nothing lost")
    expect(verdict).to_contain_text(
        re.compile(r"TaskManager killed at .*caught up after [\d.]+ s"),
    )
    # Twenty seconds of it.
    eventually(lambda: facts(page)["sent"] >= 4000, 120)
    page.get_by_label("Random names").uncheck()
    expect(verdict).to_contain_text(re.compile(r"\b0 on their way"))
    found = facts(page)
    assert found["sent"] == found["greeted"] >= 4000
    assert (found["missing"], found["doubled"]) == (0, 0)
    expect(verdict).to_contain_text("Nothing lost, nothing doubled")
    expect(verdict).to_contain_text(re.compile(r"Read uncommitted: [\d,]+ greetings"))


def test_a_paused_greeter_is_shown_and_goes_on_when_the_cell_is_run_again(own_stack, lab, new_page):
    page = new_page()
    lab.write("pause.ipynb", BEGIN.format(name=own_stack.name, rate=10))
    notebook = lab.open(page, "pause.ipynb")
    notebook.run_all()
    verdict = page.locator(".wl-verdict")
    page.get_by_role("button", name="Pause greeter").click()
    expect(verdict).to_contain_text("The greeter is paused")
    type_name(page, "Patient")
    expect(verdict).to_contain_text("1 on their way")
    page.get_by_role("button", name="Resume greeter").click()
    expect(page.locator(".wl-yours")).to_contain_text("Welcome Patient")
    expect(verdict).to_contain_text("greeter resumed at")

    page.get_by_role("button", name="Pause greeter").click()
    expect(page.get_by_role("button", name="Resume greeter")).to_be_visible()
    notebook.run(0)
    type_name(page, "Patient")
    expect(page.locator(".wl-yours")).to_contain_text("again Patient")


def test_running_the_cell_again_and_again_leaves_one_dashboard(own_stack, lab, new_page):
    page = new_page()
    lab.write(
        "again.ipynb", BEGIN.format(name=own_stack.name, rate=10), THREADS, "dashboard.close()"
    )
    notebook = lab.open(page, "again.ipynb")
    notebook.run(0)
    notebook.run(1)
    first = notebook.output(1).inner_text()
    assert first.count("workshop-feed") == 1
    for _ in range(5):
        notebook.run(0)
    notebook.run(1)
    assert notebook.output(1).inner_text() == first
    expect(notebook.output(0).locator(".wl-verdict")).to_have_count(1)

    notebook.run(2)
    notebook.run(1)
    assert notebook.output(1).inner_text().strip() == "[] 0"
    # What stays is a picture that needs no kernel.
    expect(notebook.output(0)).to_contain_text("As it was at")
    expect(notebook.output(0).locator("input")).to_have_count(0)


def test_pictures(own_stack, lab, new_page, shots):
    lab.write("pictures.ipynb", BEGIN.format(name=own_stack.name, rate=100))
    for theme in ("Dark", "Light"):
        lab.theme(theme)
        page = new_page(1280, 1100)
        notebook = lab.open(page, "pictures.ipynb")
        notebook.without_sidebar()
        notebook.run_all()
        type_name(page, "Wilhelmina")
        page.get_by_label("Random names").check()
        page.wait_for_timeout(6 * SECONDS)
        page.get_by_role("button", name="Kill greeter").click()
        expect(page.locator(".wl-verdict")).to_contain_text("caught up after")
        page.wait_for_timeout(4 * SECONDS)
        notebook.top()
        for width in (1280, 800):
            page.set_viewport_size({"width": width, "height": 1100})
            page.wait_for_timeout(SECONDS)
            notebook.shot(f"dashboard-{theme.lower()}-{width}", shots)
            # Nothing is cut off: the dashboard is as wide as its place.
            box = page.locator(".workshop-live")
            assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 1
        # A small screen shows all of it below the cell that makes it.
        page.set_viewport_size({"width": 1280, "height": 800})
        page.wait_for_timeout(SECONDS)
        notebook.cell(0).evaluate("cell => cell.querySelector('.jp-OutputArea').scrollIntoView()")
        whole, seen = page.locator(".workshop-live"), notebook.panel.locator(".jp-Notebook")
        assert whole.bounding_box()["height"] < seen.bounding_box()["height"] - 40
        page.close()
        lab.end_kernels()
    assert shots.is_relative_to(ROOT / "build")


TOPICS = """\
from workshop.live import TopicsPanel
from workshop.own.application import Application
from workshop.paths import ROOT
from workshop.stack import Stack
TopicsPanel(Application(ROOT), Stack({name!r}))"""


def test_the_topics_of_an_application_are_shown_as_records_come(own_stack, lab, new_page, shots):
    page = new_page(1280, 900)
    lab.write("topics.ipynb", TOPICS.format(name=own_stack.name))
    notebook = lab.open(page, "topics.ipynb")
    notebook.without_sidebar()
    notebook.run_all()
    panel = page.locator(".workshop-live")
    expect(panel.get_by_role("list", name="Parts of the stack")).to_contain_text("ready")
    expect(panel.get_by_role("heading", name="names")).to_contain_text("0 so far")
    own_stack.greet("Tessa", "<b>Tim</b>", "Tessa")
    names, greetings = panel.get_by_role("table").all()
    for key in ("Tessa", "<b>Tim</b>"):
        expect(names.get_by_role("cell", name=key, exact=True).first).to_be_visible()
    expect(greetings).to_contain_text("Nice to see you again Tessa")
    expect(panel.get_by_role("heading", name="greetings")).to_contain_text("3 so far")
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(SECONDS)
        notebook.shot(f"topics-{width}", shots)
        assert panel.evaluate("box => box.scrollWidth - box.clientWidth") <= 1
