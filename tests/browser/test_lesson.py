"""Lesson 09 itself, as a learner goes through it in JupyterLab."""

import contextlib
import shutil

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from browser.dashboard import facts, type_name
from workshop.series.lessons import NOTEBOOKS
from workshop.stack import Stack

pytestmark = pytest.mark.timeout(900)

LESSON = NOTEBOOKS / "09_live_greetings.ipynb"
CELLS = nbformat.read(LESSON, as_version=4).cells

SECONDS = 1000


def place(text):
    """The first code cell with this text."""
    return next(i for i, one in enumerate(CELLS) if one.cell_type == "code" and text in one.source)


OPENS = place("Dashboard(stack")
HOSTS = place("stack.host(functions)")


@pytest.fixture
def learner(stacks, lab, new_page):
    """The lesson, opened, all cells run."""
    shutil.copy(LESSON, lab.root / LESSON.name)
    notebook = lab.open(new_page(), LESSON.name)
    notebook.run_all()
    yield notebook
    Stack().down(forget=True)


def test_the_lesson_is_run_played_with_and_left(learner, lab, browser, tmp_path, shots, eventually):
    errors = learner.panel.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    assert [one.inner_text() for one in errors.all()] == []
    the_executed_lesson_shows_its_dashboard(learner, lab, browser, tmp_path, shots, eventually)

    learner.run(OPENS)
    dashboard = learner.output(OPENS)
    yours = dashboard.locator(".wl-yours")
    for greeting in ("Welcome", "Nice to see you again", "Third time is a charm"):
        type_name(dashboard, "Ottilie")
        expect(yours).to_contain_text(f"{greeting} Ottilie")

    # The function of the cell, edited in the page.
    function, printed = CELLS[HOSTS].source, learner.output(HOSTS)
    learner.run(HOSTS)
    type_name(dashboard, "Ottilie")
    expect(yours).to_contain_text("Hello Ottilie, number 4")
    expect(printed).to_contain_text("the engine calls for Ottilie, visit 4")
    learner.edit(HOSTS, function.replace("Hello", "Ahoy"))
    learner.run(HOSTS)
    type_name(dashboard, "Ottilie")
    expect(yours).to_contain_text("Ahoy Ottilie, number 5")

    # Broken, its traceback is there; fixed, who waited is greeted.
    learner.edit(HOSTS, function.replace("count.seen += 1", "count.sene += 1"))
    learner.run(HOSTS)
    type_name(dashboard, "Ottilie")
    expect(printed).to_contain_text("AttributeError")
    expect(printed).to_contain_text("sene")
    expect(printed).to_contain_text("Fix it and run its cell again")
    expect(dashboard.locator(".wl-verdict")).to_contain_text("1 on their way")
    learner.edit(HOSTS, function.replace("Hello", "At last"))
    learner.run(HOSTS)
    expect(yours).to_contain_text("At last Ottilie, number 6")
    all_six = {"sent": 6, "greeted": 6, "on their way": 0, "missing": 0, "doubled": 0}
    eventually(lambda: facts(dashboard) == all_six, 60)

    # What the kernel started ends with it.
    assert Stack().status().state == "ready"
    learner.restart()
    eventually(lambda: Stack().status().state == "down", 60)


def the_executed_lesson_shows_its_dashboard(learner, lab, browser, tmp_path, shots, eventually):
    """As a page of HTML, which needs no kernel, and of which no other page is asked for."""
    file = lab.root / LESSON.name

    def saved():
        # It may be read while it is written.
        with contextlib.suppress(nbformat.reader.NotJSONError):
            return nbformat.read(file, as_version=4).cells[OPENS].outputs
        return []

    learner.save()
    eventually(lambda: len(saved()) > 0, 60)
    body, _ = HTMLExporter().from_filename(str(file))
    page_file = tmp_path / "lesson.html"
    page_file.write_text(body, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000})
    try:
        page = context.new_page()
        page.goto(page_file.as_uri())
        dashboard = page.locator(".workshop-live")
        dashboard.scroll_into_view_if_needed()
        expect(dashboard.locator(".wl-verdict")).to_contain_text("Nothing lost, nothing doubled")
        expect(dashboard).to_contain_text("As it was at")
        expect(dashboard.locator(".wl-chips")).to_contain_text("TaskManager")
        assert dashboard.locator("svg polyline").count() > 0
        assert facts(dashboard)["greeted"] == facts(dashboard)["sent"] > 100
        page.screenshot(path=shots / "lesson-as-html.png")
    finally:
        context.close()
