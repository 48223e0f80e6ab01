"""The picture of a trace: a Mermaid sequence diagram, and a table of the states beside it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from workshop.simulation.event import Event
from workshop.simulation.messages import Address, one_line, shorten

__all__ = ["escape", "picture"]

# Nobody reads more than this, and Mermaid refuses very long sources.
MOST_EVENTS = 60
MOST_CHANGES = 12
MOST_CHARACTERS = 36

_ARROWS = {"ingress": "->>", "send": "->>", "delay": "--)", "timer": "->>", "egress": "->>"}
# A picture that is there stays as it is when the theme changes: its lines, and the words beside
# them, have to be visible on a light page and on a dark one.
VISIBLE = (
    '"themeVariables": {"lineColor": "#888", "signalColor": "#888", "signalTextColor": "#777", '
    '"actorLineColor": "#888"}'
)
# In the middle, the text of a message to oneself would be crossed out by the line that it hangs on.
_LEFT = f'%%{{init: {{"sequence": {{"messageAlign": "left"}}, {VISIBLE}}}}}%%'
_Actor = tuple[str, Address | str]  # group (topic, function or egress) and who it is


def picture(events: Sequence[Event]) -> str:
    """Draw events as Markdown: a diagram, and the states of each address over time."""
    if not events:
        return "nothing happened yet"
    shown = events[-MOST_EVENTS:]
    parts = ["```mermaid\n" + _sequence(shown) + "\n```", _states(events)]
    if len(shown) < len(events):
        parts.insert(0, f"… {len(events) - len(shown)} earlier events are left out of the diagram.")
    return "\n\n".join(part for part in parts if part)


def _ends(event: Event) -> list[_Actor]:
    ends: list[_Actor] = []
    for end, group in ((event.source, "topic"), (event.target, "egress")):
        if end is not None:
            ends.append(("function" if isinstance(end, Address) else group, end))
    return ends


def _sequence(events: Sequence[Event]) -> str:
    # Topics on the left, functions in the middle, what leaves on the right.
    found = dict.fromkeys(end for event in events for end in _ends(event))
    order = ("topic", "function", "egress")
    actors = sorted(found, key=lambda actor: order.index(actor[0])) or [("topic", "job")]
    names = {actor: f"p{number}" for number, actor in enumerate(actors)}
    lines = [_LEFT, "sequenceDiagram"]
    for (_, end), name in names.items():
        label = f"{end.id}\n{end.typename}" if isinstance(end, Address) else f"topic\n{end}"
        lines.append(f"    participant {name} as {escape(label)}")
    width = ",".join(dict.fromkeys((names[actors[0]], names[actors[-1]])))
    time = -1
    for event in events:
        if event.time_ms != time:
            time = event.time_ms
            lines.append(f"    Note over {width}: {escape(f'{time / 1000:g} s')}")
        ends = [names[end] for end in _ends(event)]
        if event.kind == "clock" or (event.kind == "batch" and event.note == "batch of 1"):
            continue  # the line above says the time; a single message needs no note
        if event.kind in _ARROWS and ends:
            lines.append(f"    {ends[0]}{_ARROWS[event.kind]}{ends[-1]}: {_label(event)}")
        else:
            lines.append(f"    Note over {ends[-1] if ends else width}: {_label(event)}")
    return "\n".join(lines)


def _label(event: Event) -> str:
    head = event.note
    if event.kind not in ("batch", "state"):
        head = f"{event.kind}: {head}" if head else event.kind
    if event.kind in ("ingress", "send", "egress"):
        lines = []
    elif event.kind == "state":
        lines = [f"{head} = {one_line(event.message, MOST_CHARACTERS)}"]
    else:
        lines = [head]
    if event.payload is not None and event.kind != "state":
        # The name of the message, and its fields below it: short lines keep the picture narrow.
        name, _, fields = one_line(event.message, 10 * MOST_CHARACTERS).partition("(")
        lines += [name, *textwrap.wrap(fields.removesuffix(")"), MOST_CHARACTERS, max_lines=3)]
    lines = [shorten(line, 2 * MOST_CHARACTERS) for line in lines]
    return escape("\n".join(lines)) or "#8203;"


def _states(events: Sequence[Event]) -> str:
    changes: dict[tuple[Address | str | None, str], list[str]] = {}
    for event in events:
        if event.kind in ("state", "expire"):
            gone = "(expired)" if event.kind == "expire" else "(deleted)"
            value = one_line(event.message, MOST_CHARACTERS) if event.payload else gone
            line = f"{event.time_ms / 1000:g} s: {value}"
            changes.setdefault((event.target, event.note), []).append(line)
    if not changes:
        return ""
    rows = ["| address | state | over time |", "|---|---|---|"]
    for (address, name), values in changes.items():
        left_out = ["…"] if len(values) > MOST_CHANGES else []
        cells = [str(address), name, *left_out, *values[-MOST_CHANGES:]]
        escaped = [_escape_cell(cell) for cell in cells]
        rows.append(f"| {escaped[0]} | {escaped[1]} | {'<br>'.join(escaped[2:])} |")
    return "\n".join(rows)


def escape(text: str) -> str:
    """Write a string so that Mermaid shows it as it is: all but plain characters as numbers.

    A semicolon, a hash, an angle bracket or a line break would end the statement or be markup, and
    the word "end" would close a block.
    """
    ends = {match.start() for match in re.finditer(r"\bend\b", text, re.IGNORECASE)}
    return "".join(
        "<br/>"
        if c == "\n"
        else c
        if (c.isalnum() or c in " _.,/()=-→…—") and index not in ends
        else f"#{ord(c)};"
        for index, c in enumerate(text)
    )


def _escape_cell(text: str) -> str:
    """Write a string so that a cell of a Markdown table shows it as it is."""
    return "".join(c if c.isalnum() or c in " .,/()=-→…—:" else f"&#{ord(c)};" for c in text)
