"""What the tests of the simulation share."""

from pathlib import Path

import pytest
from statefun import StatefulFunctions

ROOT = Path(__file__).resolve().parents[2]
GREETER_MODULE = ROOT / "module.yaml"


@pytest.fixture
def functions() -> StatefulFunctions:
    """An empty set of functions, to bind to."""
    return StatefulFunctions()
