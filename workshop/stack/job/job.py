"""The job on the engine: submitted, watched, and brought back from its newest checkpoint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.job.failures import KEEPS_RESTARTING, Failures, Restarts, root_cause
from workshop.stack.job.snapshots import Snapshots
from workshop.stack.poison import Poison
from workshop.stack.size import CHECKPOINT_INTERVAL_MS
from workshop.stack.status import Part, Status

STARTING_POLL_SECONDS = 0.1
RUNNING_POLL_SECONDS = 0.5
LONGEST_POLL_SECONDS = 1.0
BUSY = 3
"""On a busy machine the next look waits this many times as long as the last one took."""

ENDED = ("FAILED", "CANCELED", "FINISHED")

STALE_SECONDS = 10.0
"""How much longer than their interval the engine may take between two checkpoints."""

UNSEEN_LOOKS = 20
"""How often in a row a completed checkpoint may be missed on disk: it may be on its way."""

PASSED_SECONDS = 1.0
GONE_SECONDS = 5.0
"""How long the job must run to be past a record that is skipped, or that is there no more."""


class JobRefused(Exception):
    """The engine does not accept the job; the message says why."""


class Job:
    """Keeps one job running.

    Parameters
    ----------
    rest
        The JobManager.
    checkpoints
        The folder of checkpoints and savepoints; None for one who only looks.
    status
        Supplies the size of the stack; receives the number of checkpoints.
    checkpoint_ms
        How often the engine takes a checkpoint, in milliseconds.
    newest_start
        Tells when the newest process that a checkpoint needs was started, in seconds since 1970.
    """

    def __init__(
        self,
        rest: FlinkRest,
        checkpoints: Path | None,
        status: Status,
        checkpoint_ms: int = CHECKPOINT_INTERVAL_MS,
        newest_start: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.part = Part("job", detail="waits for the processes")
        self.rest = rest
        self._stale_seconds = checkpoint_ms / 1000 + STALE_SECONDS
        self._newest_start = newest_start
        self.status = status
        self._id: str | None = None
        self._folder = RunFolder(Path(status.folder))
        self._snapshots = (
            None if checkpoints is None else Snapshots(checkpoints, self._folder.saved)
        )
        self._tidied = False
        self._unseen = 0
        self._restarts = Restarts()
        self._failures = Failures()

    async def keep_running(self) -> None:
        """Submit the job, and again whenever the engine has lost it.

        Raises
        ------
        JobRefused
            When the engine refuses it at the first time.
        Misplaced
            When the saved state is not where it belongs.
        """
        first = True
        while True:
            began = time.monotonic()
            try:
                if self._id is None:
                    self._tell("submitted")
                    self._id = await asyncio.to_thread(self._submit)
                    self._tidied = first = False
                began = time.monotonic()
                await asyncio.to_thread(self._look)
            except requests.RequestException as error:
                answered = getattr(error, "response", None) is not None
                if first and answered:
                    raise JobRefused(root_cause(str(error))) from error
                # The JobManager is away, or it is a new one that does not know the job.
                self.part.state = "starting" if first else "restarting"
                self._tell("waits for the jobmanager")
                if answered:
                    self._lose()
            poll = RUNNING_POLL_SECONDS if self.part.state == "ready" else STARTING_POLL_SECONDS
            busy = BUSY * (time.monotonic() - began)
            await asyncio.sleep(max(poll, min(busy, LONGEST_POLL_SECONDS)))

    def look_into(self, status: Status, workers: int) -> None:
        """Look as :meth:`look` does, and report it in ``status``; what was known before stays."""
        status.poison = self.status.poison
        self.status = status
        self.look(workers)

    def look(self, workers: int) -> None:
        """Ask the engine about a job that somebody else keeps running.

        Parameters
        ----------
        workers
            How many TaskManagers there are to be, all of them at work on it.
        """
        try:
            jobs = self.rest.get("/jobs")["jobs"]
            live = [job["id"] for job in jobs if job["status"] not in ENDED]
            if self._id not in live:
                self._lose()
                self._id = live[0] if live else None
            if self._id is None:
                self._tell("waits for the workers")
            else:
                self._look()
                self._must_use(workers)
        except requests.RequestException:
            self.part.state = "starting" if self._id is None else "restarting"
            self._tell("waits for the jobmanager")

    def _must_use(self, workers: int) -> None:
        """The job is not ready while it runs in fewer tasks, or more, than there is room for."""
        overview = self.rest.get("/overview")
        vertices = self.rest.get(f"/jobs/{self._id}")["vertices"]
        tasks = vertices[0]["parallelism"] if vertices else 0
        if self.part.state == "ready" and (
            overview["taskmanagers"] != workers or overview["slots-total"] != tasks
        ):
            self.part.state = "restarting"
            self.part.detail = f"{overview['taskmanagers']} of {workers} workers, {tasks} tasks"

    def begin_anew(self) -> None:
        """Cancel the job: it is submitted again, in as many tasks as the status says by then.

        Raises
        ------
        requests.RequestException
            When the engine does not accept the request.
        """
        if self._id is not None:
            self.rest.cancel(self._id)

    def _submit(self) -> str:
        """Submit the job and return its id.

        A JobManager that is killed while it writes a checkpoint leaves half of it. That one was
        never completed, so nothing of it was committed: the one before it is the newest.
        """
        while True:
            snapshot = self._snapshots.newest() if self._snapshots is not None else None
            try:
                return self.rest.submit(snapshot, self.status.size.parallelism)
            except requests.HTTPError as error:
                if self._snapshots is None or snapshot is None or "EOFException" not in str(error):
                    raise
                self._snapshots.pass_over(snapshot)

    def _look(self) -> None:
        """Ask the engine about the job."""
        job = self.rest.get(f"/jobs/{self._id}")
        if job["state"] in ENDED:
            self._lose()
            return
        checkpoints = self.rest.get(f"/jobs/{self._id}/checkpoints")
        metrics = self.rest.get(f"/jobs/{self._id}/metrics?get=numRestarts")
        told = int(metrics[0]["value"]) if metrics else 0
        tasks = [task["status"] for task in job["vertices"]]
        completed = checkpoints["counts"]["completed"]
        self.status.checkpoints = completed
        self.part.restarts = self._restarts.seen(told, job["timestamps"]["RUNNING"])
        if self._restarts.of_this_run:
            # A job that fails as soon as it gets its first message runs for a moment each time.
            failed = self.rest.get(f"/jobs/{self._id}/exceptions")
            trace = failed["root-exception"]
            # A record that it cannot take is told as that, and is over when it was stepped over.
            if trace and Poison.in_trace(trace) is None:
                self._failures.add(root_cause(trace), failed["timestamp"] / 1e3)
        running = sum(task == "RUNNING" for task in tasks)
        # An engine of 3.x that plans its tasks for other slots has none for a moment.
        all_run = 0 < running == len(tasks)
        # A completed checkpoint has passed through every task: the ingress had its position, and
        # what the functions sent is committed. One from before a restart says nothing of it, nor
        # one from before a process died: the engine may not have noticed yet. And a process that
        # hangs shows in nothing but the checkpoints that do not come any more.
        newest = checkpoints["latest"]
        begun = newest["completed"]["trigger_timestamp"] / 1000 if newest["completed"] else 0.0
        since = max(job["timestamps"]["RUNNING"] / 1000 + self._must_last(), self._newest_start())
        age = time.time() - begun
        if (
            not self._keeps_failing()
            and all_run
            and _completed_since_restart(newest)
            and begun >= since
            and age < self._stale_seconds
        ):
            if self._is_saved(newest["completed"]["id"]):
                self.part.state, self.part.detail = "ready", f"{running} tasks running"
                self.status.poison = None
        else:
            started = self.part.restarts or self.part.state in ("ready", "restarting")
            self.part.state = "restarting" if started else "starting"
            self._look_for_poison()
            if all_run and completed and age >= self._stale_seconds:
                self._tell(f"{running} tasks running, but the last checkpoint is {age:.0f} s old")
            else:
                self._tell(f"{running} of {len(tasks)} tasks running, {completed} checkpoints")

    def _tell(self, now: str) -> None:
        """Let the status say what keeps the job from running; ``now`` as long as that is unknown.

        What is known stays until the job is ready: between its attempts it looks now this way, now
        that, and whoever reads the status would see the reason only now and then.
        """
        poison = self.status.poison
        if poison is not None and not poison.is_skipped(self._folder.skipped):
            command = f"python -m workshop skip --name {self.status.name}"
            self.part.detail = f"cannot read {poison} (skip it: {command})"
        elif self._keeps_failing():
            self.part.detail = KEEPS_RESTARTING + self._failures.cause
        else:
            self.part.detail = now if poison is None else f"skips {poison}"

    def _keeps_failing(self) -> bool:
        return self._failures.keeps_failing(time.time(), self.status.parts)

    def _must_last(self) -> float:
        """For how many seconds the job must have run to be past what it failed at.

        It may take a checkpoint before it has read the first record, and then fail at that again.
        """
        poison = self.status.poison
        if poison is None:
            return 0.0
        return PASSED_SECONDS if poison.is_skipped(self._folder.skipped) else GONE_SECONDS

    def _look_for_poison(self) -> None:
        """Name the record that keeps the job from running, if it is one."""
        trace = self.rest.get(f"/jobs/{self._id}/exceptions")["root-exception"] or ""
        poison = Poison.in_trace(trace)
        if poison is not None and not poison.is_skipped(self._folder.skipped):
            self.status.poison = poison

    def _lose(self) -> None:
        if self._id is not None:
            self._id = None
            self.part.state = "restarting"
            self.part.restarts = self._restarts.begun_anew()

    def _is_saved(self, checkpoint: int) -> bool:
        """Whether the next start will find a checkpoint that the engine has completed.

        Raises
        ------
        Misplaced
            When it has not been found for long.
        """
        if self._snapshots is None or self._id is None:
            return True
        if not self._snapshots.holds(self._id, checkpoint):
            self._unseen += 1
            if self._unseen > UNSEEN_LOOKS:
                raise self._snapshots.misplaced(self._id, checkpoint)
            return False
        self._unseen = 0
        if not self._tidied:
            self._snapshots.keep_only(self._id, checkpoint)
            self._tidied = True
        return True


def _completed_since_restart(latest: dict[str, Any]) -> bool:
    """Whether a checkpoint was completed by the job as it runs now; ``latest`` as Flink has it."""
    completed, restored = ((latest[one] or {}).get("id", 0) for one in ("completed", "restored"))
    return bool(completed > restored)
