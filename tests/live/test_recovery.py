"""Faults and recoveries, told from how the stack does."""

import pytest

from workshop.live.recovery import Recovery
from workshop.live.vitals import Vitals
from workshop.stack import Part

PARTS = ["broker", "jobmanager", "taskmanager", "greeter", "job"]


def vitals(at, state="ready", paused=(), **restarts):
    parts = tuple(Part(name, restarts=restarts.get(name, 0)) for name in PARTS)
    return Vitals(at, state, parts, frozenset(paused))


@pytest.fixture
def recovery():
    made = Recovery()
    made.observe(vitals(99.0), 0, None)
    return made


def test_it_is_over_when_a_name_sent_after_the_fault_is_greeted(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    recovery.observe(vitals(101.0, "restarting"), 40, None)
    recovery.observe(vitals(104.0, "ready", taskmanager=1), 90, None)
    assert recovery.now is not None
    recovery.observe(vitals(106.0, "ready", taskmanager=1, job=1), 10, 105.5)
    assert recovery.now is None
    assert (recovery.last.what, recovery.last.seconds) == ("TaskManager killed", 5.5)


def test_without_a_name_it_is_over_when_all_that_ended_is_back(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    # The TaskManager is back before the engine has noticed that it was away.
    recovery.observe(vitals(102.0, "ready", taskmanager=1), 0, None)
    assert recovery.now is not None
    recovery.observe(vitals(105.0, "restarting", taskmanager=1, job=1), 0, None)
    assert recovery.now is not None
    recovery.observe(vitals(107.0, "ready", taskmanager=1, job=1), 0, None)
    assert recovery.last.seconds == 7.0


def test_what_was_told_before_the_fault_ends_nothing(recovery):
    recovery.fault("greeter resumed", 100.0)
    recovery.observe(vitals(99.9), 0, None)
    assert recovery.now is not None
    recovery.observe(vitals(100.2), 3, None)
    assert recovery.now is not None
    recovery.observe(vitals(100.4), 0, None)
    assert recovery.last.seconds == pytest.approx(0.4)


def test_a_fault_that_nobody_told_is_found(recovery):
    assert recovery.observe(vitals(100.0, "restarting", greeter=1), 0, None)
    assert recovery.now.what == "greeter ended"
    assert not recovery.observe(vitals(101.0, greeter=1), 0, None)
    assert recovery.last.seconds == 1.0


def test_a_restart_that_is_told_late_is_no_new_fault(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    recovery.observe(vitals(104.0, taskmanager=1), 0, 103.9)
    assert recovery.now is None
    assert not recovery.observe(vitals(104.5, taskmanager=1, job=1), 0, 103.9)
    assert not recovery.observe(vitals(120.0, taskmanager=1, job=1), 0, 103.9)
    assert len(recovery.all) == 1


def test_a_paused_part_is_not_back(recovery):
    recovery.fault("broker killed", 100.0, "broker", vitals(99.0).restarts())
    recovery.observe(vitals(103.0, broker=1, paused={"greeter"}), 0, None)
    assert recovery.now is not None
