"""What the status says of a job, from what Flink says of it."""

import asyncio
import re
import shutil
import time
from types import SimpleNamespace

import pytest
import requests

from workshop.errors import WorkshopError
from workshop.stack import Size, Status
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import file_sizes
from workshop.stack.job.failures import CALM_SECONDS, Failures, advice
from workshop.stack.job.job import STALE_SECONDS, UNSEEN_LOOKS, Job
from workshop.stack.job.snapshots import Misplaced
from workshop.stack.status import Part


class PlayedRest:
    """Flink's REST API with one job of one task."""

    def __init__(self, folder):
        self.folder = folder
        self.task = "RUNNING"
        self.restarts = 0
        self.completed = self.restored = None
        self.failure = self.failed_at = None
        self.triggered = time.time()
        self.running_since = 0.0

    def fail(self, cause, when):
        """The job failed, was restarted, and has completed a checkpoint since."""
        self.failure = f"java.lang.RuntimeException: outer\nCaused by: {cause}\n\tat there"
        self.failed_at = int(when * 1000)
        self.restarts += 1
        self.restored, self.completed = self.completed, (self.completed or 0) + 1

    def get(self, path):
        if path.endswith("numRestarts"):
            return [{"value": str(self.restarts)}]
        if path.endswith("checkpoints"):
            if self.folder is not None and self.completed:
                place = self.folder / "checkpoints" / "an id" / f"chk-{self.completed}"
                place.mkdir(parents=True, exist_ok=True)
                (place / "_metadata").touch()
            latest = {
                kind: None if id is None else {"id": id, "trigger_timestamp": self.triggered * 1000}
                for kind, id in (("completed", self.completed), ("restored", self.restored))
            }
            return {"counts": {"completed": self.completed or 0}, "latest": latest}
        if path.endswith("exceptions"):
            return {"root-exception": self.failure, "timestamp": self.failed_at}
        if path == "/jobs":
            return {"jobs": [{"id": "an id", "status": "RUNNING"}]}
        if path == "/overview":
            return {"taskmanagers": 1, "slots-total": 1}
        tasks = [{"status": self.task, "parallelism": 1}] if self.task else []
        since = {"RUNNING": self.running_since * 1000}
        return {"state": "RUNNING", "vertices": tasks, "timestamps": since}


def test_a_job_is_ready_when_a_checkpoint_was_completed_since_its_last_restart(tmp_path):
    rest = PlayedRest(tmp_path)
    job = Job(rest, tmp_path / "checkpoints", Status("mine", str(tmp_path)))
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
    rest.task = None  # The engine plans for other slots: its job has no tasks just now.
    assert looks() == "restarting"


def test_a_restart_counts_before_the_metric_of_it_is_fresh(tmp_path):
    rest = PlayedRest(tmp_path)
    job = Job(rest, tmp_path / "checkpoints", Status("mine", str(tmp_path)))
    for since, metric, expected in (
        (1, 0, 0),
        (1, 0, 0),
        (2, 0, 1),
        (2, 1, 1),
        (3, 1, 2),
        (3, 4, 4),
    ):
        rest.running_since, rest.restarts = since, metric
        job.look(workers=1)
        assert job.part.restarts == expected


def test_a_job_is_ready_only_when_it_uses_all_workers(tmp_path):
    rest = PlayedRest(tmp_path)
    job = Job(rest, tmp_path / "checkpoints", Status("mine", str(tmp_path)))
    rest.completed = 1
    job.look(workers=1)
    assert job.part.state == "ready"
    job.look(workers=2)
    assert (job.part.state, job.part.detail) == ("restarting", "1 of 2 workers, 1 tasks")
    rest.task = None
    job.look(workers=1)
    assert (job.part.state, job.part.detail) == (
        "restarting",
        "0 of 0 tasks running, 1 checkpoints",
    )


def test_a_checkpoint_from_before_a_process_was_started_says_nothing(tmp_path):
    rest = PlayedRest(tmp_path)
    rest.completed = 1
    started = rest.triggered - 1
    job = Job(
        rest, tmp_path / "checkpoints", Status("mine", str(tmp_path)), newest_start=lambda: started
    )
    job.part.state, job._id = "starting", "an id"
    job._look()
    assert job.part.state == "ready"
    started = rest.triggered + 0.1  # The engine has not noticed that the process is another one.
    job._look()
    assert job.part.state == "restarting"
    rest.completed, rest.triggered = 2, started + 0.01  # The engine tells whole milliseconds.
    job._look()
    assert job.part.state == "ready"


def test_a_job_whose_checkpoints_do_not_come_any_more_is_not_ready(tmp_path):
    rest = PlayedRest(tmp_path)
    rest.completed = 1
    job = job_of(rest, tmp_path, time.time() - 60)
    job._look()
    assert job.part.state == "ready"
    rest.triggered -= STALE_SECONDS + 1
    job._look()
    assert job.part.state == "restarting"
    assert re.fullmatch(r"1 tasks running, but the last checkpoint is 1\d s old", job.part.detail)


def test_a_job_whose_checkpoints_lie_elsewhere_is_never_ready(tmp_path):
    rest = PlayedRest(tmp_path / "somewhere else")
    rest.completed = 1
    job = Job(rest, tmp_path / "checkpoints", Status("mine", str(tmp_path)))
    job.part.state, job._id = "starting", "an id"
    with pytest.raises(
        Misplaced, match=r"checkpoint 1 of job an id, but it is not in .*/checkpoints"
    ):
        for _ in range(UNSEEN_LOOKS + 1):
            job._look()
            assert job.part.state == "starting"


