"""Two learners on one machine, at the same time: neither notices the other."""

from __future__ import annotations

import asyncio

import pytest
import yaml

from tests.commands import said_to
from tests.room.learners import Learner, neither_notices
from workshop.errors import WorkshopError
from workshop.series.lessons import NOTEBOOKS
from workshop.stack import Stack
from workshop.stack.java import kafka
from workshop.stack.local.services import Ports, Services


def test_two_learners_start_at_once_and_one_loses_two_processes(stacks, tmp_path):
    ada, grace = Learner(tmp_path / "ada"), Learner(tmp_path / "grace")
    try:
        neither_notices(ada, grace)
    finally:
        ada.leave()
        grace.leave()


@pytest.fixture
def services(tmp_path, monkeypatch):
    """Make the processes of a stack, without starting any."""
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path / "runs"))

    def make(**options) -> Services:
        stack = Stack("made", **options)
        stack.folder.make()
        return Services(stack.backend.settings(fresh=True), Ports.choose(), lambda _: None)

    return make


@pytest.mark.parametrize(
    ("size", "expected"), [("lean", True), ("standard", True), ("long-lived", False)]
)
def test_every_java_process_uses_one_compiler_unless_it_is_to_live_long(
    services, monkeypatch, size, expected
):
    monkeypatch.setenv("WORKSHOP_SIZE", size)
    made = services()
    for service in (made.broker, made.jobmanager, *made.taskmanagers):
        assert ("-XX:TieredStopAtLevel=1" in service.command()) == expected, service.part.name


def test_a_crowded_machine_may_take_fewer_checkpoints(services, monkeypatch):
    def interval(**options) -> str:
        conf = services(**options).folder.conf / "flink-conf.yaml"
        return yaml.safe_load(conf.read_text())["execution.checkpointing.interval"]

    assert interval() == "250 ms"
    monkeypatch.setenv("WORKSHOP_CHECKPOINT_MS", "1000")
    assert interval() == "1000 ms"
    assert interval(checkpoint_ms=400) == "400 ms"
    for wrong in ("soon", "0", "-5", "1.5"):
        monkeypatch.setenv("WORKSHOP_CHECKPOINT_MS", wrong)
        with pytest.raises(WorkshopError, match="number of milliseconds, 50 or more"):
            Stack("made")


def test_a_broker_s_folder_is_formatted_where_no_cache_can_be_written(
    services, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(kafka, "formatted_folder", lambda: tmp_path / "file" / "below")
    made = services()
    asyncio.run(made._format_broker())
    assert (made.folder.broker / "meta.properties").is_file()


def test_a_learner_s_copy_of_the_lessons_is_completed_and_never_overwritten(tmp_path):
    folder = tmp_path / "a course"
    done = said_to(["lessons", str(folder)])
    assert done.returncode == 0, done.stderr
    lessons = folder / "notebooks"
    names = {path.name for path in NOTEBOOKS.iterdir() if path.is_file()}
    assert {path.name for path in lessons.iterdir()} == names
    assert (lessons / "../docs/testing-your-function.md").exists()  # A lesson links to it.
    first, second = sorted(lessons.glob("*.ipynb"))[:2]
    first.write_text("mine")
    second.unlink()
    assert "1 new files" in said_to(["lessons", str(folder)]).stdout
    assert first.read_text() == "mine" and second.exists()
    assert said_to(["lessons", str(folder)]).stdout == "Nothing is new.\n"
    first.with_name("file").touch()
    refused = said_to(["lessons", str(lessons / "file")])
    assert refused.returncode == 1
    assert "Name a folder that is yours." in refused.stderr
