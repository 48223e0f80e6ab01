"""The endpoint under mutated requests, and under many at once."""

from __future__ import annotations

import random
import threading

from tests.greeter.fuzz import deployed, fuzz


def test_mutated_requests(tmp_path, amount):
    requests = amount(4000, 100_000)
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    with deployed(tmp_path / "log") as greeter:
        statuses = fuzz(greeter, requests=requests, seed=seed)
    # The mutation reaches every answer: it would prove little if all were refused.
    assert all(statuses[status] >= least for status, least in ((200, 500), (400, 500), (404, 50)))
    assert statuses[413] == requests // 1000
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_requests_side_by_side_do_not_meet(tmp_path):
    """Every visitor's answers hold their own name and count, whoever else is served just then."""
    failures = []

    def visit(connection, name: str) -> None:
        try:
            seen = 0
            for names in [1, 5, 2, 40] * 15:
                connection.greets(name, names, seen)
                assert connection.post(b"\xff" + name.encode())[0] == 400
                seen += names
        except BaseException as error:
            failures.append(error)

    with deployed(tmp_path / "log", threads=8) as greeter:
        threads = [
            threading.Thread(target=visit, args=(greeter.another(), f"Guest {number}"))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