def test_a_checkpoint_that_is_on_its_way_does_not_stop_a_job_that_runs(tmp_path):
    rest = PlayedRest(tmp_path)
    rest.completed = 1
    job = job_of(rest, tmp_path, time.time() - 60)
    job._look()
    rest.completed, rest.folder = 2, None
    job._look()
    assert job.part.state == "ready"


def test_a_job_does_not_begin_again_where_there_was_a_checkpoint(tmp_path):
    rest = PlayedRest(tmp_path)
    rest.completed = 1
    job = job_of(rest, tmp_path, time.time() - 60)
    submitted = []
    rest.submit = lambda restore, _: submitted.append(restore)
    job._look()
    job._submit()
    assert submitted == [str(tmp_path / "checkpoints" / "an id" / "chk-1")]
    shutil.rmtree(tmp_path / "checkpoints")
    with pytest.raises(Misplaced, match=r"No checkpoint is left(?s:.*)an id/chk-1(?s:.*)--forget"):
        job._submit()
    assert len(submitted) == 1


def test_a_taskmanager_that_is_away_for_long_is_no_fault_of_the_job(tmp_path):
    rest = PlayedRest(tmp_path)
    now = time.time()
    job = job_of(rest, tmp_path, now - 60)
    for number in range(5):
        rest.fail("a.b.NoResourceAvailableException: no slot", now - 5 + number)
        job._look()
    assert job.part.state == "ready"


def job_of(rest, tmp_path, started):
    """A job on processes of which the newest started at that time."""
    status = Status("mine", str(tmp_path))
    job = Job(rest, tmp_path / "checkpoints", status)
    status.parts = [Part("broker", "ready", 1, started), Part("greeter", "ready", 2, 5.0), job.part]
    job.part.state, job._id = "ready", "an id"
    return job


def test_a_job_that_fails_again_and_again_for_one_reason_is_not_ready(tmp_path):
    rest = PlayedRest(tmp_path)
    now = time.time()
    job = job_of(rest, tmp_path, now - 60)
    for number in range(3):
        rest.fail("a.b.SomeException: because", now - 3 + number)
        job._look()
        job._look()  # The same failure seen twice is one.
        assert job.part.state == ("ready" if number < 2 else "restarting")
    assert job.part.detail == "keeps restarting: a.b.SomeException: because"
    assert job.part.restarts == 3
    assert job.part.again == "3 attempts"
    rest.fail("a.b.AnotherException", now)
    job._look()
    assert job.part.state == "ready"


def test_failures_while_a_process_was_away_are_its_fault(tmp_path):
    rest = PlayedRest(tmp_path)
    now = time.time()
    job = job_of(rest, tmp_path, now - 2)  # The broker came back two seconds ago.
    for number in range(3):
        rest.fail("a.b.SomeException: because", now - 3 + number)
        job._look()
    assert job.part.state == "ready"


def test_a_state_that_cannot_be_restored_shows_at_the_first_failure_until_it_is_over(tmp_path):
    rest = PlayedRest(tmp_path)
    now = time.time()
    job = job_of(rest, tmp_path, now - 1)
    rest.fail("org.apache.flink.util.StateMigrationException: new serializer", now)
    job._look()
    assert job.part.state == "restarting"
    assert "down --name mine --forget" in advice(job.part.detail, "mine")
    assert "ValueSpec back" in advice("RemoteValueTypeMismatchException: points", "mine")
    assert advice("a.b.SomeException", "mine") == ""
    assert not job._failures.keeps_failing(now + CALM_SECONDS + 1, job.status.parts)


POISON = "java.lang.IllegalStateException: poison names 0 7 1700000000000 it has no key"


def test_a_record_that_cannot_be_read_stays_told_until_it_is_over(tmp_path):
    rest = PlayedRest(tmp_path)
    job = job_of(rest, tmp_path, time.time() - 60)
    for number in range(5):
        rest.fail(POISON, time.time() - 5 + number)
        rest.task = "FAILED"
        job._look()
        assert job.part.detail.startswith("cannot read topic names, partition 0, offset 7")
        rest.task = "RUNNING"  # For a moment, in each round.
        rest.running_since = time.time()
        job._look()
        assert job.part.detail.startswith("cannot read topic names, partition 0, offset 7")
    rest.fail("a.b.TaskManagerLost: the engine is busy with something else", time.time())
    job._look()
    assert job.part.detail.startswith("cannot read")
    assert (job.part.state, job.status.poison.offset) == ("restarting", 7)

    job.status.poison.skip(job._folder.skipped)
    job._look()
    assert job.part.detail.startswith("skips topic names, partition 0, offset 7")
    rest.running_since = time.time() - 60
    rest.completed += 1
    job._look()
    # Its failures are no reason to wait for others of the same kind.
    assert (job.part.state, job.status.poison) == ("ready", None)


@pytest.mark.parametrize("reason", [POISON, "a.b.SomeException: because"])
def test_what_keeps_the_job_from_running_stays_told_while_the_jobmanager_is_away(tmp_path, reason):
    rest = PlayedRest(tmp_path)
    job = job_of(rest, tmp_path, time.time() - 60)
    for number in range(3):
        rest.fail(reason, time.time() - 3 + number)
        rest.task = "FAILED"
        job._look()
    told = job.part.detail
    assert "cannot read" in told or reason in told

    def away(path):
        raise requests.ConnectionError

    rest.get = away
    job.look(1)
    assert job.part.detail == told


def test_a_failure_that_takes_minutes_to_come_back_is_not_over_between(tmp_path):
    failures = Failures()
    for when in (1000.0, 1120.0, 1240.0):
        failures.add("a call timed out", when)
    assert failures.keeps_failing(1370.0, [Part("broker", started=500.0)])
    assert not failures.keeps_failing(1400.0, [Part("broker", started=500.0)])


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
    job = Job(rest, tmp_path / "checkpoints", Status("mine", str(tmp_path), size=size))

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
