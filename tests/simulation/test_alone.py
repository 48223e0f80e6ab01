"""The simulation stands on its own, and says of itself only what holds."""

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import workshop.simulation
from workshop.paths import ROOT

MODULES = [
    f"workshop.simulation.{module.name}"
    for module in pkgutil.iter_modules(workshop.simulation.__path__)
]


def test_it_imports_nothing_from_the_rest_of_the_workshop():
    files = sorted((ROOT / "workshop" / "simulation").glob("*.py"))
    assert len(files) > 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                root = name.split(".")[0]
                assert root != "greeter", file
                assert root != "workshop" or name.startswith("workshop.simulation"), (file, name)


def test_it_needs_no_more_than_the_sdk_and_yaml():
    """Flask, Kafka, pytest and the rest of the requirements may be absent."""
    code = (
        "import sys\n"
        "for name in ('flask', 'kafka', 'pytest', 'IPython', 'granian', 'requests', 'click'):\n"
        "    sys.modules[name] = None\n"
        "import workshop.simulation\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize("name", MODULES)
def test_modules_list_what_they_offer(name):
    module = importlib.import_module(name)
    assert set(module.__all__) <= set(vars(module)) and len(module.__all__) <= 15
    for public in module.__all__:
        assert getattr(module, public).__doc__, f"{name}.{public} has no docstring"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
