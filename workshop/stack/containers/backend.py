"""A stack in containers: ``docker-compose.yml``, and a container engine that runs it.

It is long, since it is the whole of :class:`workshop.stack.backend.Backend` for containers.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from statefun import StatefulFunctions

from workshop.children import run
from workshop.stack.backend import Backend, StackError
from workshop.stack.containers.project import BROKER_PORT, SERVICES, Project, part_name, part_of
from workshop.stack.containers.tunnel import Tunnel
from workshop.stack.containers.watcher import Watcher
from workshop.stack.engines import PROJECT_LABEL, check_memory, port_for
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.hosting import Hosting, hostings
from workshop.stack.java.engine import Engine
from workshop.stack.job.job import Job
from workshop.stack.poison import Poison
from workshop.stack.size import Size
from workshop.stack.status import Part, Status
from workshop.stack.view import Progress

FUTILE_RESTARTS = 3
"""How often a container may end while the stack starts: its next start would go no better."""


class ContainersBackend(Backend):
    """Kafka, Flink and the greeter in containers, as ``docker-compose.yml`` lists them.

    Their parts have the same names as the local ones. If the process that started them is killed, a
    shell that it leaves behind takes them down. The class is long because it does so much in its
    own way.

    Parameters
    ----------
    folder, module, checkpoint_ms, size, engine
        See :class:`Backend`. The name of the compose project is made from the folder of the stack
        of this name that runs as processes; its own folder is another one.
    """

    up_seconds = 600.0
    look_seconds = 0.7  # Each look starts two programs of the container engine.
    hopeless = ("failed",)
    option = "--stack compose "

    def __init__(
        self,
        folder: RunFolder,
        module: Path,
        checkpoint_ms: int | None,
        size: Size | None,
        engine: Engine,
    ) -> None:
        super().__init__(folder.of_containers, module, checkpoint_ms, size, engine)
        self.project = Project(folder, engine.compose)
        self._lock = threading.RLock()
        self._job: Job | None = None
        self._was_ready = False
        self._kept = False
        self._fresh = False
        self._restarts: dict[str, int] = {}
        self._whose = uuid.uuid4().hex
        self._watcher: Watcher | None = None

    # ------------------------------------------------------------------ life

    def begin(self, progress: Progress, deadline: float, keep: bool) -> bool:
        """See :meth:`Backend.begin`. What fails is left in place, so that it can be inspected."""
        self.must_read_state_of(self._version)
        if self.status().state not in ("ready", "restarting"):
            if not self.project.containers():
                check_memory()
            self._fresh = self._fresh or not self.folder.path.exists()
            if not keep and not self.opened:
                self._watcher = self._watcher or Watcher(
                    self._mark, self._whose, self.name, forget=self._fresh
                )
                atexit.register(self._end_with_process)
            self._start(progress, deadline)
            self.opened = True
        elif ended := [one.id for one in self.project.containers() if one.state == "exited"]:
            # By a command of the container engine: that counts as wanted, and no policy helps.
            self.project.engine.run("start", *ended)
            self.project.forget_what_was_seen()
        return False

    def keep(self) -> None:
        self._kept = True
        self._tell_watcher(Watcher.OVER)

    def _start(self, progress: Progress, deadline: float) -> None:
        """Let compose make what is not there, and start all of it.

        At once: each waits for those that it needs by itself. Docker's compose would start one only
        when its check says that those before it are healthy, seconds after they are.
        """
        if not self.project.containers() and os.environ.get("FLINK_PORT"):
            port_for("FLINK_PORT")
        scale = f"worker={self.size.taskmanagers}"
        at_once = self.project.engine.program == "docker"
        start = "--no-start" if at_once else "--detach"
        command = ["up", start, "--scale", scale, *SERVICES]
        self.folder.make()
        self._mark.write_text(self._whose, encoding="utf-8")
        self.folder.engine.write_text(self.engine.version, encoding="utf-8")
        log = self.folder.logs / "compose.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.project.compose_command(*command),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._tell_watcher(str(process.pid))
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise StackError(f"Stack {self.name}: compose did not finish in time.")
                progress.show(self.status())
                time.sleep(self.look_seconds)
        except BaseException:
            process.terminate()
            raise
        self._tell_watcher(Watcher.UP)
        self.project.forget_what_was_seen()
        if at_once and not process.returncode:
            made = [one.id for one in self.project.containers() if one.service in SERVICES]
            self.project.engine.run("start", *made, timeout=300)
        if process.returncode:
            raise StackError(
                f"Stack {self.name}: compose failed.",
                details="\n".join(
                    log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
                ),
            )
        self.project.forget_what_was_seen()

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which compose makes this stack."""
        broker = next(
            (one for one in self.project.containers() if one.service == "kafka-broker"), None
        )
        port = broker.ports.get(BROKER_PORT) if broker is not None else None
        return {
            **os.environ,
            "KAFKA_PORT": str(port or port_for("KAFKA_PORT")),
            "CHECKPOINT_MS": str(self.checkpoint_ms),
            **{name.upper(): str(int(number)) for name, number in asdict(self.size).items()},
        }

    def release(self) -> None:
        """Take down the containers that this process has started, unless they should be kept.

        Somebody else may have taken them down meanwhile: then there is nothing left to do, and this
        process must not delete what the other one kept.
        """
        if self.opened and not self._kept and self._are_ours():
            self.down(forget=self._fresh)

    @property
    def _mark(self) -> Path:
        """Says who started the containers; it is gone once they have been taken down."""
        return self.folder.path / "started-by"

    @property
    def _version(self) -> str:
        """The version of the engine that the volumes are of; nothing if there are none yet."""
        mark = self.folder.engine
        return mark.read_text(encoding="utf-8") if mark.exists() else ""

    def _are_ours(self) -> bool:
        return self._mark.exists() and self._mark.read_text(encoding="utf-8") == self._whose

    def _tell_watcher(self, word: str) -> None:
        if self._watcher is not None:
            self._watcher.tell(word)
        if word == Watcher.OVER:
            self._watcher = None

    def _end_with_process(self) -> None:
        with contextlib.suppress(Exception):
            self.release()

    def contents(self) -> str:
        """See :meth:`Backend.contents`."""
        label = f"label={PROJECT_LABEL}={self.project.name}"
        volumes = self.project.engine.run("volume", "ls", "--quiet", "--filter", label).split()
        folder = [f"{self.folder.path}"] if self.folder.path.exists() else []
        kept = "the volumes with its topics and what its functions remember: " if volumes else ""
        return kept + ", ".join([*volumes, *folder])

    def down(self, forget: bool) -> bool:
        """See :meth:`Backend.down`. The volumes stay, unless ``forget`` deletes them."""
        with self._lock:
            ran = bool(self.project.containers())
            command = ["down", *(["--volumes"] if forget else [])]
            if ran or forget:
                self._remove_workers(1)
                done = run(self.project.compose_command(*command))
                if done.returncode or self.project.engine.containers(self.project.name):
                    raise StackError(
                        f"Stack {self.name}: compose could not take it down.", details=done.stdout
                    )
            self._mark.unlink(missing_ok=True)
            if forget:
                shutil.rmtree(self.folder.path, ignore_errors=True)
            self.project.forget_what_was_seen()
            self._tell_watcher(Watcher.OVER)
            self._job = None
            self._was_ready = self._kept = self._fresh = self.opened = False
            return ran

    def scale(self, workers: int) -> None:
        """Run this many workers; the master gives the job as many tasks as they have slots.

        Parameters
        ----------
        workers
            How many, at least one.
        """
        self.must_read_state_of(self._version)
        self.size = replace(self.size, taskmanagers=workers)
        self._start(Progress(), time.monotonic() + 300)
        self._remove_workers(workers)

    def _remove_workers(self, but: int) -> None:
        """Remove surplus workers: podman-compose only knows about the one in its file."""
        for one in self.project.containers():
            if one.service == "worker" and one.number > but:
                self.project.engine.run("rm", "--force", one.id)
        self.project.forget_what_was_seen()

    # ------------------------------------------------------------------ look

    def status(self) -> Status:
        """See :meth:`Backend.status`."""
        with self._lock:
            containers = [one for one in self.project.containers() if one.service in SERVICES]
            workers = sum(one.service == "worker" for one in containers)
            status = Status(
                self.name,
                str(self.folder.path),
                engine=self._version,
                module=str(self.module),
                size=replace(self.size, taskmanagers=max(1, workers)),
                kept=self._kept or not self.opened,
            )
            if not containers:
                return status
            hosting = hostings.get(self.folder.path)
            status.host = os.getpid() if hosting is not None and not hosting.closed else None
            status.parts = sorted(
                (part_of(one, status.host is not None, self._was_ready) for one in containers),
                key=lambda part: [*SERVICES.values()].index(part.name.partition("-")[0]),
            )
            running = any(one.state == "running" for one in containers)
            self._look_at_job(status, workers)
            before = {one.id: self._restarts.setdefault(one.id, one.restarts) for one in containers}
            if all(part.state == "ready" for part in status.parts) and {
                one.service for one in containers
            } == set(SERVICES):
                status.state = "ready"
                self._was_ready = True
            elif not self._was_ready and any(
                one.restarts >= before[one.id] + FUTILE_RESTARTS for one in containers
            ):
                status.state = "failed"
            elif not running:
                status.state = "down"
            else:
                status.state = "restarting" if self._was_ready else "starting"
            return status

    def _look_at_job(self, status: Status, workers: int) -> None:
        url = status.part("jobmanager").address if "jobmanager" in _names(status) else ""
        if not url:
            status.parts.append(Part("job", "starting", detail="waits for the jobmanager"))
            return
        if self._job is None or self._job.rest.url != url:
            self._job = Job(FlinkRest(url), None, status, self.checkpoint_ms)
        self._job.look_into(status, workers)
        status.parts.append(replace(self._job.part))

    def logs(self, service: str, lines: int) -> str:
        """See :meth:`Backend.logs`; ``service`` may be a service of ``docker-compose.yml`` too."""
        one = self.project.container(service)
        done = run([self.project.engine.program, "logs", "--tail", str(lines), one.id])
        return done.stdout.rstrip("\n")

    def follow(self, service: str) -> Iterator[str]:
        one = self.project.container(service)
        command = [self.project.engine.program, "logs", "--follow", "--tail", "0", one.id]
        told = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        try:
            assert told.stdout is not None
            yield from told.stdout
        finally:
            told.terminate()
            told.wait()

    def log_place(self, service: str) -> str:
        """The command that follows the log of a container."""
        return (
            f"{self.project.engine.program} logs --follow {self.project.container(service).id[:12]}"
        )

    @property
    def services(self) -> list[str]:
        """The containers that have a log, by the names of their parts."""
        return [part_name(one) for one in self.project.containers()]

    def module_difference(self) -> str:
        """Nothing: in containers ``module.yaml`` runs as it is."""
        return ""

    def checkpoint_files(self) -> list[tuple[str, int]]:
        """See :meth:`Backend.checkpoint_files`; they lie in the volume that the engine shares."""
        script = "cd kept/checkpoints && find . -type f -printf '%s %P\\n'"
        master = self.project.container("jobmanager").id
        told = self.project.engine.run("exec", master, "sh", "-c", script, check=False)
        lines = (line.split(" ", 1) for line in told.splitlines())
        return sorted((path, int(size)) for size, path in lines)

    # ----------------------------------------------------------------- chaos

    def send_signal(self, name: str, number: signal.Signals) -> Part:
        """See :meth:`Backend.send_signal`."""
        container = self.project.container(name)
        part = part_of(container, hosted=False, came_back=self._was_ready)
        if container.state not in ("running", "paused"):
            raise StackError(f"The {name} of stack {self.name} is not running right now.")
        if number == signal.SIGSTOP:
            self.project.engine.run("pause", container.id)
        elif number == signal.SIGCONT:
            self.project.engine.run("unpause", container.id, check=False)
        else:
            # From within, as a crash: a container that the engine itself has killed stays down.
            script = f"kill -{int(number)} -1"
            self.project.engine.run("exec", container.id, "sh", "-c", script, check=False)
        self.project.forget_what_was_seen()
        return part

    def mark_skipped(self, poison: Poison) -> None:
        poison.skip(self.folder.skipped)
        script = 'mkdir -p kept/skipped && cat > "kept/skipped/$0"'
        self.project.engine.run(
            *("exec", "--interactive", self.project.container("jobmanager").id),
            *("sh", "-c", script, poison.file_name),
            input=json.dumps(asdict(poison)) + "\n",
        )

    # --------------------------------------------------------------- hosting

    def must_be_used(self) -> None:
        """See :meth:`Backend.must_be_used`: whoever reaches the container engine can."""

    def take_place(self, functions: StatefulFunctions) -> Hosting:
        greeter = self.project.container("greeter")
        tunnel: Tunnel | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.project.engine.run("stop", "-t", "2", greeter.id)

        def give_back() -> None:
            if tunnel is not None:
                tunnel.close()
            self.project.engine.run("start", greeter.id)
            self.project.forget_what_was_seen()

        try:
            hosting = Hosting(functions, port, give_back)
            tunnel = Tunnel(
                self.project.engine.program, f"{self.project.name}-hosting", greeter, port
            )
        except BaseException:
            give_back()
            raise
        atexit.register(hosting.close)
        return hosting


def _names(status: Status) -> list[str]:
    return [part.name for part in status.parts]
