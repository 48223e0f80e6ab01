"""The engine: one Flink JobManager and its TaskManagers, as local processes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from workshop.stack.folders import RunFolder
from workshop.stack.java import archives
from workshop.stack.java.engine import STATEFUN_2, Engine
from workshop.stack.java.jvm import FLINK_MODULES, java
from workshop.stack.size import Size

FRAMEWORK_HEAP_MB = 64
"""How much of a TaskManager's heap the engine keeps for itself."""

KEY_GROUPS = 8
"""In how many parts a stack keeps what its functions remember, and so its largest parallelism.

A checkpoint writes every part of every state, empty or not: with the engine's own 128, an idle
stack takes a quarter more CPU. See "Memory" in bench/README.md.
"""

RECOVERY: dict[str, int] = {
    # A killed TaskManager is missed only when its heartbeats are. The defaults (every 10 s, 50 s)
    # suit a cluster that spans a network.
    "heartbeat.interval": 500,
    "heartbeat.timeout": 4000,
    "cluster.registration.initial-timeout": 100,
    "cluster.registration.max-timeout": 1000,
    "cluster.registration.error-delay": 500,
    "cluster.registration.refused-registration-delay": 500,
}
"""What makes the engine notice a death soon. See "After a kill" in bench/README.md."""


def settings(
    folder: RunFolder,
    rpc_port: int,
    rest_port: int,
    checkpoint_ms: int,
    size: Size,
    engine: Engine = STATEFUN_2,
    key_groups: int | None = None,
) -> dict[str, Any]:
    """Return what ``flink-conf.yaml`` says for an engine on 127.0.0.1.

    Parameters
    ----------
    rpc_port, rest_port
        The ports of the JobManager: the inner one, and that of its web page.
    checkpoint_ms
        How often a checkpoint is taken, in milliseconds.
    size
        How many slots a TaskManager has, in how many tasks a step runs, and the heaps.
    engine
        Of which version it is.
    key_groups
        See :func:`key_groups_of`.
    """
    return {
        "jobmanager.rpc.address": "127.0.0.1",
        "jobmanager.bind-host": "127.0.0.1",
        "jobmanager.rpc.port": rpc_port,
        "rest.address": "127.0.0.1",
        "rest.bind-address": "127.0.0.1",
        "rest.port": rest_port,
        "rest.bind-port": rest_port,
        # The default lets every web page that the user opens read what the engine answers.
        "web.access-control-allow-origin": f"http://127.0.0.1:{rest_port}",
        "taskmanager.host": "127.0.0.1",
        "taskmanager.bind-host": "127.0.0.1",
        # Its native transport would accept connections past owner.py.
        "taskmanager.network.netty.transport": "nio",
        "taskmanager.numberOfTaskSlots": size.slots,
        "parallelism.default": size.parallelism,
        **({} if key_groups is None else {"pipeline.max-parallelism": key_groups}),
        "classloader.parent-first-patterns.additional": (
            "org.apache.flink.statefun;org.apache.kafka;com.google.protobuf"
        ),
        # Effects are exactly once only with checkpoints; every greeting waits for the next one.
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.interval": f"{checkpoint_ms} ms",
        # How long a record may wait between two tasks for others to travel with. The default of
        # 100 ms suits a network, not one machine.
        "execution.buffer-timeout": "5 ms",
        "execution.checkpointing.timeout": "60 s",
        # A checkpoint that fails because a process is away must not fail the job as well.
        "execution.checkpointing.tolerable-failed-checkpoints": 1000,
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "state.checkpoints.num-retained": 2,
        # State on the heap, checkpoints on disk: RocksDB of that age has no build for arm64. Where
        # they lie is told on the command line, see _where().
        "state.backend": "filesystem",
        "restart-strategy": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": 2**31 - 1,
        "restart-strategy.fixed-delay.delay": "500 ms",
        **RECOVERY,
        "slot.request.timeout": 60_000,
        "web.timeout": 10_000,
        # How old an answer about the job may be: readiness is read from it.
        "web.refresh-interval": 100,
        # Explicit, since no shell script computes them here.
        "jobmanager.memory.process.size": f"{size.jobmanager_mb + 384}m",
        "taskmanager.cpu.cores": float(size.slots),
        "taskmanager.memory.task.heap.size": f"{size.taskmanager_mb - FRAMEWORK_HEAP_MB}m",
        "taskmanager.memory.framework.heap.size": f"{FRAMEWORK_HEAP_MB}m",
        "taskmanager.memory.task.off-heap.size": "0m",
        "taskmanager.memory.framework.off-heap.size": "64m",
        "taskmanager.memory.network.min": "32m",
        "taskmanager.memory.network.max": "32m",
        "taskmanager.memory.managed.size": "0m",
        **dict.fromkeys(
            ("io.tmp.dirs", "blob.storage.directory", "web.tmpdir"), folder.inside(folder.tmp)
        ),
        **engine.settings,
    }


