"""What a dashboard costs its kernel as greetings come faster: ``python bench/live.py``.

The engine cannot make that many on a small machine, so that a process of its own writes ready-made
greetings to the topic. The dashboard runs in a real kernel; its processor time and memory are those
of the whole kernel.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import psutil
from jupyter_client.manager import start_new_kernel
from kafka import KafkaProducer
from report import report

from generator.broker import GREETINGS, connect
from greeter.greeter import compute_greeting
from workshop.stack import Stack
from workshop.stack.view import Progress

NAMES = 100
BEGIN = """\
from workshop.stack import Stack
from workshop.live import Dashboard
dashboard = Dashboard(Stack({name!r}))"""
ASK = "print(dashboard.session.feed.snapshot().verdict.earlier)"
CLOSE = "import time; t = time.monotonic(); dashboard.close(); print(time.monotonic() - t)"


def write(bootstrap: str, rate: int, seconds: float, first: int) -> None:
    """Write greetings whose counts go on, ``rate`` a second."""
    producer = connect(KafkaProducer, bootstrap, linger_ms=5, batch_size=262_144)
    began = time.monotonic()
    wanted = int(rate * seconds)
    done = 0
    while done < wanted:
        due = min(wanted, int((time.monotonic() - began) * rate))
        for number in range(done, due):
            name = f"bench-{number % NAMES}"
            value = compute_greeting(name, first + number // NAMES).SerializeToString()
            producer.send(GREETINGS, key=name.encode(), value=value)
        done = due
        time.sleep(0.005)
    producer.flush(60)
    producer.close()
    print(time.monotonic() - began)


@click.command()
@click.option("--rates", default=[0, 1000, 5000, 10_000], multiple=True, show_default=True)
@click.option("--seconds", default=20, show_default=True)
@click.option("--writer", default="", hidden=True)
def main(rates: tuple[int, ...], seconds: int, writer: str) -> None:
    """Print the table and write it to build/bench/live.json."""
    if writer:
        bootstrap, begin = writer.split("/")
        write(bootstrap, rates[0], seconds, int(begin))
        return
    stack = Stack(f"bench-{os.getpid()}")
    stack.up(progress=Progress())
    manager, client = start_new_kernel(kernel_name="python3")
    heard: list[str] = []

    def ask(code: str) -> str:
        heard.clear()
        client.execute_interactive(code, timeout=120, output_hook=hear)
        return "".join(heard).strip()

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            heard.append(message["content"]["text"])

    ask(BEGIN.format(name=stack.name))
    kernel = psutil.Process(int(ask("import os; print(os.getpid())")))
    figures = []
    first = 1
    for rate in rates:
        before = int(ask(ASK))
        cpu = sum(kernel.cpu_times()[:2])
        command = [sys.executable, str(Path(__file__)), "--rates", str(rate)]
        command += ["--seconds", str(seconds), "--writer", f"{stack.bootstrap}/{first}"]
        if rate:
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            took = float(done.stdout)
        else:
            time.sleep(seconds)
            took = seconds
        used = sum(kernel.cpu_times()[:2]) - cpu
        first += int(rate * seconds) // NAMES
        deadline = time.monotonic() + 60
        while int(ask(ASK)) - before < int(rate * seconds) and time.monotonic() < deadline:
            pass
        behind = 60 - (deadline - time.monotonic())
        figures.append(
            {
                "rate": rate * seconds / took,
                "cpu": used / took,
                "memory": kernel.memory_info().rss,
                "behind": behind,
                "read": int(ask(ASK)) - before,
            }
        )
    closing = float(ask(CLOSE))
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    stack.release()
    report(
        "live",
        f"The kernel of one dashboard, {seconds} s at each rate; it closed in {closing:.2f} s",
        ("greetings/s", "read", "of a core", "memory", "caught up after, s"),
        [
            (
                f"{f['rate']:,.0f}",
                f"{f['read']:,}",
                f"{f['cpu']:.2f}",
                f"{f['memory'] / 1e6:,.0f} MB",
                f"{f['behind']:.1f}",
            )
            for f in figures
        ],
        {"rates": figures, "closing": closing},
    )


if __name__ == "__main__":
    main()
