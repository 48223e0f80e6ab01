"""A stack in containers: ``docker-compose.yml``, and a container engine that runs it."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
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
from workshop.stack.containers.tunnel import Tunnel
from workshop.stack.containers.watcher import Watcher
from workshop.stack.engines import Container, ContainerEngine, check_memory, find, port_for
from workshop.stack.flink_rest import FlinkRest
from workshop.stack.folders import RunFolder
from workshop.stack.hosting import Hosting, hostings
from workshop.stack.job.job import Job
from workshop.stack.poison import Poison
from workshop.stack.size import Size
from workshop.stack.status import Part, Status
from workshop.stack.view import Progress

SERVICES = {
    "kafka-broker": "broker",
    "master": "jobmanager",
    "worker": "taskmanager",
    "python-worker": "greeter",
}
"""The services of ``docker-compose.yml`` that make a stack, and what their parts are called."""

BROKER_PORT, FLINK_PORT = 9094, 8081
LOOK_SECONDS = 0.4
HEALTH_SECONDS = 3.0
HOSTED = "a notebook serves in its place"


class ContainersBackend(Backend):
    """Kafka, Flink and the greeter in containers, as ``docker-compose.yml`` lists them.

    Their parts have the names that they have on this machine. Should the process that has started
    them be killed, a shell that it leaves behind takes them down.

    Parameters
    ----------
    folder, module, checkpoint_ms, size
        See :class:`Backend`. The name of the compose project is made from the folder's.
    """

    up_seconds = 600.0

    def __init__(
        self, folder: RunFolder, module: Path, checkpoint_ms: int | None, size: Size | None
    ) -> None:
        super().__init__(folder, module, checkpoint_ms, size)
        # Two people on one machine share its engine: the folder tells them apart.
        whose = hashlib.sha256(str(self.folder.path).encode()).hexdigest()[:6]
        plain = "".join(c if c.isalnum() else "-" for c in self.name.lower())
        self.project = f"statefun-{plain}-{whose}"
        self._lock = threading.RLock()
        self._found: ContainerEngine | None = None
        self._seen: list[Container] = []
        self._looked = 0.0
        self._checked: dict[str, float] = {}
        self._job: Job | None = None
        self._was_ready = False
        self._kept = False
        self._fresh = False
        self._whose = uuid.uuid4().hex
        self._watcher: Watcher | None = None

    # ------------------------------------------------------------------ life

    @property
    def engine(self) -> ContainerEngine:
        """What runs the containers."""
        if self._found is None:
            self._found = find()
        return self._found

    def begin(self, progress: Progress, deadline: float, keep: bool) -> bool:
        """See :meth:`Backend.begin`. What fails is left, for whoever looks at it."""
        if self.status().state not in ("ready", "restarting"):
            if not self._containers():
                check_memory()
            self._fresh = self._fresh or not self.folder.path.exists()
            if not keep and not self.opened:
                self._watcher = self._watcher or Watcher(
                    self._mark, self._whose, self.name, forget=self._fresh
                )
                atexit.register(self._end_with_process)
            self._start(progress, deadline)
            self.opened = True
        return False

    def keep(self) -> None:
        self._kept = True
        self._tell_watcher(Watcher.OVER)

    def _start(self, progress: Progress, deadline: float) -> None:
        """Let compose start what does not run."""
        if not self._containers() and os.environ.get("FLINK_PORT"):
            port_for("FLINK_PORT")
        scale = f"worker={self.size.taskmanagers}"
        command = ["up", "--detach", "--scale", scale, *SERVICES]
        self.folder.make()
        self._mark.write_text(self._whose, encoding="utf-8")
        log = self.folder.logs / "compose.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.engine.compose_command(self.project, *command),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._tell_watcher(str(process.pid))
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise StackError(f"Stack {self.name}: compose did not end in time.")
                progress.show(self.status())
                time.sleep(0.2)
        except BaseException:
            process.terminate()
            raise
        self._tell_watcher(Watcher.UP)
        if process.returncode:
            raise StackError(
                f"Stack {self.name}: compose failed.",
                details="\n".join(
                    log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
                ),
            )
        self._forget_what_was_seen()

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which compose makes this stack."""
        broker = next((one for one in self._containers() if one.service == "kafka-broker"), None)
        port = broker.ports.get(BROKER_PORT) if broker is not None else None
        return {
            **os.environ,
            "KAFKA_PORT": str(port or port_for("KAFKA_PORT")),
            "CHECKPOINT_MS": str(self.checkpoint_ms),
            **{name.upper(): str(int(number)) for name, number in asdict(self.size).items()},
        }

    def release(self) -> None:
        """Take down the containers that this process has started, unless they are to be kept.

        Somebody else may have taken them down meanwhile: then there is nothing left to do, and what
        that process kept is not for this one to delete.
        """
        if self.opened and not self._kept and self._are_ours():
            self.down(forget=self._fresh)

    @property
    def _mark(self) -> Path:
        """Says who started the containers; it is gone when they were taken down."""
        return self.folder.path / "started-by"

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

    def down(self, forget: bool) -> bool:
        """See :meth:`Backend.down`. The volumes stay, unless ``forget`` deletes them."""
        with self._lock:
            ran = bool(self._containers())
            command = ["down", *(["--volumes"] if forget else [])]
            if ran or forget:
                self._remove_workers(1)
                done = run(self.engine.compose_command(self.project, *command))
                if done.returncode or self.engine.containers(self.project):
                    raise StackError(
                        f"Stack {self.name}: compose could not take it down.", details=done.stdout
                    )
            self._mark.unlink(missing_ok=True)
            if forget:
                shutil.rmtree(self.folder.path, ignore_errors=True)
            self._forget_what_was_seen()
            self._tell_watcher(Watcher.OVER)
            self._job = None
            self._was_ready = self._kept = self._fresh = self.opened = False
            return ran

    def scale(self, workers: int) -> None:
        """Run so many workers; the master gives the job as many tasks as they have slots.

        Parameters
        ----------
        workers
            How many, at least one.
        """
        self.size = replace(self.size, taskmanagers=workers)
        self._start(Progress(), time.monotonic() + 300)
        self._remove_workers(workers)

    def _remove_workers(self, but: int) -> None:
        """Remove the workers beyond so many: podman-compose knows of none beyond its file's one."""
        for one in self._containers():
            if one.service == "worker" and one.number > but:
                self.engine.run("rm", "--force", one.id)
        self._forget_what_was_seen()

    # ------------------------------------------------------------------ look

    def status(self) -> Status:
        """See :meth:`Backend.status`."""
        with self._lock:
            containers = [one for one in self._containers() if one.service in SERVICES]
            workers = sum(one.service == "worker" for one in containers)
            status = Status(
                self.name,
                str(self.folder.path),
                module=str(self.module),
                size=replace(self.size, taskmanagers=max(1, workers)),
                kept=self._kept or not self.opened,
            )
            if not containers:
                return status
            hosting = hostings.get(self.folder.path)
            status.host = os.getpid() if hosting is not None and not hosting.closed else None
            status.parts = sorted(
                (self._part(one, status.host is not None) for one in containers),
                key=lambda part: [*SERVICES.values()].index(part.name.partition("-")[0]),
            )
            running = any(one.state == "running" for one in containers)
            self._look_at_job(status, workers)
            if all(part.state == "ready" for part in status.parts) and {
                one.service for one in containers
            } == set(SERVICES):
                status.state = "ready"
                self._was_ready = True
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
        status.poison = self._job.status.poison
        self._job.status = status
        self._job.look(workers)
        status.parts.append(replace(self._job.part))

    def _part(self, container: Container, hosted: bool) -> Part:
        """The part of the status that a container is."""
        name = SERVICES[container.service]
        part = Part(_part_name(container))
        part.restarts = container.restarts
        part.detail = container.health or container.state
        if container.state == "running":
            came_back = container.restarts or self._was_ready
            part.state = "restarting" if came_back else "starting"
            if container.health == "healthy":
                part.state, part.detail = "ready", f"container {container.id[:12]}"
        elif container.state == "paused":
            part.state = "paused"
        elif container.state not in ("created", "configured", "initialized"):
            part.state = "restarting"
        if name == "greeter" and hosted:
            part.state, part.detail = "ready", HOSTED
        if name == "broker" and BROKER_PORT in container.ports:
            part.address = f"127.0.0.1:{container.ports[BROKER_PORT]}"
        if name == "jobmanager" and FLINK_PORT in container.ports:
            part.address = f"http://127.0.0.1:{container.ports[FLINK_PORT]}"
        if part.state == "ready" and part.address:
            part.detail = ""
        return part

    def _containers(self) -> list[Container]:
        with self._lock:
            if time.monotonic() > self._looked + LOOK_SECONDS:
                if not self.engine.checks_health:
                    self._check_health()
                self._seen = self.engine.containers(self.project)
                self._looked = time.monotonic()
            return self._seen

    def _check_health(self) -> None:
        """Have the engine run the health checks that are due."""
        for one in self._seen:
            patience = HEALTH_SECONDS * (3 if one.health == "healthy" else 1)
            due = time.monotonic() > self._checked.get(one.id, 0.0) + patience
            if one.state == "running" and one.health and due:
                self.engine.run("healthcheck", "run", one.id, check=False)
                self._checked[one.id] = time.monotonic()

    def _forget_what_was_seen(self) -> None:
        with self._lock:
            self._looked = 0.0

    def _container(self, name: str) -> Container:
        """The container of a part, also by the name of its service."""
        for one in self._containers():
            if name in (_part_name(one), one.service):
                return one
        raise StackError(
            f"Stack {self.name} has no container of {name!r}.",
            hint=f"name one of {', '.join(self.services)}, or start it: stack.up().",
        )

    def logs(self, service: str, lines: int) -> str:
        """See :meth:`Backend.logs`; ``service`` may be a service of ``docker-compose.yml`` too."""
        one = self._container(service)
        done = run([self.engine.program, "logs", "--tail", str(lines), one.id])
        return done.stdout.rstrip("\n")

    def follow(self, service: str) -> Iterator[str]:
        one = self._container(service)
        command = [self.engine.program, "logs", "--follow", "--tail", "0", one.id]
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
        return f"{self.engine.program} logs --follow {self._container(service).id[:12]}"

    @property
    def services(self) -> list[str]:
        """The containers that have a log, by the names of their parts."""
        return [_part_name(one) for one in self._containers()]

    def module_difference(self) -> str:
        """Nothing: in containers ``module.yaml`` runs as it is."""
        return ""

    def checkpoint_files(self) -> list[tuple[str, int]]:
        """See :meth:`Backend.checkpoint_files`; they lie in the volume that the engine shares."""
        script = "cd kept/checkpoints && find . -type f -printf '%s %P\\n'"
        master = self._container("jobmanager").id
        told = self.engine.run("exec", master, "sh", "-c", script, check=False)
        lines = (line.split(" ", 1) for line in told.splitlines())
        return sorted((path, int(size)) for size, path in lines)

    # ----------------------------------------------------------------- chaos

    def send_signal(self, name: str, number: signal.Signals) -> Part:
        """See :meth:`Backend.send_signal`."""
        container = self._container(name)
        part = self._part(container, hosted=False)
        if container.state not in ("running", "paused"):
            raise StackError(f"The {name} of stack {self.name} is not running just now.")
        if number == signal.SIGSTOP:
            self.engine.run("pause", container.id)
        elif number == signal.SIGCONT:
            self.engine.run("unpause", container.id, check=False)
        else:
            # From within, as a crash: a container that the engine itself has killed stays down.
            script = f"kill -{int(number)} -1"
            self.engine.run("exec", container.id, "sh", "-c", script, check=False)
        self._forget_what_was_seen()
        return part

    def mark_skipped(self, poison: Poison) -> None:
        poison.skip(self.folder.skipped)
        script = 'mkdir -p kept/skipped && cat > "kept/skipped/$0"'
        self.engine.run(
            *("exec", "--interactive", self._container("jobmanager").id),
            *("sh", "-c", script, poison.file_name),
            input=json.dumps(asdict(poison)) + "\n",
        )

    # --------------------------------------------------------------- hosting

    def must_be_used(self) -> None:
        """See :meth:`Backend.must_be_used`: whoever reaches the container engine can."""

    def take_place(self, functions: StatefulFunctions) -> Hosting:
        greeter = self._container("greeter")
        tunnel: Tunnel | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.engine.run("stop", "--time", "2", greeter.id)

        def give_back() -> None:
            if tunnel is not None:
                tunnel.close()
            self.engine.run("start", greeter.id)
            self._forget_what_was_seen()

        try:
            hosting = Hosting(functions, port, give_back)
            tunnel = Tunnel(self.engine.program, f"{self.project}-hosting", greeter, port)
        except BaseException:
            give_back()
            raise
        atexit.register(hosting.close)
        return hosting


def _part_name(container: Container) -> str:
    name = SERVICES.get(container.service, container.service)
    return name if container.number == 1 else f"{name}-{container.number}"


def _names(status: Status) -> list[str]:
    return [part.name for part in status.parts]
