"""What the tests of the greeter share."""

import pytest
from werkzeug.test import Client

from greeter import greeter


@pytest.fixture
def client() -> Client:
    """A client of the deployed application, in this process."""
    return greeter.app.test_client()
