"""Kills of every kind, and ways to end and start again, on the real stack: nothing is lost."""

import time

import pytest

from generator.broker import RequestProducer
from tests.chaos.cycles import cycles
from tests.chaos.run import Chaos
from tests.conftest import ROOT
from workshop.stack import Stack, StackError
from workshop.stack.view import Progress

pytestmark = pytest.mark.stack


def test_names_that_flow_while_processes_are_killed(name):
    stack = Stack(name)
    stack.up(progress=Progress(), keep=True)
    chaos = Chaos(stack, seed=8, names=3000, kills=5, stop=False, per_second=100)
    report = chaos.run()
    assert report.verdict.good, report
    assert len(report.kills) == 5
    assert all(kill.seconds is not None for kill in report.kills), report


def test_counts_go_on_after_every_way_to_end_a_stack(name, tmp_path):
    verdict = cycles(name, tmp_path, 3)
    assert verdict.good, verdict


def test_a_state_that_is_declared_otherwise_is_named_with_what_to_do(name, tmp_path, eventually):
    module = tmp_path / "module.yaml"
    before = (ROOT / "module.yaml").read_text()
    of_format_2 = before.replace('version: "1.0"', 'version: "2.0"')
    module.write_text(of_format_2.replace("- seen_count", "- name: seen_count"))
    stack = Stack(name, module=module)
    stack.up(progress=Progress(), keep=True)
    stack.greet("Ada")
    stack.down()

    kept = module.read_text()
    module.write_text(
        kept.replace("name: seen_count", "name: seen_count\n                expireAfter: 1h")
    )
    stack.up(progress=Progress(), keep=True)
    with RequestProducer(stack.bootstrap) as requests:
        requests.send("Ada")
    eventually(lambda: stack.status().state == "restarting", 60)
    for _ in range(20):
        status = stack.status()
        assert status.state == status.part("job").state == "restarting"
        assert "StateMigrationException" in status.part("job").detail
        time.sleep(0.2)
    with pytest.raises(StackError, match=f"(?s)StateMigration.*down --name {name} --forget"):
        stack.greet("Ada")
    stack.down()

    module.write_text(kept)  # As the advice says: and nothing is lost.
    stack.up(progress=Progress(), keep=True)
    assert stack.greet("Ada")[0].greeting == "Third time is a charm Ada"
