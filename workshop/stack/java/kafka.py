"""The broker: one Kafka node in KRaft mode, as a local process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workshop.paths import cache_folder
from workshop.stack.folders import RunFolder
from workshop.stack.java import archives
from workshop.stack.java.jars import class_path, read_lock
from workshop.stack.java.jvm import java
from workshop.stack.size import Size

FORMAT_MB = 256
MIB = 1024 * 1024

RECOVERY: dict[str, int] = {
    # After a SIGKILL the controller lets the broker in again when its old session has expired.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
}

BOUNDS: dict[str, int] = {
    # The newest 256 MB or seven days of each partition.
    "log.retention.bytes": 256 * MIB,
    "log.segment.bytes": 32 * MIB,
    "log.retention.check.interval.ms": 30_000,
    # Every checkpoint writes into the broker's own topics, though nobody sends a name. Old records
    # are cleaned out of them segment by segment, and the default is 100 MB for one.
    "transaction.state.log.segment.bytes": 4 * MIB,
    "offsets.topic.segment.bytes": 4 * MIB,
    # And the controller notes twice a second that it is there: 1 GB in a segment by default.
    "metadata.log.segment.bytes": 8 * MIB,
    "metadata.log.max.record.bytes.between.snapshots": 4 * MIB,
    "metadata.max.retention.bytes": 16 * MIB,
}
"""What keeps the broker's disk bounded."""

CLUSTER = "5f4d6f0c-8a57-4b8f-9a0e-1c2d3e4f5a6b"
"""The cluster's id. A cluster of one node on loopback meets no other."""


def settings(folder: RunFolder, port: int, controller_port: int) -> dict[str, Any]:
    """Return what ``server.properties`` says for a broker on ``127.0.0.1:port``."""
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder.inside(folder.broker),
        # One node: every internal topic has one replica, and one partition is plenty.
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        **RECOVERY,
        **BOUNDS,
        "log.cleaner.dedupe.buffer.size": 4 * MIB,
        # The largest transaction time-out a client may ask for; the module asks for 100 s.
        "transaction.max.timeout.ms": 900_000,
        # A stack that was down for longer than that time-out still commits, when it is up again,
        # what its last checkpoint had promised: the broker looks for timed-out transactions one
        # hour after its start, not ten seconds.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 3_600_000,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "num.recovery.threads.per.data.dir": 1,
        "background.threads": 2,
        "auto.include.jmx.reporter": "false",
    }


def write_config(folder: RunFolder, port: int, controller_port: int) -> None:
    """Write ``server.properties`` for a broker that listens on ``127.0.0.1:port``."""
    lines = [f"{key}={value}" for key, value in settings(folder, port, controller_port).items()]
    (folder.conf / "server.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")


def format_command(folder: RunFolder) -> list[str]:
    """The command that prepares an empty folder for a broker; it needs no running broker."""
    properties = folder.inside(folder.conf / "server.properties")
    arguments = ["format", "-t", CLUSTER, "-c", properties, "-g"]
    path = class_path(folder, "broker")
    return java(folder, "kafka.tools.StorageTool", arguments, path, FORMAT_MB, [])


def formatted_folder() -> Path:
    """Where the result of formatting is kept; it depends on the broker's version alone."""
    jars = sorted(jar.sha256 for jar in read_lock() if "broker" in jar.sets)
    return cache_folder() / "formatted" / hashlib.sha256("".join(jars).encode()).hexdigest()[:16]


def command(folder: RunFolder, size: Size, options: Sequence[str] = ()) -> list[str]:
    """The command that runs the broker; whatever it listens on is kept on loopback.

    Parameters
    ----------
    options
        More of Java's options.
    """
    return java(
        folder,
        "kafka.Kafka",
        [folder.inside(folder.conf / "server.properties")],
        archives.class_path_of(folder, "broker"),
        size.broker_mb,
        [*archives.options(folder, "broker"), *size.java_options, *options],
        on_loopback=True,
    )
