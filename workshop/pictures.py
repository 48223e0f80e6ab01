"""Pictures of what a simulated engine did: its batches, and who overtook whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from workshop.plot import FAINT, ONE, TWO, Plot
from workshop.simulation.trace import Trace

__all__ = ["batches", "overtaking"]


def batches(trace: Trace) -> Plot:
    """Show how many messages each call of a function got.

    Parameters
    ----------
    trace
        What an engine did.
    """
    notes = [event.note for event in trace if event.kind == "batch"]
    sizes = [int(note.split()[2].rstrip(",")) for note in notes]
    told = ", ".join(map(str, sizes))
    plot = Plot(f"messages in each call: {told}", x="call", y="messages", height=2.2)
    if not plot.drawn:
        return plot
    calls = [str(number) for number in range(1, len(sizes) + 1)]
    plot.axes.bar_label(plot.axes.bar(calls, sizes, width=0.5, color=ONE), padding=2)
    plot.axes.margins(y=0.15)
    return plot


def overtaking(sent: Sequence[str], came: Sequence[str]) -> Plot:
    """Draw a line from each message to its answer; lines that cross overtook each other.

    Parameters
    ----------
    sent
        The messages in the order in which they were sent, each another one. The first word says
        whose it is, and each word has a colour.
    came
        The same in the order of the answers.
    """
    plot = Plot(f"sent: {', '.join(sent)}. answered: {', '.join(came)}", height=2.4)
    if not plot.drawn:
        return plot
    colours = dict(zip(dict.fromkeys(each.split()[0] for each in sent), cycle((ONE, TWO, FAINT))))
    for place, each in enumerate(sent):
        colour = colours[each.split()[0]]
        plot.axes.plot([0, 1], [place, came.index(each)], color=colour, marker="o", linewidth=2)
    plot.axes.set(xticks=[0, 1], xticklabels=["sent", "answered"], xlim=(-0.05, 1.05))
    plot.axes.set_yticks(range(len(sent)), sent)
    answers = plot.axes.secondary_yaxis("right")
    answers.set_yticks(range(len(came)), came)
    plot.axes.invert_yaxis()
    plot.axes.grid(visible=False)
    return plot
