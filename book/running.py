"""What the pages of a site that runs lessons offer below their titles."""

from __future__ import annotations

from workshop.machine import LESSONS_IN_BROWSER

FIRST = "index"

_RUN = """
<p class="run-here" hidden><a class="run-button"
href="../run/notebooks/index.html?path={page}.ipynb">Run in your browser</a>
Nothing to install. What you write stays in this browser.</p>
"""
_ELSEWHERE = """
<p class="run-here" hidden>This lesson starts the real engine and the real broker, so it runs where
the series is installed: <code>make lab</code>.</p>
"""
_GREETING = """
<form class="run-here greeting" hidden>
<label>Type your name, and a stateful function greets you:
<input name="name" size="14" maxlength="60" autocomplete="off" placeholder="Ada"></label>
<button>Greet me</button>
<progress max="1" hidden></progress>
<output aria-live="polite"></output>
<pre hidden></pre>
</form>
<p class="run-here" hidden><a class="run-button"
href="run/notebooks/index.html?path=notebooks/00_start_here.ipynb">Start in your browser</a>
Lessons {first} to 07 and 10 run there, with nothing to install.</p>
"""


def offered(page: str) -> str:
    """Return what a page offers, as HTML; hidden until its script knows that it can be had."""
    if page == FIRST:
        return _GREETING.format(first=LESSONS_IN_BROWSER[0])
    if not page.startswith("notebooks/"):
        return ""
    number = page.removeprefix("notebooks/")[:2]
    return (_RUN if number in LESSONS_IN_BROWSER else _ELSEWHERE).format(page=page)
