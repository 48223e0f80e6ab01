"""The parts of the dashboard as HTML, made from data alone."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable

from workshop.live.charts import Line, bars, line_chart, number
from workshop.live.recovery import LABELS
from workshop.live.scene import Scene
from workshop.live.snapshot import Arrival
from workshop.live.style import CLASS, STYLE
from workshop.live.vitals import Vitals
from workshop.stack.status import MARKS, Part

# With a notebook's own bars, and without scrolling, the whole has room in 1280 x 800 pixels.
FEED_ROWS = 6
BAR_ROWS = 8


def kind(scene: Scene) -> str:
    """Return ``bad``, ``busy`` or ``good``: what the verdict's first words say."""
    if not scene.feed.verdict.clean:
        return "bad"
    return "busy" if scene.outage or scene.vitals.paused else "good"


def headline(scene: Scene) -> str:
    """Return the verdict in a few words."""
    verdict = scene.feed.verdict
    if not verdict.clean:
        return f"{verdict.missing:,} missing, {verdict.doubled:,} doubled"
    if scene.vitals.paused:
        names = " and ".join(LABELS.get(one, one) for one in sorted(scene.vitals.paused))
        return f"The {names} is paused: nothing lost or doubled so far"
    if scene.outage:
        return f"{scene.outage.what}: nothing lost or doubled so far"
    return "Nothing lost, nothing doubled" if verdict.sent else "No name has been sent yet"


def verdict(scene: Scene) -> str:
    """Return the verdict: sent, greeted, missing, doubled, and the last recovery."""
    found = scene.feed.verdict
    tone = kind(scene)
    mark = {"good": "✓", "busy": "↻", "bad": "✗"}[tone]
    facts = [
        f"{found.sent:,} sent",
        f"{found.greeted:,} greeted",
        f"{found.waiting:,} on their way{_oldest(scene)}",
        f"{found.missing:,} missing",
        f"{found.doubled:,} doubled",
    ]
    asides = []
    if scene.outage is not None:
        asides.append(f"For {number(scene.feed.at - scene.outage.began, 's')} now.")
    if scene.last is not None:
        asides.append(
            f"{scene.last.what} {time.strftime('at %H:%M:%S', time.localtime(scene.last.began))}; "
            f"caught up after {number(scene.last.seconds, 's')}."
        )
    if found.earlier:
        asides.append(f"{found.earlier:,} greetings are for names sent before this began.")
    if found.uncounted:
        asides.append(
            f"{found.uncounted:,} greetings are not in the greeter's words: counts unknown."
        )
    if scene.feed.early is not None:
        early = scene.feed.early
        asides.append(
            f"Read uncommitted: {early.read:,} greetings, {early.repeated:,} of them twice, "
            f"half within {number(early.latency.p50, 's')}."
        )
    return (
        f'<div class="wl-verdict wl-{tone}"><p><b class="wl-{tone}">{mark} '
        f"{html.escape(headline(scene))}</b></p>"
        f'<p class="wl-num">{" · ".join(facts)}</p>'
        f'<p class="wl-num">{html.escape(" ".join(asides)) or "&nbsp;"}</p></div>'
    )


def chips(vitals: Vitals, what: str = "records") -> str:
    """Return the parts of the stack, the newest checkpoint and the lag, as a row of chips.

    Parameters
    ----------
    what
        What the lag counts.
    """
    made = [_chip(part, part.name in vitals.paused) for part in vitals.parts]
    if not made:
        made.append(f"<li><b>stack</b><span>· {html.escape(vitals.state)}</span></li>")
    newest = vitals.checkpoint
    if newest is not None:
        age = max(0.0, vitals.at - newest.at)
        made.append(
            f'<li class="wl-num"><b>checkpoint</b><span>{number(age, "s")} ago</span>'
            f"<small>took {number(newest.seconds, 's')}</small></li>"
        )
    if vitals.lag is not None:
        made.append(
            f'<li class="wl-num"><b>lag</b><span>{vitals.lag:,} {what}</span>'
            "<small>since then</small></li>"
        )
    return f'<ul class="wl-chips" aria-label="Parts of the stack">{"".join(made)}</ul>'


def feed(scene: Scene) -> str:
    """Return the newest greetings, newest first."""
    rows = "".join(_row(one) for one in scene.feed.latest[:FEED_ROWS])
    room = "<tr aria-hidden='true'><td>&nbsp;</td><td></td></tr>"
    rows += room * (FEED_ROWS - len(scene.feed.latest[:FEED_ROWS]))
    return (
        f'<div><h4 class="wl-head">Latest greetings<span class="wl-num">'
        f"{scene.feed.rate:,.0f} a second</span></h4>"
        '<table class="wl-feed"><thead><tr><th scope="col">greeting</th>'
        '<th scope="col" class="wl-num">took</th></tr></thead>'
        f"{_yours(scene)}<tbody>{rows}</tbody></table></div>"
    )


