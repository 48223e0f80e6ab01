"""What the tests of the simulation share."""

import pytest
from statefun import StatefulFunctions


@pytest.fixture
def functions() -> StatefulFunctions:
    """An empty set of functions, to bind to."""
    return StatefulFunctions()
