"""A disk that is full, and one that fills while a stack runs: it says so, and goes on with room."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.processes import on_a_small_disk

pytestmark = pytest.mark.skipif(
    sys.platform != "linux"
    or subprocess.run(["unshare", "--mount", "--map-root-user", "true"]).returncode != 0,
    reason="a small file system needs mount namespaces, which this system does not allow",
)


def test_a_stack_does_not_start_on_a_disk_that_is_full(tmp_path):
    runs = str(tmp_path)
    done = on_a_small_disk(tmp_path, "64m", "-m", "workshop", "up", WORKSHOP_RUNS=runs)
    assert done.returncode == 1
    assert "The disk is nearly full: 67 MB are free" in done.stderr
    assert "WORKSHOP_RUNS" in done.stderr


def test_a_stack_stops_when_the_disk_is_full_and_goes_on_when_there_is_room(
    stacks, amount, tmp_path
):
    runs, times = str(tmp_path), str(amount(1, 5))
    done = on_a_small_disk(
        tmp_path, "192m", "-m", "tests.stack.full_disk", runs, times, WORKSHOP_RUNS=runs
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ended = json.loads(done.stdout)
    for told, refused in ended["said"]:
        assert re.search(r"restarting, the disk is full, \d+ MB are free in ", told)
        assert "waits for room on the disk" in told
        assert "the disk is full" in refused and "free some space" in refused
    assert ended["verdict"] == "good: lost 0, doubled 0"
