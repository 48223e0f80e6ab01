"""What a lesson in a browser tab costs: bytes, seconds and memory, and the ratio to a local kernel.

The site is the one that "make site" has built. A cold visit has an empty browser; a warm one is
the next, in a new tab of the same browser.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import psutil
from jupyter_client.manager import start_new_kernel
from report import report

# A repository's folder of tests is no package that is installed.
sys.path.insert(0, str(Path(__file__).parents[1]))

LESSON = "02_a_first_function.ipynb"
FIRST = "from statefun import StatefulFunctions\nprint(StatefulFunctions().functions)"


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each is measured.")
def main(rounds: int) -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    from book.site import SITE
    from browser.chromium import launch
    from browser.site import SETTLE_MS, LessonTab, Served

    if not SITE.exists():
        raise click.ClickException("There is no site yet: make site")
    served = Served(SITE)
    cold, warm, memory, asked = [], [], [], set()

    def visit(context: Any) -> float:
        began = time.monotonic()
        tab = LessonTab(context.new_page(), served.url, LESSON)
        tab.wait_ready()
        first = next(i for i, cell in enumerate(tab.cells()) if cell["cell_type"] == "code")
        tab.write({first: FIRST})
        cells = tab.run(first)
        took = time.monotonic() - began - SETTLE_MS / 1000
        assert cells[first]["outputs"], "the cell printed nothing"
        return took

    with sync_playwright() as playwright:
        for _ in range(rounds):
            browser = launch(playwright)
            context = browser.new_context()
            context.on("response", lambda answer: asked.add(urlsplit(answer.url).path))
            cold.append(visit(context))
            memory.append(sum(_private(process) for process in _chromium()) / 1e6)
            warm.append(visit(context))
            browser.close()
    served.close()
    local = median(_local() for _ in range(rounds))
    files = [path for name in asked if (path := SITE / unquote(name).lstrip("/")).is_file()]
    plain = sum(path.stat().st_size for path in files) / 1e6
    packed = sum(len(gzip.compress(path.read_bytes(), 6)) for path in files) / 1e6
    whole = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) / 1e6
    figures = {
        "the whole site, MB": whole,
        "a first visit, MB": plain,
        "the same with gzip, MB": packed,
        "first output, cold, s": median(cold),
        "first output, warm, s": median(warm),
        "first output of a local kernel, s": local,
        "memory of the browser, MB": median(memory),
    }
    rows = [
        (name, f"{value:.1f}", f"{value / local:.1f}" if name.startswith("first") else "")
        for name, value in figures.items()
    ]
    title = f"A lesson in a browser tab, medians of {rounds}"
    report("site", title, ["what", "measured", "ratio to a local kernel"], rows, figures)


def _local() -> float:
    """Seconds until a new kernel of this environment has run the same cell."""
    began = time.monotonic()
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(FIRST, output_hook=lambda _: None, timeout=60)
        return time.monotonic() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _chromium() -> Iterator[psutil.Process]:
    return (
        one for one in psutil.Process().children(recursive=True) if "chromium" in one.name().lower()
    )


def _private(process: psutil.Process) -> int:
    """What a process has for itself, and its part of what it shares, in bytes."""
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", memory.uss))


if __name__ == "__main__":
    main()
