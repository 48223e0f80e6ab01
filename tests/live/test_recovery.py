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
    made.observe(vitals(99.0), 99.0, None, None)
    return made


def see(recovery, state, oldest=None, answered=None):
    return recovery.observe(state, state.at, oldest, answered)


def test_it_is_over_when_nobody_waits_who_was_there_at_the_first_greeting_after_it(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    see(recovery, vitals(101.0, "restarting"), oldest=99.8)
    see(recovery, vitals(104.0, "ready", taskmanager=1), oldest=99.8)
    assert recovery.now is not None
    # Some are greeted, and one that the engine has not tried again yet is not.
    see(recovery, vitals(106.0, taskmanager=1, job=1), oldest=100.1, answered=105.5)
    assert recovery.now is not None
    see(recovery, vitals(107.0, taskmanager=1, job=1), oldest=106.8, answered=105.5)
    assert recovery.now is None
    assert (recovery.last.what, recovery.last.seconds) == ("TaskManager killed", 7.0)


def test_one_name_is_greeted_to_the_moment(recovery):
    recovery.fault("greeter killed", 100.0, "greeter", vitals(99.0).restarts())
    see(recovery, vitals(103.1, greeter=1), answered=103.05)
    assert recovery.last.seconds == pytest.approx(3.05)


def test_without_a_name_it_is_over_when_all_that_ended_is_back(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    # The TaskManager is back before the engine has noticed that it was away.
    see(recovery, vitals(102.0, "ready", taskmanager=1))
    assert recovery.now is not None
    see(recovery, vitals(105.0, "restarting", taskmanager=1, job=1))
    assert recovery.now is not None
    see(recovery, vitals(107.0, "ready", taskmanager=1, job=1))
    assert recovery.last.seconds == 7.0


def test_what_was_told_before_the_fault_ends_nothing(recovery):
    recovery.fault("greeter resumed", 100.0)
    see(recovery, vitals(99.9))
    assert recovery.now is not None
    see(recovery, vitals(100.2), oldest=99.0)
    assert recovery.now is not None
    see(recovery, vitals(100.4))
    assert recovery.last.seconds == pytest.approx(0.4)


def test_a_fault_that_nobody_told_is_found(recovery):
    assert see(recovery, vitals(100.0, "restarting", greeter=1))
    assert recovery.now.what == "greeter ended"
    assert not see(recovery, vitals(101.0, greeter=1))
    assert recovery.last.seconds == 1.0


def test_a_restart_that_is_told_late_is_no_new_fault(recovery):
    recovery.fault("TaskManager killed", 100.0, "taskmanager", vitals(99.0).restarts())
    see(recovery, vitals(104.0, taskmanager=1), answered=103.9)
    assert recovery.now is None
    assert not see(recovery, vitals(104.5, taskmanager=1, job=1), answered=103.9)
    assert not see(recovery, vitals(120.0, taskmanager=1, job=1), answered=103.9)
    assert len(recovery.all) == 1


def test_a_paused_part_is_not_back(recovery):
    recovery.fault("broker killed", 100.0, "broker", vitals(99.0).restarts())
    see(recovery, vitals(103.0, broker=1, paused={"greeter"}))
    assert recovery.now is not None
