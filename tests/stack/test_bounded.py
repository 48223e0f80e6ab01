"""Disk and memory stay bounded; ``make soak`` sends twenty times as many names."""

from collections import Counter

from tests.stack.bounded import BOUNDS, MB, Watched, pass_through


def test_what_outgrows_its_bound_is_told():
    small = Counter(dict.fromkeys(BOUNDS, 1000))
    memory = {"broker": 100 * MB, "greeter": 50 * MB}
    good = Watched([1, 2], [small, small], [memory, memory])
    assert good.faults == []
    grown = Counter({**small, "logs": 9 * MB})
    bad = Watched(
        [1, 2, 3], [small, grown, small], [memory, memory, {**memory, "greeter": 99 * MB}]
    )
    assert [fault.partition(" ")[0] for fault in bad.faults] == ["logs:", "greeter"]
    assert "logs: 9.00 MB" in str(bad)


def test_a_stack_takes_up_no_more_however_many_names_pass(name, amount):
    watched, written = pass_through(name, amount(10_000, 200_000))
    assert watched.faults == [], watched
    # It could have: more was written than is there.
    assert written > BOUNDS["names"]
    assert watched.disk[-1]["names"] < written / 1.2
