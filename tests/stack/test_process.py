"""One process of the stack: its log stays small, and its end is noticed whatever it leaves."""

import asyncio
import errno
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import none_left
from workshop.stack.local import process
from workshop.stack.local.process import ServiceProcess


async def never() -> None:
    await asyncio.Event().wait()


def service(folder: Path, code: str, groups: list[int] | None = None) -> ServiceProcess:
    command = [sys.executable, "-c", code]
    told = (groups if groups is not None else []).append
    return ServiceProcess("made", lambda: command, never, folder / "made.log", told, folder, {})


def test_a_log_never_outgrows_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "LOG_BYTES", 10_000)
    made = service(tmp_path, "for i in range(20_000): print('line', i)")
    assert asyncio.run(made.run()) == 0
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"made.log", "made.log.1"}
    assert max(sizes.values()) <= 10_000 + 65_536  # One chunk of the pipe may come on top.
    assert (tmp_path / "made.log").read_text().endswith("line 19999\n")
    assert made.last_lines(1) == "line 19999"


def test_characters_cut_by_the_pipe_are_whole_in_the_log(tmp_path):
    code = "import sys; sys.stdout.reconfigure(encoding='utf-8'); print('🦊é' * 50_000)"
    asyncio.run(service(tmp_path, code).run())
    assert (tmp_path / "made.log").read_text(encoding="utf-8") == "🦊é" * 50_000 + "\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_log_that_cannot_be_written_is_no_failure_of_the_process(tmp_path):
    (tmp_path / "made.log").symlink_to("/dev/full")
    made = service(tmp_path, "print('many lines')")
    assert asyncio.run(made.run()) == 0
    assert made.last_lines() == "many lines"


def test_the_exit_code_and_the_groups_told_to_the_reaper(tmp_path):
    groups: list[int] = []
    assert asyncio.run(service(tmp_path, "raise SystemExit(3)", groups).run()) == 3
    began, ended = groups
    assert began == -ended > 0


def test_a_probe_that_fails_is_told_and_tried_again(tmp_path, monkeypatch):
    """It may fail in ways that nobody has foreseen: the process must not wait for ever."""
    monkeypatch.setattr(process, "PROBE_AGAIN_SECONDS", 0.01)
    failures = ["another", "one"]
    made = service(tmp_path, "import time; time.sleep(1000)")
    seen = []

    async def probe() -> None:
        seen.append((made.part.state, made.part.detail))
        if failures:
            raise RuntimeError(failures.pop())

    made.probe = probe

    async def until_ready() -> None:
        run = asyncio.create_task(made.run())
        await asyncio.wait_for(made.ready.wait(), 20)
        made.kill()
        await run

    asyncio.run(until_ready())
    assert [detail for _, detail in seen] == [
        "",
        "cannot be probed: RuntimeError('one')",
        "cannot be probed: RuntimeError('another')",
    ]
    assert made.part.detail == ""


def test_a_killed_process_is_gone_when_its_port_is_free(tmp_path):
    """However much memory the system has to take down first, that of a child too."""
    code = (
        "import os, socket, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "os.fork()\n"
        "memory = bytearray(os.urandom(1)) * 300_000_000\n"
        "print(server.getsockname()[1], flush=True)\n"
        "time.sleep(1000)\n"
    )
    made = service(tmp_path, code)

    async def kill() -> int:
        run = asyncio.create_task(made.run())
        while made.tail.count("\n") < 2:
            await asyncio.sleep(0.01)
        made.kill()
        await made.gone()
        with socket.socket() as probe:
            answer = probe.connect_ex(("127.0.0.1", int(made.tail.split()[0])))
        await run
        return answer

    assert asyncio.run(kill()) == errno.ECONNREFUSED


@pytest.mark.timeout(60)
def test_what_a_process_leaves_behind_is_ended_with_it(tmp_path):
    """A child that holds the output open must neither survive nor hide the end of its parent."""
    child = "import time; time.sleep(1000)"
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "print(child.pid, flush=True)\n"
        "os._exit(7)\n"
    )
    made = service(tmp_path, code)
    assert asyncio.run(made.run()) == 7
    pid = int((tmp_path / "made.log").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and not none_left([psutil.Process(pid)]):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def test_a_command_that_is_not_there(tmp_path):
    log, command = tmp_path / "log", ["/no/such/program"]
    made = ServiceProcess("made", lambda: command, never, log, lambda _: None, tmp_path, {})
    open_before = psutil.Process().num_fds()
    with pytest.raises(FileNotFoundError):
        asyncio.run(made.run())
    assert psutil.Process().num_fds() <= open_before
