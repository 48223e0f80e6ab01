"""How long a name takes to its row in the page of a real browser, and to a bare consumer.

Both are of the same names, in the same minutes. The page notes the time itself when a row appears
in its document; the consumer is a plain one that reads committed greetings in this process.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from generator.broker import GreetingReader, RequestProducer
from workshop.stack import Stack

# A repository's folder of tests is no package that is installed.
sys.path.insert(0, str(Path(__file__).parents[1]))

BEGIN = """\
from workshop.stack import Stack
from workshop.live import Dashboard
dashboard = Dashboard(Stack({name!r}))"""

# The first time each text of a row is in the document, in milliseconds since 1970.
OBSERVE = """() => {
  const box = document.querySelector(".workshop-live");
  const seen = (window.seen = {});
  new MutationObserver(() => {
    const now = Date.now();
    for (const row of box.querySelectorAll(".wl-feed td:first-child")) {
      seen[row.textContent] ??= now;
    }
  }).observe(box, { childList: true, subtree: true, characterData: true });
}"""

LAST_SECONDS = 30


@dataclass(frozen=True)
class Latencies:
    """Seconds from sending a name, one of each for each name that both saw.

    Attributes
    ----------
    bare
        Until a bare consumer had its committed greeting.
    page
        Until its row was in the page's document.
    lost
        How many names one of them never saw.
    """

    bare: list[float]
    page: list[float]
    lost: int


def measure(stack: Stack, seconds: float, rate: float = 5) -> Latencies:
    """Send names that are all different, at uneven intervals, and time both.

    Parameters
    ----------
    rate
        Names a second: few enough that no row is pushed out of the page between two updates.
    """
    from playwright.sync_api import sync_playwright

    from browser.chromium import launch
    from browser.lab import Lab

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser, lab = launch(playwright), Lab(Path(folder))
        try:
            page = browser.new_context().new_page()
            lab.write("live.ipynb", BEGIN.format(name=stack.name))
            lab.open(page, "live.ipynb").run_all()
            page.locator(".wl-yours").wait_for()
            page.evaluate(OBSERVE)
            sent, bare = _send_and_read(stack, int(seconds * rate), rate)
            wanted = [f"Welcome {name}" for name in sent]
            deadline = time.monotonic() + LAST_SECONDS
            while True:
                seen = page.evaluate("() => window.seen")
                if wanted[-1] in seen or time.monotonic() > deadline:
                    break
                page.wait_for_timeout(100)
            lab.end_kernels()
        finally:
            lab.close()
            browser.close()
    both = [name for name in sent if name in bare and f"Welcome {name}" in seen]
    return Latencies(
        [bare[name] - sent[name] for name in both],
        [seen[f"Welcome {name}"] / 1000 - sent[name] for name in both],
        len(sent) - len(both),
    )


def _send_and_read(
    stack: Stack, number: int, rate: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return when each name was sent and when a bare consumer had its greeting."""
    sent: dict[str, float] = {}
    read: dict[str, float] = {}
    choice = random.Random(1)
    done = threading.Event()

    def follow(reader: GreetingReader) -> None:
        while not done.is_set():
            for greeting in reader.poll(0.5):
                read[greeting.name] = time.time()

    with GreetingReader(stack.bootstrap) as reader, RequestProducer(stack.bootstrap) as producer:
        thread = threading.Thread(target=follow, args=(reader,))
        thread.start()
        try:
            for _ in range(number):
                name = f"row-{time.time_ns()}"
                sent[name] = time.time()
                producer.send(name)
                producer.flush()
                time.sleep(choice.uniform(0.5, 1.5) / rate)
            deadline = time.monotonic() + LAST_SECONDS
            while len(read) < number and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            done.set()
            thread.join()
    return sent, read
