"""A new application in containers, as its own README.md says, and as lesson 14 does it."""

from __future__ import annotations

import pytest

from tests.compose.container_engine import build_options
from workshop.own.application import Application
from workshop.own.containers import Containers
from workshop.own.new import make
from workshop.series.lessons import NOTEBOOKS
from workshop.series.runner import run_notebooks


@pytest.fixture
def built(engine, tmp_path) -> Containers:
    """The containers of a new application, whose images are there."""
    made = Containers(Application(make(tmp_path / "shop")))
    made.compose(*build_options(tmp_path / "shop" / "docker-compose.yml"))
    return made


def test_it_runs_in_containers(stacks, engine, built, tmp_path):
    shop = Application(tmp_path / "shop")
    with built, shop.read(built.bootstrap, "shipments") as shipments:
        shop.send(built.bootstrap, "deliveries", "tea", '{"amount": 1}')
        shop.send(built.bootstrap, "orders", "Ada", '{"item": "tea"}')
        told = f"{shipments.next(120)}"
    assert told == 'Ada\t{"customer": "Ada", "item": "tea", "number": 1}'
    assert engine.containers(built.project) == []


def test_the_lesson_runs_it_in_containers(kernels, stacks, engine, built, tmp_path):
    lesson = NOTEBOOKS / "14_your_own.ipynb"
    report = run_notebooks([lesson], tmp_path / "out", {"containers": "true"}, cell_seconds=400)
    assert not report.failed
    assert engine.containers(built.project) == []
