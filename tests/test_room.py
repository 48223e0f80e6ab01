"""Two learners on one machine, at the same time: neither notices the other."""

from __future__ import annotations

import pytest

from tests.learners import Learner

pytestmark = pytest.mark.stack


def neither_notices(ada: Learner, grace: Learner) -> None:
    """Let two learners greet the same name, and one of them lose two processes."""
    ada.up()
    grace.up()
    assert ada.ask("greet", "Eve", "Eve") == ["Welcome Eve", "Nice to see you again Eve"]
    assert grace.ask("greet", "Eve", "Alan") == ["Welcome Eve", "Welcome Alan"]
    assert ada.ask("keys") == ["Eve"]
    assert grace.ask("keys") == ["Alan", "Eve"]
    before = grace.ask("parts")
    addresses = [{address for _, address, _ in one.ask("parts").values()} for one in (ada, grace)]
    assert addresses[0] & addresses[1] == {""}
    ada.ask("kill", "broker")
    ada.ask("kill", "taskmanager")
    assert grace.ask("greet", "Eve") == ["Nice to see you again Eve"]
    assert ada.ask("greet", "Eve") == ["Third time is a charm Eve"]
    assert grace.ask("parts") == before


def test_two_learners_start_at_once_and_one_loses_two_processes(tmp_path):
    ada, grace = Learner(tmp_path / "ada"), Learner(tmp_path / "grace")
    try:
        neither_notices(ada, grace)
    finally:
        ada.leave()
        grace.leave()
