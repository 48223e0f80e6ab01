"""Kills of every kind, and ways to end and start again, on the real stack: nothing is lost."""

from tests.chaos.cycles import cycles
from tests.chaos.run import Chaos
from tests.soak import LONG
from workshop.stack import STATEFUN_3, Stack
from workshop.stack.view import Progress


def test_names_that_flow_while_processes_are_killed(name, amount):
    names, kills = amount(2000, 20_000), amount(3, 30)
    stack = Stack(name)
    stack.up(progress=Progress(), keep=True)
    chaos = Chaos(stack, seed=8, names=names, kills=kills, stop=LONG, per_second=amount(100, 60))
    report = chaos.run()
    assert report.verdict.good, report
    assert len(report.kills) == kills + LONG
    assert all(kill.seconds is not None for kill in report.kills), report


def test_names_that_flow_through_an_engine_of_3_while_processes_are_killed(name, amount):
    names, kills = amount(1000, 20_000), amount(2, 10)
    stack = Stack(name, engine=STATEFUN_3)
    stack.up(progress=Progress(), keep=True)
    report = Chaos(stack, seed=3, names=names, kills=kills, stop=False, per_second=100).run()
    assert report.verdict.good, report
    assert [kill.seconds is not None for kill in report.kills] == [True] * kills, report


def test_counts_go_on_after_every_way_to_end_a_stack(name, amount, tmp_path):
    verdict = cycles(name, tmp_path, amount(3, 20))
    assert verdict.good, verdict
