"""Two learners on one machine, at the same time: neither notices the other."""

from __future__ import annotations

import asyncio

import pytest

from tests.learners import Learner
from workshop.stack import Stack, kafka
from workshop.stack.services import Ports, Services

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


def test_a_broker_s_folder_is_formatted_where_no_cache_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(kafka, "formatted_folder", lambda: tmp_path / "file" / "below")
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    stack = Stack("unformatted")
    stack.folder.make()
    services = Services(stack.settings(fresh=True), Ports.choose(), lambda _: None)
    asyncio.run(services._format_broker())
    assert (stack.folder.broker / "meta.properties").is_file()
