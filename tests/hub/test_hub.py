"""Two learners on a real JupyterHub: both learn, and neither reads what is the other's."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.sync_api import expect

from tests.strangers import nothing_achieved, refused, tried_by_a_stranger

pytestmark = pytest.mark.timeout(1500)

SECONDS = 1000
UP, GREET, ALL_GREETINGS = 3, 19, 25
PANEL = 8
PLAN = """
import json
from tests.strangers import plan
from workshop.stack import Stack
print(json.dumps(plan(Stack(), login={login})))
"""


def look_the_other_way(ada, grace):
    """Look that the first learner reads nothing of the second one's."""
    planned = json.loads(grace.run(PLAN.format(login=ada.login.pw_uid)))
    nothing_achieved(tried_by_a_stranger(planned))
    channels = grace.channels()
    assert channels
    assert all(refused(path, user=ada.login.pw_uid) for path in channels)
    home = subprocess.run(["ls", grace.login.pw_dir], **ada.identity, capture_output=True)
    assert b"Permission denied" in home.stderr


def test_two_learners_one_is_stopped_and_one_is_left_alone(learners, eventually):
    ada, grace = learners
    for learner in learners:
        notebook = learner.log_in()
        notebook.run_all()
        expect(notebook.panel).to_contain_text("You are ready")

    notebooks = {}
    for learner in learners:
        notebooks[learner] = notebook = learner.open("08_the_real_stack")
        for cell in (1, UP, PANEL, GREET):
            notebook.run(cell)
        expect(notebook.output(GREET)).to_contain_text("Third time is a charm Ada")
    look_the_other_way(ada, grace)
    look_the_other_way(grace, ada)

    # One goes through the whole lesson, and the other one's server is stopped on the way.
    before = [process.pid for process in grace.processes("java")]
    assert len(before) == 3
    notebooks[ada].start_all()
    expect(notebooks[ada].output(ALL_GREETINGS)).to_contain_text("Ada", timeout=300 * SECONDS)
    ada.stop_server()
    eventually(lambda: ada.processes() == [], 60)
    assert [process.pid for process in grace.processes("java")] == before
    notebook = notebooks[grace]
    notebook.run_all()
    errors = notebook.panel.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    assert [one.inner_text() for one in errors.all()] == []

    # A server that was stopped starts again, and what the learner wrote is there.
    ada.start_server()
    again = ada.open("08_the_real_stack")
    for cell in (1, UP, GREET):
        again.run(cell)
    expect(again.output(GREET)).to_contain_text("Ada")

    # Nobody looks any more: the kernel ends, and the stack with it. The server stays.
    for cell in (1, UP, PANEL, GREET):
        notebook.run(cell)
    assert len(grace.processes("java")) == 3
    grace.page.close()
    eventually(lambda: grace.processes("java") == [], 300)
    assert grace.processes()
