"""Checks of lesson 12: into production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kafka.partitioner.default import murmur2

from workshop.exercises.checking import exercise, expect, refuse

NAMES = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Ωμέγα", "🦊", "visitor 1", "visitor 2"]


@exercise(
    "12.1",
    "Whose partition",
    raises={
        TypeError: "murmur2 takes bytes, and the key's bytes are name.encode().",
        AttributeError: "the name is a text: name.encode() makes bytes of it.",
        UnicodeEncodeError: "names are encoded as UTF-8, which is what name.encode() does.",
    },
)
def _whose_partition(partition_of: Callable[[str, int], int]) -> str:
    cases = [(name, partitions) for partitions in (1, 2, 3, 12) for name in NAMES]
    saw = [partition_of(*case) for case in cases]
    hint = "murmur2 of the encoded name, & 0x7FFFFFFF, then % partitions, in this order."
    # Told apart by all answers together: some of them are right by chance.
    if saw == [hash(name) % partitions for name, partitions in cases]:
        hint = "hash(…) is Python's own, and differs from run to run: murmur2(…)."
    elif saw == [murmur2(name.encode()) % partitions for name, partitions in cases]:
        hint = "the sign has to go first: & 0x7FFFFFFF, in brackets, before the %."
    for (name, partitions), answer in zip(cases, saw, strict=True):
        wanted = (murmur2(name.encode()) & 0x7FFFFFFF) % partitions
        expect(f"partition_of({name!r}, {partitions})", answer, wanted, hint)
    return "It puts every name where Kafka's clients put it."


@exercise("12.2", "Who stays idle")
def _who_stays_idle(idle: Callable[[int, int, int], int]) -> str:
    few = "with at least as many partitions as copies nobody is idle: a number below 0 means 0."
    cases = [
        (3, 4, 1, 1, "there are taskmanagers * slots copies; those without a partition are idle."),
        (1, 4, 2, 7, "there are taskmanagers * slots copies: each TaskManager has several slots."),
        (2, 2, 3, 4, "there are taskmanagers * slots copies: each TaskManager has several slots."),
        (4, 2, 2, 0, few),
        (12, 2, 2, 0, few),
        (1, 1, 1, 0, few),
    ]
    for partitions, taskmanagers, slots, wanted, hint in cases:
        about = f"idle({partitions}, {taskmanagers}, {slots})"
        expect(about, idle(partitions, taskmanagers, slots), wanted, hint)
    return "It knows who has nothing to read."


@exercise(
    "12.3",
    "The lag",
    raises={
        KeyError: "a partition that the engine has never noted is missing in taken: taken.get(…).",
        TypeError: "the value may be None for a partition that was never noted: … or 0.",
    },
)
def _the_lag(lag: Callable[[Mapping[int, int], Mapping[int, int | None]], int]) -> str:
    missing = "a partition without a noted place has all of its records waiting: count from 0."
    cases: list[tuple[dict[int, int], dict[int, int | None], int, str]] = [
        ({0: 120}, {0: 115}, 5, "what was written, less what was taken."),
        ({0: 120, 1: 80}, {0: 115, 1: 80}, 5, "add up what waits in all partitions."),
        ({0: 120, 1: 80}, {0: 100, 1: 30}, 70, "add up what waits in all partitions."),
        ({0: 10, 1: 20, 2: 30}, {0: 10, 2: 25}, 25, missing),
        ({0: 10, 1: 20}, {0: None, 1: 20}, 10, missing),
        ({0: 10}, {}, 10, missing),
        ({0: 7, 1: 7}, {0: 7, 1: 7}, 0, "if all was taken, nothing waits."),
    ]
    for end, taken, wanted, hint in cases:
        expect(f"lag({end}, {taken})", lag(end, taken), wanted, hint)
    return "It counts what waits, also where nobody has read yet."


def _reading(interval: float = 1.0, **other: float) -> dict[str, float]:
    well = {"checkpoint_age": 0.5 * interval, "checkpoint_duration": 0.05 * interval}
    return {"interval": interval, **well, "restarts": 0, "lag": 40, **other}


@exercise(
    "12.4",
    "When to wake somebody",
    raises={
        KeyError: "the keys are interval, checkpoint_age, checkpoint_duration, restarts and lag.",
        TypeError: "return a list of sentences, built with append; each is a text.",
    },
)
def _when_to_wake_somebody(alarms: Callable[[dict[str, float], dict[str, float]], Any]) -> str:
    def raised(now: dict[str, float], before: dict[str, float]) -> list[str]:
        found = alarms(dict(now), dict(before))
        if isinstance(found, str) or not isinstance(found, list | tuple):
            refuse(f"alarms(…) gave {found!r}", "return a list, empty when all is well.")
        if not all(isinstance(one, str) and one.strip() for one in found):
            refuse(f"alarms(…) gave {found!r}", "each alarm is a sentence: a text.")
        return list(found)

    age = "compare the age with the interval: a multiple of it, such as ten."
    restarts = "restarts only ever grows: look at its difference to a minute ago."
    growing = "compare the lag with that of a minute before: only one that grows much is an alarm."
    # Read now, read before, and the hint if it is silent about what has to wake somebody.
    sick = [
        (
            "no checkpoint for an hour, at an interval of 1 s",
            _reading(checkpoint_age=3600),
            _reading(checkpoint_age=3540),
            "nothing is committed without a checkpoint: an old one is the first thing to tell.",
        ),
        (
            "no checkpoint for a day, at an interval of 10 minutes",
            _reading(600, checkpoint_age=86_400),
            _reading(600, checkpoint_age=86_340),
            age,
        ),
        ("five restarts in a minute", _reading(restarts=5), _reading(), restarts),
        ("five more restarts after many", _reading(restarts=105), _reading(restarts=100), restarts),
        ("a lag that grew from 40 to 50,000", _reading(lag=50_000), _reading(), growing),
    ]
    quiet = [
        ("all is well", _reading(), _reading(), "when all is well the list is empty."),
        (
            "a checkpoint of 8 minutes ago, at an interval of 10 minutes",
            _reading(600, checkpoint_age=480),
            _reading(600, checkpoint_age=420),
            age,
        ),
        (
            "one late checkpoint: 2 s old, at an interval of 1 s",
            _reading(checkpoint_age=2.0),
            _reading(),
            "a single late checkpoint is no reason to wake somebody: allow a few intervals.",
        ),
        (
            "a hundred restarts, all of them long ago",
            _reading(restarts=100),
            _reading(restarts=100),
            restarts,
        ),
        (
            "a lag of 90,000 that was 150,000: it is being worked off",
            _reading(lag=90_000),
            _reading(lag=150_000),
            growing,
        ),
        ("a lag that went from 40 to 90", _reading(lag=90), _reading(), growing),
    ]
    for about, now, before, hint in sick:
        if not raised(now, before):
            refuse(f"{about}: no alarm", hint)
    for about, now, before, hint in quiet:
        if found := raised(now, before):
            refuse(f"{about}: it says {found}", hint)
    several = raised(_reading(checkpoint_age=3600, restarts=9, lag=90_000), _reading())
    if len(several) < 3:
        refuse(
            f"no checkpoint, nine restarts and a growing lag at once: it says {several}",
            "one sentence for each thing that is wrong: if after if, not elif.",
        )
    return f"It is quiet when all is well, and otherwise says: {'; '.join(several)}."