def counts(scene: Scene) -> str:
    """Return how often each name was greeted, as bars."""
    names = scene.feed.names
    shown = f"the top {BAR_ROWS} of {names:,}" if names > BAR_ROWS else ""
    return bars("Times greeted", shown, scene.feed.counts, BAR_ROWS)


def charts(scene: Scene) -> str:
    """Return throughput and latency over the last minute."""
    seconds = scene.feed.seconds
    if not seconds:
        return ""
    first = seconds[0].at
    marks = [
        int(outage.began) - first
        for outage in [*scene.outages, *([scene.outage] if scene.outage else [])]
        if 0 <= int(outage.began) - first < len(seconds)
    ]
    throughput = line_chart(
        "Names a second",
        [
            Line("greeted", [second.greeted for second in seconds]),
            Line("sent", [second.sent for second in seconds]),
        ],
        marks=marks,
    )
    latency = line_chart(
        "From sent to committed",
        [
            Line("p50", [second.latency.p50 for second in seconds]),
            Line("p95", [second.latency.p95 for second in seconds]),
        ],
        unit="s",
        marks=marks,
    )
    minute = scene.feed.minute
    words = (
        f"Last minute: half of them within {number(minute.p50, 's')} (p50), 95 % within "
        f"{number(minute.p95, 's')} (p95), 99 % within {number(minute.p99, 's')} (p99)."
        if minute.number
        else "No greeting in the last minute."
    )
    fault = " A red line marks a fault." if marks else ""
    return (
        f'<div class="wl-columns">{throughput}{latency}</div>'
        f'<div class="wl-faint wl-num">{words}{fault}</div>'
    )


def troubles(scene: Scene) -> str:
    """Return what went wrong, if anything did."""
    told = [
        *scene.troubles,
        *([f"Greetings cannot be read: {scene.feed.trouble}"] if scene.feed.trouble else []),
        *scene.vitals.told,
    ]
    return troubles_of(told)


def troubles_of(told: Iterable[str]) -> str:
    """Return what went wrong, each in a line of its own."""
    return "".join(f'<div class="wl-trouble">! {html.escape(one)}</div>' for one in told)


def page(scene: Scene, caption: str) -> str:
    """Return the whole dashboard as a page that needs no widgets; the caption says of when."""
    return (
        f'{STYLE}<div class="{CLASS}">{verdict(scene)}{chips(scene.vitals, "names")}'
        f"{troubles(scene)}"
        f'<div class="wl-columns wl-rule"><div>{feed(scene)}</div><div>{counts(scene)}</div></div>'
        f"{charts(scene)}"
        f'<div class="wl-faint">{html.escape(caption)}</div></div>'
    )


def _row(arrival: Arrival, label: str = "") -> str:
    text = html.escape(arrival.text)
    return (
        f'<tr><td title="{text}">{label}{text}</td>'
        f'<td class="wl-num">{number(arrival.latency, "s")}</td></tr>'
    )


def _yours(scene: Scene) -> str:
    """The newest greeting of the name that was typed: it stays, however many others come.

    It stands in the list below as well. Without its label it would look as if it had come twice.
    """
    yours = scene.feed.yours
    label = '<span class="wl-faint">Your last: </span>'
    hint = "<tr><td class='wl-faint'>Type a name and press Enter.</td><td></td></tr>"
    row = _row(yours, label) if yours else hint
    return f"<tbody class='wl-yours' aria-label='Yours'>{row}</tbody>"


def _oldest(scene: Scene) -> str:
    oldest = scene.feed.verdict.oldest
    if oldest is None or not scene.feed.verdict.waiting:
        return ""
    age = scene.feed.at - oldest / 1000
    return f", the oldest for {number(age, 's')}" if age > 2 else ""


def _chip(part: Part, paused: bool) -> str:
    state = "paused" if paused else part.state
    mark = "⏸" if paused else MARKS.get(part.state, "?")
    tone = "busy" if paused else {"ready": "good", "failed": "bad"}.get(part.state, "busy")
    memory = f"{part.memory / 1e6:,.0f} MB" if part.memory else ""
    restarts = (
        f'<span role="img" aria-label="{part.again}" title="{part.again}">↻ {part.restarts}</span>'
        if part.restarts
        else ""
    )
    aside = " · ".join(one for one in (memory, restarts) if one) or "&nbsp;"
    return (
        f"<li><b>{html.escape(LABELS.get(part.name, part.name))}</b>"
        f'<span class="wl-{tone}">{mark} {html.escape(state)}</span>'
        f'<small class="wl-num">{aside}</small></li>'
    )
