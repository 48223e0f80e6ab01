"""Names that are sent to containers while something happens to them, and what the job is doing."""

from __future__ import annotations

import contextlib
import time

import requests

from workshop.faults import Traffic, count_of


@contextlib.contextmanager
def names_flow(stack, what):
    """Names that are sent whatever happens meanwhile: none may be lost, and none doubled."""
    names = [f"{what} {number}" for number in range(3)]
    traffic = Traffic(stack, names, per_second=30).start()
    traffic.wait(count=30)
    yield traffic
    time.sleep(2)
    traffic.stop()
    told = {
        name: [count_of(one) for one in traffic.committed if one.name == name] for name in names
    }
    sent = {name: traffic.sent[name] for name in names}
    assert told == {name: list(range(1, number + 1)) for name, number in sent.items()}
    print(f"{what}: {sum(sent.values())} names, as many greetings, no gap and no repetition")


def survives_a_kill(stack, part, eventually):
    """Kill a part while names flow: it comes back, and every name is greeted once."""
    restarts = stack.status().part(part).restarts
    with names_flow(stack, part) as traffic:
        began = time.monotonic()
        stack.kill(part)
        # Of the names that had been sent some were still on their way: one more came after all.
        traffic.wait(count=traffic.sent.total() + 1)
        print(f"{part} killed: greetings again after {time.monotonic() - began:.1f} s")
        eventually(lambda: stack.status().part(part).restarts > restarts, 60)
        eventually(lambda: stack.status().state == "ready", 120)


def parallelism(stack):
    """In how many tasks each step of the job runs; one number, if it is as it should be."""
    [job] = [
        job
        for job in requests.get(f"{stack.flink_url}/jobs/overview", timeout=10).json()["jobs"]
        if job["state"] == "RUNNING"
    ]
    told = requests.get(f"{stack.flink_url}/jobs/{job['jid']}", timeout=10).json()
    return {task["parallelism"] for task in told["vertices"]}
