"""How soon a dashboard shows a greeting, and what it costs its kernel: ``python bench/live.py``.

How soon: names go through the engine to the page of a real browser, see live_page.py. The cost: the
engine cannot make enough greetings on a small machine, so that a process of its own writes
ready-made ones to the topic. The dashboard runs in a real kernel; its processor time and memory are
those of the whole kernel.

A small machine cannot write enough of them either. So at last the kernel is halted while 200,000
are written, and let go: how fast it reads those is what it can do.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from typing import Any

import click
import psutil
from jupyter_client.manager import start_new_kernel
from kafka import KafkaProducer
from live_page import Latencies, measure
from report import report

from generator.broker import GREETINGS, connect
from greeter.greeter import compute_greeting
from workshop.stack import Stack
from workshop.stack.view import Progress

NAMES = 100
BACKLOG = 200_000
BEGIN = """\
from workshop.stack import Stack
from workshop.live import Dashboard
dashboard = Dashboard(Stack({name!r}))"""
ASK = "print(dashboard.session.feed.snapshot().verdict.earlier)"
CLOSE = "import time; t = time.monotonic(); dashboard.close(); print(time.monotonic() - t)"


def write(bootstrap: str, rate: int, number: int, first: int) -> None:
    """Write so many greetings whose counts go on, ``rate`` a second."""
    producer = connect(KafkaProducer, bootstrap, linger_ms=5, batch_size=262_144)
    began = time.monotonic()
    done = 0
    while done < number:
        due = min(number, int((time.monotonic() - began) * rate))
        for one in range(done, due):
            name = f"bench-{one % NAMES}"
            value = compute_greeting(name, first + one // NAMES).SerializeToString()
            producer.send(GREETINGS, key=name.encode(), value=value)
        done = due
        time.sleep(0.005)
    producer.flush(60)
    producer.close()
    print(time.monotonic() - began)


class Kernel:
    """A real kernel with a dashboard, and how much of a core it takes."""

    def __init__(self, stack: Stack) -> None:
        self._bootstrap = stack.bootstrap
        self._manager, self._client = start_new_kernel(kernel_name="python3")
        self._heard: list[str] = []
        self._first = 1
        self.ask(BEGIN.format(name=stack.name))
        self.process = psutil.Process(int(self.ask("import os; print(os.getpid())")))

    def ask(self, code: str) -> str:
        """Run code and return what it prints."""
        self._heard.clear()
        self._client.execute_interactive(code, timeout=120, output_hook=self._hear)
        return "".join(self._heard).strip()

    @property
    def read(self) -> int:
        """How many greetings the dashboard has read."""
        return int(self.ask(ASK))

    @property
    def cpu(self) -> float:
        """The seconds of processor time that it has used."""
        return float(sum(self.process.cpu_times()[:2]))

    def write(self, rate: int, number: int) -> float:
        """Let greetings be written by a process of its own; return how long that took."""
        command = [sys.executable, __file__, "--rates", f"{rate}"]
        command += ["--writer", f"{self._bootstrap}/{number}/{self._first}"]
        self._first += number // NAMES
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def wait(self, until: int) -> None:
        """Wait until the dashboard has read so many."""
        deadline = time.monotonic() + 120
        while self.read < until:
            if time.monotonic() > deadline:
                sys.exit(f"The dashboard has read {self.read} of {until} greetings.")
            time.sleep(0.05)

    def close(self) -> float:
        """Close the dashboard and end the kernel; return the seconds that the first took."""
        took = float(self.ask(CLOSE))
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        return took

    def _hear(self, message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            self._heard.append(message["content"]["text"])


@click.command()
@click.option("--rates", default=[0, 1000, 5000, 10_000], multiple=True, show_default=True)
@click.option("--seconds", default=20, show_default=True, help="At each rate.")
@click.option("--page-seconds", default=60, show_default=True, help="0: without a browser.")
@click.option("--writer", default="", hidden=True)
def main(rates: tuple[int, ...], seconds: int, page_seconds: int, writer: str) -> None:
    """Print the tables and write them to build/bench/."""
    if writer:
        bootstrap, number, first = writer.split("/")
        write(bootstrap, rates[0], int(number), int(first))
        return
    stack = Stack(f"bench-{os.getpid()}")
    stack.up(progress=Progress())
    try:
        if page_seconds:
            report_page(measure(stack, page_seconds))
        report_cost(stack, rates, seconds)
    finally:
        stack.release()


def report_page(found: Latencies) -> None:
    """Tell how soon a name is in the page."""
    if found.lost:
        sys.exit(f"{found.lost} names were not seen.")
    rows, figures = [], {}
    for label, share in (("p50", 0.5), ("p95", 0.95)):
        bare, page = percentile(found.bare, share), percentile(found.page, share)
        rows.append((label, f"{bare:.3f}", f"{page:.3f}", f"{page / bare:.2f}"))
        figures[label] = {"bare": bare, "page": page, "ratio": page / bare}
    report(
        "live_page",
        f"Seconds from sending a name, {len(found.page)} names",
        ("", "bare committed consumer", "row in the page", "ratio"),
        rows,
        figures,
    )


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * share) - 1]


def report_cost(stack: Stack, rates: tuple[int, ...], seconds: int) -> None:
    """Tell what the dashboard costs its kernel."""
    kernel = Kernel(stack)
    whole = 0
    figures: list[dict[str, float | str]] = []

    def note(what: str, number: int, took: float, cpu: float) -> None:
        figures.append(
            {
                "what": what,
                "rate": number / took,
                "read": whole,
                "cpu": (kernel.cpu - cpu) / took,
                "memory": kernel.process.memory_info().rss,
            }
        )

    for rate in rates:
        cpu, number = kernel.cpu, rate * seconds
        whole += number
        if rate:
            took = kernel.write(rate, number)
        else:
            time.sleep(took := float(seconds))
        note(f"{rate:,} a second", number, took, cpu)
        kernel.wait(whole)

    kernel.process.suspend()
    try:
        kernel.write(10**9, BACKLOG)
    finally:
        kernel.process.resume()
    whole += BACKLOG
    cpu, began = kernel.cpu, time.monotonic()
    kernel.wait(whole)
    note("all at once", BACKLOG, time.monotonic() - began, cpu)
    fastest = figures[-1]
    closing = kernel.close()
    report(
        "live",
        f"The kernel of one dashboard, {seconds} s at each rate; it closed in {closing:.2f} s",
        ("asked for", "greetings/s", "read so far", "of a core", "memory"),
        [
            (
                f"{f['what']}",
                f"{f['rate']:,.0f}",
                f"{f['read']:,}",
                f"{f['cpu']:.2f}",
                f"{float(f['memory']) / 1e6:,.0f} MB",
            )
            for f in figures
        ],
        {"rates": figures, "closing": closing},
    )
    half = float(fastest["rate"]) / float(fastest["cpu"]) / 2
    print(f"Half a core would read {half:,.0f} greetings a second.")


if __name__ == "__main__":
    main()
