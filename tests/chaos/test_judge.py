"""The verdict sees each fault it is there for, and a plan is what its seed says."""

from collections import Counter

import pytest

from tests.chaos.plan import STOP, TARGETS, draw_names, plan
from tests.chaos.verdict import Kill, Report, judge

SENT = ["a", "b", "a", "a"]
GREETED = [("a", 1), ("b", 1), ("a", 2), ("a", 3)]


def test_all_greeted_in_order_is_good():
    verdict = judge(SENT, SENT, GREETED)
    assert verdict.good
    assert str(verdict) == "good: lost 0, doubled 0"


@pytest.mark.parametrize(
    ("received", "greeted", "lost", "doubled", "said"),
    [
        (SENT, [("a", 1), ("a", 2), ("a", 3)], 1, 0, "b: 1 to 1 without [1]"),
        (SENT, [("b", 1), ("a", 1), ("a", 3)], 1, 0, "a: 1 to 3 without [2]"),
        (SENT, [*GREETED, ("a", 3)], 0, 1, "a: 1 to 3 again [3]"),
        (SENT, [*GREETED, ("a", 4)], 0, 1, "a: 1 to 3 again [4]"),
        (SENT, [("b", 1), ("a", 2), ("a", 1), ("a", 3)], 0, 0, "a: 1 to 3 out of order"),
        (SENT, [*GREETED, ("c", 1)], 0, 1, "c: 1 to 0 again [1]"),
        (SENT[:3], GREETED[:3], 0, 0, "a was sent 3 times and lies in the topic 2 times"),
        ([*SENT, "b"], [*GREETED, ("b", 2)], 0, 0, "b was sent 1 times and lies in the topic 2"),
    ],
)
def test_each_fault_is_told(received, greeted, lost, doubled, said):
    verdict = judge(SENT, received, greeted)
    assert not verdict.good
    assert (verdict.lost, verdict.doubled) == (lost, doubled)
    assert said in str(verdict)


def test_the_table_tells_a_kill_that_was_never_recovered_from():
    kills = [Kill(1.25, "broker", 7.0), Kill(3.0, "greeter")]
    text = str(Report(5, 4, 2, 60.0, kills, judge(SENT, SENT, GREETED)))
    assert "Seed 5: 4 names over 2 keys" in text
    assert all(word in text for word in ("broker", "7.0", "never", "good"))


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_hits_everything_and_two_at_once_and_is_the_same_again(seed):
    strikes = plan(seed, 3000, 5, stop=True)
    assert strikes == plan(seed, 3000, 5, stop=True)
    hit = Counter(target for strike in strikes for target in strike.targets)
    assert all(hit[target] for target in (*TARGETS, STOP))
    assert [len(strike.targets) for strike in strikes].count(2) == 1
    moments = [strike.after for strike in strikes]
    assert moments == sorted(moments)
    assert 300 <= moments[0] <= moments[-1] < 2700
    assert plan(seed, 3000, 5, stop=True) != plan(seed + 1, 3000, 5, stop=True)


def test_every_key_is_sent_equally_often():
    names = draw_names(1, 3000, 40)
    assert set(Counter(names).values()) == {75}
    assert names == draw_names(1, 3000, 40) != draw_names(2, 3000, 40)
