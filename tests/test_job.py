"""What the status says of a job, from what Flink says of it."""

import asyncio
from types import SimpleNamespace

import pytest

from workshop.errors import WorkshopError
from workshop.stack import Size, Status
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import file_sizes
from workshop.stack.job import Job


class PlayedRest:
    """Flink's REST API with one job of one task."""

    def __init__(self):
        self.task = "RUNNING"
        self.restarts = 0
        self.completed = self.restored = None

    def get(self, path):
        if path.endswith("numRestarts"):
            return [{"value": str(self.restarts)}]
        if path.endswith("checkpoints"):
            latest = {
                kind: None if id is None else {"id": id}
                for kind, id in (("completed", self.completed), ("restored", self.restored))
            }
            return {"counts": {"completed": self.completed or 0}, "latest": latest}
        return {"state": "RUNNING", "vertices": [{"status": self.task}]}


def test_a_job_is_ready_when_a_checkpoint_was_completed_since_its_last_restart(tmp_path):
    rest = PlayedRest()
    job = Job(rest, tmp_path, Status("mine", str(tmp_path)))
    job.part.state, job._id = "starting", "an id"

    def looks() -> str:
        job._look()
        return job.part.state

    assert looks() == "starting"
    rest.completed = 1
    assert looks() == "ready"
    rest.task = "FAILED"  # Before the engine counts the restart.
    assert looks() == "restarting"
    rest.task, rest.restarts, rest.restored = "RUNNING", 1, 1
    assert looks() == "restarting"  # All tasks run, but nothing is committed yet.
    rest.completed = 2
    assert looks() == "ready"


def test_a_job_is_submitted_in_as_many_copies_as_the_stack_has_slots(tmp_path, monkeypatch):
    size = Size(taskmanagers=2, slots=3)
    asked = []

    class Posts(FlinkRest):
        def _answer(self, response):
            return {"filename": "a/jar", "jobid": "an id"}

    rest = Posts("http://127.0.0.1:9")
    rest._session = SimpleNamespace(
        post=lambda url, **what: asked.append(what.get("json")), delete=lambda url, **what: None
    )
    job = Job(rest, tmp_path, Status("mine", str(tmp_path), size=size))

    async def no_look(work, *arguments):
        if work == job._look:
            raise asyncio.CancelledError
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", no_look)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(job.keep_running())
    assert asked[-1]["parallelism"] == 6


def test_a_part_that_is_not_there_is_a_clear_error():
    with pytest.raises(WorkshopError, match="has no part 'broker'; it is down(?s:.*)start it"):
        Status("mine", "/mine").part("broker")


def test_file_sizes(tmp_path):
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "b").write_text("12")
    (tmp_path / "a").write_text("123")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert file_sizes(tmp_path) == [("a", 3), ("one/two/b", 2)]
