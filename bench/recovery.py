"""Seconds from a kill to the next committed greeting, against the engine's own settings.

Names flow steadily; each process in turn is killed with SIGKILL, and what counts is the first
committed greeting of a name that was sent after the kill: ``python bench/recovery.py``.
"""

from __future__ import annotations

import json
import os
import signal
import statistics

import click
from report import report

from workshop.faults import Traffic, watch
from workshop.stack import Stack

AIMS = {"taskmanager": 8, "greeter": 2, "broker": 10, "jobmanager": 12}

DEFAULTS = {
    "heartbeat.interval": 10_000,
    "heartbeat.timeout": 50_000,
    "cluster.registration.max-timeout": 30_000,
    "cluster.registration.error-delay": 10_000,
    "cluster.registration.refused-registration-delay": 30_000,
    "restart-strategy.fixed-delay.delay": "1 s",
    "slot.request.timeout": 300_000,
    "web.refresh-interval": 3000,
}
"""What Flink 1.11 uses where nothing is set."""


def measure(rounds: int, settings: dict[str, object]) -> dict[str, list[float]]:
    """Return the seconds of every recovery, by process."""
    os.environ["WORKSHOP_ENGINE_SETTINGS"] = json.dumps(settings)
    took: dict[str, list[float]] = {part: [] for part in AIMS}
    with Stack(f"bench-{os.getpid()}") as stack:
        traffic = Traffic(stack, [f"visitor {n}" for n in range(10)], per_second=20).start()
        traffic.wait(100)
        for _ in range(rounds):
            for part in AIMS:
                os.kill(stack.status().part(part).pid, signal.SIGKILL)
                took[part].append(watch(part, traffic, timeout=300).seconds)
        traffic.stop(300)
    return took


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Kills of every process.")
@click.option(
    "--default-rounds", default=5, show_default=True, help="The same, with the engine's settings."
)
def main(rounds: int, default_rounds: int) -> None:
    """Print the table and write it to build/bench/recovery.json."""
    ours = measure(rounds, {})
    theirs = measure(default_rounds, DEFAULTS)
    rows = []
    for part, aim in AIMS.items():
        mine, other = statistics.median(ours[part]), statistics.median(theirs[part])
        spread = f"{min(ours[part]):.1f} to {max(ours[part]):.1f}"
        rows.append((part, f"{aim}", f"{mine:.1f}", spread, f"{other:.1f}", f"{other / mine:.1f}"))
    report(
        "recovery",
        f"Seconds to the next committed greeting; median of {rounds}, and of {default_rounds}",
        ("killed", "aim", "ours", "from, to", "engine's defaults", "ratio"),
        rows,
        {"ours": ours, "defaults": theirs},
    )


if __name__ == "__main__":
    main()
