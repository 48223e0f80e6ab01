"""Starting and stopping again and again leaves nothing; ``make soak`` does it more often."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.processes import family
from workshop.stack import Stack
from workshop.stack.view import Progress

SECONDS_OF_UP = 10.0
"""A kernel is killed somewhere in the first so many seconds of ``up``."""


@pytest.fixture
def cycles(amount) -> int:
    """How often."""
    return amount(2, 20)


@pytest.fixture
def own_runs(stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runs folder of its own: its name in an environment tells whose a process is."""
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    return tmp_path


def born_of(runs: Path) -> list[psutil.Process]:
    """Every process whose environment names the runs folder, but this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WORKSHOP_RUNS") == str(runs):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return [process for process in found if process.pid != os.getpid()]


def ports(processes: list[psutil.Process]) -> set[int]:
    """What they listen on."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            connections = process.net_connections("inet")
            found |= {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
    return found


def open_ports(candidates: set[int]) -> set[int]:
    """Those of ``candidates`` on which somebody answers."""
    probes = {port: socket.socket() for port in candidates}
    try:
        return {p for p, probe in probes.items() if probe.connect_ex(("127.0.0.1", p)) == 0}
    finally:
        for probe in probes.values():
            probe.close()


def left(runs: Path) -> list[str]:
    """What lies in the runs folder, but the lock that the next start takes."""
    return sorted(path.name for path in runs.iterdir() if path.name != ".lock")


def test_up_and_down_leave_no_process_port_thread_descriptor_or_folder(own_runs, cycles):
    me = psutil.Process()
    counts = []
    for cycle in range(cycles):
        stack = Stack("leak")
        stack.up(progress=Progress())
        assert stack.greet("Ada")[0].greeting == "Welcome Ada"
        processes = family(stack)
        listened = ports(processes)
        assert len(listened) >= 8
        assert {p.pid for p in processes} <= {p.pid for p in born_of(own_runs)}
        stack.down(forget=True)
        assert born_of(own_runs) == [], f"cycle {cycle}"
        assert open_ports(listened) == set(), f"cycle {cycle}"
        assert left(own_runs) == [], f"cycle {cycle}"
        counts.append((threading.active_count(), me.num_fds()))
    # The first cycle may load what stays loaded.
    assert counts[1:] == counts[:1] * (cycles - 1)


def test_kernels_that_are_killed_in_the_middle_of_up_leave_nothing(
    kernels, own_runs, eventually, cycles
):
    choice = random.Random(8)
    for cycle in range(cycles):
        manager, client = start_new_kernel(kernel_name="python3")
        kernel_ports = ports([psutil.Process(manager.provisioner.pid)])
        try:
            client.execute("from workshop.stack import Stack; Stack('leak').up()")
            eventually(lambda: len(born_of(own_runs)) > 1, 60)  # The kernel, and its supervisor.
            time.sleep(choice.uniform(0, SECONDS_OF_UP))
            if cycle == cycles - 1:  # However slow the machine is: once there is a port to leave.
                eventually(lambda own=kernel_ports: ports(born_of(own_runs)) > own, 120)
            listened = ports(born_of(own_runs))
            os.kill(manager.provisioner.pid, signal.SIGKILL)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
        eventually(lambda: born_of(own_runs) == [], 60)
        assert open_ports(listened) == set(), f"cycle {cycle}"
        assert left(own_runs) == [], f"cycle {cycle}"