def key_groups_of(folder: RunFolder, size: Size) -> int | None:
    """Return how many key groups a folder's state has; None if the engine is to choose, as it did.

    The engine cannot change their number in a state that is there. So it is chosen once, for a
    folder that has none yet, and written down.
    """
    mark = folder.key_groups
    if not mark.exists():
        has_state = folder.saved.exists() or any(folder.checkpoints.glob("*"))
        if has_state or size.parallelism > KEY_GROUPS:
            return None
        mark.write_text(f"{KEY_GROUPS}\n", encoding="utf-8")
    return int(mark.read_text(encoding="utf-8"))


def write_config(folder: RunFolder, settings: Mapping[str, Any]) -> None:
    """Write ``flink-conf.yaml``."""
    lines = [f"{key}: {value}" for key, value in settings.items()]
    (folder.conf / "flink-conf.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _flink(
    folder: RunFolder,
    main: str,
    heap_mb: int,
    on_class_path: str | None,
    options: Sequence[str],
    engine: Engine,
) -> list[str]:
    conf = folder.inside(folder.conf)
    # Its archive is for what the class path begins with. The engine looks for module.yaml on the
    # class path of both of its processes.
    program = engine.jar_set
    path = [archives.class_path_of(folder, program), *filter(None, [on_class_path]), conf]
    settings = [
        *archives.options(folder, program),
        f"-Dworkshop.skipped={folder.inside(folder.skipped)}",
    ]
    return java(
        folder,
        main,
        ["--configDir", conf, *_where(folder)],
        os.pathsep.join(path),
        heap_mb,
        [*FLINK_MODULES, *settings, *options],
        on_loopback=on_class_path is None,
    )


def _where(folder: RunFolder) -> list[str]:
    """Where checkpoints, savepoints and uploaded jars lie: Flink takes their whole paths alone.

    As they stand, since it would read the escapes of an address as letters. And not from its
    configuration, where a line ends at the first "#".
    """
    checkpoints = f"file://{folder.checkpoints}"
    places = {
        "state.checkpoints.dir": checkpoints,
        "state.savepoints.dir": checkpoints,
        "web.upload.dir": folder.tmp / "upload",
    }
    return [f"-D{key}={place}" for key, place in places.items()]


def jobmanager_command(
    folder: RunFolder,
    size: Size,
    on_class_path: str | None = None,
    options: Sequence[str] = (),
    engine: Engine = STATEFUN_2,
) -> list[str]:
    """The command that runs the JobManager.

    Parameters
    ----------
    on_class_path
        What else is on the class path of an engine that listens to other machines. Unless given,
        whatever it listens on is kept on loopback.
    options
        More of Java's options.
    engine
        Of which version it is.
    """
    main = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
    options = [*size.java_options, *options]
    return _flink(folder, main, size.jobmanager_mb, on_class_path, options, engine)


def taskmanager_command(
    folder: RunFolder,
    size: Size,
    on_class_path: str | None = None,
    options: Sequence[str] = (),
    engine: Engine = STATEFUN_2,
) -> list[str]:
    """The command that runs one TaskManager; see :func:`jobmanager_command`."""
    main = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
    options = [*size.java_options, "-XX:MaxDirectMemorySize=192m", *options]
    return _flink(folder, main, size.taskmanager_mb, on_class_path, options, engine)
